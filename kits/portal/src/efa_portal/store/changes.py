"""The list of changes: what a portal must show anew, in order, for readers that remember how far they have come."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

CHANGED, REMOVED = "changed", "removed"
READABLE_CHANGES = 100_000
"""Changes that stay readable; who is further behind reads the whole catalog again."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change as it is stored."""

    number: int
    topic: str
    key: bytes
    kind: str
    at: str


def append(connection: sqlite3.Connection, topic: str, key: bytes, kind: str, at: str) -> None:
    """Append a change and forget the oldest beyond what stays readable."""
    cursor = connection.execute("INSERT INTO change (topic, key, kind, at) VALUES (?, ?, ?, ?)", (topic, key, kind, at))
    connection.execute("DELETE FROM change WHERE number <= ?", ((cursor.lastrowid or 0) - READABLE_CHANGES,))


def after(connection: sqlite3.Connection, number: int, limit: int) -> list[ChangeRow]:
    """Return the changes after a number, oldest first."""
    query = "SELECT number, topic, key, kind, at FROM change WHERE number > ? ORDER BY number LIMIT ?"
    return [ChangeRow(*row) for row in connection.execute(query, (number, limit))]


def newest(connection: sqlite3.Connection) -> int:
    """Return the number of the newest change, 0 before the first."""
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM change").fetchone()[0])


def oldest(connection: sqlite3.Connection) -> int:
    """Return the number of the oldest change that stays readable, 1 before the first."""
    return int(connection.execute("SELECT coalesce(min(number), 1) FROM change").fetchone()[0])
