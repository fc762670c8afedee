"""Who may see and state which facts. An organisation its own, an Anbieter what is stated to it, the operator all.

Facts of the reference data are public; what others have recorded about them since is for those whom it concerns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.eligibility.engine.edges import AGAINST
from services.eligibility.fact_store.entry import Origin, Revision
from services.eligibility.fact_store.state import State, newest
from shared.errors import ForbiddenError

EXAMINED: Mapping[str, tuple[str, ...]] = {
    "relation": ("strategic", "significant", "all_fields", "organ_seat", "joint_influence", "contrary_interests"),
    "private_participation": ("statutory", "controlling", "blocking", "decisive_influence"),
    "cooperation": ("common_goals", "public_interest_only", "private_advantage"),
}
"""Fields by kind that say what an examination has found; null until then."""
OWN_KINDS = ("relation", "activity", "private_participation", "declaration", "cooperation", "legal_opinion")
"""Kinds that an organisation states of itself."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who asks: an organisation; as an Anbieter also its channel; or the operator, who sees and states everything."""

    organisation: str
    anbieter: str | None = None
    operator: bool = False

    def sees(self, state: State, revisions: Sequence[Revision]) -> tuple[Revision, ...]:
        """Return those revisions of a fact that are for this audience, in their order."""
        if self.operator or self._concerned(state, revisions):
            return tuple(revisions)
        return tuple(revision for revision in revisions if revision.head.origin is Origin.REFERENCE)

    def sees_document(self, state: State, document_id: str) -> tuple[Revision, ...]:
        """Return the revisions of a document: for whoever recorded it, and whoever may see a fact that cites it."""
        revisions = state.documents.get(document_id, ())
        if self.operator or any(it.head.organisation == self.organisation for it in revisions):
            return tuple(revisions)
        if revisions and revisions[0].head.origin is Origin.REFERENCE:
            return tuple(revisions)
        cited = (state.facts[fact] for fact in state.citing.get(document_id, ()))
        return tuple(revisions) if any(self._concerned(state, it) for it in cited) else ()

    def owns_document(self, state: State, document_id: str) -> bool:
        """Return whether this audience has recorded a document: by itself, or with a statement on its in-house relation."""
        last = newest(state.documents.get(document_id, ()))
        if last is None or self.operator or last.head.organisation == self.organisation:
            return last is not None
        # The first facts that cite it are those of the organisation's record itself: its statement, then its relation.
        stated = (state.facts[fact][0] for fact in state.citing.get(document_id, ()))
        return any(it.head.origin is Origin.ORGANISATION and self.organisation in subjects(it.content) for it in stated)

    def require_statement(self, state: State, content: Mapping[str, Any]) -> None:
        """Return if this audience may record a fact. Raises ForbiddenError: ``fact_not_yours``, ``examination_reserved``."""
        kind = content["kind"]
        if kind == "accreditation":
            raise ForbiddenError("Accreditations come about by the Anbieter's decision on a request.", code="fact_by_decision")
        if self.operator or (self.anbieter is not None and self._stated_to(state, content)):
            return
        if kind not in OWN_KINDS or content.get("type") == "PART_OF" or self.organisation not in subjects(content):
            raise ForbiddenError(f"{self.organisation} states facts of its own only.", code="fact_not_yours")
        found = [name for name in EXAMINED.get(kind, ()) if content.get(name) is not None]
        if found:
            raise ForbiddenError(
                f"What an examination finds is recorded by the Anbieter: leave {', '.join(found)} null.",
                code="examination_reserved",
                fields=found,
            )

    def require_change(self, state: State, revisions: Sequence[Revision]) -> None:
        """Return if this audience may correct or withdraw a fact. Raises ForbiddenError (``fact_not_yours``)."""
        last = newest(revisions)
        if last is None or self.operator:
            return
        if last.content["kind"] == "accreditation":
            raise ForbiddenError("An accreditation changes by a decision of the Anbieter.", code="fact_by_decision")
        if self.anbieter is not None and self._stated_to(state, last.content):
            return
        if last.head.organisation != self.organisation:
            raise ForbiddenError(
                "Somebody else has recorded or examined this last; ask the Anbieter to correct it.", code="fact_not_yours"
            )

    def _concerned(self, state: State, revisions: Sequence[Revision]) -> bool:
        if any(it.head.organisation == self.organisation or self.organisation in subjects(it.content) for it in revisions):
            return True
        return self.anbieter is not None and any(self._stated_to(state, it.content) for it in revisions)

    def _stated_to(self, state: State, content: Mapping[str, Any]) -> bool:
        """Return whether a fact is about a body that has turned to this Anbieter, about the Anbieter, or public."""
        if content["kind"] == "accreditation":
            return bool(content["anbieter"] == self.anbieter)
        first = state.facts.get(str(content["id"]), ())
        if (first and first[0].head.origin is Origin.REFERENCE) or content.get("to") == self.anbieter:
            return True
        return any(it == self.anbieter or self._turned_to(state, it) for it in subjects(content))

    def _turned_to(self, state: State, organisation: str) -> bool:
        prefix = f"organisation:{organisation}:{self.anbieter}:"
        return any(id_.startswith(prefix) for id_ in state.facts_of.get(organisation, ()))


def unexamined(content: Mapping[str, Any]) -> list[str]:
    """Return what of a fact nobody has examined yet, by name of the field."""
    return [name for name in EXAMINED.get(content["kind"], ()) if name in content and content[name] is None]


def against(content: Mapping[str, Any]) -> list[str]:
    """Return which findings speak against a relation, by name of the field: then nobody has to examine the rest of it."""
    return [name for name, value in AGAINST.items() if content["kind"] == "relation" and content.get(name) == value]


def subjects(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the organisations that a fact is about: whose own fact it is."""
    match content["kind"]:
        case "organisation":
            return (str(content["id"]),)
        case "relation":
            return (content["from"],)
        case "cooperation":
            return tuple(content["parties"])
        case _:
            return (content["org"],)
