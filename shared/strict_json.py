"""JSON that every reader takes alike (RFC 8259, RFC 7493): the one parser of what comes from outside, by HTTP and by the bus.

Two keys of one name, NaN and Infinity, half of a surrogate pair and deep nesting are refused: parsers differ in what they make
of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import jiter

_SEPARATORS = (b",", b"{", b"[", b":")


class JsonFault(StrEnum):
    """The ways in which bytes can fail to be JSON with one meaning."""

    INVALID_JSON = "invalid_json"
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_NUMBER = "not_a_number"
    TOO_DEEP = "too_deep"
    TOO_MANY = "too_many"


class StrictJsonError(ValueError):
    """The bytes are no JSON with one meaning; ``fault`` names which. The text never repeats what they hold."""

    def __init__(self, fault: JsonFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read: levels of nesting, and keys and values together."""

    depth: int
    nodes: int


def parse(body: bytes, bounds: Bounds | None = None) -> object:
    """Return the value of the bytes. Raises StrictJsonError, and nothing else.

    Without ``bounds`` the parser's own bound of depth holds, about 200 levels.
    """
    if bounds is not None and _too_many(body, bounds.nodes):
        raise StrictJsonError(JsonFault.TOO_MANY, f"the body has more than {bounds.nodes} values")
    try:
        value: object = jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys")
    except (ValueError, RecursionError) as error:
        raise _fault(body, str(error)) from error
    if bounds is not None and body.count(b"{") + body.count(b"[") > bounds.depth:
        _check_depth(value, bounds.depth)
    return value


def _fault(body: bytes, text: str) -> StrictJsonError:
    if text.startswith("Detected duplicate key"):
        return StrictJsonError(JsonFault.DUPLICATE_KEY, "the body has two keys of one name in one object")
    if "recursion" in text:
        return StrictJsonError(JsonFault.TOO_DEEP, "the body is nested too deeply")
    try:
        jiter.from_json(body, allow_inf_nan=True)
    except ValueError:
        return StrictJsonError(JsonFault.INVALID_JSON, "the body is not valid JSON")
    return StrictJsonError(JsonFault.NOT_A_NUMBER, "NaN and Infinity are no JSON numbers")


def _too_many(body: bytes, nodes: int) -> bool:
    """Return whether a body has more keys and values than are read; before each but the first stands a separator.

    Counted without parsing, which costs much more than the bound would allow.
    """
    if _separators(body) < nodes:
        return False
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    if plain.count(b'"') > 2 * nodes:
        return True
    return sum(_separators(outside) for outside in plain.split(b'"')[::2]) >= nodes


def _separators(text: bytes) -> int:
    return sum(text.count(sign) for sign in _SEPARATORS)


def _check_depth(value: object, depth: int) -> None:
    level = [value]
    for _ in range(depth):
        level = [child for item in level for child in _children(item) if isinstance(child, (dict, list))]
        if not level:
            return
    raise StrictJsonError(JsonFault.TOO_DEEP, f"the body is nested deeper than {depth} levels")


def _children(item: object) -> Iterable[object]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()
