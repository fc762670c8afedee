"""The registration in four steps: a draft to go on with, a check that names every fault, the submission."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.eligibility.drafts import DRAFTS, MOST_DRAFTS
from services.eligibility.settings import Settings
from tests.component.eligibility.conftest import ANNA, BERT, HUSUM, SACHSEN, World

PATH = f"/registrations/{HUSUM}"
COMPLETE = {
    "person": {"capacity": "VERTRETUNGSBERECHTIGT", "confirmed": True},
    "roles": ["KUNDE", "BEREITSTELLER"],
    "kunde": {"ars": HUSUM, "leitweg_id": "04011000-900x999-08"},
    "accreditations": [{"channel": "govdigital", "role": "KUNDE"}, {"channel": "fitko", "role": "BEREITSTELLER"}],
}


@pytest.fixture(autouse=True)
async def _no_drafts(world: World) -> AsyncIterator[None]:
    yield
    await world.store.delete(DRAFTS, [document["_id"] for document in await world.store.scan(DRAFTS)])


def faults(answer: Any) -> list[tuple[str, str, str]]:
    return [(it["step"], it["field"], it["code"]) for it in answer.json()["faults"]]


async def test_a_draft_is_gone_on_with_and_submitted(world: World) -> None:
    first = await world.call("PUT", PATH, ANNA, {"roles": ["KUNDE"]})
    assert (first.status_code, first.headers["ETag"]) == (200, '"1"')
    assert faults(first) == [("person", "person.capacity", "missing"), ("person", "person.confirmed", "not_confirmed")]
    read = await world.call("GET", PATH, ANNA)
    assert read.json()["draft"]["roles"] == ["KUNDE"]
    assert faults(await world.call("PUT", PATH, ANNA, COMPLETE, If_Match=read.headers["ETag"])) == []

    answer = await world.call("POST", f"{PATH}/submit", ANNA)
    assert answer.status_code == 201, answer.text
    organisation = answer.json()
    assert organisation["roles"] == ["KUNDE", "BEREITSTELLER"]
    assert (organisation["ars"], organisation["leitweg_id"]) == (HUSUM, "04011000-900X999-08")
    applied = [(it["channel"], it["role"], it["state"]) for it in organisation["accreditations"]]
    assert applied == [("govdigital", "KUNDE", "BEANTRAGT"), ("fitko", "BEREITSTELLER", "BEANTRAGT")]
    assert (await world.call("GET", PATH, ANNA)).status_code == 404


async def test_every_fault_of_every_step_is_named_at_once_and_nothing_is_stored(world: World) -> None:
    typed = {
        "person": {"capacity": "CHEF", "confirmed": False},
        "roles": ["KUNDE", "ANBIETER"],
        "kunde": {"ars": "01054056", "leitweg_id": "developer"},
        "accreditations": [{"channel": "telekom", "role": "ANBIETER"}, {"channel": "fitko", "role": "BEREITSTELLER"}],
    }
    answer = await world.call("POST", "/registrations/gibtesnicht/check", ANNA, typed)
    assert answer.status_code == 200
    assert faults(answer) == [
        ("organisation", "organisation", "body_not_found"),
        ("person", "person.capacity", "capacity_unknown"),
        ("person", "person.confirmed", "not_confirmed"),
        ("roles", "roles.1", "role_not_registerable"),
        ("roles", "kunde.ars", "ars_form"),
        ("roles", "kunde.leitweg_id", "leitweg_id_form"),
        ("accreditations", "accreditations.0.channel", "channel_unknown"),
        ("accreditations", "accreditations.0.role", "role_not_accredited"),
        ("accreditations", "accreditations.1.role", "role_not_held"),
    ]
    assert await world.store.scan(DRAFTS) == []


@pytest.mark.parametrize(
    ("kunde", "roles", "field", "code"),
    [
        ({"ars": "010540056057"}, ["KUNDE"], "kunde.ars", "ars_differs"),
        ({"ars": "170540056056"}, ["KUNDE"], "kunde.ars", "ars_region"),
        ({"leitweg_id": "04011000-900X999-09"}, ["KUNDE"], "kunde.leitweg_id", "leitweg_id_check_digits"),
        ({"leitweg_id": "04011000-900X999-08"}, ["KLIENT"], "kunde.leitweg_id", "customer_details_without_role"),
    ],
)
async def test_the_details_of_a_kunde_are_checked_as_at_the_registration(
    world: World, kunde: dict[str, str], roles: list[str], field: str, code: str
) -> None:
    body = {**COMPLETE, "kunde": kunde, "roles": roles, "accreditations": []}
    assert faults(await world.call("POST", f"{PATH}/check", ANNA, body)) == [("roles", field, code)]
    direct = {"organisation": HUSUM, "person": COMPLETE["person"], "roles": roles, "kunde": kunde}
    assert (await world.call("POST", "/organisations", ANNA, direct)).json()["code"] == code


async def test_a_draft_with_faults_is_not_submitted_and_stays(world: World) -> None:
    await world.call("PUT", PATH, ANNA, {**COMPLETE, "roles": []})
    refused = await world.call("POST", f"{PATH}/submit", ANNA)
    assert (refused.status_code, refused.json()["code"]) == (422, "registration_incomplete")
    assert ("roles", "roles", "roles_missing") in faults(refused)
    assert (await world.call("GET", PATH, ANNA)).status_code == 200
    assert (await world.call("GET", f"/organisations/{HUSUM}", ANNA)).status_code == 404


async def test_a_draft_is_of_the_person_who_writes_it(world: World) -> None:
    await world.call("PUT", PATH, ANNA, COMPLETE)
    assert (await world.call("GET", PATH, BERT)).status_code == 404
    assert (await world.call("GET", "/registrations", BERT)).json()["items"] == []
    assert (await world.change("DELETE", PATH, BERT)).status_code == 404
    (own,) = (await world.call("GET", "/registrations", ANNA)).json()["items"]
    assert (own["organisation"], own["faults"]) == (HUSUM, [])


async def test_of_two_windows_the_one_with_an_old_draft_is_refused(world: World) -> None:
    read = await world.call("PUT", PATH, ANNA, {"roles": ["KUNDE"]})
    await world.change("PUT", PATH, ANNA, COMPLETE)
    late = await world.call("PUT", PATH, ANNA, {"roles": []}, If_Match=read.headers["ETag"])
    assert late.status_code == 412
    assert faults(await world.call("GET", PATH, ANNA)) == []


async def test_whoever_acts_for_another_organisation_submits_nothing(world: World) -> None:
    await world.call("PUT", PATH, SACHSEN, COMPLETE)
    refused = await world.call("POST", f"{PATH}/submit", SACHSEN)
    assert (refused.status_code, refused.json()["code"]) == (403, "other_organisation")


async def test_a_person_has_a_bounded_number_of_drafts(world: World) -> None:
    for number in range(MOST_DRAFTS):
        assert (await world.call("PUT", f"/registrations/koerper-{number}", ANNA, {})).status_code == 200
    full = await world.call("PUT", PATH, ANNA, {})
    assert (full.status_code, full.json()["code"]) == (409, "too_many_drafts")
    assert (await world.change("PUT", "/registrations/koerper-0", ANNA, COMPLETE)).status_code == 200


async def test_a_draft_that_nobody_changes_goes_after_its_term(world: World) -> None:
    run = next(it for it in world.service.periodic if it.name == "eligibility.delete-old-drafts")
    await world.call("PUT", PATH, ANNA, COMPLETE)
    world.now += Settings(_env_file=None).draft_term
    await run.run()
    assert (await world.call("GET", PATH, ANNA)).status_code == 200
    world.now += timedelta(seconds=1)
    await run.run()
    assert (await world.call("GET", PATH, ANNA)).status_code == 404
