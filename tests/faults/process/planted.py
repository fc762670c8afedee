"""Bugs that are put into one process of a run: the judge must find each in the history of real processes.

``planting/sitecustomize.py`` plants them when the interpreter of that process starts; the product knows nothing of it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.contracts.numbering import Register
from services.contracts.repository import Registers
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.consume.worker import Worker
from shared.bus.produce.publisher import KafkaPublisher
from tests.faults.simulation import planted as simulated
from tests.upgrade.fleet import Version

PLANTING = Path(__file__).parent / "planting"
PROCESSOR = "contracts-govdigital"
_LATER = 1.0
_recorded: list[object] = []


@dataclass(frozen=True, slots=True)
class Planted:
    """One bug: the process that has it, what that is for it, the faults that bring it out, the invariants that may show it."""

    process: str
    plant: Callable[[], None]
    shows: frozenset[str]
    faults: tuple[str, ...] = ()
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlantedVersion(Version):
    """The version of a folder with a bug in it."""

    bug: str

    def environment(self) -> dict[str, str]:
        """Return the variables that let an interpreter import this version, and plant the bug when it starts."""
        return {
            **Version.environment(self),
            "PYTHONPATH": os.pathsep.join((str(PLANTING), str(self.folder))),
            "FAULTS_PLANTED": self.bug,
        }


def _commit_first() -> None:
    process = Worker._process

    async def hasty(self: Worker, records: Sequence[Any]) -> None:
        self._begun_in = self.epoch
        await self.commit()
        await process(self, records)

    Worker._process = hasty  # type: ignore[method-assign]


def _acknowledge_first() -> None:
    publish = KafkaPublisher.publish

    async def hasty(self: KafkaPublisher, events: Sequence[OutgoingEvent]) -> list[bool]:
        async def later() -> None:
            await asyncio.sleep(_LATER)
            await publish(self, events)

        _recorded.append(asyncio.create_task(later()))
        return [True] * len(events)

    KafkaPublisher.publish = hasty  # type: ignore[method-assign]


def _save_numbers_later() -> None:
    save = Registers.save

    async def hasty(self: Registers, registers: Sequence[Register]) -> bool:
        async def later() -> None:
            await asyncio.sleep(_LATER)
            await save(self, registers)

        _recorded.append(asyncio.create_task(later()))
        return True

    Registers.save = hasty  # type: ignore[method-assign]


def _as_simulated(name: str) -> Callable[[], None]:
    def plant() -> None:
        patching = simulated.PLANTED[name].patch()
        patching.__enter__()
        # For the life of the process: one that nobody holds would undo itself.
        _recorded.append(patching)

    return plant


PLANTED = {
    "commit before effect": Planted(PROCESSOR, _commit_first, frozenset({"I1", "I9"}), ("failpoint",), ("bus.commit.after",)),
    "outbox cleaned before the acknowledgement": Planted(
        PROCESSOR, _acknowledge_first, frozenset({"I5", "I7"}), ("failpoint",), ("bus.send.before",)
    ),
    "number allotted twice": Planted(PROCESSOR, _save_numbers_later, frozenset({"I2"})),
    "mail sent before the claim is saved": Planted(
        "notify", _as_simulated("mail sent before the claim is saved"), frozenset({"I6"})
    ),
}
