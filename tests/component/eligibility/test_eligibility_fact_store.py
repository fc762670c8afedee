"""The journal of facts: entries are added, numbered without a gap, dated strictly one after the other, and never changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.eligibility.engine.evaluate import evaluate
from services.eligibility.fact_store import entry as entries
from services.eligibility.fact_store.entry import ENTRIES, PARTS, Draft, Origin, Record
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.state import State, known
from shared.errors import ConflictError, InvalidError
from shared.store.sqlite.store import SqliteStore

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REQUEST = {"kind": "LEG", "as_of": "2026-03-02", "rule_set": "gwb108-2016", "awarder": "a", "contractor": "b"}


@pytest.fixture
async def empty() -> AsyncIterator[SqliteStore]:
    store = SqliteStore(None)
    await store.prepare((ENTRIES, PARTS))
    yield store
    await store.close()


def organisation(name: str, **fields: Any) -> Record:
    content = {
        "id": name,
        "kind": "organisation",
        "valid_from": None,
        "valid_to": None,
        "name": name,
        "type": "OTHER",
        "sector": "PUBLIC",
    }
    return Record({**content, "rev": 1, **fields})


def member(name: str, rev: int = 1, **fields: Any) -> Record:
    unknown = dict.fromkeys(("organ_seat", "joint_influence", "contrary_interests", "all_fields"))
    content = {"id": name, "kind": "relation", "type": "MEMBER", "from": "a", "to": "b", "valid_from": None, "valid_to": None}
    return Record({**content, **unknown, "rev": rev, **fields})


def always(*facts: Record, reason: str = "Grund", by: str | None = "anna") -> Callable[[State], Draft]:
    """Return the decision to record these facts whatever the state."""
    return lambda _: draft(*facts, reason=reason, by=by)


def draft(*facts: Record, reason: str = "Grund", by: str | None = "anna") -> Draft:
    return Draft(Origin.PERSON, reason, facts, by=by, organisation="a")


async def two(store: SqliteStore) -> Facts:
    facts = Facts(store, lambda: START)
    await facts.record(always(organisation("a"), organisation("b")))
    return facts


async def test_each_entry_is_later_than_the_one_before_even_if_the_clock_stands_still_or_goes_back(empty: SqliteStore) -> None:
    times = iter((START, START, START - timedelta(days=1), START + timedelta(seconds=2.9)))
    facts = Facts(empty, lambda: next(times))
    instants = [(await facts.record(always(organisation(f"o{n}")))).instant for n in range(4)]
    assert instants == ["2026-03-02T09:00:00Z", "2026-03-02T09:00:01Z", "2026-03-02T09:00:02Z", "2026-03-02T09:00:03Z"]


async def test_a_correction_leaves_the_revision_before_it_and_who_recorded_it(empty: SqliteStore) -> None:
    facts = await two(empty)
    await facts.record(always(member("m")))
    await facts.record(always(member("m", 2, organ_seat="OWN"), reason="geprüft", by="gerd"))
    state = await Facts(empty).current()
    assert [(it.record.rev, it.content["organ_seat"], it.head.by, it.head.reason) for it in state.facts["m"]] == [
        (1, None, "anna", "Grund"),
        (2, "OWN", "gerd", "geprüft"),
    ]
    before = known(state.facts["m"], "2026-03-02T09:00:01Z")
    assert before is not None
    assert before.record.rev == 1
    assert known(state.facts["m"], "2026-03-02T08:00:00Z") is None


async def test_a_verdict_given_between_two_entries_is_replayed_exactly_whatever_is_recorded_later(empty: SqliteStore) -> None:
    facts = await two(empty)
    given: list[tuple[str, str]] = []
    for rev, seat in enumerate((None, "NONE", "OWN"), start=1):
        await facts.record(always(member("m", rev, organ_seat=seat)))
        known_at = (await facts.current()).instant
        assert known_at is not None
        given.append((known_at, evaluate(await facts.world(), {**REQUEST, "known_at": known_at}).hash))
    later = await Facts(empty).world()
    assert [evaluate(later, {**REQUEST, "known_at": known_at}).hash for known_at, _ in given] == [hash_ for _, hash_ in given]
    assert len({hash_ for _, hash_ in given}) == 3


async def test_processes_that_record_at_once_lose_nothing_and_share_one_numbering(empty: SqliteStore) -> None:
    processes = [Facts(empty, lambda: START) for _ in range(4)]
    await asyncio.gather(
        *(process.record(always(organisation(f"p{n}-{place}"))) for place, process in enumerate(processes) for n in range(5))
    )
    states = [await process.current() for process in processes]
    assert {state.seq for state in states} == {20}
    assert all(state.facts.keys() == {f"p{n}-{place}" for n in range(5) for place in range(4)} for state in states)
    assert len({it.head.recorded_at for revisions in states[0].facts.values() for it in revisions}) == 20


async def test_a_decision_runs_again_on_what_others_have_recorded_meanwhile(empty: SqliteStore) -> None:
    first, second = await two(empty), Facts(empty, lambda: START)
    seen: list[int] = []

    def decide(state: State) -> Draft:
        seen.append(state.seq)
        last = state.fact("m")
        return draft(member("m", 1 if last is None else last.record.rev + 1, organ_seat="OWN"))

    await second.current()
    await first.record(always(member("m")))
    current = second.current

    async def stale() -> State:
        return second._state if not seen else await current()

    second.current = stale  # type: ignore[method-assign]
    state = await second.record(decide)
    assert seen == [1, 2]
    assert [it.record.rev for it in state.facts["m"]] == [1, 2]


@pytest.mark.parametrize(
    ("record", "code", "error"),
    [
        (member("x", type="FRIEND"), "INVALID_FIELD", InvalidError),
        (member("x", valid_from="2026-02-30"), "INVALID_DATE", InvalidError),
        (member("m", 1, organ_seat="OWN"), "DUPLICATE_ID", ConflictError),
        (member("x", valid_from="2026-01-01", valid_to="2026-01-01"), "INVALID_INTERVAL", InvalidError),
        (member("x", to="nobody"), "UNKNOWN_ORGANISATION", InvalidError),
        (member("x", evidence=["nothing"]), "UNKNOWN_EVIDENCE", InvalidError),
        (member("x", to="a"), "SELF_RELATION", InvalidError),
        (member("x", share="0"), "INVALID_SHARE", InvalidError),
        (member("x", valid_from="2026-01-01"), "CONTRADICTING_FACTS", ConflictError),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_the_specification_refuses_is_not_recorded(
    empty: SqliteStore, record: Record, code: str, error: type[Exception]
) -> None:
    facts = await two(empty)
    await facts.record(always(member("m")))
    with pytest.raises(error) as refused:
        await facts.record(always(organisation("c"), record))
    assert getattr(refused.value, "code", None) == code
    state = await Facts(empty).current()
    assert (state.seq, sorted(state.facts)) == (2, ["a", "b", "m"])


async def test_a_large_entry_is_seen_as_a_whole_or_not_at_all(empty: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "PART", 3)
    monkeypatch.setattr("services.eligibility.fact_store.facts.PART", 3)
    facts = Facts(empty, lambda: START)
    await facts.record(always(*(organisation(f"o{n}") for n in range(8))))
    assert len((await Facts(empty).current()).facts) == 8
    stored = await empty.get(ENTRIES, entries.entry_id(1))
    assert stored is not None
    assert (len(stored["parts"]), stored["facts"]) == (3, [])


async def test_a_journal_with_a_gap_is_not_read_on(empty: SqliteStore) -> None:
    facts = await two(empty)
    await facts.record(always(organisation("c")))
    await facts.record(always(organisation("d")))
    await empty.delete(ENTRIES, [entries.entry_id(2)])
    with pytest.raises(RuntimeError, match="lacks entry 2"):
        await Facts(empty).current()
