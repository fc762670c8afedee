"""The facts that a check may use, and the question it answers. Immutable; whoever loads them decides what is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from services.eligibility.rules.policy import Policy
from shared.messages.values import AccreditationState, Channel, OrganisationType, Role


class RelationType(StrEnum):
    """How ``source`` belongs to ``target``. PART: no legal person of its own, both are the same body in law."""

    TRAEGER = "TRAEGER"
    MEMBER = "MEMBER"
    OWNER = "OWNER"
    PART = "PART"


class Confirmation(StrEnum):
    """Who stands behind a relation: a published source, the body's own word, or an Anbieter who accredited on it."""

    PUBLISHED = "PUBLISHED"
    STATED = "STATED"
    CONFIRMED = "CONFIRMED"


def holds(valid_from: date | None, valid_to: date | None, on: date) -> bool:
    """Return whether the half-open period [valid_from, valid_to) holds the day; an open end is None."""
    return (valid_from is None or valid_from <= on) and (valid_to is None or on < valid_to)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A document that proves a relation while [valid_from, valid_to) lasts."""

    id: str
    title: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """``source`` is Träger, member or owner of ``target`` during [valid_from, valid_to)."""

    id: str
    source: str
    target: str
    type: RelationType
    valid_from: date | None = None
    valid_to: date | None = None
    confirmation: Confirmation = Confirmation.PUBLISHED
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectiveRelation:
    """Members that a source names as a group only, e.g. the Kommunen of a Land: the ARS of each begins with ``region``."""

    id: str
    region: str
    target: str
    type: RelationType
    name: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """A public body. ``ars`` is its 12-digit key, or the beginning of it for Länder and Kreise."""

    id: str
    name: str
    type: OrganisationType
    ars: str | None = None


@dataclass(frozen=True, slots=True)
class Accreditation:
    """Standing of a registered body at one Anbieter in one role, during [valid_from, valid_to)."""

    id: str
    channel: Channel
    role: Role
    state: AccreditationState
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known. ``accreditations`` has an entry, maybe empty, for each registered body."""

    bodies: Mapping[str, Body] = field(default_factory=dict)
    relations: tuple[Relation, ...] = ()
    collectives: tuple[CollectiveRelation, ...] = ()
    accreditations: Mapping[str, tuple[Accreditation, ...]] = field(default_factory=dict)

    def name(self, body_id: str) -> str:
        """Return the official name of a body, its id if it is unknown."""
        body = self.bodies.get(body_id)
        return body_id if body is None else body.name

    def open_to_all(self) -> Facts:
        """Return what everybody may know of this: published and confirmed relations, and nobody's standing."""
        relations = tuple(relation for relation in self.relations if relation.confirmation is not Confirmation.STATED)
        return replace(self, relations=relations, accreditations={})


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """May ``customer`` order from ``channel`` what ``provider`` provides, if the award is made on ``as_of``?"""

    channel: Channel
    customer: str
    provider: str
    as_of: date
    policy: Policy
