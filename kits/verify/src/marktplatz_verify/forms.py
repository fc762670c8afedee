"""The forms of values that everything else is made of: JSON with one meaning, canonical JSON, base64, hashes, integers."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Final, NoReturn

LARGEST: Final = 2**53 - 1
"""Integers beyond this are not the same in every language."""
_HASH = re.compile(r"[0-9a-f]{64}")


class UnreadableError(ValueError):
    """A bundle, a key or a file does not have its form."""


def parse(text: bytes, *, bounded: bool = True) -> object:
    """Return the value of JSON in UTF-8 that has one meaning.

    Refused are repeated members, floats, member names beyond ASCII, unpaired surrogates, and integers beyond ``LARGEST`` if
    ``bounded``. Raises UnreadableError.
    """
    try:
        value: object = json.loads(
            text.decode(),
            parse_int=_bounded if bounded else int,
            parse_float=_refused,
            parse_constant=_refused,
            object_pairs_hook=_object,
        )
        if b"\\u" in text:
            canonical(value)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"no JSON with one meaning: {error}") from error
    return value


def canonical(value: object) -> bytes:
    """Return the canonical JSON of a value without floats: members sorted by name, no white space, escapes only where needed.

    Raises UnreadableError for unpaired surrogates and what is nested too deeply.
    """
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"no canonical JSON: {error}") from error


def binary(text: str) -> bytes:
    """Return what standard base64 says, with padding and without loose bits. Raises UnreadableError."""
    try:
        value = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise UnreadableError(f"no base64: {error}") from error
    if base64.b64encode(value).decode() != text:
        raise UnreadableError("base64 with loose bits")
    return value


def is_hash(value: object) -> bool:
    """Return whether a value is 64 lower-case hex digits."""
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def is_count(value: object) -> bool:
    """Return whether a value is an integer from 0 to ``LARGEST``."""
    return type(value) is int and 0 <= value <= LARGEST


def is_text(value: object) -> bool:
    """Return whether a value is text that is not empty."""
    return isinstance(value, str) and value != ""


def fits(value: object, members: dict[str, Callable[[object], bool]]) -> bool:
    """Return whether a value is an object of exactly these members, each as its test asks."""
    return isinstance(value, dict) and value.keys() == members.keys() and all(test(value[name]) for name, test in members.items())


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("two members of one name")
    if not all(map(str.isascii, members)):
        raise ValueError("a member name is not ASCII")
    return members


def _bounded(digits: str) -> int:
    value = int(digits)
    if abs(value) > LARGEST:
        raise ValueError("an integer is too large")
    return value


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is not an integer")
