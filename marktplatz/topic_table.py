"""``marktplatz topics list``: the registry of topics for people, and for programs a line each."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from shared.topics import DEAD_LETTERS, REPLAYS, TOPICS

_COLUMNS = ("topic", "key", "partitions", "retention", "producer", "consumer groups")


def print_topics() -> None:
    """Print the registry: a table on a terminal; elsewhere lines with tabs between the fields, their names first."""
    if not sys.stdout.isatty():
        for row in (_COLUMNS, *_rows()):
            print("\t".join(row))
        return
    from rich.table import Column, Table  # noqa: PLC0415 - a pipe needs neither of these

    from marktplatz.console import make_console  # noqa: PLC0415 - as above

    table = Table(Column(_COLUMNS[0], no_wrap=True), *(Column(title, overflow="fold") for title in _COLUMNS[1:]))
    for row in _rows():
        table.add_row(*row)
    make_console().print(table)


def _rows() -> Iterator[tuple[str, ...]]:
    for topic in TOPICS:
        retention = topic.keep.value if topic.keep.value == "compact" else f"{topic.retention.days} days"
        yield topic.name, topic.key, str(topic.partitions), retention, topic.producer, ", ".join(topic.consumers)
    for letters in DEAD_LETTERS.values():
        yield letters.name, "as it came", str(letters.partitions), f"{letters.retention.days} days", letters.group, ""
    for replays in REPLAYS.values():
        yield replays.name, "as it came", str(replays.partitions), f"{replays.retention.days} days", "dlq replay", replays.group
