"""How much memory the processes of a run take on this machine."""

from __future__ import annotations

from pathlib import Path


def memory_of(pid: int) -> int:
    """Return the bytes of a process that it shares with no other, and its part of those that it shares (PSS); 0 if unknown.

    Linux says it in ``/proc``; elsewhere nobody is asked.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    found = next((line.split()[1] for line in lines if line.startswith("Pss:")), "0")
    return int(found) * 1024
