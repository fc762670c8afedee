"""Opens a store by its URL."""

from __future__ import annotations

from pathlib import Path

from shared.store.mongo.store import MongoStore, motor_client
from shared.store.port import Store
from shared.store.sqlite.store import SqliteStore


def open_store(url: str) -> Store:
    """Return the store that a URL names; it connects at its first use. Raises ValueError for a URL that names none.

    ``sqlite:///path`` (an absolute path makes four slashes), ``sqlite:///:memory:``, ``mongodb://host/database`` and
    ``mongodb+srv://…`` by PyMongo, ``mongodb+motor://host/database`` by Motor (extra ``motor``; without
    corrections since its end of life in May 2026).
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError("a store URL begins with a scheme, for example sqlite:///path")
    if scheme == "sqlite":
        path = rest.removeprefix("/")
        if path == rest or not path:
            raise ValueError("a SQLite store URL is sqlite:///path or sqlite:///:memory:")
        return SqliteStore(None if path == ":memory:" else Path(path))
    if scheme in ("mongodb", "mongodb+srv"):
        return MongoStore(url)
    if scheme == "mongodb+motor":
        return MongoStore(f"mongodb://{rest}", client_factory=motor_client)
    raise ValueError(f"no store speaks {scheme}://; there are sqlite, mongodb, mongodb+srv and mongodb+motor")
