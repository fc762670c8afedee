"""How a body uses an offer through a channel: reported uses, entry by entry, and the last days of its Vorgänge."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from pydantic import Field

from shared.aggregate.base import Aggregate
from shared.ids import derived_id
from shared.messages.base import Value
from shared.messages.values import Channel, EntityId, Month, OrganisationId, Time


class UsesEntry(Value):
    """An entry of reported uses. It is never changed: a correction is a further entry for the same days with a higher ``rev``.

    ``count`` are the uses of the body in these days, ``own`` those of the Vorgang that reported.
    """

    first: date
    last: date
    rev: int
    count: int
    own: int
    order_id: EntityId
    recorded_at: Time


class Usage(Aggregate):
    """Uses of one body of one offer through one channel. ``ends`` maps Vorgänge to their last days of use."""

    offering_id: EntityId
    channel: Channel
    organisation: OrganisationId
    entries: tuple[UsesEntry, ...] = ()
    ends: dict[str, date] = Field(default_factory=dict)

    def report(self, order_id: str, month: Month, count: int, at: Time) -> None:
        """Add the uses of a month that a Vorgang has reported.

        Of several Vorgänge of the body in one month, such as one that has ended and the next, the uses are added up.
        """
        year, number = int(month[:4]), int(month[5:])
        first, last = date(year, number, 1), date(year, number, monthrange(year, number)[1])
        same_days = [entry for entry in self.entries if entry.first == first and entry.last == last]
        others = {entry.order_id: entry.own for entry in same_days if entry.order_id != order_id}
        entry = UsesEntry(
            first=first,
            last=last,
            rev=len(same_days) + 1,
            count=count + sum(others.values()),
            own=count,
            order_id=order_id,
            recorded_at=at,
        )
        self.entries = (*self.entries, entry)

    def end(self, order_id: str, last_day: date) -> None:
        """Record the last day of use of a Vorgang."""
        self.ends = {**self.ends, order_id: last_day}


def usage_id(channel: Channel, offering_id: str, organisation: str) -> str:
    """Return the id of a body's usage of an offer through a channel."""
    return derived_id("usage", channel.value, offering_id, organisation)
