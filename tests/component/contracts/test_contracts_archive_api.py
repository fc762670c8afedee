"""The archive over HTTP: heads, keys and proofs for everybody, a receipt for who sees the contract; all of it verifies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.contracts.app import build, processor
from services.contracts.archiving.archivist import Archivist, checkpoint_ledger
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.restoring import begin_restored_log
from services.contracts.repository import Contracts
from services.contracts.settings import Settings
from shared.aggregate.epochs import Restoration
from shared.http.app import create_app
from shared.ids import contract_id
from shared.messages.values import Channel, Verdict
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.archive_log import KEY, ORIGIN, verified
from tests.support.contract_requests import AT, order_id, received, request
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.publisher import RecordingPublisher

SACHSEN, NRW, FITKO = "u1/DE-SN/KUNDE", "u2/DE-NW/BEREITSTELLER", "u4/fitko/ANBIETER"
KIEL, GOVDIGITAL = "u3/010020000000/KUNDE", "u5/govdigital/ANBIETER"
CONTRACT = contract_id(Channel.FITKO, order_id("a"))
RECEIPT = f"/v1/contracts/{CONTRACT}/archive"


@dataclass
class World:
    """The API over a store, and the processor that forms contracts and archives them."""

    resources: Resources
    app: FastAPI

    async def form(self, *names: str) -> None:
        consumer, *_ = processor(Channel.FITKO)(self.resources).consumers
        events = [received(request(name, verdict=Verdict.RISK, signed_off_by="3f0c8b7e")) for name in names]
        assert list(await consumer.handle(events)) == []

    async def archive(self) -> None:
        contracts, published = Contracts(self.resources), checkpoint_ledger(self.resources)
        await Archivist(contracts, Channel.FITKO, ArchiveLog(contracts.store, ORIGIN), KEY, published).run()

    async def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        async with client(self.app, token) as http:
            return await http.get(path, headers=headers)

    async def proof(self, query: str) -> Any:
        answer = await self.get(f"/v1/archive/consistency{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def receipt(self, token: str, query: str = "") -> list[bytes]:
        answer = await self.get(f"{RECEIPT}{query}", token)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/x-ndjson"), answer.text
        return answer.content.splitlines(keepends=True)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    store = SqliteStore(None)
    resources = Resources(store, RecordingPublisher(), Path("data"), clock=lambda: AT)
    await store.prepare(build(resources).collections)
    yield World(resources, started(resources))
    await store.close()


def started(resources: Resources) -> FastAPI:
    """Return the API as a process begins with it."""
    router = build(resources, Settings(archive_origin=ORIGIN)).router
    return create_app("contracts", router, authenticator=FakeAuthenticator(), store=resources.store, health=FixedHealth())


def kinds(lines: list[bytes]) -> list[str]:
    return [json.loads(line)["t"] for line in lines]


def size_of(note: str) -> int:
    return int(note.split("\n")[1])


async def test_a_head_is_answered_as_it_was_signed_and_held_until_it_moves(world: World) -> None:
    for path in ("/v1/archive/checkpoint", "/v1/archive/checkpoint?size=1", "/v1/archive/key"):
        assert (await world.get(path)).json()["code"] == "checkpoint_not_found"
    await world.form("a")
    await world.archive()
    first = await world.get("/v1/archive/checkpoint")
    size = size_of(first.text)
    assert first.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert first.text.startswith(f"{ORIGIN}\n")
    held = {"If-None-Match": first.headers["ETag"]}
    assert (await world.get("/v1/archive/checkpoint", **held)).status_code == 304
    await world.form("b", "c")
    await world.archive()
    assert size_of((await world.get("/v1/archive/checkpoint", **held)).text) == size + 2
    assert (await world.get(f"/v1/archive/checkpoint?size={size}")).text == first.text
    assert (await world.get(f"/v1/archive/checkpoint?size={size + 1}")).json()["code"] == "checkpoint_not_found"
    assert (await world.get("/v1/archive/key")).text == f"{KEY.vkey}\n"


async def test_two_heads_are_connected_for_everybody(world: World) -> None:
    await world.form("a")
    await world.archive()
    older = (await world.get("/v1/archive/checkpoint")).text
    await world.form("b", "c", "d")
    await world.archive()
    newer = (await world.get("/v1/archive/checkpoint")).text
    first, second = size_of(older), size_of(newer)
    proof = await world.proof(f"?from={first}")
    assert (proof["log"], proof["from"], proof["to"]) == (ORIGIN, first, second)
    lines = await world.receipt(SACHSEN)
    line = json.dumps({"t": "consistency", "from": first, "to": second, "proof": proof["proof"]}).encode() + b"\n"
    assert verified([*lines, line], older, newer) == ("VALID", [])
    assert (await world.proof("?from=0"))["proof"] == (await world.proof(f"?from={second}&to={second}"))["proof"] == []
    for query, code in ((f"?from=1&to={second + 1}", "checkpoint_not_found"), ("?from=2&to=1", "consistency_backwards")):
        assert (await world.get(f"/v1/archive/consistency{query}")).json()["code"] == code


@pytest.mark.parametrize(("token", "documents"), [(SACHSEN, 1), (FITKO, 1), (NRW, 0)])
async def test_who_sees_the_contract_gets_a_receipt_that_verifies_and_no_more_than_they_may_know(
    world: World, token: str, documents: int
) -> None:
    await world.form("a", "b")
    await world.archive()
    older = (await world.get("/v1/archive/checkpoint")).text
    await world.form("c")
    await world.archive()
    lines = await world.receipt(token, f"?since={size_of(older)}")
    assert verified(lines, older) == ("VALID", [])
    assert kinds(lines) == ["bundle", "inclusion", "checkpoint", "consistency", *["document"] * documents]


async def test_whose_contract_it_is_not_learns_as_much_as_of_none(world: World) -> None:
    await world.form("a")
    await world.archive()
    absent = (await world.get(f"/v1/contracts/{contract_id(Channel.FITKO, order_id('x'))}/archive", KIEL)).json()
    for token in (KIEL, GOVDIGITAL):
        answer = (await world.get(RECEIPT, token)).json()
        assert (answer["status"], answer["code"], answer.keys()) == (404, absent["code"], absent.keys())
    assert (await world.get(RECEIPT)).status_code == 401


async def test_what_no_head_covers_yet_is_told_to_who_sees_the_contract(world: World) -> None:
    await world.form("a")
    assert (await world.get(RECEIPT, SACHSEN)).json()["code"] == "receipt_not_ready"
    await world.archive()
    assert (await world.get(f"{RECEIPT}?since=99", SACHSEN)).json()["code"] == "checkpoint_not_found"


async def test_after_a_restore_each_log_answers_under_its_name(world: World) -> None:
    await world.form("a")
    await world.archive()
    former = (await world.get("/v1/archive/checkpoint")).text
    at = AT + timedelta(days=1)
    name = await begin_restored_log(world.resources.store, ORIGIN, Restoration(AT, at))
    world.app = started(world.resources)
    await world.form("b")
    await world.archive()
    assert (await world.get("/v1/archive/checkpoint")).text.split("\n")[:2] == [name, "2"]
    assert (await world.get(f"/v1/archive/checkpoint?log={ORIGIN}")).text == former
    assert (await world.get("/v1/archive/key")).text.startswith(f"{name}+")
    assert verified(await world.receipt(SACHSEN)) == ("VALID", [])
    assert (await world.get("/v1/archive/key?log=other")).json()["code"] == "log_not_found"
    assert (await world.get(f"{RECEIPT}?log={name}", SACHSEN)).json()["code"] == "receipt_not_ready"
