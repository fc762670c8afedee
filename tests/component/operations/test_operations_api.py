"""The operator looks after a service's groups and dead letters by its API; nobody else sees any of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.http import idempotency
from shared.http.app import create_app
from shared.operations.api import OPERATED, OperationBackend, operation_routes
from shared.operations.desk import FoundLetter
from shared.release import VERSION
from shared.store.sqlite.store import SqliteStore
from tests.support.desk import AT, MemoryDesk, letter
from tests.support.http import FakeAuthenticator, FixedHealth, client

OPERATOR = "olga/betrieb/BETREIBER"
OWN = "/v1/operations/ordering"
LETTERS = f"{OWN}/groups/ordering.verdicts/dead-letters"
NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
REASON = {"reason": "Fehler behoben."}


@dataclass
class World:
    """An API with nothing but the routes of operators."""

    desk: MemoryDesk = field(default_factory=MemoryDesk)
    store: SqliteStore = field(default_factory=lambda: SqliteStore(None))
    health: FixedHealth = field(default_factory=FixedHealth)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        backend = OperationBackend.over("ordering", self.desk, self.store, lambda: NOW, time.monotonic)
        router = operation_routes(backend)
        names, store, health = FakeAuthenticator(), self.store, self.health
        self.app = create_app("ordering", router, authenticator=names, store=store, health=health, even_step=timedelta(0))

    async def call(self, method: str, path: str, body: object = None, token: str = OPERATOR, **headers: str) -> httpx.Response:
        async with client(self.app, token) as http:
            return await http.request(method, path, json=body, headers=headers)

    async def get(self, path: str) -> Any:
        return (await self.call("GET", path)).raise_for_status().json()


@pytest.fixture(name="world")
async def _world() -> World:
    world = World()
    await world.store.prepare([*OPERATED, idempotency.COLLECTION])
    return world


async def test_a_service_says_which_version_runs_since_when_and_how_its_groups_stand(world: World) -> None:
    world.desk.bury(letter(1), letter(2))
    world.desk.lag = 7
    world.health.parts = {"store_ordering": True, "rights": False}
    found = await world.get(OWN)
    assert (found["service"], found["version"], found["ready"]) == ("ordering", VERSION, False)
    assert found["checks"] == [{"name": "rights", "holds": False}, {"name": "store_ordering", "holds": True}]
    groups = {it["group"]: it for it in found["groups"]}
    assert set(groups) == {"ordering.contracts", "ordering.offerings", "ordering.verdicts"}
    assert groups["ordering.verdicts"] == {
        "group": "ordering.verdicts",
        "state": "Stable",
        "members": [{"process": "worker", "version": "0.2.0", "started_at": "2026-11-28T17:00:00Z"}],
        "lag": 7,
        "open_letters": 2,
    }


async def test_while_the_broker_is_away_the_process_speaks_for_itself_and_letters_wait(world: World) -> None:
    world.desk.away = True
    found = await world.get(OWN)
    assert (found["ready"], found["groups"]) == (True, None)
    answer = await world.call("GET", LETTERS)
    assert (answer.status_code, answer.json()["code"]) == (503, "bus_unavailable")


async def test_letters_are_listed_by_time_of_death_and_by_pages(world: World) -> None:
    world.desk.bury(*(letter(number, died_at=AT - timedelta(hours=number)) for number in range(3)))
    first = await world.get(f"{LETTERS}?limit=2")
    assert [it["id"] for it in first["items"]] == ["0:2", "0:1"]
    rest = await world.get(f"{LETTERS}?limit=2&cursor={first['next']}")
    assert ([it["id"] for it in rest["items"]], rest["next"]) == (["0:0"], None)
    assert first["items"][0] == {
        "id": "0:2",
        "group": "ordering.verdicts",
        "topic": "eligibility.verdict.v1",
        "partition": 0,
        "offset": 2,
        "died_at": "2026-11-28T15:00:00Z",
        "code": "schema",
        "reason": "verdict: missing",
        "attempts": 1,
        "key": "o-1",
        "type": "eligibility.verdict.reached.v1",
        "settled": False,
        "replayable": True,
    }


async def test_a_letter_shows_the_shape_of_its_value_and_no_content(world: World) -> None:
    world.desk.bury(letter(4, value=b'{"note": "Frau Mustermann ruft an"}'), attempts=2)
    found = await world.get(f"{LETTERS}/0:4")
    assert found["attempts"] == 2
    assert found["value"]["fields"][1] == {"pointer": "/note", "kind": "string", "size": 23}
    assert "Mustermann" not in str(found)
    assert found["headers"] == [{"name": "ce_type", "size": 30, "content": "eligibility.verdict.reached.v1"}]


async def test_a_replay_is_recorded_with_who_when_and_why_and_takes_the_letter_off_the_list(world: World) -> None:
    world.desk.bury(letter(4))
    answer = await world.call("POST", f"{LETTERS}/0:4/replay", REASON)
    assert answer.status_code == 200
    assert world.desk.sent == [("ordering.verdicts", "0:4")]
    assert (await world.get(LETTERS))["items"] == []
    (still,) = (await world.get(f"{LETTERS}?settled=true"))["items"]
    assert still["settled"]
    assert (await world.get(f"{LETTERS}/0:4"))["decisions"] == [
        {"action": "replay", "by": "olga", "at": "2026-11-30T09:00:00Z", "reason": "Fehler behoben."}
    ]


async def test_what_was_discarded_is_neither_replayed_nor_discarded_again(world: World) -> None:
    world.desk.bury(letter(4))
    discarded = await world.call("POST", f"{LETTERS}/0:4/discard", REASON, **{"Idempotency-Key": "k1"})
    assert (discarded.json()["settled"], discarded.json()["decisions"][0]["action"]) == (True, "discard")
    for step in ("replay", "discard"):
        answer = await world.call("POST", f"{LETTERS}/0:4/{step}", REASON)
        assert (answer.status_code, answer.json()["code"]) == (409, "dead_letter_settled")
    assert (world.desk.sent, len(world.desk.discarded)) == ([], 1)


async def test_a_repeat_whose_answer_got_lost_finds_it_done(world: World) -> None:
    world.desk.bury(letter(4))
    key = {"Idempotency-Key": "k1"}
    assert (await world.call("POST", f"{LETTERS}/0:4/replay", REASON, **key)).status_code == 200
    marks = [document["_id"] for document in await world.store.scan(idempotency.COLLECTION)]
    await world.store.delete(idempotency.COLLECTION, marks)
    again = await world.call("POST", f"{LETTERS}/0:4/replay", REASON, **key)
    assert (again.status_code, len(again.json()["decisions"]), len(world.desk.sent)) == (200, 1, 1)


@pytest.mark.parametrize("code", ["undecodable_batch", "oversized"])
async def test_a_letter_without_its_bytes_can_only_be_discarded(world: World, code: str) -> None:
    world.desk.bury(letter(4, code=code))
    answer = await world.call("POST", f"{LETTERS}/0:4/replay", REASON)
    assert (answer.status_code, answer.json()["code"]) == (409, "dead_letter_not_replayable")
    assert (await world.get(f"{LETTERS}/0:4"))["decisions"] == []
    assert (await world.call("POST", f"{LETTERS}/0:4/discard", REASON)).status_code == 200


async def test_a_letter_waits_while_too_many_are_settled_out_of_turn(world: World) -> None:
    world.desk.found.append(FoundLetter(letter(4), settled=False, attempts=1, has_room=False))
    for step in ("replay", "discard"):
        answer = await world.call("POST", f"{LETTERS}/0:4/{step}", REASON)
        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_settled_singly")


async def test_while_the_broker_is_away_a_decision_is_refused_and_can_be_repeated(world: World) -> None:
    world.desk.bury(letter(4))
    world.desk.away = True
    key = {"Idempotency-Key": "k1"}
    assert (await world.call("POST", f"{LETTERS}/0:4/replay", REASON, **key)).status_code == 503
    world.desk.away = False
    assert (await world.call("POST", f"{LETTERS}/0:4/replay", REASON, **key)).status_code == 200


async def test_groups_of_other_services_and_letters_that_are_not_there_are_not_found(world: World) -> None:
    other = await world.call("GET", f"{OWN}/groups/catalog.portals/dead-letters")
    assert (other.status_code, other.json()["code"]) == (404, "group_not_found")
    none = await world.call("GET", f"{LETTERS}/0:9")
    assert (none.status_code, none.json()["code"]) == (404, "dead_letter_not_found")
    assert (await world.call("GET", f"{LETTERS}/x")).status_code == 422


@pytest.mark.parametrize("token", ["gerd/govdigital/ANBIETER", "erika/010540056056/KUNDE+BEREITSTELLER"])
async def test_nobody_but_the_operator_sees_or_decides_anything(world: World, token: str) -> None:
    world.desk.bury(letter(4))
    asked = [("GET", OWN), ("GET", LETTERS), ("GET", f"{LETTERS}/0:4")]
    asked += [("POST", f"{LETTERS}/0:4/{step}") for step in ("replay", "discard")]
    for method, path in asked:
        answer = await world.call(method, path, REASON if method == "POST" else None, token)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing"), path
    assert world.desk.sent == []


async def test_a_decision_needs_a_reason(world: World) -> None:
    world.desk.bury(letter(4))
    for body in ({}, {"reason": "  "}):
        assert (await world.call("POST", f"{LETTERS}/0:4/discard", body)).status_code == 422
    assert world.desk.discarded == []


class WholeDesk(MemoryDesk):
    """A desk that notes which letters are settled as a broker has it: all of them anew, by what was read a moment ago."""

    async def _settle(self, group: str, letter_id: str) -> None:  # noqa: ARG002 - of the desk
        read = list(self.found)
        await asyncio.sleep(0.01)
        self.found = [replace(it, settled=True) if it.letter.id == letter_id else it for it in read]


async def test_what_several_processes_settle_at_a_time_stays_settled(world: World) -> None:
    desk = WholeDesk()
    desk.bury(*(letter(number) for number in range(6)))
    processes = [World(desk, world.store) for _ in range(3)]
    answers = await asyncio.gather(
        *(processes[number % 3].call("POST", f"{LETTERS}/0:{number}/discard", REASON) for number in range(6))
    )
    assert [it.status_code for it in answers] == [200] * 6
    assert [it.settled for it in desk.found] == [True] * 6


async def test_of_two_processes_that_decide_on_one_letter_the_second_is_refused(world: World) -> None:
    desk = WholeDesk()
    desk.bury(letter(4))
    one, other = World(desk, world.store), World(desk, world.store)
    answers = await asyncio.gather(
        one.call("POST", f"{LETTERS}/0:4/replay", REASON), other.call("POST", f"{LETTERS}/0:4/discard", REASON)
    )
    assert sorted(it.status_code for it in answers) == [200, 409]
    (decision,) = (await one.get(f"{LETTERS}/0:4"))["decisions"]
    assert (len(desk.sent), len(desk.discarded)) == ((1, 0) if decision["action"] == "replay" else (0, 1))
