"""Canonical JSON by RFC 8785: one spelling for equal values, so that their digests agree in any language."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import NoReturn

_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -6, 21
"""Between 10^-6 and 10^21 ECMAScript writes a number without an exponent."""


class NotCanonicalError(ValueError):
    """The value has no canonical JSON: a number beyond IEEE 754 doubles, a lone surrogate, or no JSON at all."""


def parse(text: bytes) -> object:
    """Return the value of JSON text in UTF-8. Raises NotCanonicalError if it is none, or nested too deeply to be read."""
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NotCanonicalError(f"the text is no JSON: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise NotCanonicalError(f"{name} is no number of JSON")


def canonical(value: object) -> bytes:
    """Return the canonical JSON (RFC 8785) of a JSON value, in UTF-8.

    Members are ordered by the UTF-16 code units of their names; numbers are written as ECMAScript writes IEEE 754 doubles.
    Raises NotCanonicalError for what has no such form.
    """
    parts: list[str] = []
    try:
        _write(value, parts)
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonicalError(f"a string holds a lone surrogate: {error}") from error
    except RecursionError as error:
        raise NotCanonicalError("the value is nested too deeply") from error


def _write(value: object, parts: list[str]) -> None:
    match value:
        case None:
            parts.append("null")
        case bool():
            parts.append("true" if value else "false")
        case str():
            parts.append(_string(value))
        case int() | float():
            parts.append(number(value))
        case list() | tuple():
            _write_array(value, parts)
        case dict():
            _write_object(value, parts)
        case _:
            raise NotCanonicalError(f"{type(value).__name__} is no value of JSON")


def _write_array(values: list[object] | tuple[object, ...], parts: list[str]) -> None:
    parts.append("[")
    for index, item in enumerate(values):
        if index:
            parts.append(",")
        _write(item, parts)
    parts.append("]")


def _write_object(members: dict[object, object], parts: list[str]) -> None:
    parts.append("{")
    for index, (name, item) in enumerate(sorted(members.items(), key=_code_units)):
        if index:
            parts.append(",")
        parts.append(_string(name))
        parts.append(":")
        _write(item, parts)
    parts.append("}")


def _code_units(member: tuple[object, object]) -> bytes:
    if not isinstance(member[0], str):
        raise NotCanonicalError(f"{member[0]!r} is no name of a member")
    return member[0].encode("utf-16-be")


def _string(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def number(value: float) -> str:
    """Return a number as ECMAScript writes the IEEE 754 double nearest to it (ECMA-262, Number::toString).

    Raises NotCanonicalError if no double is near: NaN, an infinity, an integer beyond the largest double.
    """
    try:
        double = float(value)
    except OverflowError as error:
        raise NotCanonicalError("an integer is beyond the largest double") from error
    if not math.isfinite(double):
        raise NotCanonicalError(f"{double} is no number of JSON")
    if double == 0:
        return "0"
    sign, digits, power = Decimal(repr(double)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(power)
    return ("-" if sign else "") + _place(text, point)


def _place(digits: str, point: int) -> str:
    """Return ``0.digits * 10^point`` with the decimal point where ECMAScript puts it."""
    if len(digits) <= point <= _LARGEST_EXPONENT:
        return digits + "0" * (point - len(digits))
    if 0 < point <= _LARGEST_EXPONENT:
        return f"{digits[:point]}.{digits[point:]}"
    if _SMALLEST_EXPONENT < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{mantissa}e{point - 1:+d}"
