"""A live process is one that gets on or waits for something outside; everything else is not live."""

from __future__ import annotations

from shared.bus.consume.progress import Progress
from shared.bus.consume.quarantine import HourlyLimit


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def at_work() -> tuple[Progress, Clock]:
    clock = Clock()
    progress = Progress(stall_after=60, clock=clock)
    progress.begin()
    progress.joined = progress.reachable = True
    return progress, clock


def test_a_consumer_that_gets_on_is_live_and_ready() -> None:
    progress, clock = at_work()
    for _ in range(10):
        clock.time += 50
        progress.turned()
        progress.moved()
        assert progress.live()
        assert progress.ready()


def test_a_loop_that_does_not_turn_is_not_live() -> None:
    progress, clock = at_work()
    clock.time += 61
    progress.moved()
    assert not progress.live()


def test_offsets_that_do_not_move_are_not_live() -> None:
    progress, clock = at_work()
    clock.time += 61
    progress.turned()
    assert not progress.live()


def test_a_broker_that_is_away_makes_unready_and_not_dead() -> None:
    progress, clock = at_work()
    progress.reachable = False
    clock.time += 3600
    assert progress.live()
    assert not progress.ready()


def test_waiting_to_repeat_makes_unready_and_not_dead() -> None:
    progress, clock = at_work()
    progress.waiting = True
    clock.time += 3600
    assert progress.live()
    assert not progress.ready()


def test_a_consumer_that_stopped_itself_is_neither_live_nor_ready() -> None:
    progress, _ = at_work()
    progress.failure = "20 dead letters in a row"
    assert not progress.live()
    assert not progress.ready()


def test_a_consumer_that_has_not_joined_is_not_ready() -> None:
    progress, _ = at_work()
    progress.joined = False
    assert not progress.ready()


def test_three_an_hour_are_admitted_and_old_ones_forgotten() -> None:
    clock = Clock()
    limit = HourlyLimit(3, clock)
    assert [limit.admit("a") for _ in range(4)] == [True, True, True, False]
    assert limit.admit("b")
    clock.time += 3601
    assert limit.admit("a")
