"""A group reads no faster than its rates allow, in bursts of the length that they allow, and is never silent for long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.consume.pace import DEBT_SECONDS, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pace(clock: Clock, records: float = 10, size: float = 1000, burst: float = 3) -> Pace:
    return Pace(records, size, burst, largest_record=100, clock=clock)


def test_a_burst_is_read_at_once_and_then_the_rate_counts() -> None:
    clock = Clock()
    bucket = pace(clock)
    assert bucket.pause() == 0
    bucket.spend(30, 0)
    assert bucket.pause() == pytest.approx(0.1)
    clock.now += 0.1
    assert bucket.pause() == pytest.approx(0, abs=1e-9)


def test_bytes_count_as_records_do() -> None:
    clock = Clock()
    bucket = pace(clock)
    bucket.spend(1, 4000)
    assert bucket.pause() == pytest.approx(1.001)


def test_what_was_not_used_is_saved_up_to_the_burst_only() -> None:
    clock = Clock()
    bucket = pace(clock)
    clock.now += 3600
    assert (bucket.pause(), bucket.room()) == (0, 30)
    bucket.spend(30, 0)
    assert bucket.pause() > 0


def test_one_batch_costs_no_more_than_the_longest_debt() -> None:
    clock = Clock()
    bucket = pace(clock)
    bucket.spend(1, 10**9)
    assert bucket.pause() <= DEBT_SECONDS + 1


def test_no_more_is_fetched_at_once_than_fits_if_all_records_are_of_the_largest_size() -> None:
    clock = Clock()
    assert pace(clock, records=1000, size=1000, burst=1).room() == 10
    assert pace(clock, records=5, size=10**6, burst=1).room() == 5
    assert pace(clock, records=1, size=1, burst=1).room() == 1


def test_processes_share_the_rates_by_their_partitions() -> None:
    clock = Clock()
    bucket = pace(clock)
    bucket.spend(30, 0)
    bucket.share = 1 / 3
    assert bucket.pause() == pytest.approx(0.3)


def test_another_quota_counts_from_then_on() -> None:
    clock = Clock()
    bucket = pace(clock)
    bucket.spend(30, 0)
    bucket.set_rates(100, 1000, 3)
    assert bucket.pause() == pytest.approx(0.01)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 5000), st.floats(0, 5)), min_size=1, max_size=50))
def test_over_any_time_no_more_is_read_than_burst_rate_and_one_batch(reads: list[tuple[int, int, float]]) -> None:
    clock = Clock()
    bucket = pace(clock)
    total = 0
    begun = clock.now
    for records, size, passed in reads:
        clock.now += passed
        clock.now += bucket.pause() + 1e-6
        before, total = total, total + records
        assert before <= 30 + 10 * (clock.now - begun) + 50
        bucket.spend(records, size)
