"""Metrics of the re-check. How far it is behind, every worker tells the same: take the maximum."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

BEHIND = Gauge(
    "eligibility_recheck_behind_seconds",
    "How long the oldest change of facts, or day on which a verdict changes, has waited for its orders to be judged again;"
    " 0 if none waits. Every worker tells the same: take the maximum.",
)
RECHECKED = Counter("eligibility_rechecked_orders", "Orders judged again, by outcome: same, changed, failed.", ("outcome",))
