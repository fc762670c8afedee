"""Inputs that must be refused as a whole: one way or more for each code."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.support.chain_cases.world import Entry

Fault = tuple[str, Callable[[Entry, Random], None]]


def spoiled(given: Entry, random: Random) -> Entry:
    """Return a copy of an input with one or two faults."""
    given = copy.deepcopy(given)
    for _ in range(random.choice((1, 1, 2))):
        random.choice(FAULTS)[1](given, random)
    return given


def _set(part: str, field: str, *values: Any) -> Callable[[Entry, Random], None]:
    def spoil(given: Entry, random: Random) -> None:
        found = given[part]
        if isinstance(found, list):
            fitting = [item for item in found if field in item] or found
            found = random.choice(fitting) if fitting else given
        found[field] = copy.deepcopy(random.choice(values))

    return spoil


def _ask(question: Any) -> Callable[[Entry, Random], None]:
    return lambda given, _: given["questions"].append(copy.deepcopy(question))


def _drop(part: str, field: str) -> Callable[[Entry, Random], None]:
    def spoil(given: Entry, random: Random) -> None:
        found = given[part] if isinstance(given[part], dict) else random.choice(given[part] or [{}])
        found.pop(field, None)

    return spoil


def _twice(part: str) -> Callable[[Entry, Random], None]:
    def spoil(given: Entry, random: Random) -> None:
        if given[part]:
            given[part].insert(random.randint(0, len(given[part])), copy.deepcopy(random.choice(given[part])))

    return spoil


def _accession_with_id_of_contract(given: Entry, random: Random) -> None:
    id_ = random.choice(given["contracts"])["id"]
    given["accessions"].append({"id": id_, "org": "DE-SH", "contract": "zz", "valid_from": "2025-01-01", "valid_to": None})


def _without(*ids: str) -> Callable[[Entry, Random], None]:
    def spoil(given: Entry, random: Random) -> None:
        gone = random.choice(ids)
        given["organisations"] = [item for item in given["organisations"] if item["id"] != gone]

    return spoil


BAD_IDS: Final = ("", " a", "-a", "a" * 65, "ä", 1, None, "a\n", "a/b")
NO_DAYS: Final = ("2025-1-1", "2025-01-01\n", "1899-12-31", "2200-01-01", "2025-13-01", "2025-01-32", 20250101, "", "٢٠٢٥-01-01")
IMPOSSIBLE: Final = ("2025-02-29", "2100-02-29", "2025-04-31", "2025-06-31", "2024-02-30")
NAN: Final = "\ud800"
FAULTS: Final[tuple[Fault, ...]] = (
    ("INVALID_FIELD", _set("contracts", "id", *BAD_IDS)),
    ("INVALID_FIELD", _set("contracts", "version", 0, 1.0, True, "1", None, 1_000_001, -1, 10**400)),
    ("INVALID_FIELD", _set("contracts", "leg", "BEITRITT", "", None, ["NACHNUTZUNG"])),
    ("INVALID_FIELD", _set("contracts", "state", "ANGEFORDERT", None, 1)),
    ("INVALID_FIELD", _set("contracts", "valid_from", None, *NO_DAYS)),
    ("INVALID_FIELD", _set("contracts", "valid_to", *NO_DAYS)),
    ("INVALID_FIELD", _set("contracts", "ends_on", *NO_DAYS)),
    ("INVALID_FIELD", _set("contracts", "services", None, "s1", ["s1", "s1"], [""], {"s1": 1}, [1])),
    ("INVALID_FIELD", _set("contracts", "territory", ["0"], ["01", "01"], ["de"], ["1" * 13], [None], ["01\n"])),
    (
        "INVALID_FIELD",
        _set("contracts", "passing_on", None, {}, {"allowed": 1, "act": "BEITRITT"}, {"allowed": True, "act": None}),
    ),
    ("INVALID_FIELD", _set("contracts", "passing_on", {"allowed": True, "act": "BEITRITT", "more": 1}, [], True)),
    ("INVALID_FIELD", _set("contracts", "charge", "FREI", None)),
    ("INVALID_FIELD", _set("contracts", "notice", {}, {"months": 121, "to": "ANY"}, {"months": -1, "to": "ANY"}, 6, "ANY")),
    ("INVALID_FIELD", _set("contracts", "notice", {"months": 6.0, "to": "ANY"}, {"months": True, "to": "ANY"})),
    ("INVALID_FIELD", _set("contracts", "notice", {"months": 6, "to": "MONTH_START"}, {"months": 6, "from": "MONTH_END"})),
    ("INVALID_FIELD", _set("contracts", "price_notice", None, {"months": 6, "from": "MONTH_END"}, {"months": 6, "from_": "ANY"})),
    ("INVALID_FIELD", _set("contracts", "agb_version", "", "a" * 201, 2022, NAN)),
    ("INVALID_FIELD", _set("contracts", "annexes", [""], ["a", "a"], [NAN], ["ä" * 201], "a")),
    ("INVALID_FIELD", _set("contracts", "signatures", None, {}, [{}], [["grantor"]])),
    (
        "INVALID_FIELD",
        _set(
            "contracts",
            "signatures",
            [{"side": "provider", "by": "p", "released_by": None, "on": "2025-01-01"}],
            [{"side": "grantor", "by": "", "released_by": None, "on": "2025-01-01"}],
            [{"side": "grantor", "by": "p", "on": "2025-01-01"}],
            [{"side": "grantor", "by": "p", "released_by": None, "on": None}],
        ),
    ),
    ("INVALID_FIELD", _set("contracts", "colour", "red")),
    ("INVALID_FIELD", _drop("contracts", "continues")),
    ("INVALID_FIELD", _drop("contracts", "ends_on")),
    ("INVALID_FIELD", _set("offering", "channels", [], None, ["fitko", "fitko"], [""])),
    ("INVALID_FIELD", _set("offering", "bereitsteller", *BAD_IDS)),
    ("INVALID_FIELD", _drop("offering", "bereitsteller")),
    ("INVALID_FIELD", _set("channels", "name", "", None, NAN, "a" * 201)),
    ("INVALID_FIELD", _set("channels", "number_format", "", None, 1)),
    ("INVALID_FIELD", _set("channels", "leg_names", None, {"BEITRITT": "x"}, {"NACHNUTZUNG": ""}, {"NACHNUTZUNG": None}, [])),
    ("INVALID_FIELD", _set("channels", "direct_types", None, ["STADT"], ["LAND", "LAND"], "LAND")),
    ("INVALID_FIELD", _set("channels", "order_for_others", [None], ["LAND", "LAND"])),
    ("INVALID_FIELD", _set("channels", "default_act", None, "SUB")),
    ("INVALID_FIELD", _set("channels", "charge_rule", None, "FREE")),
    ("INVALID_FIELD", _set("channels", "first_signer", {}, {"NACHNUTZUNG": "grantor"}, None, "grantor")),
    (
        "INVALID_FIELD",
        _set("channels", "required_annexes", None, [], {"X": []}, {"NACHNUTZUNG": None}, {"NACHNUTZUNG": ["a", "a"]}),
    ),
    ("INVALID_FIELD", _set("channels", "agb", None, {"X": []}, {"NACHNUTZUNG": {}}, {"NACHNUTZUNG": [{"version": "1"}]})),
    ("INVALID_FIELD", _drop("channels", "agb")),
    ("INVALID_FIELD", _set("organisations", "type", "STADT", None)),
    ("INVALID_FIELD", _set("organisations", "ars", "", "0", "DE1", 1, "de", "01\n", "1" * 13)),
    ("INVALID_FIELD", _drop("organisations", "ars")),
    ("INVALID_FIELD", _set("accessions", "contract", None, "", "ä")),
    ("INVALID_FIELD", _set("inhouse", "from", None, "2025")),
    ("INVALID_FIELD", _ask({"type": "WHY"})),
    ("INVALID_FIELD", _ask({"type": "VIOLATIONS", "on": "2025-01-01"})),
    ("INVALID_FIELD", _ask({"type": ["VIOLATIONS"]})),
    ("INVALID_FIELD", _ask({"type": None})),
    ("INVALID_FIELD", _ask("VIOLATIONS")),
    ("INVALID_FIELD", _ask({})),
    ("INVALID_FIELD", _ask({"type": "AGB_CHANGE", "on": None})),
    ("INVALID_FIELD", _ask({"type": "NOTICE", "contract": "c0", "received_on": "2025-01-01"})),
    ("INVALID_FIELD", _ask({"type": "WRITE", "contract": None})),
    ("INVALID_DATE", _set("contracts", "valid_from", *IMPOSSIBLE)),
    ("INVALID_DATE", _set("contracts", "valid_to", *IMPOSSIBLE)),
    ("INVALID_DATE", _set("contracts", "ends_on", *IMPOSSIBLE)),
    ("INVALID_DATE", _set("accessions", "valid_to", *IMPOSSIBLE)),
    ("INVALID_DATE", _set("inhouse", "to", *IMPOSSIBLE)),
    ("INVALID_DATE", _ask({"type": "AGB_CHANGE", "on": "2025-02-29"})),
    ("INVALID_DATE", _ask({"type": "NOTICE", "contract": "c0", "received_on": "2025-01-01", "last_day": "2025-02-29"})),
    ("ID_DUPLICATE", _twice("channels")),
    ("ID_DUPLICATE", _twice("organisations")),
    ("ID_DUPLICATE", _twice("contracts")),
    ("ID_DUPLICATE", _twice("accessions")),
    ("ID_DUPLICATE", _accession_with_id_of_contract),
    ("ORGANISATION_UNKNOWN", _set("channels", "anbieter", "nobody")),
    ("ORGANISATION_UNKNOWN", _set("offering", "bereitsteller", "nobody")),
    ("ORGANISATION_UNKNOWN", _set("contracts", "grantor", "nobody")),
    ("ORGANISATION_UNKNOWN", _set("contracts", "grantee", "nobody")),
    ("ORGANISATION_UNKNOWN", _set("accessions", "org", "nobody")),
    ("ORGANISATION_UNKNOWN", _without("fitko", "govdigital", "DE-NW", "DE-SH", "dataport")),
    ("CHANNEL_UNKNOWN", _set("offering", "channels", ["nowhere"])),
    ("CHANNEL_UNKNOWN", _set("contracts", "channel", "nowhere")),
)
