"""The fold of an offer's records is its state, whoever writes, relays, restates, is overtaken or dies, and wherever it is compacted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.catalog import handlers
from services.catalog.domain.offering import Offering
from services.catalog.domain.transitions import Actor
from services.catalog.repository import COLLECTIONS, OFFERINGS, Offerings
from shared.aggregate.change import Change
from shared.aggregate.outgoing import OutgoingEvent
from shared.aggregate.republisher import Republisher
from shared.bus.envelope import encode
from shared.bus.record import RawRecord
from shared.errors import RejectedError
from shared.messages.base import Message
from shared.messages.catalog import OfferingRestated
from shared.process.service import Resources
from shared.store.port import Store
from shared.store.sqlite.store import SqliteStore
from tests.component.catalog.conftest import DATA, Clock
from tests.support.builders.offerings import AT, CATALOGUE, OFFERING_ID, PROVIDER, accept, admitted, complete_form, contract

TOPIC = "catalog.offering.v1"
PROCESSES = 3


class Killed(BaseException):
    """The process ends here."""


class Act(StrEnum):
    """What a process does with the offer."""

    EDIT = "edit"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    REMOVE = "remove"
    RESTATE = "restate"
    RELAY = "relay"


class Fate(StrEnum):
    """What becomes of the first events that it sends: LOST: not sent; UNHEARD: sent, and no acknowledgement; DIES: killed then."""

    WELL = "well"
    LOST = "lost"
    UNHEARD = "unheard"
    DIES = "dies"


@dataclass(frozen=True)
class Step:
    """One act of a process. ``meanwhile`` happens after its state is stored and before its events reach the topic."""

    process: int
    act: Act
    fate: Fate = Fate.WELL
    meanwhile: tuple[Step, ...] = ()
    compact: float | None = None
    """How much of the topic the cleaner works on after it, from the beginning; None: it rests."""


def _steps(meanwhile: st.SearchStrategy[tuple[Step, ...]]) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        st.integers(0, PROCESSES - 1),
        st.sampled_from(Act),
        st.sampled_from(Fate),
        meanwhile,
        st.none() | st.floats(0, 1),
    )


INNER = st.lists(_steps(st.just(())), max_size=3).map(tuple)
STEPS = st.lists(_steps(INNER), max_size=10)


class Topic:
    """The records of a compacted topic. ``followed`` is what a reader holds that has read each record when it came."""

    def __init__(self) -> None:
        self.records: list[RawRecord] = []
        self.followed: dict[str, bytes] = {}

    def append(self, events: Sequence[OutgoingEvent]) -> None:
        for record in map(encode, events):
            if record.topic == TOPIC:
                self.records.append(record)
                _apply(self.followed, record)

    def compact(self, share: float) -> None:
        """Clean the beginning of the topic: of each key the last record there stays, and tombstones are long enough there."""
        end = round(share * len(self.records))
        last = {record.key: place for place, record in enumerate(self.records[:end])}
        cleaned = [it for place, it in enumerate(self.records[:end]) if last[it.key] == place and it.value is not None]
        self.records[:end] = cleaned

    def fold(self) -> dict[str, bytes]:
        """Return what a reader holds that comes now and reads from the beginning."""
        states: dict[str, bytes] = {}
        for record in self.records:
            _apply(states, record)
        return states


def _apply(states: dict[str, bytes], record: RawRecord) -> None:
    key = (record.key or b"").decode()
    if record.value is None:
        states.pop(key, None)
    else:
        states[key] = record.value


@dataclass
class Line:
    """A process's way to the topic."""

    topic: Topic
    fate: Fate = Fate.WELL
    meanwhile: Callable[[], Awaitable[None]] | None = None
    sent: int = field(default=0)

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        fate, self.fate = self.fate, Fate.WELL
        if fate is not Fate.LOST:
            self.topic.append(events)
        if fate is Fate.DIES:
            raise Killed
        return [fate is Fate.WELL] * len(events)


class World:
    """Some processes on one store and one topic."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.topic = Topic()
        self.clock = Clock()
        self.processes = [self.process() for _ in range(PROCESSES)]
        self.relaying: set[int] = set()

    def process(self) -> tuple[Offerings, Line]:
        line = Line(self.topic)
        return Offerings(Resources(self.store, line, DATA, self.clock)), line

    async def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.clock.time += timedelta(minutes=1)
            relays = step.act is Act.RELAY
            if relays and step.process in self.relaying:
                continue  # A process relays once at a time: the second waits for the first.
            self.relaying |= {step.process} if relays else set()
            offerings, line = self.processes[step.process]
            line.fate = step.fate
            line.meanwhile = partial(self.play, step.meanwhile) if step.meanwhile else None
            try:
                await self._act(step.act, offerings)
            except RejectedError:
                pass
            except Killed:
                self.processes[step.process] = self.process()
            self.relaying -= {step.process} if relays else set()
            line.fate, line.meanwhile = Fate.WELL, None
            if step.compact is not None:
                self.topic.compact(step.compact)

    async def _act(self, act: Act, offerings: Offerings) -> None:
        at = self.clock()
        match act:
            case Act.RELAY:
                await offerings.ledger.outbox.relay(timedelta(seconds=5))
            case Act.RESTATE:
                await Republisher("offering", offerings.ledger, Offering.restate).republish([OFFERING_ID])
            case Act.REMOVE:
                await offerings.ledger.apply([handlers.remove(OFFERING_ID, at)])
            case _:
                await offerings.ledger.apply_one(Change(OFFERING_ID, lambda offering: _decide(act, offering, at)))

    async def settle(self) -> Offering:
        """Leave it to a relay until nothing waits and nobody has a duty; return the state."""
        offerings, _ = self.process()
        offerings.ledger.left_behind.patience = timedelta(0)
        for _ in range(5):
            self.clock.time += timedelta(minutes=1)
            while await offerings.ledger.outbox.relay(timedelta(seconds=5)):
                pass
        document = await self.store.get(OFFERINGS, OFFERING_ID)
        assert document is not None
        assert (document["outbox"], document.get("senders", []), document["pending_since"]) == ([], [], None)
        return offerings.ledger.state_of(document)


def _decide(act: Act, offering: Offering | None, at: datetime) -> tuple[Offering, Sequence[Message]]:
    assert offering is not None
    match act:
        case Act.EDIT:
            form = offering.form.model_copy(update={"title": f"Titel {offering.version + 1}"})
            return offering, offering.edit([Actor.BEREITSTELLER], at, form, CATALOGUE)
        case Act.SUSPEND:
            return offering, offering.suspend([Actor.BEREITSTELLER], at, f"Wartung {at}", PROVIDER)
        case Act.RESUME:
            return offering, offering.resume([Actor.BEREITSTELLER], at, PROVIDER)
        case _:
            return offering, offering.withdraw([Actor.BEREITSTELLER], at, "Ende")


def _published(_: Offering | None) -> tuple[Offering, Sequence[Message]]:
    offering, drafted = Offering.draft(OFFERING_ID, PROVIDER, complete_form(), AT)
    (channel,) = offering.form.channels
    events = [*drafted, *offering.submit([Actor.BEREITSTELLER], AT, CATALOGUE, admitted)]
    events += [*accept(offering, Actor.ANBIETER, AT, channel), *contract(offering, channel, AT)]
    return offering, events


async def played(steps: Sequence[Step]) -> tuple[World, dict[str, Any]]:
    """Play the steps from publication on; return the world and what readers must hold in the end."""
    store = SqliteStore(None)
    await store.prepare(COLLECTIONS)
    world = World(store)
    offerings, _ = world.process()
    await offerings.ledger.apply_one(Change(OFFERING_ID, _published))
    await world.play(steps)
    offering = await world.settle()
    await store.close()
    public = json.loads(offering.public().model_dump_json(exclude_none=True))
    return world, {} if offering.removed_at is not None else {OFFERING_ID: public}


def states(fold: dict[str, bytes]) -> dict[str, Any]:
    return {key: json.loads(value)["offering"] for key, value in fold.items()}


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.floats(0, 1))
def test_every_fold_of_the_topic_is_the_state_in_the_end(steps: list[Step], share: float) -> None:
    world, expected = asyncio.run(played(steps))
    assert states(world.topic.followed) == expected, "a reader that has followed"
    assert states(world.topic.fold()) == expected, "a reader that comes late"
    world.topic.compact(share)
    assert states(world.topic.fold()) == expected, "a reader that comes after the cleaner has been there"
    world.topic.compact(1)
    assert states(world.topic.fold()) == expected, "a reader that comes when everything is compacted"


OUTRUN = (
    Step(0, Act.EDIT, Fate.LOST),
    Step(0, Act.EDIT, Fate.UNHEARD, meanwhile=(Step(1, Act.RELAY),)),
)


def test_a_repeat_that_nobody_acknowledged_is_made_good_although_a_relay_has_sent_all_that_waited() -> None:
    world, expected = asyncio.run(played(OUTRUN))
    assert states(world.topic.followed) == expected
    assert states(world.topic.fold()) == expected


OVERTAKEN = (
    Step(0, Act.WITHDRAW, Fate.LOST),
    Step(1, Act.RELAY, Fate.DIES, meanwhile=(Step(2, Act.RELAY), Step(2, Act.REMOVE))),
)


def test_the_tombstone_survives_a_late_repeat_whose_sender_died() -> None:
    world, expected = asyncio.run(played(OVERTAKEN))
    assert expected == {}
    assert states(world.topic.fold()) == {}


def test_a_removed_offer_whose_restatement_were_a_state_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Offering, "restate", lambda offering: [OfferingRestated(offering=offering.public())])
    world, expected = asyncio.run(played(OVERTAKEN))
    assert expected == {}
    assert states(world.topic.fold()) != {}
