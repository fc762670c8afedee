"""Quantities of Kubernetes: amounts of processor, memory, storage and objects."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"\+?(\d+(?:\.\d*)?|\.\d+)(?:([kMGTPE]|[KMGTPE]i|m|u|n)|[eE]([+-]?\d{1,3}))?", re.ASCII)
_LONGEST = 60
"""No amount of anything has more digits; a longer text is a mistake and costs time."""

_FACTORS: dict[str, Decimal] = {
    "": Decimal(1),
    **{letter: Decimal(10) ** (-3 * power) for power, letter in enumerate("mun", start=1)},
    **{letter: Decimal(10) ** (3 * power) for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}


def quantity(given: object) -> Decimal | None:
    """Return a quantity as a number (``100m`` is 0.1, ``1Ki`` is 1024), or None for what is none or below zero."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    text = str(given)
    found = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    if found[3] is not None:
        return Decimal(found[1]) * Decimal(10) ** int(found[3])
    return Decimal(found[1]) * _FACTORS[found[2] or ""]
