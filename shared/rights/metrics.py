"""Metrics of the rights that a process decides by."""

from __future__ import annotations

from prometheus_client import Gauge

MEMBERS = Gauge("marktplatz_rights_people", "People who are members of an organisation, as this process knows them.")
AGE = Gauge(
    "marktplatz_rights_age_seconds",
    "How long ago the broker last confirmed that this process has read all rights; -1: it never did.",
)
