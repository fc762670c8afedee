"""Named points at which a test may kill the process: every external write has one before and one after.

``MARKTPLATZ_FAILPOINT=store.save.after:3`` ends the process, as ``kill -9`` would, at the third passage of
that point. Several are separated by commas. Without the variable a passage costs one dictionary look-up.
"""

from __future__ import annotations

import os
import signal
from typing import Literal

Where = Literal["before", "after"]
POINTS = (
    "store.insert",
    "store.save",
    "store.clean",
    "store.delete",
    "bus.send",
    "bus.commit",
    "bus.dead_letter",
    "smtp.send",
)


def _read() -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in filter(None, os.environ.get("MARKTPLATZ_FAILPOINT", "").split(",")):
        name, _, passage = item.partition(":")
        point, _, where = name.rpartition(".")
        if point not in POINTS or where not in ("before", "after"):
            message = f"MARKTPLATZ_FAILPOINT names no point: {name}. Points: {', '.join(POINTS)}, each with .before or .after"
            raise ValueError(message)
        counts[name] = int(passage or 1)
    return counts


_armed = _read()


def passing(point: str, where: Where) -> None:
    """Pass the point; the process dies here if the point is armed and this is the passage named."""
    if not _armed:
        return
    name = f"{point}.{where}"
    left = _armed.get(name)
    if left is None:
        return
    _armed[name] = left - 1
    if left == 1:
        os.kill(os.getpid(), signal.SIGKILL)
