"""Folding of names for search: lower case, umlauts written out, accents dropped, words joined by single blanks."""

from __future__ import annotations

import re
import unicodedata

TOKENS = 6
_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_OTHER = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """Return the text as it is compared in a search; empty if nothing of it counts."""
    written_out = unicodedata.normalize("NFC", text).lower().translate(_OUT)
    plain = unicodedata.normalize("NFKD", written_out).encode("ascii", "ignore").decode()
    return _OTHER.sub(" ", plain).strip()


def search_keys(name: str) -> list[str]:
    """Return the folded name from its first word on, from its second word on, and so on, so that a prefix finds any word."""
    words = fold(name).split(" ")[:TOKENS]
    return list(dict.fromkeys(" ".join(words[start:]) for start in range(len(words))))
