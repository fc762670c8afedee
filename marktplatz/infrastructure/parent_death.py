"""Ties a child process to the life of its parent, so that nothing goes on running when a run is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> Callable[[], None] | None:
    """Return what a Linux child runs before ``exec`` to get SIGTERM when this process dies, however it dies; elsewhere None.

    The child is tied to the thread that makes it: not for threads that end before the child shall.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call took effect
            os._exit(1)

    return before_exec
