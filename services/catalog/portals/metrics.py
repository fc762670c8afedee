"""What is measured of federated portals. Every worker shows the same: take the maximum."""

from __future__ import annotations

from prometheus_client import Gauge

PORTALS = Gauge("catalog_portals", "Federated portals that have reported, by how they stand.", ("state",))
STATE = Gauge(
    "catalog_portal_state",
    "1 for the state in which a portal stands on a topic, judged by the own checkpoints. Shown of the first 100 portals.",
    ("portal", "topic", "state"),
)
BEHIND = Gauge(
    "catalog_portal_behind_records",
    "Offsets that a portal is behind the newest checkpoint of a topic, at most so many records. Shown of the first 100 portals.",
    ("portal", "topic"),
)
