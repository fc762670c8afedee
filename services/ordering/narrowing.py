"""Which Vorgänge of a caller's a list shows, and by which index they are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.ordering.domain.order import Order
from shared.http.caller import Caller
from shared.messages.ordering import OrderParty
from shared.messages.values import OrderState, Role
from shared.search.contains import contain
from shared.store.port import Document, Index, Scalar

SCOPES = {OrderParty.KUNDE: "customer_id", OrderParty.BEREITSTELLER: "shown_to", OrderParty.ANBIETER: "channel"}
"""The field of a Vorgang that names each side."""
LIST_INDEXES = (
    *(Index(field, (field, "declared_at")) for field in SCOPES.values()),
    *(Index(f"{field}_state", (field, "state", "declared_at")) for field in SCOPES.values()),
    *(Index(f"{field}_of_offering", (field, "offering_id", "declared_at")) for field in SCOPES.values()),
    *(Index(f"{field}_waiting", (field, "waiting_party", "waiting_since")) for field in SCOPES.values()),
)
"""They hold fields that every version has stored with a Vorgang, so that the Vorgänge of earlier ones are found, too."""
WORDED = ("number", "offering_title", "customer_name", "customer_id", "provider_name", "provider_id")
"""The fields of a Vorgang in which words are looked for."""
Position = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What of a list is asked for; whatever is None does not narrow it.

    With ``waits_for_me`` those alone in which the caller's side holds the ball: the one that has held it for longest comes first.
    Other lists begin with the newest Vorgang. ``words``: those that hold all of them (``WORDED``), as parts of longer ones too.
    """

    state: OrderState | None = None
    party: OrderParty | None = None
    offering_id: str | None = None
    waits_for_me: bool = False
    words: tuple[str, ...] = ()

    @property
    def time(self) -> str:
        """The field of a Vorgang that orders the list."""
        return "waiting_since" if self.waits_for_me else "declared_at"

    @property
    def newest_first(self) -> bool:
        """Whether the list begins with the latest time."""
        return not self.waits_for_me

    def sides(self, caller: Caller) -> list[OrderParty]:
        """Return as which sides the caller's Vorgänge are looked for."""
        anbieter = [OrderParty.ANBIETER] if Role.ANBIETER in caller.roles else []
        return [it for it in (*anbieter, OrderParty.KUNDE, OrderParty.BEREITSTELLER) if self.party in (None, it)]

    def query(self, side: OrderParty, organisation: str) -> tuple[str, dict[str, Scalar]]:
        """Return the index that finds fewest of a side's Vorgänge in the order of the list, with the values that it fixes."""
        field = SCOPES[side]
        scope: dict[str, Scalar] = {field: organisation}
        if self.waits_for_me:
            return f"{field}_waiting", {**scope, "waiting_party": side.value}
        if self.offering_id is not None:
            return f"{field}_of_offering", {**scope, "offering_id": self.offering_id}
        if self.state is not None:
            return f"{field}_state", {**scope, "state": self.state.value}
        return field, scope

    def includes(self, document: Document) -> bool:
        """Return whether a stored Vorgang that the index has found meets the other conditions."""
        state = None if self.state is None else self.state.value
        pairs = ((state, "state"), (self.offering_id, "offering_id"))
        met = all(value is None or document[name] == value for value, name in pairs)
        return met and (not self.words or contain((document[name] for name in WORDED), self.words))

    def position_of(self, order: Order) -> Position:
        """Return the place of a Vorgang in the list."""
        since = order.waiting_since if self.waits_for_me else None
        return since or order.declared_at, order.id

    def merged(self, orders: Sequence[Order], rests: Sequence[Position]) -> Found:
        """Return Vorgänge of all sides as one list; ``rests`` are the places behind which a side was not looked through.

        Behind the first of them Vorgänge of that side may be missing, so the list ends there.
        """
        unique = {order.id: order for order in orders}
        listed = sorted(unique.values(), key=self.position_of, reverse=self.newest_first)
        if not rests:
            return Found(listed)
        rest = max(rests) if self.newest_first else min(rests)
        known = [it for it in listed if (self.position_of(it) >= rest if self.newest_first else self.position_of(it) <= rest)]
        return Found(known, rest)


@dataclass(frozen=True, slots=True)
class Found:
    """Vorgänge in the order of their list. ``rest``: place behind which more may lie, though fewer were found than asked for."""

    orders: list[Order]
    rest: Position | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many Vorgänge there are in a list; ``more``: there may be more than were counted."""

    count: int
    more: bool
