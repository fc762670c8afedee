"""Of the dead letters that lie in a topic an operator's list keeps the open ones; settled ones hide none of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from shared.bus.dead_letter_operations import Settled
from shared.bus.dead_letters.letter import DeadLetter
from shared.operations.kafka import bounded
from tests.support.desk import letter

MOST = 3


async def lying(count: int) -> AsyncIterator[DeadLetter]:
    for offset in range(count):
        yield letter(offset)


async def test_settled_letters_hide_no_open_one_and_the_last_of_them_are_kept() -> None:
    found = await bounded(lying(8), {0: Settled(below=4, singly={6})}, MOST)
    assert [it.offset for it in found] == [2, 3, 6, 4, 5, 7]


async def test_no_more_open_ones_are_kept_than_are_looked_through_at_once() -> None:
    found = await bounded(lying(8), {0: Settled(below=0, singly={1})}, MOST)
    assert [it.offset for it in found] == [1, 0, 2, 3]
