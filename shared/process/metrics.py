"""Metrics that every process exports: readiness, outboxes, periodic work."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import Counter, Gauge

from shared.aggregate.outbox import Backlog

READY = Gauge("marktplatz_ready", "1 while a check of the readiness probe holds.", ("check",))

OUTBOX_AGE = Gauge(
    "marktplatz_outbox_age_seconds",
    "How long the oldest event that is not published yet has lain in the collection; 0 if there is none."
    " Every worker of a service tells the same: take the maximum.",
    ("collection",),
)
OUTBOX_EVENTS = Gauge(
    "marktplatz_outbox_events",
    "Events not published yet, counted in the 200 documents that wait longest: at least so many. Take the maximum.",
    ("collection",),
)

PERIODIC_RUNS = Counter("marktplatz_periodic_runs", "Runs of periodic work, by outcome: done, failed.", ("task", "outcome"))
PERIODIC_SUCCESS = Gauge(
    "marktplatz_periodic_success_timestamp_seconds",
    "When the work last ended without an error; the start of the process counts as such.",
    ("task",),
)
PERIODIC_INTERVAL = Gauge("marktplatz_periodic_interval_seconds", "Pause between two runs of the work.", ("task",))


def show_backlog(collection: str, backlog: Backlog, at: datetime) -> None:
    """Show the outboxes of a collection as they were found at ``at``."""
    age = 0.0 if backlog.since is None else (at - backlog.since).total_seconds()
    OUTBOX_AGE.labels(collection).set(max(0.0, age))
    OUTBOX_EVENTS.labels(collection).set(backlog.events)
