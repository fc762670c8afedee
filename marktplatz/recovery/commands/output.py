"""Where the commands of recovery print, and what they have in common: settings, reports as JSON, the table of differences."""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from marktplatz.console import make_console
from marktplatz.recovery.reconcile.report import Report
from shared.bus.produce.publisher import KafkaPublisher
from shared.bus.settings import KafkaSettings
from shared.process.logs import configure_logs
from shared.process.settings import ProcessSettings

console = make_console(columns=240)  # lines of a log must not break ids in two
SHOWN = 200


def configured() -> ProcessSettings:
    """Return the settings, with logs on standard error."""
    settings = ProcessSettings()
    configure_logs(level=settings.log_level, time_zone=settings.log_time_zone, stream=sys.stderr)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)  # each snapshot of the topics logs the start of its consumers
    return settings


@asynccontextmanager
async def started_publisher(kafka: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    """Yield a publisher that has started. Raises BusUnavailableError."""
    publisher = KafkaPublisher(kafka)
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()


def write_report(file: Path, document: dict[str, Any]) -> None:
    """Write a report to its file, and as one line of JSON under the key ``report`` to the standard output. Raises OSError."""
    # In the log first: it can be collected from there even where the file cannot be written.
    console.out(json.dumps({"report": document}, ensure_ascii=False))
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def print_report(report: Report) -> None:
    """Print how much was compared and every difference, the first ``SHOWN`` of them as a table."""
    console.print(
        f"{report.orders} orders, {report.contracts} contracts, {report.offerings} offers, {report.aggregates} aggregates, "
        f"{report.contents} contents; "
        f"{sum(report.records.values())} records on {len(report.records)} topics"
    )
    for title, counts in (("to read", report.waiting), ("dead letters", report.dead_letters)):
        for group, count in sorted(counts.items()):
            if count:
                console.print(f"{title}: {group} {count}")
    if not report.differences:
        console.print("no differences")
        return
    table = Table("kind", "what", "ids")
    for difference in report.differences[:SHOWN]:
        ids = " ".join(f"{name}={value}" for name, value in difference.ids.items() if value)
        table.add_row(difference.kind.value, escape(difference.text), escape(ids))
    console.print(table)
    counts = Counter(difference.kind.value for difference in report.differences)
    if len(report.differences) > SHOWN:
        console.print(f"{len(report.differences) - SHOWN} more are in the report only (--report FILE)")
    console.print(
        f"{len(report.differences)} differences: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    )
