"""Facts that cannot be true together, over all time (steps 13 to 16)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from services.eligibility.engine.facts import (
    ALWAYS,
    Accreditation,
    Activity,
    AuthorityStatus,
    Cooperation,
    Declaration,
    Fact,
    JointRelation,
    LegalOpinion,
    PrivateParticipation,
)
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.view import View

_APART = (
    AuthorityStatus,
    JointRelation,
    Activity,
    PrivateParticipation,
    Declaration,
    Accreditation,
    Cooperation,
    LegalOpinion,
)
"""Kinds of facts that have no part in who is part of whom and who controls whom alone."""


def check_consistency(view: View) -> None:
    """Raises RefusedError for a contradiction; what was found consistent is not looked at again."""
    if view.consistent:
        return
    changed = None if view.unchecked is None else [view.facts.get(id_) for id_ in view.unchecked]
    _check_contradictions(view, changed)
    if changed is not None and all(isinstance(fact, _APART) for fact in changed):
        view.consistent = True
        return
    days = _days(view)
    for day in days:
        _check_parts(view, day)
    sole = {day: _sole(view, day) for day in days}
    for day in days:
        for target, controllers in sole[day].items():
            if len(controllers) > 1:
                names = " and ".join(sorted(controllers))
                raise RefusedError("SOLE_CONTROL_NOT_UNIQUE", 15, f"on {day or 'all days'} {names} control {target} alone")
    for day in days:
        _check_control(sole[day], day)
    view.consistent = True


def _check_contradictions(view: View, changed: Iterable[Fact | None] | None) -> None:
    by_key: dict[tuple[Any, ...], list[Fact]] = defaultdict(list)
    if changed is None:
        for fact in view.facts.values():
            if fact.key is not None:
                by_key[fact.key].append(fact)
    else:
        by_key = {fact.key: view.beside(fact) for fact in changed if fact is not None and fact.key is not None}
    for facts in by_key.values():
        for before, after in pairwise(sorted(facts, key=lambda fact: fact.start)):
            if after.start < before.end:
                raise RefusedError("CONTRADICTING_FACTS", 13, f"{before.id} and {after.id} overlap")


def _days(view: View) -> list[str]:
    """Return a day of each stretch of time in which parts and sole control stay the same."""
    facts = [*view.sole, *(fact for facts in view.part_of.values() for fact in facts)]
    named = [view.organisations[name] for fact in facts for name in fact.named if name in view.organisations]
    return sorted({ALWAYS} | {day for fact in (*facts, *named) for day in (fact.start, fact.valid_to or ALWAYS)})


def _check_parts(view: View, day: str) -> None:
    whole = {fact.source: fact.target for facts in view.part_of.values() for fact in facts if view.valid(fact, day)}
    if cycle := _cycle(whole):
        raise RefusedError("CYCLIC_PART_OF", 14, f"on {day or 'all days'} {cycle} is a part of itself")


def _sole(view: View, day: str) -> dict[str, set[str]]:
    """Return who controls each legal person alone on a day."""
    controllers: dict[str, set[str]] = defaultdict(set)
    for fact in view.sole:
        if view.valid(fact, day):
            source, target = view.legal_person(fact.source, day), view.legal_person(fact.target, day)
            if source != target:
                controllers[target].add(source)
    return controllers


def _check_control(controllers: Mapping[str, set[str]], day: str) -> None:
    if cycle := _cycle({target: next(iter(sources)) for target, sources in controllers.items()}):
        raise RefusedError("CYCLIC_CONTROL", 16, f"on {day or 'all days'} {cycle} controls itself")


def _cycle(above: Mapping[str, str]) -> str | None:
    """Return a member of a cycle of ``above``, None if there is none."""
    done: set[str] = set()
    for start in above:
        way: set[str] = set()
        place: str | None = start
        while place is not None and place not in done:
            if place in way:
                return place
            way.add(place)
            place = above.get(place)
        done |= way
    return None
