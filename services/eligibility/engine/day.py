"""One day of a view under one rule set: who is whose legal person, which edges there are, and which facts are documented."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from services.eligibility.engine.facts import Activity, Fact, Organisation, SoleRelation
from services.eligibility.engine.rule_sets import RuleSet
from services.eligibility.engine.verdicts import Outcome, Verdict
from services.eligibility.engine.view import Control, View

DOCUMENTED: Final = Outcome(Verdict.EXEMPT, "DOCUMENTED")

MOST_DAYS: Final = 4096
"""Days that a view remembers; then it begins again."""

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation between two legal persons."""

    fact: Control
    source: str
    target: str

    @property
    def joint(self) -> bool:
        """Whether control is exercised together with others."""
        return not isinstance(self.fact, SoleRelation)


class Day:
    """What holds on a day. Answers are remembered: a day is asked the same by many requests."""

    def __init__(self, view: View, on: str, rules: RuleSet) -> None:
        self.view = view
        self.on = on
        self.rules = rules
        self.year = int(on[:4])
        self._persons: dict[str, str] = {}
        self._from: dict[str, tuple[Edge, ...]] = {}
        self._into: dict[str, tuple[Edge, ...]] = {}
        self._sole_into: dict[str, tuple[Edge, ...]] = {}
        self._members: dict[str, tuple[str, ...]] = {}
        self.remembered: dict[tuple[str, ...], Outcome] = {}
        """Outcomes of tests of one body or edge, by name of the test and what it is about."""
        self.answers: dict[Any, Any] = {}
        """What ``evaluate`` remembers, by the legs asked for."""
        self.legs: dict[Any, Any] = {}
        """What ``leg.find_leg`` remembers, by the leg asked for."""

    def exists(self, organisation: str) -> bool:
        """Return whether the organisation exists."""
        return self.view.exists(organisation, self.on)

    def organisation(self, name: str) -> Organisation:
        """Return the organisation. Raises KeyError if it does not exist on the day."""
        return self.view.organisations[name]

    def legal_person(self, organisation: str) -> str:
        """Return the legal person of an organisation."""
        if organisation not in self._persons:
            self._persons[organisation] = self.view.legal_person(organisation, self.on)
        return self._persons[organisation]

    def valid(self, facts: Iterable[F]) -> Iterator[F]:
        """Yield those of the facts that are valid."""
        return (fact for fact in facts if self.view.valid(fact, self.on))

    def members(self, person: str) -> tuple[str, ...]:
        """Return a legal person and its parts: what is recorded on a part counts for it."""
        if person not in self._members:
            found = [person]
            for name in found:
                found += [part.source for part in self.valid(self.view.parts.get(name, ())) if part.source not in found]
            self._members[person] = tuple(found)
        return self._members[person]

    def edges_from(self, person: str) -> tuple[Edge, ...]:
        """Return the edges that lead from a legal person to others."""
        if person not in self._from:
            self._from[person] = self._edges(self.view.relations_from, person)
        return self._from[person]

    def edges_into(self, person: str) -> tuple[Edge, ...]:
        """Return the edges that lead from others to a legal person."""
        if person not in self._into:
            self._into[person] = self._edges(self.view.relations_into, person)
        return self._into[person]

    def sole_into(self, person: str) -> tuple[Edge, ...]:
        """Return the edges by which others control a legal person alone."""
        if person not in self._sole_into:
            self._sole_into[person] = self._edges(self.view.sole_into, person)
        return self._sole_into[person]

    def _edges(self, relations: Mapping[str, Sequence[Control]], person: str) -> tuple[Edge, ...]:
        return tuple(
            Edge(fact, source, target)
            for member in self.members(person)
            for fact in self.valid(relations.get(member, ()))
            if (source := self.legal_person(fact.source)) != (target := self.legal_person(fact.target))
        )

    def figures(self, person: str) -> dict[tuple[str, str, str], dict[int, Activity]]:
        """Return the valid figures of a legal person, by basis, scope and status, then year."""
        found: dict[tuple[str, str, str], dict[int, Activity]] = {}
        for fact in self.valid(self.view.activities.get(person, ())):
            found.setdefault((fact.basis, fact.scope, fact.status), {})[fact.year] = fact
        return found

    def documented(self, fact: Fact) -> Outcome:
        """Return whether a document of an accepted type carries the fact on the day; else what is wrong with what there is."""
        accepted = self.rules.accepted_evidence[fact.accepted_as] if fact.accepted_as is not None else frozenset()
        documents = [
            document
            for id_ in sorted(fact.evidence)
            if (document := self.view.documents.get(id_)) is not None and document.type in accepted
        ]
        if any(document.on(self.on) for document in documents):
            return DOCUMENTED
        params: dict[str, object] = {"fact": fact.id, "accepted": sorted(accepted)}
        expired = [document for document in documents if document.end <= self.on]
        if not documents:
            code = "EVIDENCE_MISSING"
        elif expired:
            newest = max(expired, key=lambda document: document.end)
            code, params = "EVIDENCE_EXPIRED", {"fact": fact.id, "document": newest.id, "expired_on": newest.valid_to}
        else:
            next_ = min(documents, key=lambda document: document.start)
            code, params = "EVIDENCE_NOT_YET_VALID", {"fact": fact.id, "document": next_.id, "date": next_.valid_from}
        return Outcome(Verdict.NO_EVIDENCE, code, (fact.id,), params)

    def carried_by(self, fact_id: str) -> tuple[str, ...]:
        """Return the ids of the documents that carry a fact on the day."""
        fact = self.view.facts[fact_id]
        accepted = self.rules.accepted_evidence.get(fact.accepted_as or "", frozenset())
        return tuple(
            id_
            for id_ in sorted(fact.evidence)
            if (document := self.view.documents.get(id_)) is not None and document.type in accepted and document.on(self.on)
        )


def day_of(view: View, on: str, rules: RuleSet) -> Day:
    """Return a day of a view under a rule set; what was found out about it is remembered with the view."""
    key = (on, rules.id)
    if key not in view.days:
        if len(view.days) >= MOST_DAYS:
            view.days.clear()
        view.days[key] = Day(view, on, rules)
    day: Day = view.days[key]
    return day
