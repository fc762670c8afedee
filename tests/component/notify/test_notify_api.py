"""The API: everybody sees their own organisation's inbox and their own contact, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.notify.repository import NOTIFICATIONS
from shared.http.app import create_app
from shared.ids import derived_id
from shared.messages import contracts, ordering
from shared.store.port import Save
from tests.component.notify.workbench import Bench, open_store, received
from tests.support.builders.events import AT, CONTRACT, CUSTOMER, NUMBER, ORDER_ID, PROVIDER, head
from tests.support.http import FakeAuthenticator, FixedHealth, client

LIVE = ordering.WentLive(order=head(), at=AT)
CONCLUDED = contracts.ContractConcluded(contract=CONTRACT, concluded_at=AT)
FORM = {"name": "Erika Muster", "email": "erika@kommune.example", "language": "en", "email_enabled": True, "muted": []}


class Api:
    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        names = FakeAuthenticator({CUSTOMER.id: CUSTOMER.name})
        self.app = create_app("Notify", bench.service.router, authenticator=names, store=bench.store, health=FixedHealth())

    def of(self, organisation: str, person: str = "erika", roles: str = "KUNDE", **options: Any) -> httpx.AsyncClient:
        return client(self.app, f"{person}/{organisation}/{roles}", **options)

    async def reported(self, count: int) -> None:
        for seq in range(1, count + 1):
            self.bench.clock.turn(minutes=1)
            await self.bench.consume([received(LIVE, seq)])


@pytest_asyncio.fixture
async def api() -> AsyncIterator[Api]:
    store = await open_store()
    yield Api(Bench(store))
    await store.close()


async def items(http: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await http.get("/v1/inbox", params=params)).raise_for_status().json()["items"]
    return found


async def test_the_inbox_shows_what_happened_in_words_newest_first(api: Api) -> None:
    await api.reported(2)
    api.bench.clock.turn(minutes=1)
    await api.bench.consume([received(CONCLUDED, 9)])
    found = await items(api.of(CUSTOMER.id))
    assert [item["event_type"] for item in found] == [CONCLUDED.TYPE, LIVE.TYPE, LIVE.TYPE]
    live = found[-1]
    assert NUMBER in live["subject"]
    assert "im Produktivbetrieb" in live["body"]
    assert live["link"].endswith(f"/orders/{ORDER_ID}")
    assert (live["subject_kind"], live["subject_id"], live["read_at"], live["language"]) == ("order", ORDER_ID, None, "de")
    assert live["id"] != found[0]["id"]


async def test_pages_hold_everything_once_newest_first(api: Api) -> None:
    await api.reported(7)
    async with api.of(CUSTOMER.id) as http:
        seen: list[dict[str, Any]] = []
        cursor: str | None = None
        pages = 0
        while pages == 0 or cursor:
            page = (await http.get("/v1/inbox", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
            seen += page["items"]
            cursor = page["next"]
            pages += 1
    assert pages == 3
    assert len({item["id"] for item in seen}) == len(seen) == 7
    times = [item["created_at"] for item in seen]
    assert times == sorted(times, reverse=True)


async def test_of_one_batch_what_happened_later_comes_first_on_every_page(api: Api) -> None:
    """Later is what has a later time; of the same time, what stands later in the batch, as the events of one Vorgang do."""
    batch = [received(LIVE, seq) for seq in range(1, 7)]
    late = replace(batch[0], time=batch[0].time + timedelta(minutes=1))
    await api.bench.consume([late, *batch[1:]])
    api.bench.clock.turn(seconds=1)
    await api.bench.consume([received(CONCLUDED, 9)])
    expected = [derived_id("notification", it.cause.event_id, CUSTOMER.id, "INBOX") for it in (late, *reversed(batch[1:]))]
    seen: list[dict[str, Any]] = []
    async with api.of(CUSTOMER.id) as http:
        cursor: dict[str, str] | None = {}
        while cursor is not None:
            page = (await http.get("/v1/inbox", params={"limit": 2, **cursor})).json()
            seen += page["items"]
            cursor = None if page["next"] is None else {"cursor": page["next"]}
    assert [item["id"] for item in seen[1:]] == expected
    assert seen[0]["event_type"] == CONCLUDED.TYPE


async def test_a_batch_stays_behind_the_one_before_it_however_soon_it_comes(api: Api) -> None:
    await api.bench.consume([received(LIVE, seq) for seq in range(1, 4)])
    api.bench.clock.turn(milliseconds=2)
    await api.bench.consume([received(CONCLUDED, seq) for seq in range(11, 16)])
    async with api.of(CUSTOMER.id) as http:
        seen = await items(http)
        assert [item["event_type"] for item in seen[-3:]] == [LIVE.TYPE] * 3
        newest = seen[-3]["created_at"]
        assert (await http.post("/v1/inbox/read", json={"until": newest})).json() == {"marked": 3}, "what nobody has seen stays"


async def test_many_of_the_same_moment_are_paged_without_loss(api: Api) -> None:
    await api.bench.consume([received(LIVE, seq) for seq in range(1, 6)])
    async with api.of(CUSTOMER.id) as http:
        first = (await http.get("/v1/inbox", params={"limit": 2})).json()
        second = (await http.get("/v1/inbox", params={"limit": 200, "cursor": first["next"]})).json()
    assert len({item["id"] for item in first["items"] + second["items"]}) == 5
    assert second["next"] is None


async def test_what_is_read_leaves_the_unread_and_stays_in_the_inbox(api: Api) -> None:
    await api.reported(3)
    async with api.of(CUSTOMER.id) as http:
        (newest, *_) = await items(http)
        answer = await http.post(f"/v1/inbox/{newest['id']}/read")
        assert answer.status_code == 200
        read_at = answer.json()["read_at"]
        assert read_at is not None
        api.bench.clock.turn(hours=1)
        assert (await http.post(f"/v1/inbox/{newest['id']}/read")).json()["read_at"] == read_at
        assert newest["id"] not in {item["id"] for item in await items(http, unread=True)}
        assert len(await items(http, unread=True)) == 2
        assert len(await items(http)) == 3
        assert len(await items(api.of(PROVIDER.id), unread=True)) == 3, "each organisation reads for itself"


async def test_another_organisation_s_notification_does_not_exist(api: Api) -> None:
    await api.reported(1)
    (own,) = await items(api.of(CUSTOMER.id))
    stranger = api.of("fitko", "eve")
    assert await items(stranger) == []
    answer = await stranger.post(f"/v1/inbox/{own['id']}/read")
    absent = await stranger.post(f"/v1/inbox/{derived_id('test', 'absent')}/read")
    assert answer.status_code == absent.status_code == 404
    assert answer.json()["code"] == absent.json()["code"] == "not_found"
    assert (await items(api.of(CUSTOMER.id)))[0]["read_at"] is None


async def test_what_a_later_version_has_noted_with_a_text_of_its_own_is_shown_without_it_beside_the_others(api: Api) -> None:
    await api.reported(2)
    async with api.of(CUSTOMER.id) as http:
        newest = (await items(http))[0]
        document = await api.bench.store.get(NOTIFICATIONS, newest["id"])
        assert document is not None
        later = {**document, "template": "of-a-later-version", "rev": document["rev"] + 1}
        assert await api.bench.store.save_many(NOTIFICATIONS, [Save(later, expected_rev=document["rev"])]) == set()
        shown = await items(http)
        assert [item["subject"] for item in shown] == ["Neue Mitteilung", shown[1]["subject"]]
        assert NUMBER in shown[1]["subject"]
        assert (await http.post(f"/v1/inbox/{newest['id']}/read")).json()["link"].endswith(f"/orders/{ORDER_ID}")


async def test_an_e_mail_is_not_in_the_inbox(api: Api) -> None:
    await api.bench.enter(CUSTOMER.id, "erika")
    await api.reported(1)
    async with api.of(CUSTOMER.id) as http:
        assert len(await items(http)) == 1
        (mail,) = await api.bench.mails()
        assert (await http.post(f"/v1/inbox/{mail.id}/read")).status_code == 404


async def test_the_language_is_the_reader_s(api: Api) -> None:
    await api.reported(1)
    async with api.of(CUSTOMER.id) as http:
        await http.put("/v1/contacts/me", json=FORM)
        by_contact = await http.get("/v1/inbox")
        by_header = await http.get("/v1/inbox", headers={"Accept-Language": "fr, de-DE;q=0.9"})
    assert "in productive use" in by_contact.json()["items"][0]["body"]
    assert by_contact.headers["Content-Language"] == "en"
    assert "Produktivbetrieb" in by_header.json()["items"][0]["body"]
    assert by_header.headers["Content-Language"] == "de"
    assert "Accept-Language" in by_header.headers["Vary"]


async def test_a_contact_is_kept_shown_changed_and_erased(api: Api) -> None:
    async with api.of(CUSTOMER.id) as http:
        assert (await http.get("/v1/contacts/me")).status_code == 404
        recorded = await http.put("/v1/contacts/me", json=FORM)
        assert (recorded.status_code, recorded.headers["ETag"]) == (200, '"1"')
        shown = (await http.get("/v1/contacts/me")).json()
        assert {**shown, "changed_at": None} == {
            **FORM,
            "rhythm": "IMMEDIATE",
            "rhythms": {},
            "deputy": False,
            "changed_at": None,
        }
        changed = await http.put("/v1/contacts/me", json={**FORM, "muted": [LIVE.TYPE]}, headers={"If-Match": '"1"'})
        assert changed.headers["ETag"] == '"2"'
        stale = await http.put("/v1/contacts/me", json=FORM, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
        unread = [await http.put("/v1/contacts/me", json=FORM, headers=headers) for headers in ({}, {"If-Match": "*"})]
        assert [(it.status_code, it.json()["code"]) for it in unread] == [(428, "if_match_missing")] * 2
        assert (await http.delete("/v1/contacts/me")).status_code == 204
        assert (await http.delete("/v1/contacts/me")).status_code == 204
        assert (await http.get("/v1/contacts/me")).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_conditions_hold_alike_for_what_replaces_and_what_erases(api: Api, method: str) -> None:
    async with api.of(CUSTOMER.id) as http:

        async def ask(**headers: str) -> int:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = await http.request(method, "/v1/contacts/me", json=FORM if method == "PUT" else None, headers=named)
            if answer.status_code == 412:
                assert answer.json()["code"] == "precondition_failed"
            return answer.status_code

        nothing_there = [await ask(If_Match=tag) for tag in ("*", '"0"', '"1"', 'W/"1"')]
        assert nothing_there == [412] * 4
        assert (await http.get("/v1/contacts/me")).status_code == 404
        (await http.put("/v1/contacts/me", json=FORM, headers={"If-None-Match": "*"})).raise_for_status()
        there = [await ask(If_None_Match=tag) for tag in ("*", '"1"', 'W/"1"')] + [await ask(If_Match='"2"')]
        assert there == [412] * 4
        assert (await http.get("/v1/contacts/me")).headers["ETag"] == '"1"'
        assert await ask(If_Match='"1"', If_None_Match='"7"') in {200, 204}


async def test_the_contact_of_a_colleague_is_erased_under_the_same_conditions(api: Api) -> None:
    await api.of(CUSTOMER.id).put("/v1/contacts/me", json=FORM)
    async with api.of(CUSTOMER.id, "max") as http:
        (found,) = (await http.get("/v1/contacts")).json()["items"]
        path = f"/v1/contacts/{found['id']}"
        for headers in ({"If-Match": '"2"'}, {"If-None-Match": "*"}):
            assert (await http.delete(path, headers=headers)).status_code == 412
        assert (await http.delete(path, headers={"If-Match": "*"})).status_code == 204
        assert (await http.delete(path, headers={"If-Match": "*"})).status_code == 412
        assert (await http.delete(path)).status_code == 204


async def test_a_contact_belongs_to_person_and_organisation(api: Api) -> None:
    await api.of(CUSTOMER.id).put("/v1/contacts/me", json=FORM)
    assert (await api.of(CUSTOMER.id, "max").get("/v1/contacts/me")).status_code == 404
    assert (await api.of(PROVIDER.id).get("/v1/contacts/me")).status_code == 404
    await api.of(CUSTOMER.id, "max").delete("/v1/contacts/me")
    assert (await api.of(CUSTOMER.id).get("/v1/contacts/me")).status_code == 200
    book = await api.bench.contacts.book(CUSTOMER.id)
    assert book is not None
    assert book.name == CUSTOMER.name


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"muted": ["ordering.order.imagined.v1"]}, "event_type_unknown"),
        ({"muted": ["ordering.order.contracted.v1"]}, "event_type_unknown"),
        ({"email": "erika@kommune.example\r\nBcc: all@evil.example"}, "invalid"),
        ({"name": "Erika\r\nBcc: all@evil.example"}, "invalid"),
        ({"language": "fr"}, "invalid"),
        ({"person": "somebody-else"}, "invalid"),
        ({"organisation": "dataport"}, "invalid"),
    ],
)
async def test_a_contact_that_is_not_in_order_is_refused(api: Api, change: dict[str, Any], code: str) -> None:
    answer = await api.of(CUSTOMER.id).put("/v1/contacts/me", json=FORM | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/inbox"),
        ("POST", f"/v1/inbox/{ORDER_ID}/read"),
        ("GET", "/v1/contacts/me"),
        ("PUT", "/v1/contacts/me"),
        ("DELETE", "/v1/contacts/me"),
    ],
)
async def test_without_a_token_nothing_is_shown(api: Api, method: str, path: str) -> None:
    answer = await client(api.app).request(method, path, json=FORM if method == "PUT" else None)
    assert answer.status_code == 401


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJhIiwiYiJd"])
async def test_a_cursor_that_is_none_is_refused(api: Api, cursor: str) -> None:
    answer = await api.of(CUSTOMER.id).get("/v1/inbox", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


async def test_concurrent_contacts_of_one_organisation_are_all_kept(api: Api) -> None:
    people = [f"person{number}" for number in range(12)]
    answers = await asyncio.gather(*(api.of(CUSTOMER.id, person).put("/v1/contacts/me", json=FORM) for person in people))
    assert {answer.status_code for answer in answers} == {200}
    book = await api.bench.contacts.book(CUSTOMER.id)
    assert book is not None
    assert sorted(contact.person for contact in book.people) == sorted(people)


async def test_the_api_describes_itself_with_examples(api: Api) -> None:
    description = (await client(api.app).get("/openapi.json")).json()
    assert set(description["paths"]) >= {"/v1/inbox", "/v1/inbox/{notification_id}/read", "/v1/contacts/me"}
    schemas = description["components"]["schemas"]
    assert schemas["ContactForm"]["examples"]
    assert schemas["InboxItem"]["examples"]
