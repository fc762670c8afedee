"""The lists of those in charge of offers: the own ones, those of a channel, those that are or were public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.catalog.domain.offering import examined_by, seen_by
from shared.http.auth import Caller
from shared.messages.values import OfferingState, Role
from shared.search.contains import contain
from shared.store.port import Document, Query, Scalar


class View(StrEnum):
    """Whose work list: one's own offers, those handed in to one's channel, those with a version that waits for it; all public."""

    BEREITSTELLER = "bereitsteller"
    ANBIETER = "anbieter"
    VERSIONS = "versions"
    PUBLIC = "public"


_VIEWS = {Role.ANBIETER: View.ANBIETER, Role.BEREITSTELLER: View.BEREITSTELLER, Role.BETREIBER: View.PUBLIC}
"""The work list of each role where no view is named."""


@dataclass(frozen=True, slots=True)
class OfferingList:
    """Offers by an index, the last changed first: those in a state, and those that hold all words, if that is asked for."""

    index: str
    whose: Mapping[str, Scalar] = field(default_factory=dict)
    state: OfferingState | None = None
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, caller: Caller, view: View | None, state: OfferingState | None, words: tuple[str, ...]) -> OfferingList:
        """Return the list that a caller asks for. Raises ForbiddenError for one of a role that they do not have."""
        chosen = view or next((it for role, it in _VIEWS.items() if role in caller.roles), View.BEREITSTELLER)
        match chosen:
            case View.PUBLIC:
                caller.require(Role.BETREIBER)
                return cls("by_changed", {}, state, words)
            case View.ANBIETER:
                channel = caller.channel
                return cls(f"by_{channel.value}", {seen_by(channel): True}, state, words)
            case View.VERSIONS:
                channel = caller.channel
                return cls(f"by_{channel.value}_version", {examined_by(channel): True}, state, words)
            case View.BEREITSTELLER:
                caller.require(Role.BEREITSTELLER)
                return cls("by_provider", {"provider_id": caller.organisation}, state, words)

    def query(self, only: tuple[str, ...], limit: int, after: tuple[Scalar, ...] | None = None) -> Query:
        """Return the query that finds its offers, whatever words are asked for."""
        index, equals = self.index, dict(self.whose)
        if self.state is not None:
            index, equals = f"{index}_state", {**equals, "state": self.state.value}
        return Query(index, equals=equals, after=after, descending=True, limit=limit, only=only)

    def includes(self, document: Document) -> bool:
        """Return whether an offer holds all words: in its title, that of a version that waits, its keys, its Bereitsteller."""
        if not self.words:
            return True
        form, provider = document["form"], document["provider"]
        pending = (document.get("pending") or {}).get("form", {})
        keys = (*(f"OZG{it}" for it in form.get("ozg_ids", ())), *(f"LeiKa{it}" for it in form.get("leika_keys", ())))
        texts = (form["title"], pending.get("title"), provider["name"], provider["id"], document["_id"], *keys)
        return contain(texts, self.words)
