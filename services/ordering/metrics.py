"""Metrics over all Vorgänge together. Every worker reports the same values: take the maximum over them."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

ORDERS = Gauge("ordering_orders", "Vorgänge by Anbieter and state.", ("channel", "state"))
STATE_AGE = Gauge(
    "ordering_state_age_seconds",
    "How long the Vorgang has been in its state that has been there for longest; 0 if there is none. Open states only.",
    ("channel", "state"),
)
WAITING = Gauge("ordering_waiting", "Vorgänge by Anbieter and what somebody is to do next.", ("channel", "what"))
WAITING_AGE = Gauge(
    "ordering_waiting_age_seconds",
    "How long the Vorgang has waited for that step that has waited for longest; 0 if there is none.",
    ("channel", "what"),
)
PARTNER_RECORDS = Counter(
    "ordering_partner_records",
    "Records of partners, by what their receipt says: accepted, refused, quarantined.",
    ("partner", "status"),
)
PARTNER_THROTTLED = Gauge(
    "ordering_partner_throttled_seconds",
    "How long this process has paused reading a partner that is beyond its quota.",
    ("partner",),
)
PARTNER_QUARANTINE = Gauge("ordering_partner_quarantine", "Records of partners in quarantine that nobody has decided about.", ())
PARTNER_QUARANTINE_AGE = Gauge(
    "ordering_partner_quarantine_age_seconds",
    "How long the oldest record has lain in quarantine that nobody has decided about; 0 if there is none.",
    (),
)
