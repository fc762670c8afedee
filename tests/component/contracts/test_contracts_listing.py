"""Lists of contracts: with those that have no order, narrowed, page by page; and what is said of a notice."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from services.contracts import repository
from services.contracts.app import build
from services.contracts.chain.given import AskNotice
from services.contracts.chain.notice import notice
from services.contracts.domain.transitions import ContractState
from services.contracts.neighbourhood import world_of
from services.contracts.table import SHEETS
from shared.http.app import create_app
from shared.ids import derived_id
from tests.component.contracts.test_contracts_notice import ROOT, TERMS, World, key, sub
from tests.support.contract_requests import AT, order_id
from tests.support.http import FakeAuthenticator, FixedHealth, client

SACHSEN, BAYERN, NRW, FITKO = "s/DE-SN/KUNDE", "x/DE-BY/KUNDE", "b/DE-NW/BEREITSTELLER", "a/fitko/ANBIETER"
KOMMUNE = sub("DE-SN", 1)
TOKEN_OF_KOMMUNE = f"k/{KOMMUNE.customer.id}/KUNDE"
OF_SACHSEN = {key("DE-SN"), sub("DE-SN", 1).id, sub("DE-SN", 2).id}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.prepare()
    yield made
    await made.store.close()


async def get(world: World, path: str, token: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    app = create_app(
        "contracts", build(world.resources).router, authenticator=FakeAuthenticator(), store=world.store, health=FixedHealth()
    )
    async with client(app, token) as http:
        return await http.get(path, headers=headers)


async def listed(world: World, token: str, query: str = "") -> list[str]:
    """Return the ids of a whole list, read page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        page: dict[str, Any] = (await get(world, f"/v1/contracts?{query}{cursor}", token)).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize(
    ("token", "ids"),
    [
        (SACHSEN, OF_SACHSEN),
        (TOKEN_OF_KOMMUNE, {KOMMUNE.id}),
        (BAYERN, {key("DE-BY"), sub("DE-BY", 1).id, sub("DE-BY", 2).id}),
        ("f/fitko/KUNDE", set()),
        ("n/DE-TH/KUNDE", set()),
    ],
)
async def test_a_list_holds_what_one_is_party_to_with_or_without_an_order(world: World, token: str, ids: set[str]) -> None:
    for limit in (1, 2, 50):
        found = await listed(world, token, f"limit={limit}")
        assert len(found) == len(set(found))
        assert set(found) == ids


@pytest.mark.parametrize("token", [NRW, FITKO])
async def test_bereitsteller_and_anbieter_find_the_whole_chain_newest_first(world: World, token: str) -> None:
    everything = [it for it in await world.all() if it.order_id is None or it.leg.value == "NACHNUTZUNG"]
    found = await listed(world, token, "limit=3")
    assert set(found) == {it.id for it in everything}
    at = {it.id: it.recorded_at for it in everything}
    assert [at[id_] for id_ in found] == sorted(at.values(), reverse=True)


@pytest.mark.parametrize("limit", [1, 50])
async def test_a_list_is_narrowed(world: World, limit: int) -> None:
    await world.notice(sub("DE-SN", 2).id, date(2026, 12, 31))
    for query, ids in NARROWED:
        assert (query, set(await listed(world, SACHSEN, f"{query}&limit={limit}"))) == (query, ids)


NARROWED = [
    ("channel=fitko", OF_SACHSEN),
    ("channel=govdigital", set()),
    ("leg=NACHNUTZUNG", {key("DE-SN")}),
    (f"offering_id={KOMMUNE.offering_id}", OF_SACHSEN),
    (f"offering_id={derived_id('offering', 'other')}", set()),
    ("state=GESCHLOSSEN", {key("DE-SN"), sub("DE-SN", 1).id}),
    ("state=GEKUENDIGT", {sub("DE-SN", 2).id}),
    ("ends_before=2027-01-01", {sub("DE-SN", 2).id}),
    ("ends_before=2026-12-31", set()),
    ("state=GEKUENDIGT&leg=NACHNUTZUNG", set()),
    ("party=KUNDE", OF_SACHSEN),
    ("party=KUNDE&state=GEKUENDIGT", {sub("DE-SN", 2).id}),
    ("party=BEREITSTELLER", set()),
    ("party=ANBIETER", set()),
    ("waits_for_me=true", set()),
    ("q=fitst", {key("DE-SN")}),
    (f"q=sub-{KOMMUNE.customer.id}", {KOMMUNE.id}),
    ("q=einbuergerungs%20KOMMUNE", {sub("DE-SN", 1).id, sub("DE-SN", 2).id}),
    ("q=kommune&state=GEKUENDIGT", {sub("DE-SN", 2).id}),
    ("q=v-2026-de-sn&leg=NACHNUTZUNG", {key("DE-SN")}),
    ("q=nordrhein%20de-sn", OF_SACHSEN),
    ("q=geschlossen", set()),
    ("q=%20", OF_SACHSEN),
]


@pytest.mark.parametrize("limit", [1, 50])
async def test_a_list_is_narrowed_to_what_one_is_a_side_of(world: World, limit: int) -> None:
    """The Bereitsteller of a chain passes on by its own contract alone, and the Anbieter has the channel."""
    everything = {it.id for it in await world.all()}
    for token, party, ids in (
        (NRW, "BEREITSTELLER", everything),
        (NRW, "KUNDE", set()),
        (NRW, "ANBIETER", set()),
        (FITKO, "ANBIETER", everything),
        (FITKO, "KUNDE", set()),
        (TOKEN_OF_KOMMUNE, "KUNDE", {KOMMUNE.id}),
    ):
        assert (token, party, set(await listed(world, token, f"party={party}&limit={limit}"))) == (token, party, ids)


async def test_what_waits_for_a_side_is_found_by_that_side_alone(world: World) -> None:
    offered = sub("DE-SN", 3).model_copy(
        update={
            "state": ContractState.ANGEBOTEN,
            "number": None,
            "concluded_at": None,
            "signatures": KOMMUNE.signatures[:1],
        }
    )
    await world.add(offered)
    for token, ids in (
        (f"k/{offered.customer.id}/KUNDE", [offered.id]),
        (SACHSEN, []),
        (FITKO, []),
        (NRW, []),
    ):
        assert (token, await listed(world, token, "waits_for_me=true")) == (token, ids)
        assert (token, await listed(world, token, "change_waits=true")) == (token, [])


async def test_the_whole_list_is_to_be_had_as_a_table(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "_PORTION", 2)
    await world.notice(sub("DE-SN", 2).id, date(2026, 12, 31))
    for token, query in (
        (SACHSEN, ""),
        (FITKO, ""),
        (SACHSEN, "state=GEKUENDIGT"),
        (SACHSEN, f"order_id={order_id('DE-SN')}"),
        (NRW, "q=kommune"),
        (BAYERN, "state=ANGEBOTEN"),
    ):
        answer = await get(world, f"/v1/contracts?{query}&limit=1", token, {"Accept": "text/csv"})
        heads, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";")
        assert tuple(heads) == SHEETS["de"].columns
        shown = [dict(zip(heads, row, strict=True)) for row in rows]
        assert [it["Kennung"] for it in shown] == await listed(world, token, query)
        if query.startswith("state=GE"):
            (row,) = shown
            assert (row["Stand"], row["Letzter Tag"], row["Art"]) == ("Gekündigt", "2026-12-31", "Sub-Nachnutzungsvertrag")


@pytest.mark.parametrize(
    "query", ["waits=true", "party=PARTNER", "state=LAEUFT", "waits_for_me=perhaps", f"q={'x' * 101}", "ends_before=heute"]
)
async def test_a_filter_that_is_unknown_or_has_an_unknown_value_is_refused(world: World, query: str) -> None:
    answer = await get(world, f"/v1/contracts?{query}", SACHSEN)
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 1), answer.text


async def test_a_cursor_goes_on_with_the_same_words_alone(world: World) -> None:
    first = (await get(world, "/v1/contracts?q=kommune&limit=1", SACHSEN)).json()
    answer = await get(world, f"/v1/contracts?q=other&limit=1&cursor={first['next']}", SACHSEN)
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


async def test_a_filter_that_lets_little_pass_looks_at_a_bounded_number_and_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "LOOKED_AT", 2)
    monkeypatch.setattr(repository, "_STEP", 2)
    oldest = min(await world.all(), key=lambda it: (it.recorded_at, it.id))
    await world.notice(oldest.id, date(2026, 12, 31))
    first = (await get(world, "/v1/contracts?ends_before=2027-01-01&limit=1", FITKO)).json()
    assert (first["items"], first["next"] is None) == ([], False)
    assert await listed(world, FITKO, "ends_before=2027-01-01&limit=1") == [oldest.id]


@pytest.mark.parametrize("late", [0, 40])
async def test_a_contract_that_ends_with_another_one_says_how_late_its_notice_was(world: World, late: int) -> None:
    last_day = AT.date() + timedelta(days=1000 - 24 * late)
    asked = AskNotice(type="NOTICE", contract=ROOT, received_on=AT.date().isoformat(), last_day=last_day.isoformat())
    rows = {row["contract"]: row for row in notice(world_of(await world.all(), TERMS), asked)["cascade"]}
    await world.notice(ROOT, last_day)
    await world.cascade.run()
    for contract, token, above in ((key("DE-SN"), SACHSEN, ROOT), (KOMMUNE.id, TOKEN_OF_KOMMUNE, key("DE-SN"))):
        ending = (await get(world, f"/v1/contracts/{contract}", token)).json()["ending"]
        row = rows[contract]
        assert ending == {
            "received_on": AT.date().isoformat(),
            "because": above,
            "notify_by": row["notify_by"],
            "late_days": row["late_days"],
        }
        assert (ending["late_days"] > 0) is bool(late)
    own = (await get(world, f"/v1/contracts/{ROOT}", NRW)).json()["ending"]
    assert own == {"received_on": AT.date().isoformat(), "because": None, "notify_by": None, "late_days": 0}
