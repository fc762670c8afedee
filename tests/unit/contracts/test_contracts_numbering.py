"""Numbers are gap-free and unique whatever happens between the steps of several processors."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.numbering import Number, NumberFormat, Register
from shared.calendar import day_of
from shared.messages.values import Channel

YEARS = (2026, 2027)


@dataclass
class World:
    """The store: registers under a revision, contracts by insert-if-absent. ``agreed``: all processors have the same rules."""

    agreed: bool
    registers: dict[int, Register] = field(default_factory=dict)
    contracts: dict[str, Number | None] = field(default_factory=dict)

    def read_registers(self, years: set[int]) -> dict[int, Register]:
        return {year: self.registers.get(year, Register(Channel.FITKO, year)) for year in years}

    def save(self, register: Register) -> bool:
        stored = self.registers.get(register.year)
        if (stored.rev if stored else 0) != register.rev:
            return False
        self.registers[register.year] = replace(register, rev=register.rev + 1)
        return True

    def check(self) -> None:
        """No number is on two contracts, none is both used and to be had, and agreed processors never promise one in vain."""
        used = [number for number in self.contracts.values() if number is not None]
        assert len(set(used)) == len(used)
        for year, register in self.registers.items():
            in_use = {number.sequence for number in used if number.year == year}
            assert in_use.isdisjoint(register.free)
            assert in_use <= set(range(1, register.last + 1))
            unseen = {n for contract_id, n in register.allotted.items() if self.contracts.get(contract_id) is None}
            assert in_use.isdisjoint(unseen)
            if self.agreed:
                assert register.free == ()
                for contract_id, sequence in register.allotted.items():
                    assert self.contracts.get(contract_id, Number(year, sequence)) == Number(year, sequence)

    def gaps(self, year: int) -> set[int]:
        used = {number.sequence for number in self.contracts.values() if number is not None and number.year == year}
        last = self.registers[year].last if year in self.registers else 0
        return set(range(1, last + 1)) - used


def year_for(order: str) -> int:
    return YEARS[0] if int(order) % 3 else YEARS[1]


def work(world: World, batch: list[str], refused: set[str]) -> Generator[None]:
    """Run one batch as the handler does, pausing after every access to the store."""
    while True:
        held = world.read_registers({year_for(order) for order in batch})
        yield
        asked = [*batch, *(order for register in held.values() for order in register.allotted)]
        existing = {order: world.contracts[order] for order in asked if order in world.contracts}
        yield
        expected = [order for order in dict.fromkeys(batch) if order not in existing and order not in refused]
        after = {
            year: register.settle(existing).allot([order for order in expected if year_for(order) == year])
            for year, register in held.items()
        }
        saved = [world.save(register) for year, register in after.items() if register != held[year]]
        yield
        if all(saved):
            break
    for order in dict.fromkeys(batch):
        number = after[year_for(order)].number_of(order) if order in expected else None
        if order in expected or order in refused:
            world.contracts.setdefault(order, number)
            yield


batches = st.lists(st.lists(st.integers(0, 11).map(str), min_size=1, max_size=5), min_size=1, max_size=4)
# Bursts: who runs, for how many steps, and whether the process dies then.
schedules = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9), st.integers(0, 5).map(lambda n: n == 0)), max_size=40)


def play(
    queues: list[list[list[str]]], schedule: list[tuple[int, int, bool]], refusals: list[set[str]]
) -> tuple[World, set[str]]:
    """Interleave the processors as scheduled; a crash loses the place inside a batch, which is then delivered again."""
    world = World(agreed=not any(refusals))
    places = [0] * len(queues)
    running: list[Generator[None] | None] = [None] * len(queues)

    def step(who: int) -> bool:
        if places[who] >= len(queues[who]):
            return False
        current = running[who] or work(world, queues[who][places[who]], refusals[who])
        running[who] = current
        try:
            next(current)
        except StopIteration:
            places[who] += 1
            running[who] = None
        world.check()
        return True

    for turn, steps, dies in schedule:
        who = turn % len(queues)
        for _ in range(steps):
            step(who)
        if dies:
            running[who] = None
    for who in range(len(queues)):
        running[who] = None
        while step(who):
            pass
    return world, {order for queue in queues for batch in queue for order in batch}


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(queues=st.lists(batches, min_size=1, max_size=3), schedule=schedules)
def test_any_interleaving_with_crashes_numbers_every_contract_once_from_one_to_n(
    queues: list[list[list[str]]], schedule: list[tuple[int, int, bool]]
) -> None:
    world, orders = play(queues, schedule, [set()] * len(queues))
    assert world.contracts.keys() == orders
    for year in YEARS:
        numbers = sorted(n.sequence for n in world.contracts.values() if n is not None and n.year == year)
        assert numbers == list(range(1, sum(year_for(order) == year for order in orders) + 1))


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(
    queues=st.lists(batches, min_size=2, max_size=3),
    schedule=schedules,
    refusals=st.lists(st.sets(st.integers(0, 11).map(str), max_size=6), min_size=3, max_size=3),
    later=st.lists(st.integers(100, 140).map(str), min_size=40, max_size=40, unique=True),
)
def test_processors_that_disagree_on_refusals_leave_no_gap_once_further_contracts_follow(
    queues: list[list[list[str]]], schedule: list[tuple[int, int, bool]], refusals: list[set[str]], later: list[str]
) -> None:
    world, orders = play(queues, schedule, refusals)
    assert world.contracts.keys() == orders
    for _ in range(2):
        for _ in work(world, later, set()):
            world.check()
    for year in YEARS:
        assert world.gaps(year) == set()


def test_a_contract_that_was_promised_a_number_before_a_crash_gets_it_again() -> None:
    before = Register(Channel.FITKO, 2026, rev=4, last=7).allot(["x"])
    again = before.settle({}).allot(["y", "x"])
    assert again.number_of("x") == Number(2026, 8)
    assert again.number_of("y") == Number(2026, 9)


def test_a_promise_ends_when_its_contract_exists() -> None:
    register = Register(Channel.FITKO, 2026, last=1, allotted={"x": 1})
    assert register.settle({"x": Number(2026, 1)}) == Register(Channel.FITKO, 2026, last=1)


@pytest.mark.parametrize("instead", [None, Number(2027, 1), Number(2026, 2)])
def test_a_number_whose_contract_exists_without_it_goes_to_the_next_contract(instead: Number | None) -> None:
    register = Register(Channel.FITKO, 2026, last=1, allotted={"x": 1}).settle({"x": instead})
    assert register.free == (1,)
    assert register.allot(["y"]).number_of("y") == Number(2026, 1)


def test_free_numbers_are_given_out_lowest_first_and_before_new_ones() -> None:
    register = Register(Channel.FITKO, 2026, last=9, free=(3, 8)).allot(["a", "b", "c"])
    assert [register.number_of(name).sequence for name in "abc"] == [3, 8, 10]
    assert register.free == ()


def test_a_register_without_promise_for_the_contract_gives_no_number() -> None:
    with pytest.raises(KeyError):
        Register(Channel.FITKO, 2026).number_of("x")


def test_registers_of_different_channels_and_years_are_different_documents() -> None:
    ids = {Register(channel, year).id for channel in Channel for year in YEARS}
    assert ids == {f"{channel.value}-{year}" for channel in Channel for year in YEARS}


@pytest.mark.parametrize(
    ("time", "year"),
    [
        (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), 2026),
        (datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC), 2027),
        (datetime(2027, 1, 1, 0, 0, 0, tzinfo=UTC), 2027),
    ],
)
def test_the_year_of_a_number_changes_at_midnight_in_germany(time: datetime, year: int) -> None:
    assert day_of(time).year == year


@pytest.mark.parametrize(
    ("pattern", "sequence", "text"),
    [
        ("FITST/{year}/{sequence:04d}", 1, "FITST/2026/0001"),
        ("FITST/{year}/{sequence:04d}", 9999, "FITST/2026/9999"),
        ("FITST/{year}/{sequence:04d}", 10000, "FITST/2026/10000"),
        ("GD/{year}/{sequence:05d}", 42, "GD/2026/00042"),
        ("{sequence}-{year}", 3, "3-2026"),
    ],
)
def test_numbers_are_written_as_the_format_says_and_grow_beyond_their_digits(pattern: str, sequence: int, text: str) -> None:
    assert NumberFormat(pattern).write(Number(2026, sequence)) == text


@pytest.mark.parametrize(
    "pattern",
    [
        "FITST/{year}",
        "FITST/{sequence:04d}",
        "{year}{sequence}{sequence}",
        "{year}/{sequence}/{month}",
        "{year}/{sequence:s}",
        "{year}/{sequence:.1e}",
        "{year}/{sequence!r}",
        " {year}/{sequence}",
    ],
)
def test_a_format_from_which_two_numbers_could_look_alike_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="number format"):
        NumberFormat(pattern)


@given(a=st.tuples(st.integers(2020, 2099), st.integers(1, 10**6)), b=st.tuples(st.integers(2020, 2099), st.integers(1, 10**6)))
def test_different_numbers_are_written_differently_in_both_channels(a: tuple[int, int], b: tuple[int, int]) -> None:
    for pattern in ("FITST/{year}/{sequence:04d}", "GD/{year}/{sequence:05d}"):
        written = NumberFormat(pattern)
        assert (written.write(Number(*a)) == written.write(Number(*b))) == (a == b)
