"""Compare-and-set: a write under a revision, repeated on fresh documents as often as other writers are faster."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta

from shared.errors import WriteConflictError
from shared.retry import RetryPolicy

ATTEMPTS = 20
_POLICY = RetryPolicy(timedelta(milliseconds=2), timedelta(milliseconds=128), least=0.0)


class Contention:
    """The attempts of one write. ``what`` names what is written, ``ids`` the documents, for the error; ``policy`` the pauses.

    Ask ``overtaken`` after each attempt that lost; read again when it returns.
    """

    def __init__(self, what: str, ids: Sequence[str] = (), *, attempts: int = ATTEMPTS, policy: RetryPolicy = _POLICY) -> None:
        self.what = what
        self.ids = list(ids)
        self.lost = 0
        """How many attempts have lost so far."""
        self._attempts = attempts
        self._pauses: Iterator[float] = policy.pauses()

    async def overtaken(self, what: str | None = None, ids: Sequence[str] | None = None) -> None:
        """Pause before the next attempt. Raises WriteConflictError when there were enough; what and ids may have become fewer."""
        self.lost += 1
        if self.lost == self._attempts:
            named = self.ids if ids is None else list(ids)
            raise WriteConflictError(f"other writers kept changing {what or self.what}", ids=named)
        await asyncio.sleep(next(self._pauses))
