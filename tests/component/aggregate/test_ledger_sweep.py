"""A pass over many aggregates: what is full is left to a later pass, whatever else the pass finds is done."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared.aggregate.ledger import Ledger
from shared.aggregate.outbox import OUTBOX_LIMIT
from shared.aggregate.sweep import Sweep
from shared.errors import OutboxFullError, StoreUnavailableError
from tests.support.counting import Counter, increase, stored
from tests.support.publisher import RecordingPublisher


@dataclass(frozen=True, slots=True)
class Waiting:
    id: str


async def fill(ledger: Ledger[Counter], publisher: RecordingPublisher, *ids: str) -> None:
    publisher.refuses = lambda event: event.key in ids
    for id_ in ids:
        await ledger.apply_one(increase(id_, "me", times=OUTBOX_LIMIT))


async def test_a_full_aggregate_holds_up_neither_its_portion_nor_those_behind(
    ledger: Ledger[Counter], publisher: RecordingPublisher
) -> None:
    await fill(ledger, publisher, "b", "d")
    sweep = Sweep(ledger)
    for portion in (["a", "b", "c"], ["d"], ["e", "f"]):
        results = await sweep.apply([increase(it, "pass") for it in portion])
        assert [result.id for result in results] == [it for it in portion if it not in {"b", "d"}]
    assert sweep.left == {"b", "d"}
    assert [(await stored(ledger, it))["count"] for it in "acef"] == [1] * 4
    assert [(await stored(ledger, it))["count"] for it in "bd"] == [OUTBOX_LIMIT] * 2
    with pytest.raises(OutboxFullError):
        sweep.finish()


async def test_what_is_due_is_done_one_by_one_and_what_is_full_is_passed_over_as_it_is_found_again(
    ledger: Ledger[Counter], publisher: RecordingPublisher
) -> None:
    await fill(ledger, publisher, "b", "d")
    due = {it: Waiting(it) for it in "abcde"}
    asked = []

    async def find(limit: int) -> list[Waiting]:
        asked.append(limit)
        return list(due.values())[:limit]

    async def do(it: Waiting) -> None:
        await ledger.apply([increase(it.id, "pass")])
        del due[it.id]

    sweep = Sweep(ledger)
    await sweep.each(find, 2, do)
    assert set(due) == sweep.left == {"b", "d"}
    assert asked == [2, 3, 4, 4], "those that were left do not take the places of others"
    with pytest.raises(OutboxFullError):
        sweep.finish()


async def test_a_pass_that_has_left_nothing_ends_well(ledger: Ledger[Counter]) -> None:
    sweep = Sweep(ledger)
    assert len(await sweep.apply([increase("a", "pass"), increase("b", "pass")])) == 2
    assert await sweep.apply([]) == []
    sweep.finish()


async def test_what_concerns_all_ends_the_pass(ledger: Ledger[Counter], monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailableError("The store does not answer.")

    monkeypatch.setattr(ledger, "apply", away)
    with pytest.raises(StoreUnavailableError):
        await Sweep(ledger).apply([increase("a", "pass")])
