"""The read side: who sees which contract and which register."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from services.contracts.app import build, processor
from services.contracts.repository import CONTRACTS, REGISTERS
from services.contracts.schemas import ContractDetail, ContractSummary, RegisterView
from shared.bus.handling import Received
from shared.http.app import create_app
from shared.ids import contract_id
from shared.messages.values import Channel, Party, Verdict
from shared.process.service import Resources
from shared.store.port import Save
from shared.store.sqlite.store import SqliteStore
from tests.support.contract_requests import AT, NRW, SACHSEN, order_id, received, request
from tests.support.http import FakeAuthenticator, client
from tests.support.loading import loaded_from, weight
from tests.support.publisher import RecordingPublisher

KIEL = Party(id="010020000000", name="Kiel, Landeshauptstadt")
SACHSEN_TOKEN = "u1/DE-SN/KUNDE"
NRW_TOKEN = "u2/DE-NW/BEREITSTELLER"
KIEL_TOKEN = "u3/010020000000/KUNDE"
FITKO_TOKEN = "u4/fitko/ANBIETER"
GOVDIGITAL_TOKEN = "u5/govdigital/ANBIETER"
_TERMS = "SaaS-Nachnutzungs-AGB"
AGB_OF_FITKO = [
    (_TERMS, "EfA-Marktplatz 2022", ["NACHNUTZUNG", "SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG"], False),
    (_TERMS, "FIT-Store 2021", ["NACHNUTZUNG"], False),
]


class Healthy:
    def live(self) -> bool:
        return True

    def ready(self) -> dict[str, bool]:
        return {}


@dataclass
class World:
    """The API over a store, and processors to fill it."""

    store: SqliteStore
    resources: Resources
    app: FastAPI
    ticks: list[int]

    async def handle(self, *events: Received, channel: Channel = Channel.FITKO) -> None:
        for event in events:
            self.ticks[0] += 1
            consumer, *_ = processor(channel)(self.resources).consumers
            assert list(await consumer.handle([event])) == []

    async def get(self, path: str, token: str | None) -> httpx.Response:
        async with client(self.app, token) as http:
            return await http.get(path)

    async def orders(self, token: str, query: str = "") -> list[str]:
        answer = await self.get(f"/v1/contracts{query}", token)
        assert answer.status_code == 200
        return [item["order_id"] for item in answer.json()["items"] if item["leg"] == "NACHNUTZUNG"]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    store = SqliteStore(None)
    await store.prepare([CONTRACTS, REGISTERS])
    ticks = [0]
    resources = Resources(store, RecordingPublisher(), Path("data"), clock=lambda: AT + timedelta(seconds=ticks[0]))
    app = create_app("contracts", build(resources).router, authenticator=FakeAuthenticator(), store=store, health=Healthy())
    yield World(store, resources, app, ticks)
    await store.close()


async def fill(world: World) -> None:
    """Two contracts at FITKO (a: Sachsen of NRW, b: NRW of Sachsen), one at govdigital (c: Kiel of NRW)."""
    await world.handle(received(request("a")), received(request("b", customer=NRW, provider=SACHSEN)))
    await world.handle(received(request("c", Channel.GOVDIGITAL, customer=KIEL)), channel=Channel.GOVDIGITAL)


@pytest.mark.parametrize(
    ("token", "names"),
    [
        (SACHSEN_TOKEN, "ba"),
        (NRW_TOKEN, "cba"),
        (KIEL_TOKEN, "c"),
        (FITKO_TOKEN, "ba"),
        (GOVDIGITAL_TOKEN, "c"),
        ("u6/DE-BY/KUNDE+BEREITSTELLER", ""),
        ("u7/betreiber/BETREIBER", ""),
        ("u8/fitko/KUNDE", ""),
    ],
)
async def test_a_list_holds_the_contracts_of_the_caller_newest_first(world: World, token: str, names: str) -> None:
    await fill(world)
    assert await world.orders(token) == [order_id(name) for name in names]


@pytest.mark.parametrize(
    ("token", "status"),
    [(SACHSEN_TOKEN, 200), (NRW_TOKEN, 200), (FITKO_TOKEN, 200), (KIEL_TOKEN, 404), (GOVDIGITAL_TOKEN, 404), (None, 401)],
)
async def test_a_contract_is_shown_to_its_parties_and_its_anbieter_only(world: World, token: str | None, status: int) -> None:
    await fill(world)
    answer = await world.get(f"/v1/contracts/{contract_id(Channel.FITKO, order_id('a'))}", token)
    assert answer.status_code == status


async def test_a_contract_is_shown_in_full_with_its_revision(world: World) -> None:
    await fill(world)
    answer = await world.get(f"/v1/contracts/{contract_id(Channel.FITKO, order_id('a'))}", SACHSEN_TOKEN)
    body = answer.json()
    assert answer.headers["ETag"] == '"1"'
    assert (body["number"], body["state"], body["refusal"]) == ("FITST/2026/0001", "GESCHLOSSEN", None)
    assert body["totals"] == [{"period": "JAHR", "cents": 1_250_000, "currency": "EUR"}]
    assert body["check"]["decisive"][0]["rule"] == "r6"
    assert body["agb"] == {"name": "SaaS-Nachnutzungs-AGB", "version": "EfA-Marktplatz 2022"}


async def test_a_refusal_is_shown_with_reason_and_remedy(world: World) -> None:
    await world.handle(received(request("a", verdict=Verdict.NOT_EXEMPT)))
    body = (await world.get(f"/v1/contracts/{contract_id(Channel.FITKO, order_id('a'))}", SACHSEN_TOKEN)).json()
    assert (body["state"], body["number"], body["concluded_at"]) == ("ABGELEHNT", None, None)
    assert body["refusal"]["code"] == "not_exempt"
    assert body["refusal"]["remedy"]


async def test_the_bereitsteller_sees_the_result_of_the_in_house_check_and_not_its_grounds(world: World) -> None:
    await fill(world)
    path = f"/v1/contracts/{contract_id(Channel.FITKO, order_id('a'))}"
    checks = {token: (await world.get(path, token)).json()["check"] for token in (SACHSEN_TOKEN, FITKO_TOKEN, NRW_TOKEN)}
    assert checks[SACHSEN_TOKEN] == checks[FITKO_TOKEN]
    assert checks[SACHSEN_TOKEN]["decisive"]
    assert checks[NRW_TOKEN] == checks[SACHSEN_TOKEN] | {"decisive": [], "signed_off_by": None}


async def test_everybody_reads_under_which_terms_contracts_are_concluded(world: World) -> None:
    answer = await world.get("/v1/agb/fitko", None)
    assert (answer.status_code, answer.json()["version"], answer.json()["text"]) == (200, "EfA-Marktplatz 2022", None)
    assert answer.headers["cache-control"] == "public, max-age=60"


async def test_everybody_reads_the_terms_of_a_contract_of_before_by_leg_and_version(world: World) -> None:
    listed = (await world.get("/v1/agb/fitko/versions", None)).json()["items"]
    assert [(it["name"], it["version"], it["legs"], it["filed"]) for it in listed] == AGB_OF_FITKO
    for name, version, legs, _ in AGB_OF_FITKO:
        for leg in legs:
            found = await world.get(f"/v1/agb/fitko?leg={leg}&version={version}", None)
            assert (found.status_code, found.json()["name"], found.json()["legs"]) == (200, name, legs)
    unknown = await world.get("/v1/agb/fitko?version=1871", None)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "agb_not_found")


async def test_an_unknown_contract_and_one_of_others_answer_alike(world: World) -> None:
    await fill(world)
    foreign = await world.get(f"/v1/contracts/{contract_id(Channel.GOVDIGITAL, order_id('c'))}", SACHSEN_TOKEN)
    unknown = await world.get(f"/v1/contracts/{contract_id(Channel.GOVDIGITAL, order_id('z'))}", SACHSEN_TOKEN)
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json()["code"] == unknown.json()["code"] == "not_found"


async def test_the_list_can_be_narrowed_to_one_order_and_shows_no_foreign_one(world: World) -> None:
    await fill(world)
    assert await world.orders(SACHSEN_TOKEN, f"?order_id={order_id('a')}") == [order_id("a")]
    assert await world.orders(SACHSEN_TOKEN, f"?order_id={order_id('c')}") == []
    assert await world.orders(SACHSEN_TOKEN, f"?order_id={order_id('z')}") == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_of_any_size_show_every_contract_once_in_order(world: World, limit: int) -> None:
    names = "abcdefg"
    parties = [(NRW, SACHSEN), (SACHSEN, NRW), (NRW, NRW)]
    await world.handle(
        *(received(request(name, customer=parties[n % 3][0], provider=parties[n % 3][1])) for n, name in enumerate(names)),
        received(request("h")),
        received(request("i", customer=SACHSEN, provider=KIEL)),
    )
    seen: list[str] = []
    cursor = None
    while True:
        query = f"?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        answer = (await world.get(f"/v1/contracts{query}", NRW_TOKEN)).json()
        assert len(answer["items"]) <= limit
        seen += [item["order_id"] for item in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == [order_id(name) for name in reversed([*names, "h"])]


async def test_contracts_recorded_at_one_moment_are_paged_without_loss(world: World) -> None:
    consumer, *_ = processor(Channel.FITKO)(world.resources).consumers
    await consumer.handle([received(request(name)) for name in "abcde"])
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = (await world.get(f"/v1/contracts?limit=2&{f'cursor={cursor}' if cursor else ''}", SACHSEN_TOKEN)).json()
        seen += [item["order_id"] for item in answer["items"]]
        cursor = answer["next"]
    assert sorted(seen) == sorted(order_id(name) for name in "abcde")


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0", ""])
async def test_a_cursor_of_another_list_is_refused(world: World, cursor: str) -> None:
    answer = await world.get(f"/v1/contracts?cursor={cursor}", SACHSEN_TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


async def test_a_register_shows_its_anbieter_that_there_is_no_gap(world: World) -> None:
    await fill(world)
    answer = await world.get("/v1/registers/fitko/2026", FITKO_TOKEN)
    assert answer.json() == {
        "channel": "fitko",
        "year": 2026,
        "last": 2,
        "contracts": 2,
        "gaps": [],
        "allotted": [],
        "free": [],
    }


async def test_a_register_shows_promised_and_free_numbers_apart_from_gaps(world: World) -> None:
    await fill(world)
    register = await world.store.get(REGISTERS, "fitko-2026")
    assert register is not None
    waiting = contract_id(Channel.FITKO, order_id("z"))
    rev = register["rev"]
    register |= {"rev": rev + 1, "last": 5, "allotted": register["allotted"] | {waiting: 4}, "free": [5]}
    assert await world.store.save_many(REGISTERS, [Save(register, expected_rev=rev)]) == set()
    body = (await world.get("/v1/registers/fitko/2026", FITKO_TOKEN)).json()
    assert (body["last"], body["contracts"], body["gaps"], body["free"]) == (5, 2, [3], [5])
    assert body["allotted"] == [{"contract_id": waiting, "sequence": 4}]


async def test_an_unused_register_is_empty(world: World) -> None:
    body = (await world.get("/v1/registers/govdigital/2031", GOVDIGITAL_TOKEN)).json()
    assert (body["last"], body["contracts"], body["gaps"]) == (0, 0, [])


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        (GOVDIGITAL_TOKEN, "/v1/registers/fitko/2026", 404),
        (SACHSEN_TOKEN, "/v1/registers/fitko/2026", 403),
        ("u9/DE-SN/ANBIETER", "/v1/registers/fitko/2026", 403),
        (None, "/v1/registers/fitko/2026", 401),
        (FITKO_TOKEN, "/v1/registers/elster/2026", 422),
        (FITKO_TOKEN, "/v1/registers/fitko/1999", 422),
    ],
)
async def test_a_register_is_for_its_anbieter_only(world: World, token: str | None, path: str, status: int) -> None:
    assert (await world.get(path, token)).status_code == status


@pytest.mark.parametrize("model", [ContractSummary, ContractDetail, RegisterView])
async def test_the_api_description_shows_each_answer_with_an_example_it_could_give(world: World, model: type[BaseModel]) -> None:
    assert world.app.openapi()["components"]["schemas"][model.__name__]["examples"]
    for example in model.model_json_schema()["examples"]:
        assert model.model_validate(example, extra="forbid").model_dump(mode="json") == example


@pytest.mark.parametrize("who", [SACHSEN_TOKEN, NRW_TOKEN, FITKO_TOKEN])
async def test_a_list_shows_large_contracts_and_loads_little_of_them(world: World, who: str) -> None:
    await world.handle(received(request("large")))
    expected = contract_id(Channel.FITKO, order_id("large"))
    document = await world.store.get(CONTRACTS, expected) or {}
    conditions = [{"id": order_id(str(n)), "text": "Bedingung " * 400} for n in range(100)]
    larger = {**document, "rev": document["rev"] + 1, "conditions": conditions}
    assert await world.store.save_many(CONTRACTS, [Save(larger, expected_rev=document["rev"])]) == set()
    whole = (await world.get(f"/v1/contracts/{expected}", who)).json()
    with loaded_from(world.store) as loaded:
        (item,) = (await world.get("/v1/contracts?leg=NACHNUTZUNG", who)).json()["items"]
    assert item == {name: whole[name] for name in item}
    assert weight(larger) > 300_000
    assert max(map(weight, loaded)) < 4 * 1024
