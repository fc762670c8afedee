"""One follower per store: a lock that the operating system releases however the process ends."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from efa_portal.errors import StoreInUseError, StoreUnavailableError


class StoreLock:
    """A lock beside the store, held by an open transaction on a SQLite file of its own: it works on every system."""

    def __init__(self, path: Path) -> None:
        """Acquire the lock. Raises StoreInUseError if another follower has it, StoreUnavailableError if it cannot be made."""
        lock = path.with_name(f"{path.name}.lock")
        try:
            self._connection = sqlite3.connect(lock, timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise StoreUnavailableError(f"the lock {lock} cannot be made: {error}; is the folder there and writable?") from error
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            self._connection.close()
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise StoreInUseError(f"another follower holds {path}: end it, or name another store") from error
            raise StoreUnavailableError(f"the lock {lock} cannot be taken: {error}; remove it if it is no lock") from error

    def release(self) -> None:
        """Release the lock."""
        self._connection.close()
