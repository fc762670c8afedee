"""Inputs that are refused as a whole: the schema, the calendar, then names, in the order of section B1."""

import json
import re
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

SCHEMA = json.loads(Path(__file__).with_name("case.schema.json").read_text(encoding="utf-8"))


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer
    """A refused input or question."""

    def __init__(self, code: str, subject: str | None) -> None:
        """Remember code and subject."""
        super().__init__(code)
        self.code, self.subject = code, subject

    def as_answer(self) -> dict[str, Any]:
        """Return it as it is answered."""
        return {"error": {"code": self.code, "subject": self.subject}}


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _inlined(schema: Any) -> Any:
    """Return a schema with each reference replaced by what it names: following them takes most of the time."""
    if isinstance(schema, list):
        return [_inlined(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    return {key: _inlined(entry) for key, entry in schema.items()}


VALIDATOR = extend(Draft202012Validator, {"pattern": _pattern})(_inlined(SCHEMA["$defs"]["input"]))  # type: ignore[no-untyped-call]


def _values(value: Any) -> Iterator[Any]:
    """Yield a value and all that it holds, names of members too."""
    yield value
    if isinstance(value, dict):
        for name, entry in value.items():
            yield name
            yield from _values(entry)
    if isinstance(value, list):
        for entry in value:
            yield from _values(entry)


def _is_text(value: str) -> bool:
    return all(not 0xD800 <= ord(sign) <= 0xDFFF for sign in value)


def _days(value: Any, name: str = "") -> Iterator[str]:
    """Yield the days of an input that fits the schema."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _days(entry, key)
    elif isinstance(value, list):
        for entry in value:
            yield from _days(entry)
    elif isinstance(value, str) and name in {
        "valid_from",
        "valid_to",
        "ends_on",
        "on",
        "from",
        "to",
        "received_on",
        "last_day",
        "issued_on",
        "effective_from",
    }:
        yield value


def _exists(day: str) -> bool:
    if day[0] not in "12":
        return True  # such as YEAR_END
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def refuse(given: Any) -> None:
    """Raise the first refusal, if there is one."""
    values = list(_values(given))
    if any(isinstance(value, float) or (isinstance(value, str) and not _is_text(value)) for value in values):
        raise Refusal("INVALID_FIELD", None)
    if not VALIDATOR.is_valid(given):
        raise Refusal("INVALID_FIELD", None)
    if not all(_exists(day) for day in _days(given)):
        raise Refusal("INVALID_DATE", None)
    refuse_ids(given)
    refuse_names(given)


def refuse_ids(given: dict[str, Any]) -> None:
    """Raise the first id that is there twice."""
    stored = [*given["contracts"], *given["accessions"]]
    for entries in (given["channels"], given["organisations"], stored):
        ids = [entry["id"] for entry in entries]
        for number, id_ in enumerate(ids):
            if id_ in ids[:number]:
                raise Refusal("ID_DUPLICATE", id_)


def refuse_names(given: dict[str, Any]) -> None:
    """Raise the first name of what there is not."""
    channels, orgs = ([entry["id"] for entry in given[part]] for part in ("channels", "organisations"))
    for channel in given["channels"]:
        if channel["anbieter"] not in orgs:
            raise Refusal("ORGANISATION_UNKNOWN", channel["id"])
    if given["offering"]["bereitsteller"] not in orgs:
        raise Refusal("ORGANISATION_UNKNOWN", None)
    for named in given["offering"]["channels"]:
        if named not in channels:
            raise Refusal("CHANNEL_UNKNOWN", named)
    for contract in given["contracts"]:
        unknown_name(contract, channels, orgs)
    for accession in given["accessions"]:
        if accession["org"] not in orgs:
            raise Refusal("ORGANISATION_UNKNOWN", accession["id"])


def unknown_name(contract: dict[str, Any], channels: Collection[str], orgs: Collection[str]) -> None:
    """Refuse a contract that names a channel or party that there is not."""
    if contract["channel"] not in channels:
        raise Refusal("CHANNEL_UNKNOWN", contract["id"])
    if not {contract["grantor"], contract["grantee"]} <= set(orgs):
        raise Refusal("ORGANISATION_UNKNOWN", contract["id"])
