"""Faults that are put into the product or the harness on purpose: the checker must find each of them."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from unittest import mock

from services.contracts.numbering import Register
from services.contracts.repository import Registers
from services.notify.domain.notification import Recipient
from services.notify.repository import Claim, Notifications
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger
from shared.aggregate.outgoing import OutgoingEvent
from shared.ids import derived_id
from shared.store.port import Collection, Save
from tests.faults.simulation.ports import Process, SimPublisher, World
from tests.faults.simulation.simulation import Options
from tests.support.memory_store import MemoryStore


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault: the options of the harness, what is patched in the product meanwhile, and the invariants that may show it."""

    shows: frozenset[str]
    options: Options = field(default_factory=Options)
    patch: Callable[[], AbstractContextManager[Any]] = nullcontext


class EarlyPublisher:
    """Says that the broker has acknowledged before it has."""

    def __init__(self, world: World, process: Process) -> None:
        self.real = SimPublisher(world, process)
        self.process = process

    async def publish(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        self.process.tasks.append(asyncio.ensure_future(self.real.publish(events)))
        return [True] * len(events)


@contextmanager
def _without_inbox() -> Iterator[None]:
    apply = Ledger.apply

    async def forgetful(self: Ledger[Any], changes: Sequence[Change[Any]]) -> Any:
        return await apply(self, [replace(change, cause=None) for change in changes])

    with mock.patch.object(Ledger, "apply", forgetful):
        yield


@contextmanager
def _unguarded_registers() -> Iterator[None]:
    save = Registers.save

    async def careless(self: Registers, registers: Sequence[Register]) -> bool:
        held = await self.read(registers[0].channel, [register.year for register in registers])
        return await save(self, [replace(register, rev=held[register.year].rev) for register in registers])

    with mock.patch.object(Registers, "save", careless):
        yield


@contextmanager
def _unguarded_store() -> Iterator[None]:
    save = MemoryStore.save_many

    async def careless(self: MemoryStore, collection: Collection, saves: Sequence[Save]) -> set[str]:
        held = await self.get_many(collection, [one.document["_id"] for one in saves])
        return await save(self, collection, [replace(one, expected_rev=held[one.document["_id"]]["rev"]) for one in saves])

    with mock.patch.object(MemoryStore, "save_many", careless):
        yield


@contextmanager
def _mail_before_claim() -> Iterator[None]:
    claim = Notifications.claim
    later: set[asyncio.Task[Any]] = set()

    async def hasty(self: Notifications, at: Any, until: Any, limit: int) -> list[Claim]:
        async def save_later() -> Any:
            await asyncio.sleep(0.5)
            return await claim(self, at, until, limit)

        # A copy, not a patch of the class: several workers are in here at once, and the last patch would stay.
        trial = copy.copy(self)
        trial._save = _save_nothing  # type: ignore[method-assign,assignment]
        claims = await claim(trial, at, until, limit)
        self._watched = trial._watched
        if claims:
            task = asyncio.ensure_future(save_later())
            later.add(task)
            task.add_done_callback(later.discard)
        return claims

    with mock.patch.object(Notifications, "claim", hasty):
        yield


async def _save_nothing(_: object) -> set[str]:
    return set()


@contextmanager
def _random_notification_ids() -> Iterator[None]:
    numbers = count()

    def another(_: Recipient, event_id: str) -> str:
        return derived_id("notification", event_id, str(next(numbers)))

    with mock.patch.object(Recipient, "notification_id", another):
        yield


PLANTED = {
    "commit before effect": Planted(frozenset({"I1", "I9"}), Options(commit_first=True)),
    "no inbox": Planted(frozenset({"I4", "I9"}), patch=_without_inbox),
    "outbox cleaned before the acknowledgement": Planted(frozenset({"I5", "I7"}), Options(publisher=EarlyPublisher)),
    "number allotted twice": Planted(frozenset({"I2"}), Options(orders=20), _unguarded_registers),
    "restatement lost": Planted(frozenset({"I5"}), Options(orders=12, switches=18, restate=False)),
    "mail sent before the claim is saved": Planted(frozenset({"I6"}), patch=_mail_before_claim),
    "ids of notifications not derived": Planted(frozenset({"I6"}), patch=_random_notification_ids),
    "documents saved without a guard": Planted(frozenset({"I4", "I5", "I7"}), patch=_unguarded_store),
}
