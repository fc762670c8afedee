"""Lists narrowed by words: what is looked through anyhow needs no index, and each word may stand anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable

from shared.search.words import fold

_SIGN = re.compile(r"[^\w\s]|_")
"""What stands between the parts of names and keys, and is left out or written otherwise: Komm.ONE, Online-Dienst, 99.108.001."""


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of what somebody looks for, without case, accents, signs and the ways to write an umlaut."""
    return tuple(bare for word in text.split() if (bare := _bare(word)))


def contain(texts: Iterable[str | None], words: Iterable[str]) -> bool:
    """Return whether each of these words stands in the texts, in whole or as part of a longer one; true without words."""
    whole = _bare("\n".join(text for text in texts if text))
    return all(word in whole for word in words)


def _bare(text: str) -> str:
    return _SIGN.sub("", fold(text))
