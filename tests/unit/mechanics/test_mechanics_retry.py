"""Pauses between attempts, and writes that other writers overtake."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

import pytest

from shared.errors import WriteConflictError
from shared.retry import RetryPolicy
from shared.store.contention import Contention

POLICY = RetryPolicy(timedelta(seconds=1), timedelta(seconds=10), least=1.0)


def test_pauses_double_up_to_the_longest() -> None:
    assert list(islice(POLICY.pauses(), 6)) == [1, 2, 4, 8, 10, 10]


def test_a_new_run_of_failures_begins_with_the_shortest_pause() -> None:
    assert next(POLICY.pauses()) == next(POLICY.pauses()) == 1


def test_jitter_shortens_a_pause_and_never_lengthens_it() -> None:
    policy = RetryPolicy(timedelta(seconds=4), timedelta(seconds=4), least=0.5)
    pauses = list(islice(policy.pauses(), 500))
    assert 2 <= min(pauses) < 2.5
    assert 3.5 < max(pauses) <= 4


async def test_a_write_that_is_overtaken_too_often_names_what_and_which() -> None:
    contention = Contention("orders", ["a", "b"], attempts=3)
    await contention.overtaken()
    await contention.overtaken()
    with pytest.raises(WriteConflictError, match="kept changing b") as raised:
        await contention.overtaken("b", ["b"])
    assert contention.lost == 3
    assert raised.value.context == {"ids": ["b"]}
