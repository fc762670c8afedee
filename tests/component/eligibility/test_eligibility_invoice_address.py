"""The address that an organisation wants its invoices to have: stated, changed, removed, told to others, refused where wrong."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from shared.messages.values import Channel
from tests.component.eligibility.conftest import ANNA, BERT, HUSUM, KOMM_ONE, SACHSEN, STAFF, World

PATH = f"/organisations/{HUSUM}"
ADDRESS: dict[str, Any] = {
    "care_of": ["Amt für Finanzen", "Rechnungseingang"],
    "street": "Zingel 10",
    "postcode": "25813",
    "city": "Husum",
    "email": "rechnung@husum.example",
}
STORED = {**ADDRESS, "country": "DE"}
NEEDED = {"postcode": "25813", "city": "Husum"}


async def patched(world: World, address: object, token: str = ANNA) -> httpx.Response:
    return await world.change("PATCH", PATH, token, {"invoice_address": address})


def told(world: World) -> list[Any]:
    """Return the address in each published state of the organisation, None where it is left out."""
    published = [event for event in world.publisher.events if event.type.startswith("eligibility.organisation.")]
    events = [json.loads(event.data or "null") for event in published]
    assert all(event["organisation"].get("invoice_address", {}) is not None for event in events), "left out, not null"
    return [event["organisation"].get("invoice_address") for event in events]


async def test_it_comes_with_the_registration_and_stands_in_the_published_state(world: World) -> None:
    answer = await world.register(ANNA, ["KUNDE"], ["govdigital"], invoice_address=ADDRESS)
    assert (answer.status_code, answer.json()["invoice_address"]) == (201, STORED)
    assert told(world) == [STORED, STORED]


async def test_it_is_set_changed_and_removed_and_left_alone_by_other_changes(world: World) -> None:
    assert (await world.register(ANNA, ["KUNDE"], [])).json()["invoice_address"] is None
    assert (await patched(world, ADDRESS)).json()["invoice_address"] == STORED
    other = await world.change("PATCH", PATH, ANNA, {"leitweg_id": "04011000-900X999-08"})
    assert other.json()["invoice_address"] == STORED
    short = (await patched(world, {"postcode": "25813", "city": "Husum"})).json()["invoice_address"]
    assert short == {"postcode": "25813", "city": "Husum", "country": "DE"}
    removed = (await patched(world, None)).json()
    assert (removed["invoice_address"], removed["leitweg_id"]) == (None, "04011000-900X999-08")
    assert told(world) == [None, STORED, STORED, short, None]


async def test_a_leitweg_id_is_removed_as_an_address_is(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [], leitweg_id="04011000-900X999-08", invoice_address=ADDRESS)

    async def patched_with(body: dict[str, object]) -> tuple[str | None, bool]:
        answer = (await world.change("PATCH", PATH, ANNA, body)).json()
        return answer["leitweg_id"], answer["invoice_address"] == STORED

    before = len(told(world))
    assert await patched_with({}) == ("04011000-900X999-08", True), "what is left out stays"
    assert len(told(world)) == before
    assert await patched_with({"leitweg_id": None}) == (None, True)
    assert await patched_with({"leitweg_id": None}) == (None, True)
    assert len(told(world)) == before + 1, "the removal of none tells nothing"


async def test_the_same_address_again_tells_nothing_and_so_does_the_removal_of_none(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    for address in (None, ADDRESS, ADDRESS):
        assert (await patched(world, address)).status_code == 200
    assert told(world) == [None, STORED]


async def test_a_removed_address_is_gone_from_the_stored_document(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], [], invoice_address=ADDRESS)
    (organisations,) = [ledger for ledger in world.service.ledgers if ledger.collection.name == "organisations"]
    assert "invoice_address" in ((await world.store.get(organisations.collection, HUSUM)) or {})
    await patched(world, None)
    assert "invoice_address" not in ((await world.store.get(organisations.collection, HUSUM)) or {"invoice_address": 1})


async def test_it_has_the_preconditions_and_rights_of_the_leitweg_id(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    body = {"invoice_address": ADDRESS}
    assert (await world.call("PATCH", PATH, ANNA, body)).json()["code"] == "if_match_missing"
    assert (await world.call("PATCH", PATH, ANNA, body, If_Match='"7"')).status_code == 412
    assert (await patched(world, ADDRESS, BERT)).json()["code"] == "not_a_user"
    for stranger in (SACHSEN, STAFF[Channel.GOVDIGITAL]):
        assert (await patched(world, ADDRESS, stranger)).status_code in {403, 404}, stranger
    assert told(world)[-1] is None


async def test_its_anbieter_reads_it_and_nobody_else(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"], invoice_address=ADDRESS)
    assert (await world.call("GET", PATH, STAFF[Channel.GOVDIGITAL])).json()["invoice_address"] == STORED
    for token in (STAFF[Channel.FITKO], SACHSEN, KOMM_ONE):
        assert (await world.call("GET", PATH, token)).status_code == 404, token


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"postcode": "2581"}, "postcode_form"),
        ({"postcode": "00813"}, "postcode_form"),
        ({"postcode": "D-25813"}, "postcode_form"),
        ({"postcode": "٢٥٨١٣"}, "postcode_form"),
        ({"postcode": "1/10", "country": "AT"}, "postcode_form"),
        ({"country": "XX"}, "country_unknown"),
        ({"country": "Deutschland"}, "country_unknown"),
        ({"email": "rechnung"}, "mailbox_form"),
        ({"email": "a b@husum.example"}, "mailbox_form"),
        ({"email": "<rechnung@husum.example>"}, "mailbox_form"),
    ],
)
async def test_what_is_no_address_is_refused_by_its_field(world: World, wrong: dict[str, str], code: str) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    address = NEEDED | wrong
    refused = await patched(world, address)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert refused.json()["field"] in wrong
    again = await world.register(ANNA, ["KUNDE"], [], invoice_address=address)
    assert again.json()["code"] == code
    assert told(world) == [None]


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ({"street": " "}, "street", "string_too_short"),
        ({"city": ""}, "city", "string_too_short"),
        ({"city": None}, "city", "string_type"),
        ({"postcode": None}, "postcode", "string_type"),
        ({"street": "Z" * 201}, "street", "string_too_long"),
        ({"street": "Zingel 10\nHinterhaus"}, "street", "string_pattern_mismatch"),
        ({"city": "Hu\x1bsum"}, "city", "string_pattern_mismatch"),
        ({"care_of": ["Amt", "Amt", "Amt"]}, "care_of", "too_long"),
        ({"care_of": ["Amt", "\x00"]}, "care_of/1", "string_pattern_mismatch"),
        ({"phone": "04841"}, "phone", "extra_forbidden"),
    ],
)
async def test_blank_long_and_unprintable_parts_are_refused_by_their_place(
    world: World, wrong: dict[str, Any], pointer: str, code: str
) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    refused = await patched(world, NEEDED | wrong)
    assert refused.status_code == 422
    assert [(it["pointer"], it["code"]) for it in refused.json()["errors"]] == [(f"#/invoice_address/{pointer}", code)]
    assert told(world) == [None]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (NEEDED | {"country": "de"}, NEEDED | {"country": "DE"}),
        ({"postcode": " 1010 ", "city": "Wien", "country": "AT"}, {"postcode": "1010", "city": "Wien", "country": "AT"}),
        (
            {"postcode": "SW1A 1AA", "city": "London", "country": "GB"},
            {"postcode": "SW1A 1AA", "city": "London", "country": "GB"},
        ),
    ],
)
async def test_other_countries_have_other_postcodes(world: World, typed: dict[str, str], stored: dict[str, str]) -> None:
    await world.register(ANNA, ["KUNDE"], [])
    assert (await patched(world, typed)).json()["invoice_address"] == stored


async def test_a_draft_names_each_fault_by_its_field_and_is_submitted_with_its_address(world: World) -> None:
    draft = {
        "person": {"capacity": "VERTRETUNGSBERECHTIGT", "confirmed": True},
        "roles": ["KUNDE"],
        "kunde": {"invoice_address": {"street": "Zingel 10", "country": "XX", "postcode": "1/2", "email": "rechnung"}},
    }
    within = "kunde.invoice_address"
    checked = await world.call("POST", f"/registrations/{HUSUM}/check", ANNA, draft)
    assert [(it["step"], it["field"], it["code"]) for it in checked.json()["faults"]] == [
        ("roles", f"{within}.city", "missing"),
        ("roles", f"{within}.country", "country_unknown"),
        ("roles", f"{within}.postcode", "postcode_form"),
        ("roles", f"{within}.email", "mailbox_form"),
    ]
    elsewhere = {**draft, "roles": ["KLIENT"], "kunde": {"invoice_address": ADDRESS}}
    checked = await world.call("POST", f"/registrations/{HUSUM}/check", ANNA, elsewhere)
    assert [(it["field"], it["code"]) for it in checked.json()["faults"]] == [(within, "customer_details_without_role")]
    stored = await world.call("PUT", f"/registrations/{HUSUM}", ANNA, {**draft, "kunde": {"invoice_address": ADDRESS}})
    assert (stored.status_code, stored.json()["faults"]) == (200, [])
    answer = await world.call("POST", f"/registrations/{HUSUM}/submit", ANNA)
    assert (answer.status_code, answer.json()["invoice_address"]) == (201, STORED)


async def test_a_draft_without_an_address_is_stored_as_before(world: World) -> None:
    answer = await world.call("PUT", f"/registrations/{HUSUM}", ANNA, {"roles": ["KUNDE"]})
    assert answer.json()["draft"]["kunde"] == {"ars": None, "leitweg_id": None}
    assert (await world.change("DELETE", f"/registrations/{HUSUM}", ANNA)).status_code == 204


@pytest.mark.parametrize(
    ("roles", "code"),
    [
        (["KUNDE"], None),
        (["BUENDELNDE_ORGANISATION"], None),
        (["BUENDELNDE_ORGANISATION", "BEREITSTELLER"], None),
        (["BEREITSTELLER"], "customer_details_without_role"),
        (["KLIENT"], "customer_details_without_role"),
    ],
)
async def test_registration_draft_and_change_take_it_of_who_orders_and_refuse_it_alike_of_others(
    world: World, roles: list[str], code: str | None
) -> None:
    leitweg_id = {"leitweg_id": "04011000-900X999-08"}
    for details in ({"invoice_address": ADDRESS}, leitweg_id):
        draft = {
            "person": {"capacity": "VERTRETUNGSBERECHTIGT", "confirmed": True},
            "roles": roles,
            "kunde": details,
        }
        faults = (await world.call("POST", f"/registrations/{HUSUM}/check", ANNA, draft)).json()["faults"]
        assert [it["code"] for it in faults] == ([] if code is None else [code])
        if code is None:
            continue
        refused = await world.register(ANNA, roles, [], **details)
        assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (422, code, faults[0]["detail"])
    assert (await world.register(ANNA, roles, [])).status_code == 201
    for details in ({"invoice_address": ADDRESS}, leitweg_id):
        answer = await world.change("PATCH", PATH, ANNA, details)
        assert (answer.status_code, answer.json().get("code")) == ((200, None) if code is None else (422, code))
    assert (await patched(world, None)).status_code == 200, "nobody is kept from removing it"
    if code is not None:
        with_role = await world.change("PATCH", PATH, ANNA, {"add_roles": ["BUENDELNDE_ORGANISATION"], **leitweg_id})
        assert with_role.json()["leitweg_id"] == leitweg_id["leitweg_id"]


async def test_another_address_is_another_registration(world: World) -> None:
    assert (await world.register(ANNA, ["KUNDE"], [], invoice_address=ADDRESS)).status_code == 201
    for again in ({}, {"invoice_address": ADDRESS}):
        assert (await world.register(ANNA, ["KUNDE"], [], **again)).status_code == 200
    other = await world.register(ANNA, ["KUNDE"], [], invoice_address=NEEDED)
    assert (other.status_code, other.json()["code"]) == (409, "already_registered")
