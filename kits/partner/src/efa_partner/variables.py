"""Options from the environment: ``EFA_`` and the name of the option in capitals."""

from __future__ import annotations

import os


def default(option: str) -> str | None:
    """Return what the environment gives for an option, or None."""
    return os.environ.get(f"EFA_{option.upper().replace('-', '_')}") or None
