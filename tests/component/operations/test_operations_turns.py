"""One process at a time settles dead letters of a group; the turn of one that died is taken once it has stood still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from shared.errors import StoreUnavailableError, WriteConflictError
from shared.operations import turns
from shared.operations.turns import TERM, TURNS, Turns
from shared.retry import RetryPolicy
from shared.store.port import Collection, Save
from shared.store.sqlite.store import SqliteStore

GROUP = "ordering.verdicts"
AT_ONCE = RetryPolicy(timedelta(0), timedelta(0))


@dataclass
class Processes:
    """Processes on one store, whose steady clock tests move."""

    store: SqliteStore = field(default_factory=lambda: SqliteStore(None))
    seconds: float = 0

    def new(self) -> Turns:
        return Turns(self.store, self._steady(), AT_ONCE)

    def _steady(self) -> Callable[[], float]:
        return lambda: self.seconds


@pytest.fixture(name="processes")
async def _processes() -> Processes:
    found = Processes()
    await found.store.prepare([TURNS])
    return found


async def test_a_turn_is_held_by_one_process_and_free_for_the_next_at_once(processes: Processes) -> None:
    one, other = processes.new(), processes.new()
    async with one.of(GROUP):
        with pytest.raises(WriteConflictError):
            async with other.of(GROUP):
                pass
        async with other.of("ordering.offerings"):
            pass
    async with other.of(GROUP):
        pass


async def test_a_turn_is_released_when_its_work_fails(processes: Processes) -> None:
    with pytest.raises(RuntimeError):
        async with processes.new().of(GROUP):
            raise RuntimeError
    async with processes.new().of(GROUP):
        pass


async def test_the_turn_of_a_process_that_died_is_taken_after_its_term_and_not_given_back_by_it(processes: Processes) -> None:
    died, other, third = processes.new(), processes.new(), processes.new()
    held = died.of(GROUP)
    await held.__aenter__()
    for waited in (timedelta(0), TERM - timedelta(seconds=1)):
        processes.seconds = waited.total_seconds()
        with pytest.raises(WriteConflictError):
            async with other.of(GROUP):
                pass
    processes.seconds = TERM.total_seconds()
    async with other.of(GROUP):
        await held.__aexit__(None, None, None)
        with pytest.raises(WriteConflictError):
            async with third.of(GROUP):
                pass


async def test_who_works_for_longer_than_a_term_keeps_its_turn(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "BEAT", timedelta(milliseconds=1))
    one, other = processes.new(), processes.new()
    async with one.of(GROUP):
        for _ in range(4):
            held = await processes.store.get(TURNS, GROUP)
            assert held is not None
            processes.seconds += TERM.total_seconds() / 2
            with pytest.raises(WriteConflictError):
                async with other.of(GROUP):
                    pass
            async with asyncio.timeout(30):
                while (await processes.store.get(TURNS, GROUP) or {})["rev"] == held["rev"]:  # noqa: ASYNC110 - no event to wait for
                    await asyncio.sleep(0.001)
    async with other.of(GROUP):
        pass


class Away(SqliteStore):
    """A store that answers until it is told not to."""

    away = False

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        if self.away:
            raise StoreUnavailableError("The store does not answer.")
        return await super().save_many(collection, saves)


async def test_what_was_settled_is_not_reported_as_failed_because_the_turn_could_not_be_released() -> None:
    store = Away(None)
    await store.prepare([TURNS])
    async with Turns(store, lambda: 0.0, AT_ONCE).of(GROUP):
        store.away = True
