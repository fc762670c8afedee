"""Entries of the log: canonical JSON of one form, and what the verifier needs of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marktplatz_verify.forms import UnreadableError, canonical, fits, is_count, is_hash, is_text, parse

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class NotCanonicalError(ValueError):
    """The bytes of an entry are not canonical JSON."""


class NotAnEntryError(ValueError):
    """The bytes are canonical JSON, and no entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What others refer to: place and log, the effect, (name, SHA-256) of documents, and (role, hmac) of commitments."""

    seq: int
    log: str
    effect_id: str
    documents: tuple[tuple[str, str], ...]
    commitments: tuple[tuple[str, str], ...]


def parse_entry(raw: bytes) -> Entry:
    """Return the entry in its bytes. Raises NotCanonicalError, NotAnEntryError."""
    try:
        value: Any = parse(raw, bounded=False)
        same = canonical(value) == raw
    except UnreadableError as error:
        raise NotCanonicalError(str(error)) from error
    if not same:
        raise NotCanonicalError("another text of the same value")
    if not fits(value, _MEMBERS):
        raise NotAnEntryError("not of exactly the members of an entry")
    return Entry(
        value["seq"],
        value["log"],
        value["effect_id"],
        tuple((document["name"], document["sha256"]) for document in value["documents"]),
        tuple((commitment["role"], commitment["hmac"]) for commitment in value["commitments"]),
    )


def _is_uuid(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def _is_text_or_null(value: object) -> bool:
    return value is None or is_text(value)


def _is_time(value: object) -> bool:
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return False
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return False
    return True


def _is_subject(value: object) -> bool:
    return fits(value, {"id": _is_uuid, "kind": is_text, "version": is_count})


def _are(name: str, of: str) -> Callable[[object], bool]:
    """Return the test of a list of {name, hash}, sorted by name without repeats."""

    def test(value: object) -> bool:
        if not isinstance(value, list) or not all(fits(item, {name: is_text, of: is_hash}) for item in value):
            return False
        names = [item[name] for item in value]
        return names == sorted(set(names))

    return test


_MEMBERS: dict[str, Callable[[object], bool]] = {
    "commitments": _are("role", "hmac"),
    "documents": _are("name", "sha256"),
    "effect": is_text,
    "effect_id": _is_uuid,
    "format": lambda value: value == "marktplatz-archive-entry/1",
    "log": is_text,
    "number": _is_text_or_null,
    "seq": is_count,
    "state": _is_text_or_null,
    "subject": _is_subject,
    "time": _is_time,
}
