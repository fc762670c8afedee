"""What the gate reports: the type, the place in it, what changed, and what to do instead."""

from __future__ import annotations

from dataclasses import dataclass

NEW_TYPE = "publish a new type beside the old one (…v2) and send both until no reader needs the old one"
NEW_TOPIC = "set up a new topic beside the old one and write to both until no reader needs the old one"
OPTIONAL = "add it with a default: readers of the release do not know it, and its events lack it"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One breaking change."""

    type: str
    place: str
    what: str
    instead: str = NEW_TYPE

    def __str__(self) -> str:
        return f"{self.type}: {self.place}: {self.what}. Instead: {self.instead}."
