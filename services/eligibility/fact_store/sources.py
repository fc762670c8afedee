"""Brings facts that come from a source, such as a file or a registered organisation's record, to what the source says now.

What others have recorded about the same fact since stays: of a correction by the source only the fields are taken that the source
itself has changed, and what a person has withdrawn is not stated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.eligibility.engine.facts import FACTS, Fact
from services.eligibility.fact_store.entry import Origin, Record, Revision
from services.eligibility.fact_store.state import State, newest

SHAPE = frozenset({"id", "rev", "withdrawn", "recorded_at"})
"""Fields of a revision that are no statement."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact or document as its source states it: ``content`` without ``rev``; ``note`` names the place in the source."""

    content: Mapping[str, Any]
    note: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """What is to be recorded of facts, and which stated ones were left out because another fact of that key is recorded."""

    records: tuple[Record, ...]
    contradicting: tuple[str, ...] = ()


def fact_changes(state: State, origin: Origin, stated: Sequence[Stated], scope: Iterable[str]) -> Difference:
    """Return the revisions that bring the facts of a source to what it states.

    ``scope`` names the ids that this source has stated before: those that it states no longer are withdrawn. What a person has
    corrected since stays if a file leaves it out; it goes if the organisation itself takes its statement back.
    A stated fact whose key another fact holds for some of its days is left out.
    """
    gone = list(_withdrawals(state.facts, origin, {str(it.content["id"]) for it in stated}, scope))
    found = [_change(state.facts.get(str(it.content["id"]), ()), origin, it) for it in stated]
    records = [record for record in found if record is not None]
    changed = [*gone, *(record for record in records if record.rev > 1)]
    new = [record for record in records if record.rev == 1]
    # A new fact often takes the days that a correction of the same entry frees.
    keys = _Keys(state, changed) if new and state.facts else None
    fitting = [record for record in new if keys is None or keys.take(record)]
    taken = {record.id for record in fitting}
    left_out = tuple(record.id for record in new if record.id not in taken)
    return Difference((*changed, *fitting), left_out)


def document_changes(state: State, origin: Origin, stated: Iterable[Stated]) -> tuple[Record, ...]:
    """Return the revisions that bring the documents of a source to what it states; none is withdrawn."""
    found = (_change(state.documents.get(str(it.content["id"]), ()), origin, it) for it in stated)
    return tuple(record for record in found if record is not None)


def _change(revisions: Sequence[Revision], origin: Origin, stated: Stated) -> Record | None:
    last = newest(revisions)
    if last is None:
        return Record({**stated.content, "rev": 1}, stated.note, stated.details)
    base = newest([revision for revision in revisions if revision.head.origin is origin])
    if base is None or (last.record.withdrawn and last.head.origin is not origin):
        return None
    if _statement(base.content) == _statement(stated.content) and not base.record.withdrawn:
        return None
    before, after = dict(last.content), dict(stated.content)
    changed = {name for name in {*before, *after} - SHAPE if base.content.get(name) != after.get(name)}
    merged = {name: value for name, value in before.items() if name not in changed | SHAPE}
    merged |= {name: after[name] for name in changed & after.keys()}
    if "evidence" in changed:
        merged["evidence"] = _documents(base.content, before, after)
    if merged == _statement(before) and not last.record.withdrawn:
        return None
    return Record(
        {"id": last.record.id, **merged, "rev": last.record.rev + 1}, stated.note, stated.details or last.record.details
    )


def _documents(base: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the documents of a merged fact: those that the source names now, and those that others have added."""
    own, added = base.get("evidence", []), before.get("evidence", [])
    return [*after.get("evidence", []), *(it for it in added if it not in own and it not in after.get("evidence", []))]


def _statement(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in SHAPE}


def _withdrawals(
    revisions: Mapping[str, Sequence[Revision]], origin: Origin, present: set[str], scope: Iterable[str]
) -> Iterator[Record]:
    for id_ in sorted(set(scope) - present):
        last = newest(revisions.get(id_, ()))
        if last is not None and not last.record.withdrawn and origin in (last.head.origin, Origin.ORGANISATION):
            yield Record({**last.content, "rev": last.record.rev + 1, "withdrawn": True})


class _Keys:
    """For which days which facts hold the keys that only one fact may hold at a time."""

    def __init__(self, state: State, changed: Sequence[Record]) -> None:
        self._view = state.world.view(None)
        standing = FACTS.validate_python([record.content for record in changed if not record.withdrawn], extra="ignore")
        self._changed = {record.id for record in changed}
        self._taken: dict[tuple[Any, ...], list[Fact]] = {}
        for fact in standing:
            if fact.key is not None:
                self._taken.setdefault(fact.key, []).append(fact)

    def take(self, record: Record) -> bool:
        """Return whether a new fact fits beside the others, and count it among them if so."""
        (fact,) = FACTS.validate_python([record.content], extra="ignore")
        if fact.key is None:
            return True
        others = [*(it for it in self._view.beside(fact) if it.id not in self._changed), *self._taken.get(fact.key, ())]
        if any(fact.start < it.end and it.start < fact.end for it in others):
            return False
        self._taken.setdefault(fact.key, []).append(fact)
        return True
