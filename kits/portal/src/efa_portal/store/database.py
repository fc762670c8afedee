"""The SQLite file: its tables, and how it is opened for writing and for reading."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from efa_portal.errors import StoreForeignError, StoreMissingError, store_errors

APPLICATION = 0x45664150
"""``application_id`` of the file: "EfAP"."""
VERSION = "1"
_SCHEMA = """
CREATE TABLE note (name TEXT PRIMARY KEY, text TEXT NOT NULL, seal BLOB NOT NULL);
CREATE TABLE view (
    topic TEXT PRIMARY KEY, shown INTEGER, building INTEGER, newest INTEGER NOT NULL, verified_at TEXT, seal BLOB NOT NULL
);
CREATE TABLE place (
    topic TEXT NOT NULL, generation INTEGER NOT NULL, partition INTEGER NOT NULL,
    position INTEGER NOT NULL, live INTEGER NOT NULL, total BLOB NOT NULL, seal BLOB NOT NULL,
    PRIMARY KEY (topic, generation, partition)
);
CREATE TABLE entry (
    topic TEXT NOT NULL, generation INTEGER NOT NULL, key BLOB NOT NULL, partition INTEGER NOT NULL,
    position INTEGER NOT NULL, type TEXT NOT NULL, time TEXT NOT NULL, value BLOB NOT NULL,
    digest TEXT NOT NULL, readable INTEGER NOT NULL, seal BLOB NOT NULL,
    UNIQUE (topic, generation, key, partition)
);
CREATE TABLE change (
    number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key BLOB NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL
);
CREATE TABLE checkpoint (topic TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
_TABLES = {"note", "view", "place", "entry", "change", "checkpoint"}


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the file, or make it. Raises StoreForeignError, StoreDamagedError, StoreUnavailableError."""
    with store_errors(path):
        # NORMAL: after a power cut the last transactions may lack, state and offsets alike; they are read from the broker again.
        connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        try:
            _prepare(connection, path)
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if tables and not tables & _TABLES:
        raise StoreForeignError(f"{path} is a database of something else: name another file for the store")
    connection.execute("PRAGMA journal_mode = WAL")
    if not tables:
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the file read-only, beside a follower that writes.

    Raises StoreMissingError, StoreDamagedError, StoreUnavailableError.
    """
    if not path.exists():
        raise StoreMissingError(f"there is no store {path}: start `efa-portal follow` with it first")
    name = f"file:{quote(str(path.absolute()))}?mode=ro"
    if not os.access(path.absolute().parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists():
        name += "&immutable=1"  # nobody follows, and SQLite may not make the files that it shares with a writer
    with store_errors(path):
        return sqlite3.connect(name, uri=True, timeout=30, isolation_level=None)


def remove(path: Path) -> None:
    """Remove the file with what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
