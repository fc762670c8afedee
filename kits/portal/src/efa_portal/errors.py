"""What can go wrong with a store, in sentences for people."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class PortalError(Exception):
    """Base of the errors of this package; the text states the fact and what to do next."""


class StoreMissingError(PortalError):
    """There is no store, or it holds no whole catalog yet."""


class StoreDamagedError(PortalError):
    """The store is not what its follower wrote. The follower finds that too and builds a new one."""


class StoreForeignError(PortalError):
    """The file is a database of something else, or of a later version of this package."""


class StoreUnavailableError(PortalError):
    """The store cannot be read or written now: no space, no right, or locked."""


class StoreInUseError(PortalError):
    """Another follower holds the store."""


class BrokerError(PortalError):
    """The broker cannot be reached, or refuses what the portal asks."""


_NOT_DAMAGE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
_PRIMARY = 0xFF


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite reports into StoreUnavailableError, where time or an operator mends it, else into StoreDamagedError."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & _PRIMARY in _NOT_DAMAGE:
            raise StoreUnavailableError(f"the store {path} cannot be used now: {error}") from error
        raise StoreDamagedError(f"the store {path} is damaged: {error}") from error
