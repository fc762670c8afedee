"""Lists narrowed by words: what is looked through anyhow needs no index, and each word may stand anywhere."""

from __future__ import annotations

from collections.abc import Iterable

from shared.search.words import fold


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of what somebody looks for, without case, accents and the ways to write an umlaut."""
    return tuple(fold(word) for word in text.split())


def contain(texts: Iterable[str | None], words: Iterable[str]) -> bool:
    """Return whether each of these words stands in the texts, in whole or as part of a longer one; true without words."""
    whole = fold("\n".join(text for text in texts if text))
    return all(word in whole for word in words)
