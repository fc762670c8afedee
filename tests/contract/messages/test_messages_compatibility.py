"""Released schemas are promises: a change that breaks one is caught here, and must be a new type beside the old one.

``released/<version>/`` holds the schemas as they were released (``python -m shared.schemas.generate --freeze FOLDER``).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.messages.catalog import OfferingPublished
from shared.messages.eligibility import VerdictGiven
from shared.messages.ordering import OrderTerminated
from shared.schemas.jsonschema import Schema, opened, schema_of
from shared.topics import TOPICS
from tests.contract.messages.compatibility import breaks

RELEASED = Path(__file__).parent / "released"
FROZEN = sorted(RELEASED.glob("*/*.json"))
TYPES = {message.TYPE: message for topic in TOPICS for message in topic.messages}
ORDER_TERMINATED, OFFERING_PUBLISHED = schema_of(OrderTerminated), schema_of(OfferingPublished)
VERDICT_GIVEN = schema_of(VerdictGiven)


def test_there_is_a_release() -> None:
    assert FROZEN


@pytest.mark.parametrize("file", FROZEN, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_released_type_still_exists_and_is_compatible_both_ways(file: Path) -> None:
    message = TYPES.get(file.stem)
    assert message is not None, "a released type stays for as long as its events may be read"
    assert breaks(json.loads(file.read_text("utf-8")), schema_of(message)) == []


@pytest.mark.parametrize("message", TYPES.values(), ids=TYPES.keys())
def test_a_type_is_compatible_with_itself(message: Any) -> None:
    assert breaks(schema_of(message), schema_of(message)) == []


def remove_required(schema: Schema) -> None:
    del schema["properties"]["ends_on"]
    schema["required"].remove("ends_on")


def rename(schema: Schema) -> None:
    schema["properties"]["end"] = schema["properties"].pop("ends_on")
    schema["required"] = ["end" if name == "ends_on" else name for name in schema["required"]]


def add_required(schema: Schema) -> None:
    schema["properties"]["notice"] = {"type": "string"}
    schema["required"].append("notice")


def make_optional(schema: Schema) -> None:
    schema["required"].remove("ends_on")


def make_nested_required(schema: Schema) -> None:
    schema["$defs"]["OrderHead"]["required"].append("partner")


def change_type(schema: Schema) -> None:
    schema["$defs"]["OrderHead"]["properties"]["offering_version"] = {"type": "string"}


def close_enum(schema: Schema) -> None:
    party = schema["$defs"]["OrderParty"]
    party["enum"] = party.pop("x-extensible-enum")


def shorten(schema: Schema) -> None:
    schema["$defs"]["OrderHead"]["properties"]["number"]["maxLength"] = 20


def lengthen(schema: Schema) -> None:
    schema["$defs"]["OrderHead"]["properties"]["number"]["maxLength"] = 2000


def narrow_number(schema: Schema) -> None:
    schema["$defs"]["OrderHead"]["properties"]["offering_version"]["minimum"] = 5


def list_instead_of_value(schema: Schema) -> None:
    schema["properties"]["by"] = {"type": "array", "items": schema["properties"]["by"]}


@pytest.mark.parametrize(
    "change",
    [
        remove_required,
        rename,
        add_required,
        make_optional,
        make_nested_required,
        change_type,
        close_enum,
        shorten,
        lengthen,
        narrow_number,
        list_instead_of_value,
    ],
)
def test_a_breaking_change_is_caught(change: Callable[[Schema], None]) -> None:
    changed = copy.deepcopy(ORDER_TERMINATED)
    change(changed)
    assert breaks(ORDER_TERMINATED, changed)


def add_optional(schema: Schema) -> None:
    schema["properties"]["reason"] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}


def add_nested_optional(schema: Schema) -> None:
    schema["$defs"]["OrderHead"]["properties"]["priority"] = {"type": "integer"}


def describe(schema: Schema) -> None:
    schema["description"] = "Other words."
    schema["properties"]["ends_on"]["description"] = "The last day of use."


@pytest.mark.parametrize("change", [add_optional, add_nested_optional, describe])
def test_an_additive_change_is_allowed(change: Callable[[Schema], None]) -> None:
    changed = copy.deepcopy(ORDER_TERMINATED)
    change(changed)
    assert breaks(ORDER_TERMINATED, changed) == []


@pytest.mark.parametrize("values", [["EXEMPT"], ["EXEMPT", "RISK", "NO_EVIDENCE", "NOT_EXEMPT", "OUT_OF_SCOPE", "PARTLY"]])
def test_a_closed_list_of_values_stays_as_it_is(values: list[str]) -> None:
    changed = copy.deepcopy(VERDICT_GIVEN)
    changed["$defs"]["Verdict"]["enum"] = values
    assert breaks(VERDICT_GIVEN, changed)


def test_an_open_list_of_values_may_grow() -> None:
    changed = copy.deepcopy(ORDER_TERMINATED)
    changed["$defs"]["Channel"]["x-extensible-enum"].append("kommunalvertreter")
    assert breaks(ORDER_TERMINATED, changed) == []


def test_every_list_of_values_is_open_but_the_verdict() -> None:
    closed = {
        name for message in TYPES.values() for name, schema in schema_of(message).get("$defs", {}).items() if "enum" in schema
    }
    assert closed == {"Verdict"}


def test_a_change_deep_inside_a_list_is_caught() -> None:
    changed = copy.deepcopy(OFFERING_PUBLISHED)
    changed["$defs"]["Money"]["required"] = ["cents", "currency"]
    assert breaks(OFFERING_PUBLISHED, changed)


def test_opening_a_schema_takes_nothing_away_but_the_closure() -> None:
    text = json.dumps(opened(OFFERING_PUBLISHED))
    assert "additionalProperties" not in text
    assert json.loads(text)["$defs"].keys() == OFFERING_PUBLISHED["$defs"].keys()
