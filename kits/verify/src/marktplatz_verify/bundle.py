"""Bundles: one JSON object a line, the first naming the log and whether all entries follow or receipts of some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from marktplatz_verify.forms import UnreadableError, binary, fits, is_count, is_hash, is_text, parse

Test = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Header:
    """The first line. ``full``: all entries from 0; otherwise receipts."""

    log: str
    full: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A further line: its type, and its members with base64 and hashes of proofs as bytes."""

    type: str
    members: dict[str, Any]


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _is_proof(value: object) -> bool:
    return isinstance(value, list) and all(map(is_hash, value))


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


_INCLUSION: dict[str, Test] = {"index": is_count, "size": is_count, "proof": _is_proof}
_COMMON: dict[str, dict[str, Test]] = {
    "checkpoint": {"note": _is_string},
    "consistency": {"from": is_count, "to": is_count, "proof": _is_proof},
    "document": {"sha256": is_hash, "b": _is_string},
    "disclosure": {"index": is_count, "role": _is_string, "salt": is_hash, "record": _is_object},
}
_FULL: dict[str, dict[str, Test]] = {**_COMMON, "entry": {"b": _is_string}, "inclusion": _INCLUSION}
_RECEIPT: dict[str, dict[str, Test]] = {**_COMMON, "inclusion": {**_INCLUSION, "entry": _is_string}}


def read_bundle(file: Iterable[bytes]) -> tuple[Header, Iterator[Line]]:
    """Return the header of a bundle and its further lines, each read when it is asked for.

    Raises UnreadableError, also while the lines are read: then nothing of the bundle counts.
    """
    values = (parse(line) for line in file if line.strip(b" \t\r\n"))
    header: Any = next(values, None)
    form: dict[str, Test] = {
        "t": lambda value: value == "bundle",
        "v": lambda value: type(value) is int and value == 1,
        "log": is_text,
        "mode": lambda value: value in ("full", "receipt"),
    }
    if not fits(header, form):
        raise UnreadableError("the first line is not that of a bundle")
    full = header["mode"] == "full"
    return Header(header["log"], full), (_line(value, _FULL if full else _RECEIPT) for value in values)


def _line(value: Any, forms: dict[str, dict[str, Test]]) -> Line:  # noqa: ANN401 - any JSON
    type_ = value.pop("t", None) if isinstance(value, dict) else None
    if not isinstance(type_, str):
        raise UnreadableError("a line without a type")
    form = forms.get(type_)
    if form is None or not fits(value, form):
        raise UnreadableError("a line is of no known form")
    for name in ("b", "entry"):
        if name in value:
            value[name] = binary(value[name])
    if "proof" in value:
        value["proof"] = [bytes.fromhex(text) for text in value["proof"]]
    return Line(type_, value)
