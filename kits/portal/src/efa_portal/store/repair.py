"""What happens to a store that is damaged: a new one is built beside it and takes its place when it is whole."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from efa_portal.errors import StoreDamagedError
from efa_portal.store.database import remove
from efa_portal.store.writer import Store
from efa_portal.topics import CATALOG

logger = logging.getLogger(__name__)


class StoreInPlace:
    """The store of a follower: the file itself or, while that is damaged, the one that is built beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._spare = path.with_name(f"{path.name}.rebuild")
        self._damaged = path.with_name(f"{path.name}.damaged")
        self._store: Store | None = None

    def open(self) -> Store:
        """Return the store, opened. Raises StoreForeignError, StoreUnavailableError."""
        if self._store is None:
            try:
                self._store = Store(self._spare if self._spare.exists() else self.path)
            except StoreDamagedError as error:
                self._begin_spare(error)
                self._store = Store(self._spare)
        return self._store

    @property
    def repairing(self) -> bool:
        """Whether a new store is being built beside a damaged one."""
        return self._store is not None and self._store.path == self._spare

    def begin_repair(self, error: StoreDamagedError) -> Store:
        """Leave the damaged store to its readers and open an empty one beside it."""
        self.close()
        self._begin_spare(error)
        return self.open()

    def _begin_spare(self, error: StoreDamagedError) -> None:
        logger.error("%s; building a new one beside it", error)
        remove(self._spare)
        self._spare.touch()

    def finish_repair(self) -> Store:
        """Put the new store in the place of the damaged one if every topic in it is whole. Returns the open store.

        The damaged one stays beside it, with ``.damaged`` at the end of its name, until the next repair.
        """
        store = self.open()
        if not self.repairing or any(store.view(topic).shown is None for topic in CATALOG):
            return store
        store.take_in_log()
        self.close()
        remove(self._damaged)
        for suffix in ("-wal", "-shm"):  # the new file must never be read with the log of the damaged one
            beside = self.path.with_name(self.path.name + suffix)
            if beside.exists():
                beside.replace(self._damaged.with_name(self._damaged.name + suffix))
        if self.path.exists():
            shutil.copyfile(self.path, self._damaged)
        self._spare.replace(self.path)
        logger.info("%s was repaired; the damaged file is %s", self.path, self._damaged)
        return self.open()

    def close(self) -> None:
        """Close the store if it is open."""
        if self._store is not None:
            self._store.close()
            self._store = None
