"""When Strimzi may renew certificates and roll brokers for it: in windows that can be hit, and not at any hour."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploy.checks.generic.objects import Finding, Objects, texts, where

SHORT, LONG = 6, 7
"""Fields of a Quartz cron expression: second, minute, hour, day of the month, month, day of the week, perhaps year."""

_FIELDS = (
    r"[0-9*,/-]+",
    r"[0-9*,/-]+",
    r"[0-9*,/-]+",
    r"[0-9*?,/LW-]+",
    r"[0-9A-Z*,/-]+",
    r"[0-9A-Z*?,/L#-]+",
    r"[0-9*,/-]+",
)


def check_windows(objects: Objects) -> Iterator[Finding]:
    """Check the maintenance windows of every Kafka cluster: ``kafka-window``. Source: Strimzi 1.2, maintenanceTimeWindows."""
    for kafka in objects.of("Kafka"):
        windows = texts(kafka, "spec", "maintenanceTimeWindows")
        if not windows:
            message = "needs maintenanceTimeWindows: without, renewed certificates roll the brokers at any hour"
            yield Finding("kafka-window", where(kafka), message)
        for window in windows:
            if fault := _fault(window):
                yield Finding("kafka-window", where(kafka), f"the window '{window}' {fault}")


def _fault(window: str) -> str:
    fields = window.split()
    if not SHORT <= len(fields) <= LONG or not all(
        re.fullmatch(form, field) for form, field in zip(_FIELDS, fields, strict=False)
    ):
        return "is no Quartz cron expression: second, minute, hour, day of the month, month, day of the week"
    if (fields[3] == "?") == (fields[5] == "?"):
        return "must say '?' for either the day of the month or the day of the week"
    if fields[:2] != ["*", "*"]:
        return "is open for moments only: seconds and minutes must be '*'"
    if fields[2] == "*":
        return "is open at any hour"
    return ""
