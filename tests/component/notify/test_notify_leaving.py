"""Who has left an organisation gets no more mail for it, and its users can see to that themselves."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.notify.domain.transitions import NotificationState
from shared.ids import derived_id, person_mark
from shared.messages import eligibility, ordering
from shared.messages.base import Message
from shared.messages.values import AccreditationState
from tests.component.notify.test_notify_api import FORM, Api
from tests.component.notify.workbench import Bench, open_store, received
from tests.support.builders.events import AT, CUSTOMER, PROVIDER, accreditation, head, organisation
from tests.support.smtp import CapturingServer

LIVE = ordering.WentLive(order=head(), at=AT)
S = NotificationState


@pytest_asyncio.fixture
async def api() -> AsyncIterator[Api]:
    store = await open_store()
    yield Api(Bench(store))
    await store.close()


def state(*former: str) -> eligibility.Organisation:
    return organisation().model_copy(update={"former_users": tuple(person_mark(CUSTOMER.id, person) for person in former)})


def changed(*former: str) -> Message:
    return eligibility.OrganisationChanged(organisation=state(*former))


async def people(bench: Bench, of: str = CUSTOMER.id) -> list[str]:
    book = await bench.contacts.book(of)
    return sorted(contact.person for contact in book.people) if book else []


def as_reported(message: Message) -> list[Message]:
    reported = state("erika")
    return [
        message,
        eligibility.OrganisationRestated(organisation=reported),
        eligibility.AccreditationRequested(organisation=reported, accreditation=accreditation(AccreditationState.BEANTRAGT)),
    ]


@pytest.mark.parametrize("message", as_reported(changed("erika")), ids=lambda message: type(message).__name__)
async def test_the_contact_goes_when_the_user_goes_whichever_event_tells_it(api: Api, message: Message) -> None:
    bench = api.bench
    for person in ("erika", "max"):
        await bench.enter(CUSTOMER.id, person)
        await bench.enter(PROVIDER.id, person)
    await bench.consume([received(LIVE, 1)])
    await bench.consume([received(message, 7, CUSTOMER.id)])
    assert await people(bench) == ["max"]
    assert await people(bench, PROVIDER.id) == ["erika", "max"], "what they are elsewhere is another matter"
    assert {n.person: n.state for n in await bench.mails() if n.event_type == LIVE.TYPE} == {
        "erika": S.VERWORFEN,
        "max": S.VORGEMERKT,
    }


async def test_what_comes_in_the_same_batch_is_not_mailed_to_who_leaves(api: Api) -> None:
    bench = api.bench
    await bench.enter(CUSTOMER.id, "erika")
    async with CapturingServer() as smtp:
        sending = Bench(bench.store, clock=bench.clock, smtp_host=smtp.host, smtp_port=smtp.port)
        await sending.consume([received(LIVE, 1), received(changed("erika"), 7, CUSTOMER.id), received(LIVE, 2)])
        await sending.send()
        assert smtp.mails == []


async def test_repeated_and_late_events_change_nothing(api: Api) -> None:
    bench = api.bench
    history = [
        received(changed(), 1, CUSTOMER.id),
        received(changed("erika"), 2, CUSTOMER.id),
        received(changed("erika", "max"), 3, CUSTOMER.id),
        received(changed("max"), 4, CUSTOMER.id),
    ]
    for event in history:
        await bench.consume([event])
    (await api.of(CUSTOMER.id, "erika").put("/v1/contacts/me", json=FORM)).raise_for_status()
    order = random.Random(7)  # noqa: S311 - any order will do
    for _ in range(20):
        await bench.consume(order.choices(history, k=3))
    assert await people(bench) == ["erika"], "who has come back stays"


async def test_an_event_of_a_version_that_did_not_say_who_left_takes_nobody_out(api: Api) -> None:
    await api.bench.enter(CUSTOMER.id, "erika")
    await api.bench.consume([received(eligibility.OrganisationChanged(organisation=organisation()), 7, CUSTOMER.id)])
    assert await people(api.bench) == ["erika"]


async def test_who_has_left_enters_no_new_contact_with_a_token_that_still_holds(api: Api) -> None:
    await api.bench.consume([received(changed("erika"), 7, CUSTOMER.id)])
    async with api.of(CUSTOMER.id, "erika") as http:
        for reply in (
            await http.put("/v1/contacts/me", json=FORM),
            await http.get("/v1/contacts"),
            await http.delete(f"/v1/contacts/{person_mark(CUSTOMER.id, 'max')}"),
        ):
            assert (reply.status_code, reply.json()["code"]) == (403, "not_a_user")
        assert (await http.delete("/v1/contacts/me")).status_code == 204
    assert await people(api.bench) == []


async def test_users_see_and_erase_the_contacts_of_their_own_organisation_only(api: Api) -> None:
    bench = api.bench
    for person in ("erika", "max"):
        await bench.enter(CUSTOMER.id, person)
    await bench.enter(PROVIDER.id, "max")
    await bench.consume([received(LIVE, 1)])
    async with api.of(CUSTOMER.id, "erika") as http:
        found = (await http.get("/v1/contacts")).raise_for_status().json()["items"]
        assert [(item["name"], item["own"]) for item in found] == [("Erika Muster", True), ("Max Muster", False)]
        for _ in range(2):
            assert (await http.delete(f"/v1/contacts/{found[1]['id']}")).status_code == 204
    assert await people(bench) == ["erika"]
    assert {n.state for n in await bench.mails() if n.person == "max"} == {S.VERWORFEN}
    async with api.of(PROVIDER.id, "max") as http:
        (theirs,) = (await http.get("/v1/contacts")).raise_for_status().json()["items"]
        assert (await http.delete(f"/v1/contacts/{found[0]['id']}")).status_code == 204
        assert (await http.delete(f"/v1/contacts/{derived_id('nobody')}")).status_code == 204
        assert theirs["id"] not in {item["id"] for item in found}
    assert (await people(bench), await people(bench, PROVIDER.id)) == (["erika"], ["max"])


@pytest.mark.parametrize("roles", ["", "BETREIBER"])
async def test_a_token_without_a_role_in_the_organisation_sees_no_contacts(api: Api, roles: str) -> None:
    await api.bench.enter(CUSTOMER.id, "max")
    async with api.of(CUSTOMER.id, "erika", roles=roles) as http:
        assert (await http.get("/v1/contacts")).status_code == 403
        assert (await http.delete(f"/v1/contacts/{person_mark(CUSTOMER.id, 'max')}")).status_code == 403
    assert await people(api.bench) == ["max"]


async def test_no_other_id_than_that_of_a_contact_is_taken(api: Api) -> None:
    assert (await api.of(CUSTOMER.id).delete("/v1/contacts/max")).status_code == 422
