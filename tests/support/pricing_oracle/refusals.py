"""Inputs that are refused before anything is calculated: schema, calendar, then table A9 from top to bottom."""

import csv
import json
import re
from collections.abc import Collection, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from tests.support.pricing_oracle.reports import counting

SCHEMA = json.loads(Path(__file__).with_name("case.schema.json").read_text(encoding="utf-8"))
STATES = list(csv.DictReader((Path(__file__).parents[3] / "data" / "states.csv").open(encoding="utf-8")))
LAND_OF = {row["ars"]: row["id"] for row in STATES if row["ars"]}
KINDS = (
    "BETRIEB_INFRASTRUKTUR",
    "WEITERENTWICKLUNG",
    "PLATTFORMNUTZUNG",
    "BETRIEB_ONLINEDIENST",
    "NUTZUNGSABHAENGIG",
    "ANBINDUNG_EINMALIG",
)
LAST = "9999-12-31"


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer
    """A refused input."""

    def __init__(self, code: str, version: int | None = None, item: str | None = None, participant: str | None = None) -> None:
        """Remember what is named."""
        super().__init__(code)
        self.named = {"code": code, "version": version, "item": item, "participant": participant}


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


VALIDATOR = extend(Draft202012Validator, {"pattern": _pattern})(  # type: ignore[no-untyped-call]
    {"$ref": "#/$defs/input", "$defs": SCHEMA["$defs"]}
)


def _values(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    yield name, value
    if isinstance(value, dict):
        for key, entry in value.items():
            yield "", key
            yield from _values(entry, key)
    if isinstance(value, list):
        for entry in value:
            yield from _values(entry)


DAYS = {"from", "to", "valid_from", "valid_to", "due_on", "issued_on", "effective_from"}
INSTANTS = {"known_at", "previous_known_at", "recorded_at"}


def _exists(name: str, value: Any) -> bool:
    if value is None or name not in DAYS | INSTANTS:
        return True
    try:
        (date if name in DAYS else datetime).fromisoformat(value)
    except ValueError:
        return False
    return True


def refuse(given: Any, at: str | None) -> None:
    """Raise the first refusal of an input with the uses known at an instant."""
    values = list(_values(given))
    texts = [value for _, value in values if isinstance(value, str)]
    if any(isinstance(value, float) for _, value in values) or any(
        "\ud800" <= sign <= "\udfff" for text in texts for sign in text
    ):
        raise Refusal("INVALID_FIELD")
    if not VALIDATOR.is_valid(given):
        raise Refusal("INVALID_FIELD")
    if not all(_exists(name, value) for name, value in values):
        raise Refusal("INVALID_DATE")
    refuse_head(given)
    refuse_rules(given)
    for number, participant in enumerate(given["participants"]):
        refuse_participant(participant, given["participants"][:number], at)
    refuse_versions(given["cost_information"])
    for version in given["cost_information"]:
        refuse_version(version, given)


def refuse_head(given: dict[str, Any]) -> None:
    """Raise what is wrong with currency, period or tables."""
    if given["currency"] != "EUR":
        raise Refusal("CURRENCY_INVALID")
    if given["period"]["to"] < given["period"]["from"]:
        raise Refusal("PERIOD_INVALID")
    for table in given["tables"].values():
        if sum(table.values()) != 10_000_000:
            raise Refusal("TABLE_INVALID")


def refuse_versions(versions: list[dict[str, Any]]) -> None:
    """Raise what is wrong with the days and the order of the versions."""
    for version in versions:
        if version["effective_from"] < version["issued_on"]:
            raise Refusal("COST_INFO_RETROACTIVE", version["version"])
    for number in range(1, len(versions)):
        if any(versions[number][field] <= versions[number - 1][field] for field in ("version", "effective_from")):
            raise Refusal("COST_INFO_ORDER", versions[number]["version"])


def refuse_rules(given: dict[str, Any]) -> None:
    """Raise the first refusal of a funding rule."""
    for number, rule in enumerate(given["funding_rules"]):
        ids = [pool["id"] for pool in rule["pools"]]
        shares = [pool["share_bp"] for pool in rule["pools"]]
        if rule["id"] in ["PARTICIPANTS", *(other["id"] for other in given["funding_rules"][:number])]:
            raise Refusal("FUNDING_RULE_INVALID")
        if (rule["valid_to"] or LAST) < (rule["valid_from"] or "0001-01-01"):
            raise Refusal("FUNDING_RULE_INVALID")
        if sorted(set(ids)) != sorted(ids) or 0 in shares or sum(shares) != 10_000:
            raise Refusal("FUNDING_RULE_INVALID")
        for pool in rule["pools"]:
            key = pool["key"]
            kind = key["type"] if isinstance(key, dict) else key
            allowed = {
                "PAYER": kind is None,
                "ALL_LAENDER": kind == "KOENIGSTEIN",
                "PARTICIPANTS": kind not in {None, "FEST", "DIREKT"},
            }
            if not allowed[pool["members"]["type"]]:
                raise Refusal("KEY_NOT_ALLOWED")
            if isinstance(key, dict):
                refuse_key(key, given["tables"])


def refuse_key(key: dict[str, Any], tables: Collection[str], *named: Any, part: bool = False) -> None:
    """Raise what is wrong with one key (K)."""
    if part and key["type"] in {"KOMBINATION", "FEST", "DIREKT"}:
        raise Refusal("KEY_NOT_ALLOWED", *named)
    if key["type"] == "KOMBINATION":
        shares = [entry["share_bp"] for entry in key["parts"]]
        if len(shares) < 2 or 0 in shares or sum(shares) != 10_000:
            raise Refusal("KEY_WEIGHTS_INVALID", *named)
        for entry in key["parts"]:
            refuse_key(entry["key"], tables, *named, part=True)
    if key["type"] == "KOENIGSTEIN" and key["table"] not in tables:
        raise Refusal("TABLE_UNKNOWN", *named)


def _last(interval: dict[str, Any]) -> str:
    return interval["to"] or LAST


def _share_a_day(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["from"] <= _last(other) and other["from"] <= _last(one))


def _any_two(intervals: list[dict[str, Any]]) -> bool:
    return any(_share_a_day(one, other) for at, one in enumerate(intervals) for other in intervals[:at])


def _wrong_body(body: dict[str, Any]) -> bool:
    id_, type_, ars = body["id"], body["type"], body["ars"]
    if type_ == "BUND":
        return bool((id_, ars) != ("DE", "DE"))
    if type_ == "LAND":
        return ars not in LAND_OF or LAND_OF[ars] != id_
    if id_ in {"DE", "BEREITSTELLER"} or id_[:3] == "DE-":
        return True
    digits = {"KREIS": 5, "KOMMUNE": 12, "VERBAND": 9}.get(type_)
    if ars is None:
        return type_ in {"KREIS", "KOMMUNE"}
    return digits is None or len(ars) != digits or not 1 <= int(ars[:2]) <= 16


def refuse_participant(body: dict[str, Any], before: list[dict[str, Any]], at: str | None) -> None:
    """Raise the first refusal of a participant."""
    named = (None, None, body["id"])
    if body["id"] in [other["id"] for other in before]:
        raise Refusal("PARTICIPANT_DUPLICATE", *named)
    if _wrong_body(body):
        raise Refusal("PARTICIPANT_INVALID", *named)
    if any(_last(days) < days["from"] for days in body["participations"]):
        raise Refusal("PERIOD_INVALID", *named)
    if _any_two(body["participations"]):
        raise Refusal("PARTICIPATION_OVERLAP", *named)
    if any(entry["to"] < entry["from"] for entry in body["uses"]):
        raise Refusal("PERIOD_INVALID", *named)
    keys = [(entry["from"], entry["to"], entry.get("rev", 1)) for entry in body["uses"]]
    if any(keys.count(key) > 1 for key in keys):
        raise Refusal("USES_REPORT_DUPLICATE", *named)
    reports = counting(body, at)
    for report in reports:
        if report["count"] > 0 and not any(_share_a_day(report, days) for days in body["participations"]):
            raise Refusal("USES_OUTSIDE_PARTICIPATION", *named)
    if _any_two(reports):
        raise Refusal("USES_REPORT_OVERLAP", *named)


def refuse_version(version: dict[str, Any], given: dict[str, Any]) -> None:
    """Raise the first refusal of the items of a version."""
    for number, item in enumerate(version["items"]):
        named = (version["version"], item["id"])
        if item["id"] in [other["id"] for other in version["items"][:number]]:
            raise Refusal("ITEM_DUPLICATE", *named)
        if item["kind"] not in KINDS:
            raise Refusal("COST_KIND_UNKNOWN", *named)
        if item["amount_cents"] < 0 or item["amount_cents"] > 10**13:
            raise Refusal("AMOUNT_INVALID", *named)
        refuse_terms(item, named)
        refuse_keys(item, given, named)
    for item in version["items"]:
        for other in version["items"]:
            kinds = (item["kind"], other["kind"]) == ("PLATTFORMNUTZUNG", "BETRIEB_INFRASTRUKTUR")
            if kinds and None is not item["cost_object"] == other["cost_object"] and _share_a_day(days_of(item), days_of(other)):
                raise Refusal("DOUBLE_COUNTED", version["version"], item["id"])


def days_of(item: dict[str, Any]) -> dict[str, Any]:
    """Return the days of an item."""
    if item["due_on"] is not None:
        return {"from": item["due_on"], "to": item["due_on"]}
    return {"from": item["valid_from"], "to": item["valid_to"]}


def refuse_terms(item: dict[str, Any], named: tuple[int, str]) -> None:
    """Raise what is wrong with the days or the EfA share of an item."""
    once = item["period"] == "EINMALIG"
    due_alone = once and item["key"]["type"] != "FEST"
    shape = (item["due_on"] is not None, item["valid_from"] is not None, item["valid_to"] is not None)
    fits = shape == (True, False, False) if due_alone else shape[:2] == (False, True)
    if item["kind"] == "ANBINDUNG_EINMALIG" and not once:
        fits = False
    if item["period"] == "JE_NUTZUNG" and item["kind"] != "NUTZUNGSABHAENGIG":
        fits = False
    if not fits:
        raise Refusal("PERIOD_NOT_ALLOWED", *named)
    if item["valid_to"] is not None and item["valid_to"] < item["valid_from"]:
        raise Refusal("PERIOD_INVALID", *named)
    given = item["efa_share_bp"]
    if item["kind"] == "PLATTFORMNUTZUNG":
        if given is None or given < 0 or given > 10_000:
            raise Refusal("EFA_SHARE_INVALID", *named)
    elif given is not None:
        raise Refusal("EFA_SHARE_INVALID", *named)


def refuse_keys(item: dict[str, Any], given: dict[str, Any], named: tuple[int, str]) -> None:
    """Raise what is wrong with keys or funding of an item."""
    key, kind = item["key"], item["kind"]
    own = key["type"] in {"FEST", "DIREKT"}
    if item["period"] == "JE_NUTZUNG" and key["type"] != "FEST":
        raise Refusal("KEY_NOT_ALLOWED", *named)
    if kind == "ANBINDUNG_EINMALIG" and not own:
        raise Refusal("KEY_NOT_ALLOWED", *named)
    if key["type"] == "DIREKT" and kind not in {"ANBINDUNG_EINMALIG", "NUTZUNGSABHAENGIG"}:
        raise Refusal("KEY_NOT_ALLOWED", *named)
    refuse_key(key, given["tables"], *named)
    if key["type"] == "DIREKT" and not any(body["id"] == key["participant"] for body in given["participants"]):
        raise Refusal("PARTICIPANT_UNKNOWN", *named, key["participant"])
    fallback = item["fallback_key"]
    if fallback is not None:
        if fallback["type"] not in {"EINWOHNER", "ZIELGRUPPE", "GLEICH", "KOENIGSTEIN"}:
            raise Refusal("KEY_NOT_ALLOWED", *named)
        refuse_key(fallback, given["tables"], *named)
    if item["funding"] != "PARTICIPANTS":
        if not any(rule["id"] == item["funding"] for rule in given["funding_rules"]):
            raise Refusal("FUNDING_UNKNOWN", *named)
        if own:
            raise Refusal("FUNDING_NOT_ALLOWED", *named)
