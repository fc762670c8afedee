"""Faults, one for each code, and inputs spoiled at random places."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

Spoil = Callable[[dict[str, Any]], None]


def _rule(given: dict[str, Any], **changes: Any) -> None:
    given["funding_rules"][0] |= changes


def _body(given: dict[str, Any], **changes: Any) -> None:
    given["participants"][0] |= changes


def _item(given: dict[str, Any], **changes: Any) -> None:
    given["cost_information"][0]["items"][0] |= changes


def _version(given: dict[str, Any], **changes: Any) -> None:
    given["cost_information"][0] |= changes


def _use(given: dict[str, Any], *entries: tuple[str, str, int], **more: Any) -> None:
    uses = [{"from": first, "to": last, "count": count, **more} for first, last, count in entries]
    _body(given, participations=[{"from": "2020-01-01", "to": "2029-12-31"}], uses=uses)


def _double(given: dict[str, Any]) -> None:
    shared: dict[str, Any] = {
        "period": "JAHR",
        "due_on": None,
        "valid_from": "2020-01-01",
        "valid_to": None,
        "cost_object": "doppelt",
    }
    shared |= {"key": {"type": "GLEICH"}, "funding": "PARTICIPANTS"}
    item = given["cost_information"][0]["items"][0]
    item |= {**shared, "kind": "PLATTFORMNUTZUNG", "efa_share_bp": 1}
    other = {**item, **shared, "id": "betrieb", "kind": "BETRIEB_INFRASTRUKTUR", "efa_share_bp": None}
    given["cost_information"][0]["items"].append(other)


PAYER = {"type": "PAYER", "id": "DE"}
POOL: dict[str, Any] = {"id": "a", "share_bp": 10_000, "members": PAYER, "key": None, "settled": "BUDGET"}
COMBINED = {"type": "KOMBINATION", "parts": [{"share_bp": 10_000, "key": {"type": "GLEICH"}}]}
NESTED = {"type": "KOMBINATION", "parts": [{"share_bp": 5000, "key": {"type": key}} for key in ("GLEICH", "FEST")]}
UNKNOWN_TABLE = {"type": "KOENIGSTEIN", "table": "KS1900"}

FAULTS: tuple[tuple[str, Spoil], ...] = (
    ("INVALID_FIELD", lambda given: given.update(currency="eur")),
    ("INVALID_FIELD", lambda given: given.update(previous_known_at=None)),
    ("INVALID_FIELD", lambda given: _item(given, amount_cents=1.0)),
    ("INVALID_FIELD", lambda given: _item(given, amount_cents=True)),
    ("INVALID_FIELD", lambda given: _item(given, label="\ud800")),
    ("INVALID_FIELD", lambda given: _item(given, key={"type": "GLEICH", "table": "KS2019"})),
    ("INVALID_FIELD", lambda given: given.update(period={"from": "2024-02-30", "to": "2024-03-01", "in": 1})),
    ("INVALID_DATE", lambda given: given.update(period={"from": "2024-02-30", "to": "2024-03-01"})),
    ("INVALID_DATE", lambda given: given.update(known_at="2025-02-29T08:00:00Z")),
    ("CURRENCY_INVALID", lambda given: given.update(currency="CHF")),
    ("PERIOD_INVALID", lambda given: given.update(period={"from": "2024-03-01", "to": "2024-02-28"})),
    ("TABLE_INVALID", lambda given: given["tables"]["KS2019"].update({"03": 10_000_000})),
    ("FUNDING_RULE_INVALID", lambda given: _rule(given, id="PARTICIPANTS")),
    ("FUNDING_RULE_INVALID", lambda given: given["funding_rules"].append(given["funding_rules"][0])),
    ("FUNDING_RULE_INVALID", lambda given: _rule(given, valid_from="2025-01-01", valid_to="2024-12-31")),
    ("FUNDING_RULE_INVALID", lambda given: _rule(given, pools=[])),
    ("FUNDING_RULE_INVALID", lambda given: _rule(given, pools=[POOL | {"share_bp": 5000}] * 2)),
    ("FUNDING_RULE_INVALID", lambda given: _rule(given, pools=[POOL, POOL | {"id": "b", "share_bp": 0}])),
    ("KEY_NOT_ALLOWED", lambda given: _rule(given, pools=[POOL | {"key": "ITEM"}])),
    ("KEY_NOT_ALLOWED", lambda given: _rule(given, pools=[POOL | {"members": {"type": "ALL_LAENDER"}}])),
    ("KEY_NOT_ALLOWED", lambda given: _rule(given, pools=[POOL | {"members": {"type": "PARTICIPANTS", "types": None}}])),
    ("TABLE_UNKNOWN", lambda given: _rule(given, pools=[POOL | {"members": {"type": "ALL_LAENDER"}, "key": UNKNOWN_TABLE}])),
    ("PARTICIPANT_DUPLICATE", lambda given: given["participants"].append(given["participants"][0])),
    ("PARTICIPANT_INVALID", lambda given: _body(given, type="BUND")),
    ("PARTICIPANT_INVALID", lambda given: _body(given, id="DE-SH", type="LAND", ars="02")),
    ("PARTICIPANT_INVALID", lambda given: _body(given, id="DE-XX", type="SONSTIGE", ars=None)),
    ("PARTICIPANT_INVALID", lambda given: _body(given, id="ort", type="KOMMUNE", ars="170000000000")),
    ("PARTICIPANT_INVALID", lambda given: _body(given, id="ort", type="KOMMUNE", ars="01002")),
    ("PERIOD_INVALID", lambda given: _body(given, participations=[{"from": "2024-03-01", "to": "2024-02-29"}])),
    ("PARTICIPATION_OVERLAP", lambda given: _body(given, participations=[{"from": "2024-03-01", "to": None}] * 2)),
    ("PERIOD_INVALID", lambda given: _use(given, ("2024-03-01", "2024-02-29", 0))),
    ("USES_REPORT_DUPLICATE", lambda given: _use(given, *[("2024-03-01", "2024-03-31", 0)] * 2)),
    ("USES_OUTSIDE_PARTICIPATION", lambda given: _use(given, ("2019-03-01", "2019-03-31", 1))),
    ("USES_REPORT_OVERLAP", lambda given: _use(given, ("2024-03-01", "2024-03-31", 1), ("2024-03-31", "2024-04-01", 1))),
    ("COST_INFO_RETROACTIVE", lambda given: _version(given, issued_on="2020-01-02")),
    ("COST_INFO_ORDER", lambda given: given["cost_information"].append(given["cost_information"][0])),
    ("ITEM_DUPLICATE", lambda given: given["cost_information"][0]["items"].append(given["cost_information"][0]["items"][0])),
    ("COST_KIND_UNKNOWN", lambda given: _item(given, kind="ERSTENTWICKLUNG")),
    ("AMOUNT_INVALID", lambda given: _item(given, amount_cents=-1)),
    ("AMOUNT_INVALID", lambda given: _item(given, amount_cents=10**13 + 1)),
    ("PERIOD_NOT_ALLOWED", lambda given: _item(given, due_on="2024-03-01", valid_from="2024-03-01")),
    (
        "PERIOD_INVALID",
        lambda given: _item(
            given, period="JAHR", kind="WEITERENTWICKLUNG", due_on=None, valid_from="2024-03-01", valid_to="2024-02-29"
        ),
    ),
    ("EFA_SHARE_INVALID", lambda given: _item(given, kind="PLATTFORMNUTZUNG", efa_share_bp=10_001)),
    ("EFA_SHARE_INVALID", lambda given: _item(given, kind="BETRIEB_ONLINEDIENST", efa_share_bp=1)),
    ("KEY_NOT_ALLOWED", lambda given: _item(given, key=NESTED)),
    ("KEY_WEIGHTS_INVALID", lambda given: _item(given, key=COMBINED)),
    ("TABLE_UNKNOWN", lambda given: _item(given, key=UNKNOWN_TABLE)),
    ("PARTICIPANT_UNKNOWN", lambda given: _item(given, key={"type": "DIREKT", "participant": "niemand"})),
    ("KEY_NOT_ALLOWED", lambda given: _item(given, fallback_key={"type": "NUTZUNG"})),
    ("TABLE_UNKNOWN", lambda given: _item(given, fallback_key=UNKNOWN_TABLE)),
    ("FUNDING_UNKNOWN", lambda given: _item(given, funding="KEINE")),
    ("FUNDING_NOT_ALLOWED", lambda given: _item(given, key={"type": "FEST"}, funding="EFA")),
    ("DOUBLE_COUNTED", _double),
)
"""Codes that refuse an input before anything is calculated, each with a fault of that code."""

WRONG: tuple[Any, ...] = (
    None,
    "",
    "X",
    "DE",
    "DE-SH",
    -1,
    0,
    1,
    7,
    10_000,
    1.5,
    True,
    [],
    {},
    "2024-02-29",
    "2023-02-29",
    "2025-01-01",
    "KS2019",
    "GLEICH",
    "EINMALIG",
    "PARTICIPANTS",
    {"type": "NUTZUNG"},
    {"type": "FEST"},
    {"type": "DIREKT", "participant": "DE-SH"},
)


def spoiled(given: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return a copy with one value replaced, removed or repeated, or with one of the faults."""
    rng = Random(seed)  # noqa: S311 - reproducible test data
    found = copy.deepcopy(given)
    if rng.random() < 0.4 and found["participants"]:
        rng.choice(FAULTS)[1](found)
        return found
    places = list(_places(found))
    for _ in range(rng.choice([1, 1, 2])):
        holder, key = rng.choice(places)
        if isinstance(holder, list) and key < len(holder):
            entry = holder.pop(key)
            holder += [entry, copy.deepcopy(entry)] if rng.random() < 0.5 else []
        elif isinstance(holder, dict):
            holder[key] = rng.choice(WRONG)
    return found


def _places(value: Any) -> list[tuple[Any, Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, entry in entries for place in [(value, key), *_places(entry)]]
