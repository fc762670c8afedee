"""Which language a client prefers: the Accept-Language header (RFC 9110, 12.5.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_ANY: Final = "*"
_WEIGHT: Final = re.compile(r"0(?:\.[0-9]*)?|1(?:\.0*)?")


def find_language(header: str | None, offered: Sequence[str]) -> str | None:
    """Return the language of ``offered`` that a header likes best, None if it prefers none of them to the others.

    Regions do not count (``de-AT`` is ``de``). Who refuses languages (``;q=0``) gets another one.
    """
    stated: dict[str, float] = {}
    for part in (header or "").split(","):
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        primary = tag.partition("-")[0]
        quality = next((_quality(it[2:]) for it in parameters if it.startswith("q=")), 1.0)
        if quality is not None and (primary == _ANY or primary in offered):
            stated[primary] = max(stated.get(primary, 0.0), quality)
    named = [it for it in stated if it in offered]
    others = [it for it in offered if it not in stated]
    if not named:
        return None
    weights = {it: stated.get(it, stated.get(_ANY, 0.0)) for it in (*named, *others)}
    # The first of equals is the one that the header names first.
    best = max(weights, key=lambda it: weights[it])
    return best if weights[best] > 0 else next(iter(others), None)


def _quality(text: str) -> float | None:
    """Return a weight, None for a text that is none: what it stands at is passed over."""
    return float(text) if _WEIGHT.fullmatch(text) else None
