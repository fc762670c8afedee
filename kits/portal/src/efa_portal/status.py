"""How a store relates to the marketplace, as its follower last saw it, and whether the follower is still there."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from efa_portal.following import utc_now
from efa_portal.health import TopicHealth, TopicState, overall
from efa_portal.report import NOTE, Trouble, parse_report
from efa_portal.store.rows import read_note, read_places, read_view
from efa_portal.topics import CATALOG

SILENT_AFTER = timedelta(minutes=2)
"""A follower that has recorded nothing for so long does not run, or hangs: it records itself at least every 30 seconds."""


class Status(BaseModel):
    """State of a store. ``whole``: readers see a whole catalog. ``running``: a follower was seen in the last two minutes."""

    model_config = ConfigDict(frozen=True)

    store: str
    portal: str | None
    state: TopicState
    whole: bool
    running: bool
    reported_at: AwareDatetime | None
    trouble: Trouble | None
    topics: tuple[TopicHealth, ...]

    @property
    def in_step(self) -> bool:
        """Whether the store is verified and somebody sees to it that it stays so."""
        return self.state is TopicState.IN_STEP and self.running and self.trouble is None


def read_status(connection: sqlite3.Connection, path: Path) -> Status:
    """Return the status of a store. Raises StoreDamagedError."""
    views = [read_view(connection, topic.name) for topic in CATALOG]
    for view in views:
        if view.shown is not None:
            read_places(connection, view.topic, view.shown)
    report = parse_report(read_note(connection, NOTE))
    at = utc_now()
    states = {} if report is None else {topic.topic: topic.state for topic in report.topics}
    return Status(
        store=str(path),
        portal=None if report is None else report.portal,
        state=overall(states),
        whole=all(view.shown is not None for view in views),
        running=report is not None and at - report.reported_at < SILENT_AFTER,
        reported_at=None if report is None else report.reported_at,
        trouble=None if report is None else report.trouble,
        topics=() if report is None else report.topics,
    )


def describe(status: Status) -> str:
    """Return a status as lines for people."""
    lines = [f"Store     {status.store}", f"Portal    {status.portal or 'reports nothing to the marketplace'}"]
    seen = "never" if status.reported_at is None else _time(status.reported_at)
    lines.append(f"Follower  {'running' if status.running else 'not running'}, last seen {seen}")
    if status.trouble is not None:
        lines.append(f"Trouble   since {_time(status.trouble.since)}: {status.trouble.text}")
    if not status.whole:
        lines.append("Catalog   not whole yet: nothing is shown until the first build is complete")
    for topic in status.topics:
        words = [f"{topic.topic}: {topic.state}", f"{topic.live} entries"]
        if topic.lag:
            words.append(f"{topic.lag} records behind" + (f" since {_time(topic.behind_since)}" if topic.behind_since else ""))
        words.append(f"verified {_time(topic.verified_at)}" if topic.verified_at else "never verified")
        lines += [", ".join(words), f"  sha256 {topic.sha256}"]
    return "\n".join(lines)


def _time(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
