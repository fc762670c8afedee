"""What is visible for a request, indexed by organisation: one revision of each fact, over all time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from services.eligibility.engine.facts import (
    AboutOne,
    Accreditation,
    Activity,
    AuthorityStatus,
    Cooperation,
    Declaration,
    Document,
    Fact,
    JointRelation,
    LegalOpinion,
    Organisation,
    PartOf,
    PrivateParticipation,
    SoleRelation,
)

_INDEXES = (
    "status",
    "part_of",
    "parts",
    "sole_into",
    "relations_from",
    "relations_into",
    "activities",
    "participations",
    "declarations",
    "accreditations",
    "cooperations",
    "opinions",
)

Control = SoleRelation | JointRelation
"""Relations that are edges of the graph: all but PART_OF."""


class View:
    """Indexes of visible facts, each in the order of ids: nothing depends on the order of the input."""

    def __init__(self, facts: Sequence[Fact], documents: Mapping[str, Document]) -> None:
        self.facts: Mapping[str, Fact] = {fact.id: fact for fact in sorted(facts, key=lambda fact: fact.id)}
        self.documents = documents
        self.consistent = False
        """Whether the facts have been found free of contradictions."""
        self.candidates: dict[tuple[str, str], tuple[str, ...]] = {}
        """What ``evaluate`` remembers of days on which a verdict may change, by day and rule set."""
        self.unchecked: frozenset[str] | None = None
        """Ids of the facts in which this view differs from a consistent one, None if there is none to compare with."""
        self.days: dict[tuple[str, str], Any] = {}
        """What ``day.day_of`` remembers, by day and rule set."""
        self.organisations: dict[str, Organisation] = {}
        self.status: dict[str, list[AuthorityStatus]] = defaultdict(list)
        self.part_of: dict[str, list[PartOf]] = defaultdict(list)
        self.parts: dict[str, list[PartOf]] = defaultdict(list)
        self.relations_from: dict[str, list[Control]] = defaultdict(list)
        self.relations_into: dict[str, list[Control]] = defaultdict(list)
        self.sole_into: dict[str, list[SoleRelation]] = defaultdict(list)
        self.activities: dict[str, list[Activity]] = defaultdict(list)
        self.participations: dict[str, list[PrivateParticipation]] = defaultdict(list)
        self.declarations: dict[str, list[Declaration]] = defaultdict(list)
        self.accreditations: dict[tuple[str, str, str], list[Accreditation]] = defaultdict(list)
        self.cooperations: dict[str, list[Cooperation]] = defaultdict(list)
        self.opinions: dict[str, list[LegalOpinion]] = defaultdict(list)
        for fact in self.facts.values():
            if isinstance(fact, Organisation):
                self.organisations[fact.id] = fact
            for index, key in self._places(fact):
                index[key].append(fact)

    def with_changes(self, changes: Mapping[str, Fact | None], documents: Mapping[str, Document]) -> View:
        """Return the view in which these facts are as given, None for gone, and the documents are these: much is shared."""
        view = View((), documents)
        same_kinds = all(fact is None or type(self.facts.get(id_, fact)) is type(fact) for id_, fact in changes.items())
        view.unchecked = frozenset(changes) if self.consistent and same_kinds else None
        for name in _INDEXES:
            setattr(view, name, defaultdict(list, getattr(self, name)))
        view.organisations = dict(self.organisations)
        facts = dict(self.facts)
        for id_, fact in changes.items():
            before = facts.pop(id_, None)
            if before is not None:
                view.organisations.pop(id_, None)
                for index, key in view._places(before):
                    index[key] = [it for it in index[key] if it.id != id_]
            if fact is not None:
                facts[id_] = fact
                if isinstance(fact, Organisation):
                    view.organisations[id_] = fact
                for index, key in view._places(fact):
                    index[key] = sorted([*index[key], fact], key=lambda it: it.id)
        # Sorted by key: tens of thousands of pairs made for a moment would set off the garbage collector over all facts.
        view.facts = {id_: facts[id_] for id_ in sorted(facts)}
        return view

    @cached_property
    def sole(self) -> tuple[SoleRelation, ...]:
        """All relations of sole control."""
        return tuple(fact for facts in self.sole_into.values() for fact in facts)

    def _places(self, fact: Fact) -> Iterator[tuple[dict[Any, list[Any]], Any]]:
        """Yield the indexes that hold a fact, each with the key under which it does; the one of its own kind first."""
        match fact:
            case PartOf():
                yield self.part_of, fact.source
                yield self.parts, fact.target
            case SoleRelation() | JointRelation():
                yield self.relations_from, fact.source
                yield self.relations_into, fact.target
                if isinstance(fact, SoleRelation):
                    yield self.sole_into, fact.target
            case Accreditation():
                yield self.accreditations, (fact.org, fact.anbieter, fact.role)
            case Cooperation():
                for party in fact.parties:
                    yield self.cooperations, party
            case AboutOne():
                yield self._about_one(fact), fact.org

    def _about_one(self, fact: AboutOne) -> dict[str, list[Any]]:
        match fact:
            case AuthorityStatus():
                return self.status
            case Activity():
                return self.activities
            case PrivateParticipation():
                return self.participations
            case Declaration():
                return self.declarations
            case _:
                return self.opinions

    def beside(self, fact: Fact) -> list[Fact]:
        """Return the facts of the same key, the fact itself included."""
        index, key = next(self._places(fact))
        return [it for it in index[key] if it.key == fact.key]

    @cached_property
    def change_days(self) -> tuple[str, ...]:
        """All days on which a fact or document begins or ends to hold, and the days of ``active_since``, ascending."""
        records = (*self.facts.values(), *self.documents.values())
        days = {day for record in records for day in (record.valid_from, record.valid_to) if day is not None}
        days |= {day for organisation in self.organisations.values() for day in organisation.active_since}
        return tuple(sorted(days))

    def exists(self, organisation: str, day: str) -> bool:
        """Return whether an organisation exists on a day."""
        found = self.organisations.get(organisation)
        return found is not None and found.on(day)

    def valid(self, fact: Fact, day: str) -> bool:
        """Return whether a fact is valid on a day: in its interval, and all that it names exist."""
        return fact.on(day) and all(self.exists(name, day) for name in fact.named)

    def legal_person(self, organisation: str, day: str) -> str:
        """Return the legal person of an organisation on a day: valid PART_OF facts are followed to the end."""
        person, seen = organisation, {organisation}
        while part := next((fact for fact in self.part_of.get(person, ()) if self.valid(fact, day)), None):
            if part.target in seen:
                break
            person = part.target
            seen.add(person)
        return person
