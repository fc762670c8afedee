"""A notice ends what rests on the contract, whoever gives which first and whatever is cut off on the way."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts import channels
from services.contracts.accessions.repository import ACCESSIONS, Accessions
from services.contracts.app import build, processor
from services.contracts.cascade import Cascade, hold_to_parents
from services.contracts.chain.given import AskNotice
from services.contracts.chain.notice import notice
from services.contracts.chain.violations import violations
from services.contracts.contacts.repository import CONTACTS
from services.contracts.domain.agreed import Signature
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import Actor, ContractState
from services.contracts.neighbourhood import world_of
from services.contracts.numbering import Number
from services.contracts.repository import CONTRACTS, REGISTERS, Contracts
from shared.aggregate.change import Cause, Change
from shared.aggregate.events import EventWriter
from shared.errors import OutboxFullError
from shared.http import idempotency
from shared.http.app import create_app
from shared.ids import bereitstellung_id, contract_id, derived_id
from shared.messages.base import Message
from shared.messages.contracts import Leg
from shared.messages.values import Channel, Party
from shared.process.service import Resources
from shared.store.port import Collection, Document, Save
from shared.store.sqlite.store import SqliteStore
from tests.support.contract_requests import AT, NRW, order_id, received, request
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.publisher import RecordingPublisher
from tests.unit.contracts.test_contracts_contract import draft

FITKO = Channel.FITKO
TERMS = channels.load_terms(None, {})[FITKO]
ROOT = bereitstellung_id("fitko", request().order.offering_id)
LAENDER = ("DE-SN", "DE-BY", "DE-HE")
BEREITSTELLER, ANNA, SACHSEN, BAYERN = "b/DE-NW/BEREITSTELLER", "anna/fitko/ANBIETER", "s/DE-SN/KUNDE", "x/DE-BY/KUNDE"
END_OF_2027 = date(2027, 12, 31)


class KilledError(Exception):
    """The process is gone at a write."""


class FailingStore(SqliteStore):
    """Is killed at the write of contracts that ``until`` counts down to."""

    until = -1

    def _count(self, collection: Collection) -> None:
        if collection.name == CONTRACTS.name and self.until >= 0:
            self.until -= 1
            if self.until < 0:
                raise KilledError

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        self._count(collection)
        return await super().save_many(collection, saves)

    async def insert_many(self, collection: Collection, documents: Sequence[Document]) -> set[str]:
        self._count(collection)
        return await super().insert_many(collection, documents)


class World:
    """A chain in a store: a Bereitstellungsvertrag, a NACHNUTZUNG of three Länder, Sub contracts of two Kommunen of each."""

    def __init__(self) -> None:
        self.store = FailingStore(None)
        self.publisher = RecordingPublisher()
        self.now = AT
        self.resources = Resources(self.store, self.publisher, Path("data"), clock=lambda: self.now)
        self.contracts = Contracts(self.resources)
        self.accessions = Accessions(self.resources)
        self.cascade = Cascade(TERMS, self.contracts, self.accessions)

    async def prepare(self) -> None:
        await self.store.prepare([CONTRACTS, REGISTERS, ACCESSIONS, CONTACTS, idempotency.COLLECTION])
        consumer, *_ = processor(FITKO)(self.resources).consumers
        requests = [request(land, customer=Party(id=land, name=land)) for land in LAENDER]
        assert list(await consumer.handle([received(it) for it in requests])) == []
        await self.add(*(sub(land, n) for land in LAENDER for n in (1, 2)))

    async def add(self, *added: Contract) -> None:
        await self.contracts.ledger.apply([Change(it.id, stored_as(it), Cause(it.id, "test", "test", 1)) for it in added])

    async def notice(self, key: str, last_day: date, received_on: date | None = None) -> None:
        at = self.now

        def decide(contract: Contract | None) -> tuple[Contract, Any]:
            assert contract is not None
            return contract, contract.give_notice(received_on or at.date(), last_day, at, Actor.ANBIETER)

        await self.contracts.ledger.apply_one(Change(key, decide))

    async def all(self) -> list[Contract]:
        return [self.contracts.ledger.state_of(document) for document in await self.store.scan(CONTRACTS)]

    async def ends(self) -> dict[str, str | None]:
        return {it.id: None if it.ends_on is None else it.ends_on.isoformat() for it in await self.all()}

    async def post(self, key: str, token: str, body: Any) -> httpx.Response:
        app = create_app(
            "contracts", build(self.resources).router, authenticator=FakeAuthenticator(), store=self.store, health=FixedHealth()
        )
        async with client(app, token) as http:
            return await http.post(f"/v1/contracts/{key}/notice", json=body)


def stored_as(contract: Contract) -> Callable[[Contract | None], tuple[Contract, Sequence[Message]]]:
    """Return the decision to store a contract."""
    return lambda _: (contract, [])


def sub(land: str, n: int) -> Contract:
    """Return the Sub contract of a Kommune of a Land."""
    ars = {"DE-SN": "14", "DE-BY": "09", "DE-HE": "06"}[land] + f"{n:010d}"
    above = draft(request(land, customer=Party(id=land, name=land)))
    above.conclude(Number(2026, 1), "FITST/2026/0001", Actor.PROZESSOR)
    day = AT.date()
    changes: dict[str, Any] = {
        "id": derived_id("sub", ars),
        "leg": Leg.SUB_NACHNUTZUNG,
        "number": f"SUB-{ars}",
        "order_id": None,
        "parent": above.id,
        "grantor": above.customer,
        "customer": Party(id=ars, name=f"Kommune {ars}"),
        "territory": (ars,),
        "charge": "ENTGELTFREI",
        "year": None,
        "sequence": None,
        "signatures": (Signature(side="grantor", by="l", on=day), Signature(side="grantee", by="k", on=day)),
    }
    return above.model_copy(update=changes)


def key(land: str) -> str:
    return contract_id("fitko", order_id(land))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.prepare()
    yield made
    await made.store.close()


def expected(contracts: Sequence[Contract], noticed: str, last_day: date) -> dict[str, str | None]:
    """Return the ends that the rule NOTICE gives."""
    asked = AskNotice(type="NOTICE", contract=noticed, received_on=AT.date().isoformat(), last_day=last_day.isoformat())
    answer = notice(world_of(contracts, TERMS), asked)
    ends = {it.id: None if it.ends_on is None else it.ends_on.isoformat() for it in contracts}
    return ends | {noticed: answer["last_day"]} | {row["contract"]: row["last_day"] for row in answer["cascade"]}


async def test_the_chain_of_the_test_breaks_no_rule(world: World) -> None:
    assert violations(world_of(await world.all(), TERMS)) == []


async def test_notice_of_the_bereitstellungsvertrag_ends_all_that_rests_on_it_and_tells_each_once(world: World) -> None:
    should = expected(await world.all(), ROOT, END_OF_2027)
    await world.notice(ROOT, END_OF_2027)
    await world.cascade.run()
    assert await world.ends() == should == dict.fromkeys(should, END_OF_2027.isoformat())
    told = [event.key for event in world.publisher.events if event.type == "contracts.chain.terminated.v1"]
    assert sorted(told) == sorted(should)
    await world.cascade.run()
    assert len(told) == sum(1 for event in world.publisher.events if event.type == "contracts.chain.terminated.v1")
    assert violations(world_of(await world.all(), TERMS)) == []


async def test_a_contract_with_a_full_outbox_holds_up_no_other_and_ends_with_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    should = expected(await world.all(), ROOT, END_OF_2027)
    await world.notice(ROOT, END_OF_2027)
    full, append = key("DE-SN"), EventWriter.append

    def appended(writer: EventWriter, record: Any, change: Any, messages: Any) -> Any:
        if record.id == full and messages:
            raise OutboxFullError("500 events wait", id=full, waiting=500)
        return append(writer, record, change, messages)

    monkeypatch.setattr(EventWriter, "append", appended)
    with pytest.raises(OutboxFullError):
        await world.cascade.run()
    below = {full, sub("DE-SN", 1).id, sub("DE-SN", 2).id}
    ends = await world.ends()
    assert {it for it, end in ends.items() if end is None} == below
    monkeypatch.setattr(EventWriter, "append", append)
    await world.cascade.run()
    assert await world.ends() == should


@pytest.mark.parametrize("killed_at", range(1, 8))
async def test_a_cascade_that_is_cut_off_at_any_write_is_ended_by_the_next_run(world: World, killed_at: int) -> None:
    should = expected(await world.all(), ROOT, END_OF_2027)
    await world.notice(ROOT, END_OF_2027)
    world.store.until = killed_at
    with pytest.raises(KilledError):
        await world.cascade.run()
    world.store.until = -1
    await Cascade(TERMS, Contracts(world.resources), world.accessions).run()
    assert await world.ends() == should
    assert {it.shortened for it in await world.all()} == {None}


async def _played(notices: Sequence[tuple[str, int]], chance: random.Random) -> dict[str, str | None]:
    world = World()
    await world.prepare()
    for noticed, months in notices:
        await world.notice(noticed, date(2027, 1, 31) + timedelta(days=30 * months))
        if chance.random() < 0.5:
            world.store.until = chance.randrange(8)
            with contextlib.suppress(KilledError):
                await world.cascade.run()
            world.store.until = -1
    await world.cascade.run()
    found = await world.ends()
    assert violations(world_of(await world.all(), TERMS)) == []
    await world.store.close()
    return found


NOTICES = st.lists(
    st.tuples(st.sampled_from([ROOT, *(key(land) for land in LAENDER), sub("DE-SN", 1).id]), st.integers(0, 9)),
    min_size=2,
    max_size=4,
    unique_by=lambda item: item[0],
)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(NOTICES, st.randoms(use_true_random=False))
def test_any_order_of_notices_and_interruptions_gives_the_same_ends(
    notices: list[tuple[str, int]], chance: random.Random
) -> None:
    shuffled = chance.sample(notices, len(notices))
    assert asyncio.run(_played(notices, chance)) == asyncio.run(_played(shuffled, chance))


async def test_what_is_formed_while_its_parent_is_shortened_is_shortened_too(world: World) -> None:
    late = sub("DE-SN", 3)
    await world.notice(key("DE-SN"), END_OF_2027)
    await world.cascade.run()
    await world.add(late)
    await hold_to_parents([late], TERMS, world.contracts, AT)
    assert (await world.ends())[late.id] == END_OF_2027.isoformat()


async def test_the_agreed_period_gives_the_last_day_and_a_later_notice_changes_nothing(world: World) -> None:
    answer = await world.post(key("DE-SN"), SACHSEN, {})
    assert (answer.status_code, answer.json()["state"], answer.json()["ends_on"]) == (200, "GEKUENDIGT", "2027-12-31")
    await world.cascade.run()
    ends = await world.ends()
    assert {ends[sub("DE-SN", n).id] for n in (1, 2)} == {"2027-12-31"}
    assert {ends[sub("DE-BY", n).id] for n in (1, 2)} == {None}
    again = await world.post(key("DE-SN"), ANNA, {"last_day": "2028-06-30"})
    assert (again.status_code, again.json()["ends_on"]) == (200, "2027-12-31")


@pytest.mark.parametrize(
    ("contract", "token", "body", "status", "code"),
    [
        (key("DE-SN"), BAYERN, {}, 404, "not_found"),
        (key("DE-SN"), BEREITSTELLER, {}, 403, "not_a_party"),
        (key("DE-SN"), SACHSEN, {"last_day": "2026-11-01"}, 422, "notice_date_invalid"),
    ],
)
async def test_only_a_party_gives_notice_and_not_for_the_past(
    world: World, contract: str, token: str, body: Any, status: int, code: str
) -> None:
    answer = await world.post(contract, token, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set((await world.ends()).values()) == {None}


async def test_the_bereitsteller_gives_notice_of_its_own_contract(world: World) -> None:
    answer = await world.post(ROOT, BEREITSTELLER, {})
    assert (answer.status_code, answer.json()["ends_on"]) == (200, "2027-12-31")
    assert answer.json()["grantor"] == NRW.model_dump()


async def test_the_calendar_ends_what_has_run_out(world: World) -> None:
    await world.notice(key("DE-SN"), date(2026, 12, 31))
    await world.cascade.run()
    world.now = datetime(2026, 12, 31, 12, tzinfo=UTC)
    await world.cascade.run()
    assert {it.state for it in await world.all()} == {ContractState.GESCHLOSSEN, ContractState.GEKUENDIGT}
    world.now = datetime(2027, 1, 1, 12, tzinfo=UTC)
    await world.cascade.run()
    ended = {it.id for it in await world.all() if it.state is ContractState.BEENDET}
    assert ended == {key("DE-SN"), sub("DE-SN", 1).id, sub("DE-SN", 2).id}
    told = [event.key for event in world.publisher.events if event.type == "contracts.chain.ended.v1"]
    assert sorted(told) == sorted(ended)


async def test_what_has_ended_ends_earlier_by_a_late_notice_above_it_and_stays_ended(world: World) -> None:
    received_on, last_day = world.now.date(), date(2026, 12, 15)
    await world.notice(key("DE-SN"), date(2026, 12, 31))
    await world.cascade.run()
    world.now = datetime(2027, 1, 1, 12, tzinfo=UTC)
    await world.cascade.run()
    should = expected(await world.all(), ROOT, last_day)
    await world.notice(ROOT, last_day, received_on)
    await world.cascade.run()
    assert await world.ends() == should == dict.fromkeys(should, last_day.isoformat())
    assert {it.state for it in await world.all()} == {ContractState.BEENDET}
    assert violations(world_of(await world.all(), TERMS)) == []


async def test_an_offer_that_rests_on_a_contract_that_ends_is_withdrawn(world: World) -> None:
    offered = draft(request("offered", customer=Party(id="DE-TH", name="Thüringen")))
    offered.signatures = offered.signatures[:1]
    offered.offer(Actor.PROZESSOR)
    await world.add(offered)
    await world.notice(ROOT, END_OF_2027)
    await world.cascade.run()
    found = {it.id: it for it in await world.all()}[offered.id]
    assert found.refusal is not None
    assert (found.state, found.refusal.code) == (ContractState.ZURUECKGEZOGEN, "offer_withdrawn")
    assert [event.type for event in world.publisher.events if event.key == offered.id] == ["contracts.contract.refused.v1"]
