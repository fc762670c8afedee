"""What the follower last recorded about itself in the store, for whoever asks without a broker."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from efa_portal.following import utc_now
from efa_portal.health import TopicHealth
from efa_portal.store.writer import Store

NOTE = "report"


class Trouble(BaseModel):
    """Why the follower cannot go on now, and since when."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str
    since: AwareDatetime


class Report(BaseModel):
    """How the topics stood when the follower last looked."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    portal: str | None
    reported_at: AwareDatetime
    topics: tuple[TopicHealth, ...]
    trouble: Trouble | None = None

    @classmethod
    def now(cls, portal: str | None, topics: tuple[TopicHealth, ...], trouble: Trouble | None) -> Self:
        """Return the report of this moment."""
        at: datetime = utc_now()
        return cls(portal=portal, reported_at=at, topics=topics, trouble=trouble)


def write_report(store: Store, report: Report) -> None:
    """Record a report in the store."""
    store.note(NOTE, report.model_dump_json())


def parse_report(text: str | None) -> Report | None:
    """Return a recorded report, or None where there is none that can be read."""
    try:
        return None if text is None else Report.model_validate_json(text)
    except ValidationError:
        return None
