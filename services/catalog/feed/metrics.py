"""What is measured of the change feed."""

from __future__ import annotations

from prometheus_client import Gauge

WAITING = Gauge("catalog_feed_waiting", "Requests that wait for a change of a catalog topic in this process.")
