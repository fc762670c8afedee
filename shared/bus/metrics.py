"""Metrics of the bus for Prometheus."""

from __future__ import annotations

import math
from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

PUBLISHED = Counter("marktplatz_bus_published", "Records sent, by outcome", ["outcome"])
PRODUCER_RENEWED = Counter("marktplatz_bus_producer_renewed", "Producers given up and replaced", ["reason"])
PRODUCER_UP = Gauge("marktplatz_bus_producer_up", "1 while the producer is connected, 0 while not, NaN where there is none")
PRODUCER_UP.set(math.nan)
CERTIFICATE_EXPIRY = Gauge(
    "marktplatz_bus_certificate_expiry_timestamp_seconds", "End of the client certificate in use, NaN where there is none"
)
CERTIFICATE_EXPIRY.set(math.nan)

EVENTS = Counter("marktplatz_bus_events", "Records read, by what became of them", ["group", "outcome"])
BATCHES = Counter("marktplatz_bus_batches", "Batches of records, by outcome", ["group", "outcome"])
DEAD_LETTERS = Counter("marktplatz_bus_dead_letters", "Records put into the dead-letter topic", ["group", "code"])
QUARANTINED = Counter("marktplatz_bus_quarantined", "Batches that the client could not decode", ["group", "topic"])
RETRIES = Counter("marktplatz_bus_retries", "Repetitions in place", ["group"])
RESTARTS = Counter("marktplatz_bus_consumer_restarts", "Consumers restarted because they were stuck or broken", ["group"])
STOPPED = Gauge("marktplatz_bus_consumer_stopped", "1 when a consumer has stopped itself", ["group"])
LAG_RECORDS = Gauge("marktplatz_bus_lag_records", "Records not yet committed on the assigned partitions", ["group"])
LAG_SECONDS = Gauge(
    "marktplatz_bus_lag_seconds", "Age of the oldest record of the batch in hand or the last one, 0 without lag", ["group"]
)
COMMIT_SECONDS = Histogram("marktplatz_bus_commit_seconds", "Duration of an offset commit", ["group"])
_OF_A_GROUP = (EVENTS, BATCHES, DEAD_LETTERS, QUARANTINED, RETRIES, RESTARTS, STOPPED, LAG_RECORDS, LAG_SECONDS, COMMIT_SECONDS)

MIRROR_READ = Gauge(
    "marktplatz_mirror_read_timestamp_seconds", "When a mirrored topic last brought something, 0 before", ["topic"]
)
MIRROR_BYTES = Gauge("marktplatz_mirror_bytes", "Keys and values of a mirrored topic that are held in memory", ["topic"])
MIRROR_LIVE = Gauge("marktplatz_mirror_live", "Keys of a mirrored topic that have a value", ["topic"])


def announce(group: str, topics: Iterable[str]) -> None:
    """Show a consumer before anything has happened to it: a counter born with 1 has no increase to alert on."""
    STOPPED.labels(group).set(0)
    RESTARTS.labels(group)
    EVENTS.labels(group, "dead")
    for topic in topics:
        QUARANTINED.labels(group, topic)


def forget(group: str) -> None:
    """Show a group no longer that is not read any more."""
    for metric in _OF_A_GROUP:
        metric.remove_by_labels({"group": group})
