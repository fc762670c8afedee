"""Accessions: who may accede to what, who sees it, what ends it, and that all of it is archived."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from services.contracts.accessions import repository
from services.contracts.accessions.archiving import AccessionArchivist, content_of
from services.contracts.accessions.declaring import hold_to_contract
from services.contracts.accessions.repository import ACCESSIONS
from services.contracts.accessions.table import SHEETS
from services.contracts.app import build
from services.contracts.archiving import log as archive_log
from services.contracts.archiving.log import ENTRIES, ArchiveLog
from services.contracts.archiving.records import DOCUMENTS, ERASURES, RECORDS
from services.contracts.chain.given import AskNotice
from services.contracts.chain.notice import notice
from services.contracts.domain.agreed import PassingOn
from services.contracts.neighbourhood import world_of
from shared.http.app import create_app
from tests.component.contracts.test_contracts_notice import FITKO, ROOT, TERMS, World, key, sub
from tests.support.contract_requests import AT
from tests.support.http import FakeAuthenticator, FixedHealth, client

KOMMUNE: Final = "k/140000000009/KUNDE"
SACHSEN, NRW, ANBIETER = "s/DE-SN/KUNDE", "b/DE-NW/BEREITSTELLER", "a/fitko/ANBIETER"
FOREIGN: Final = "f/010020000000/KUNDE"
CONTRACT: Final = key("DE-SN")
TODAY: Final = AT.date()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.prepare()
    yield made
    await made.store.close()


async def ask(world: World, token: str, method: str, path: str, **request: Any) -> httpx.Response:
    app = create_app(
        "contracts", build(world.resources).router, authenticator=FakeAuthenticator(), store=world.store, health=FixedHealth()
    )
    async with client(app, token) as http:
        return await http.request(method, path, **request)


async def accede(world: World, token: str = KOMMUNE, contract: str = CONTRACT, **days: str) -> httpx.Response:
    return await ask(world, token, "POST", f"/v1/contracts/{contract}/accessions", json=days)


async def published(world: World) -> list[str]:
    """Return what a processor's relay has published of accessions."""
    world.now += timedelta(minutes=1)
    await world.accessions.ledger.outbox.relay(timedelta(seconds=1))
    return [it.type.removeprefix("contracts.chain.") for it in world.publisher.events if ".accession-" in it.type]


async def test_a_kommune_accedes_to_the_contract_of_its_land_and_those_concerned_see_it(world: World) -> None:
    answer = await accede(world, valid_from="2026-12-01")
    made = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/accessions/{made['id']}")
    assert (made["licensee"]["id"], made["provider"]["id"]) == ("DE-SN", "DE-NW")
    assert (made["valid_from"], made["valid_to"]) == ("2026-12-01", None)
    for token in (KOMMUNE, SACHSEN, NRW, ANBIETER):
        page = (await ask(world, token, "GET", "/v1/accessions")).json()
        assert [it["id"] for it in page["items"]] == [made["id"]]
        seen = (await ask(world, token, "GET", f"/v1/accessions/{made['id']}")).json()
        assert seen == made | {"allowed_moves": ["end"] if token == KOMMUNE else []}
    for token in (FOREIGN, "x/DE-BY/KUNDE", "g/govdigital/ANBIETER"):
        assert (await ask(world, token, "GET", "/v1/accessions")).json()["items"] == []
        assert (await ask(world, token, "GET", f"/v1/accessions/{made['id']}")).status_code == 404


@pytest.mark.parametrize("limit", [1, 50])
async def test_a_list_is_narrowed_over_all_pages_and_to_be_had_as_a_table(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(repository, "LOOKED_AT", 1)
    monkeypatch.setattr(repository, "_STEP", 1)
    (first, second), days = ("140000000008", "140000000009"), {"valid_from": "2026-12-01", "valid_to": "2027-06-30"}
    made = [(await accede(world, f"k/{it}/KUNDE", **days)).json() for it in (first, second)]
    for token, query, bodies in (
        (SACHSEN, "", {first, second}),
        (ANBIETER, f"q={first}", {first}),
        (SACHSEN, "q=einbuergerung%20nordrhein", {first, second}),
        (NRW, "q=wohngeld", set()),
        (f"k/{first}/KUNDE", "q=de-sn", {first}),
        (SACHSEN, "ends_before=2027-07-01", {first, second}),
        (SACHSEN, "ends_before=2027-06-30", set()),
        (ANBIETER, f"offering_id={made[0]['offering_id']}", {first, second}),
        (ANBIETER, f"offering_id={made[0]['id']}", set()),
        (FOREIGN, "", set()),
    ):
        found: list[str] = []
        cursor = ""
        while True:
            page = (await ask(world, token, "GET", f"/v1/accessions?limit={limit}&{query}{cursor}")).json()
            found += [it["organisation"]["id"] for it in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert (token, query, sorted(found)) == (token, query, sorted(bodies))
        table = await ask(world, token, "GET", f"/v1/accessions?limit=1&{query}", headers={"Accept": "text/csv"})
        heads, *rows = csv.reader(io.StringIO(table.content.decode("utf-8-sig"), newline=""), delimiter=";")
        assert tuple(heads) == SHEETS["de"].columns
        assert [dict(zip(heads, row, strict=True))["Kennung der Stelle"] for row in rows] == found


async def test_a_repeat_is_the_same_accession_and_told_once(world: World) -> None:
    first, again = await accede(world), await accede(world)
    assert first.json() == again.json()
    assert await published(world) == ["accession-declared.v1"]


@pytest.mark.parametrize(
    ("token", "contract", "days", "status", "code"),
    [
        (FOREIGN, CONTRACT, {}, 404, "not_found"),
        ("i/it-provider/KUNDE", CONTRACT, {}, 404, "not_found"),
        (KOMMUNE, key("DE-BY"), {}, 404, "not_found"),
        (KOMMUNE, ROOT, {}, 404, "not_found"),
        (SACHSEN, CONTRACT, {}, 409, "self_contract"),
        ("k/140000000001/KUNDE", sub("DE-SN", 1).id, {}, 409, "self_contract"),
        (SACHSEN, sub("DE-SN", 1).id, {}, 409, "territory_not_granted"),
        (KOMMUNE, CONTRACT, {"valid_from": "2026-11-01"}, 422, "accession_date_invalid"),
        (KOMMUNE, CONTRACT, {"valid_from": "2026-12-02", "valid_to": "2026-12-01"}, 422, "term_invalid"),
        (NRW, CONTRACT, {}, 403, "role_missing"),
    ],
)
async def test_only_a_body_of_the_territory_accedes_from_today_on(
    world: World, token: str, contract: str, days: dict[str, str], status: int, code: str
) -> None:
    answer = await accede(world, token, contract, **days)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await world.store.scan(ACCESSIONS) == []


async def test_nobody_accedes_where_the_contract_wants_a_sub_contract_or_does_not_run(world: World) -> None:
    kommune = sub("DE-SN", 1)
    await world.notice(CONTRACT, date(2027, 12, 31))
    late = await accede(world, valid_from="2028-01-01")
    assert (late.status_code, late.json()["code"]) == (409, "contract_not_running")
    # The Sub contract passes on by Sub-Sub contracts only.
    other = kommune.model_copy(
        update={"id": "0" * 8 + kommune.id[8:], "territory": ("14",), "passing_on": PassingOn(allowed=True, act="SUB_VERTRAG")}
    )
    await world.add(other)
    refused = await accede(world, contract=other.id)
    assert (refused.status_code, refused.json()["code"]) == (409, "accession_not_possible")


async def test_a_body_accedes_once_for_a_day(world: World) -> None:
    assert (await accede(world, valid_to="2026-12-31")).status_code == 201
    refused = await accede(world, valid_from="2026-12-31")
    assert (refused.status_code, refused.json()["code"]) == (409, "accession_exists")
    assert (await accede(world, valid_from="2027-01-01")).status_code == 201


async def test_what_the_body_has_limited_or_ended_is_not_declared_anew_for_the_same_first_day(world: World) -> None:
    made = (await accede(world, valid_to="2026-12-31")).json()
    longer = await accede(world)
    assert (longer.status_code, longer.json()["code"], longer.json()["id"]) == (409, "accession_exists", made["id"])
    assert (await ask(world, KOMMUNE, "POST", f"/v1/accessions/{made['id']}/end", json={})).status_code == 200
    again = await accede(world, valid_to="2026-12-31")
    assert (again.status_code, again.json()["code"]) == (409, "accession_exists")
    assert await published(world) == ["accession-declared.v1", "accession-ended.v1"]


async def test_the_body_ends_its_accession_and_nobody_else_does(world: World) -> None:
    path = f"/v1/accessions/{(await accede(world)).json()['id']}/end"
    refused = await ask(world, SACHSEN, "POST", path, json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_the_acceding_body")
    past = await ask(world, KOMMUNE, "POST", path, json={"last_day": "2026-01-01"})
    assert (past.status_code, past.json()["code"]) == (422, "accession_date_invalid")
    ended = await ask(world, KOMMUNE, "POST", path, json={"last_day": "2026-12-31"})
    assert (ended.status_code, ended.json()["valid_to"], ended.json()["because"]) == (200, "2026-12-31", None)
    longer = await ask(world, KOMMUNE, "POST", path, json={"last_day": "2027-12-31"})
    assert longer.json()["valid_to"] == "2026-12-31"
    assert await published(world) == ["accession-declared.v1", "accession-ended.v1"]


@pytest.mark.parametrize("noticed", [CONTRACT, ROOT])
async def test_an_accession_ends_with_what_it_rests_on_as_the_rule_says(world: World, noticed: str) -> None:
    made = (await accede(world)).json()
    (accession,) = await world.accessions.by("140000000009")
    known = world_of(await world.all(), TERMS, [accession.linked()])
    last_day = date(2027, 6, 30)
    asked = AskNotice(type="NOTICE", contract=noticed, received_on=TODAY.isoformat(), last_day=last_day.isoformat())
    assert notice(known, asked)["accessions_ending"] == [{"accession": made["id"], "last_day": last_day.isoformat()}]
    await world.notice(noticed, last_day)
    await world.cascade.run()
    await world.cascade.run()
    (ended,) = await world.accessions.by("140000000009")
    assert (ended.valid_to, ended.because) == (last_day, CONTRACT)
    assert (await published(world)).count("accession-ended.v1") == 1


async def test_who_accedes_while_notice_is_given_ends_with_the_contract_too(world: World) -> None:
    await accede(world)
    (accession,) = await world.accessions.by("140000000009")
    await world.notice(CONTRACT, date(2027, 6, 30))
    held = await hold_to_contract(accession, TERMS, world.contracts, world.accessions)
    assert (held.valid_to, held.because) == (date(2027, 6, 30), CONTRACT)
    other = await accede(world, "l/140000000008/KUNDE")
    assert (other.status_code, other.json()["valid_to"], other.json()["because"]) == (201, "2027-06-30", CONTRACT)


async def test_each_effect_on_an_accession_has_one_entry_without_the_person(world: World) -> None:
    await world.store.prepare([*archive_log.COLLECTIONS, DOCUMENTS, RECORDS, ERASURES])
    made = (await accede(world)).json()
    world.now = datetime(2026, 11, 25, 12, tzinfo=UTC) + timedelta(hours=1)
    await ask(world, KOMMUNE, "POST", f"/v1/accessions/{made['id']}/end", json={"last_day": "2026-12-31"})
    archivist = AccessionArchivist(world.accessions, FITKO, ArchiveLog(world.store, "test.example/archive"))
    for _ in range(2):
        await archivist.run()
    entries = [json.loads(it["raw"]) for it in await world.store.scan(ENTRIES)]
    assert [(it["effect"], it["state"], it["subject"]["kind"]) for it in entries] == [
        ("contracts.chain.accession-declared.v1", "DECLARED", "accession"),
        ("contracts.chain.accession-ended.v1", "ENDING", "accession"),
    ]
    assert [[it["role"] for it in entry["commitments"]] for entry in entries] == [["accession.declared_by"]] * 2
    documents = [it["content"] for it in await world.store.scan(DOCUMENTS)]
    (accession,) = await world.accessions.by("140000000009")
    assert content_of(accession).decode() in documents
    assert not any("declared_by" in it for it in documents)
    assert {it["record"]["person"] for it in await world.store.scan(RECORDS)} == {"k"}
