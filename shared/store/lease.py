"""The lease of work that one process does at a time, whatever the clocks of the others say."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(slots=True)
class Lease:
    """Decides whether stored work may be taken over.

    It may if nobody holds it, this process does, or its revision has stood still for ``term`` while this process watched it, by
    its own steady clock. ``holder`` names this process, by another name at each start.
    """

    term: timedelta
    steady: Callable[[], float]
    holder: str = field(default_factory=lambda: uuid.uuid4().hex)
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)

    def is_free(self, key: str, holder: str | None, rev: int) -> bool:
        """Return whether this process may take over the work ``key``, which ``holder`` has and which stands at ``rev``."""
        if holder in (None, self.holder):
            return True
        seen = self._seen.get(key)
        if seen is None or seen[0] != rev:
            seen = self._seen[key] = (rev, self.steady())
        return self.steady() - seen[1] >= self.term.total_seconds()

    def watch_only(self, keys: Iterable[str]) -> None:
        """Forget all other work, which is done or gone."""
        self._seen = {key: self._seen[key] for key in keys if key in self._seen}
