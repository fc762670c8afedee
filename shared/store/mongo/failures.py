"""What the server's failures mean: a taken id, something that passes, or a fault of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.errors import BulkWriteError, OperationFailure

_DUPLICATE_KEY = 11000
# Shutting down, disk full, time limits: the server's side of "try again later" that carries no label.
_AWAY = frozenset({50, 89, 91, 112, 189, 202, 262, 9001, 10107, 11600, 11602, 13435, 13436, 14031})


def _failures(error: OperationFailure) -> Sequence[Mapping[str, Any]]:
    details = error.details or {}
    return [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]


def require_only_duplicates(error: BulkWriteError) -> None:
    """Raise the error again unless it reports only that some ids were taken."""
    if any(failure.get("code") != _DUPLICATE_KEY for failure in _failures(error)):
        raise error


def is_passing(error: OperationFailure) -> bool:
    """Return whether the same request may succeed later."""
    if error.has_error_label("RetryableWriteError") or error.code in _AWAY:
        return True
    details = error.details or {}
    return bool(details.get("writeConcernErrors")) or any(f.get("code") in _AWAY for f in _failures(error))
