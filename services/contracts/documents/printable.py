"""Text that the fonts of the documents can show: composed, and with a visible stand-in for every other character."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, Final

FONTS: Final = Path(__file__).with_name("fonts")
_LINE_ENDS: Final = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
_OTHER: Final = {"\t": " ", "\u2212": "\u2013", "\u202f": "\u00a0", "\ufeff": "", "\u200b": "", "\u00ad": ""}


def printable(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a JSON value with each text in it so that the fonts have all its characters.

    Letters with marks are composed (NFC, DIN SPEC 91379); what the fonts lack is written as ``[U+1F600]``.
    """
    match value:
        case str():
            return _text(value)
        case dict():
            return {name: printable(item) for name, item in value.items()}
        case list() | tuple():
            return [printable(item) for item in value]
        case _:
            return value


@cache
def covered() -> frozenset[str]:
    """Return the characters that every font has."""
    ranges = (part.split("-") for part in (FONTS / "coverage.txt").read_text(encoding="ascii").split())
    return frozenset(chr(code) for bounds in ranges for code in range(int(bounds[0], 16), int(bounds[-1], 16) + 1))


def _text(text: str) -> str:
    known = covered()
    composed = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text))
    if known.issuperset(composed):
        return composed
    return "".join(letter if letter in known or letter == "\n" else _stand_in(letter) for letter in composed)


def _stand_in(letter: str) -> str:
    plain = _OTHER.get(letter, unicodedata.normalize("NFKC", letter))
    return plain if covered().issuperset(plain) else f"[U+{ord(letter):04X}]"
