"""Contact persons of running contracts: who names and reads them, what is erased, and where they never lie."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI

from services.contracts.app import build, processor
from services.contracts.archiving import log as archive_log
from services.contracts.archiving.records import DOCUMENTS, ERASURES, RECORDS
from services.contracts.contacts.repository import CONTACTS
from services.contracts.settings import Settings
from shared.http.app import create_app
from shared.ids import derived_id
from tests.component.contracts.test_contracts_amending import ANNA, BERT, SHORTER, answer, propose, stored
from tests.component.contracts.test_contracts_notice import FITKO, World, key, sub
from tests.support.http import FakeAuthenticator, FixedHealth, client

LAND, KOMMUNE, OTHER = "s/DE-SN/KUNDE", "k/140000000001/KUNDE", "x/DE-BY/KUNDE"
PROVIDER, ANBIETER = "b/DE-NW/BEREITSTELLER", "a/fitko/ANBIETER"
SACHSEN: Final = key("DE-SN")
SUB: Final = sub("DE-SN", 1).id
NEXT: Final = derived_id("a contract that follows", SACHSEN)
ARCHIVED: Final = (*archive_log.COLLECTIONS, DOCUMENTS, RECORDS, ERASURES)
MAX_AGE: Final = Settings().contacts_max_age


class Api:
    """The API over a chain in a store."""

    def __init__(self, world: World) -> None:
        self.world = world
        routes = build(world.resources).router
        self.app: FastAPI = create_app(
            "contracts", routes, authenticator=FakeAuthenticator(), store=world.store, health=FixedHealth()
        )

    async def ask(self, token: str, method: str = "GET", path: str = "", contract: str = SACHSEN, **more: Any) -> httpx.Response:
        async with client(self.app, token) as http:
            return await http.request(method, f"/v1/contracts/{contract}/contacts{path}", **more)

    async def name(self, token: str, *names: str, rev: int | None = None, contract: str = SACHSEN) -> httpx.Response:
        if rev is None:
            rev = int((await self.ask(token, contract=contract)).headers["ETag"].strip('"'))
        contacts = [{"kind": "FACHLICH", "person": {"name": it, "email": f"{it}@stelle.example"}} for it in names]
        return await self.ask(token, "PUT", contract=contract, json={"contacts": contacts}, headers={"If-Match": f'"{rev}"'})

    async def history(self, token: str, contract: str = SACHSEN) -> list[dict[str, Any]]:
        return list((await self.ask(token, path="/history", contract=contract)).json()["items"])

    async def names(self, contract: str) -> list[tuple[str, str | None]]:
        items = (await self.ask(LAND, contract=contract)).json()["items"]
        return [(it["person"]["name"], it["carried_from"]) for it in items]

    async def run(self, works: str) -> None:
        for work in processor(FITKO)(self.world.resources).periodic:
            if work.name == f"contracts.fitko.{works}":
                await work.run()
                return
        raise LookupError(works)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    world = World()
    await world.prepare()
    await world.store.prepare([CONTACTS, *ARCHIVED])
    yield Api(world)
    await world.store.close()


async def test_each_party_names_its_own_and_reads_those_of_all(api: Api) -> None:
    empty = await api.ask(LAND)
    assert (empty.json(), empty.headers["ETag"]) == ({"items": []}, '"0"')
    first = await api.name(LAND, "erika", rev=0)
    assert (first.status_code, first.headers["ETag"]) == (200, '"1"')
    late = await api.name(ANBIETER, "zoe", rev=0)
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert (await api.ask(ANBIETER, "PUT", json={"contacts": []})).status_code == 428
    assert (await api.name(ANBIETER, "zoe")).status_code == 200
    api.world.now += timedelta(days=3)
    assert (await api.name(LAND, "max")).status_code == 200
    seen = (await api.ask(LAND)).json()["items"]
    assert [(it["party"]["id"], it["person"]["name"], it["named_by"]) for it in seen] == [
        ("fitko", "zoe", None),
        ("DE-SN", "max", "s"),
    ]
    newest, _, oldest = await api.history(LAND)
    assert (oldest["person"]["name"], oldest["until"], oldest["replaced_by"]) == ("erika", newest["named_at"], "s")
    assert [(it["named_by"], it["replaced_by"]) for it in await api.history(ANBIETER)] == [
        (None, None),
        ("a", None),
        (None, None),
    ]


ROWS: Final[tuple[tuple[str, str, int, int, str | None], ...]] = (
    (OTHER, SACHSEN, 404, 404, "not_found"),
    (PROVIDER, SACHSEN, 404, 404, "not_found"),
    ("s/DE-SN/BEREITSTELLER", SACHSEN, 200, 403, "not_a_side"),
    (LAND, SUB, 200, 200, None),
    (KOMMUNE, SUB, 200, 200, None),
    (ANBIETER, SUB, 200, 200, None),
    (KOMMUNE, SACHSEN, 404, 404, "not_found"),
    (LAND, "00000000-0000-5000-8000-000000000000", 404, 404, "not_found"),
)


async def test_rights(api: Api) -> None:
    revs = dict.fromkeys((contract for _, contract, *_ in ROWS), 0)
    for token, contract, read, write, code in ROWS:
        for path in ("", "/history"):
            assert (await api.ask(token, path=path, contract=contract)).status_code == read, token
        answer = await api.name(token, "erika", rev=revs[contract], contract=contract)
        assert (answer.status_code, answer.json().get("code")) == (write, code), token
        revs[contract] += write == 200


async def test_the_organisation_erases_former_ones_and_nobody_else_does(api: Api) -> None:
    await api.name(LAND, "erika")
    await api.name(LAND, "max")
    current, former = [f"/history/{it['id']}" for it in await api.history(LAND)]
    assert (await api.ask(ANBIETER, "DELETE", former)).json()["code"] == "contact_person_not_found"
    assert (await api.ask(OTHER, "DELETE", former)).json()["code"] == "not_found"
    assert (await api.ask(LAND, "DELETE", current)).json()["code"] == "contact_person_current"
    assert [(await api.ask(LAND, "DELETE", former)).status_code for _ in range(2)] == [204, 204]
    _, gone = await api.history(ANBIETER)
    assert (gone["person"], gone["erased_at"] is None, gone["until"] is None) == (None, False, False)
    assert "erika" not in str(await api.world.store.scan(CONTACTS))


async def test_age_and_the_end_of_the_contract_erase(api: Api) -> None:
    await api.name(LAND, "erika")
    await api.name(LAND, "max")
    api.world.now += MAX_AGE - timedelta(hours=1)
    await api.run("contacts")
    assert "erika" in str(await api.world.store.scan(CONTACTS))
    api.world.now += timedelta(hours=2)
    await api.run("contacts")
    assert [it["person"] and it["person"]["name"] for it in await api.history(LAND)] == ["max", None]
    before = await api.world.store.scan(CONTACTS)
    await api.run("contacts")
    assert await api.world.store.scan(CONTACTS) == before
    await api.world.notice(SACHSEN, api.world.now.date())
    api.world.now += timedelta(days=2)
    ended = await api.name(LAND, "eva")
    assert (ended.status_code, ended.json()["code"]) == (409, "contract_not_running")
    await api.run("contacts")
    assert [it["person"]["name"] for it in (await api.ask(LAND)).json()["items"]] == ["max"]
    api.world.now += MAX_AGE
    await api.run("contacts")
    assert (await api.ask(LAND)).json()["items"] == []
    assert "max" not in str(await api.world.store.scan(CONTACTS))


async def test_a_new_version_of_the_text_keeps_them(api: Api) -> None:
    await api.name(LAND, "erika")
    change = await propose(api.world, LAND, notice=SHORTER)
    for person, step in ((ANNA, "consent"), (BERT, "release")):
        assert (await answer(api.world, person, change, step)).status_code == 200
    assert (await stored(api.world)).version == 2
    assert await api.names(SACHSEN) == [("erika", None)]


async def test_a_successor_goes_on_with_them_until_a_party_names_others_for_it(api: Api) -> None:
    await api.name(LAND, "erika")
    await api.name(ANBIETER, "zoe")
    follows = {"id": NEXT, "continues": SACHSEN, "order_id": None, "valid_from": date(2028, 1, 1)}
    await api.world.add((await stored(api.world)).model_copy(update=follows))
    await api.world.notice(SACHSEN, date(2027, 12, 31))
    assert await api.names(NEXT) == [("erika", SACHSEN), ("zoe", SACHSEN)]
    assert [it["named_by"] for it in await api.history(LAND, NEXT)] == [None, "s"]
    await api.name(ANBIETER, "zara")
    own = await api.name(LAND, "max", contract=NEXT)
    assert (own.status_code, own.headers["ETag"]) == (200, '"1"')
    await api.name(ANBIETER, "zita")
    assert await api.names(NEXT) == [("zita", SACHSEN), ("max", None)]
    assert await api.names(SACHSEN) == [("erika", None), ("zita", None)]
    before = [it for it in await api.history(LAND, NEXT) if it["until"] is not None]
    assert [(it["person"]["name"], it["replaced_by"], it["carried_from"]) for it in before] == [("erika", "s", SACHSEN)]
    api.world.now = api.world.now.replace(year=2028) + MAX_AGE
    for _ in range(2):
        await api.run("contacts")
        assert await api.names(SACHSEN) == []
        assert await api.names(NEXT) == [("zita", SACHSEN), ("max", None)]
    assert [(it["person"] is None, it["erased_at"] is None) for it in await api.history(LAND, NEXT) if it["until"]] == [
        (True, False)
    ]
    left = str(await api.world.store.scan(CONTACTS))
    assert not [name for name in ("erika", "zoe", "zara") if name in left]


async def test_no_event_and_no_archive_holds_them(api: Api) -> None:
    await api.name(LAND, "erika")
    await api.name(ANBIETER, "zoe")
    await api.world.notice(SACHSEN, date(2027, 12, 31))
    await api.run("archive")
    archived = str([await api.world.store.scan(it) for it in ARCHIVED])
    assert SACHSEN in archived
    published = str([it.data for it in api.world.publisher.events])
    assert SACHSEN in published
    assert "stelle.example" not in archived + published
