"""Which change of an offer was published with all that this version publishes.

A version that publishes more than the one before must not wait for the next change of each offer, and during a rolling update
the older one still writes: it leaves the statement as it was, so the change that it speaks of is not the last one then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from shared.messages.base import Value
from shared.messages.values import Time

EDITION = 1
"""Rises by one when the public state of an offer gets a further field that readers must not miss."""


class Statement(Value):
    """The last change that was published with all fields of an edition."""

    edition: Annotated[int, Field(ge=1)]
    changed_at: Time

    @classmethod
    def now(cls, changed_at: datetime) -> Self:
        """Return the statement of a change that this version publishes."""
        return cls(edition=EDITION, changed_at=changed_at)


def is_stated(statement: Statement | None, changed_at: datetime) -> bool:
    """Return whether the change of that time was published with all that this version, or a later one, publishes."""
    return statement is not None and statement.edition >= EDITION and statement.changed_at == changed_at
