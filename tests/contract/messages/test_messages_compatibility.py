"""Released messages are promises: a change that breaks one is caught by ``python -m deploy.compatibility``.

``released/<version>/`` holds what a release promised (``python -m shared.schemas.generate --freeze FOLDER``). The gate itself is
tested by changes planted in what this version promises.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsoncompat
import pytest

from deploy.compatibility import __main__ as command
from deploy.compatibility import gate
from deploy.compatibility.contract import RELEASED, Contract, current, released, releases
from deploy.compatibility.findings import Finding
from shared.messages.base import message_types
from shared.messages.catalog import OfferingPublished
from shared.schemas import generate
from shared.schemas.jsonschema import Schema, opened, schema_of
from shared.topics import TOPICS

TERMINATED = "ordering.order.terminated.v1"
PUBLISHED = "catalog.offering.published.v1"
VERDICT = "eligibility.verdict.given.v1"
TYPES = {message.TYPE: message for topic in TOPICS for message in topic.messages}
Change = Callable[[Schema], None]


@pytest.fixture(scope="module")
def now() -> Contract:
    return current()


def only(contract: Contract, name: str) -> Contract:
    """Return the contract of one type."""
    return replace(contract, schemas={name: contract.schemas[name]}, examples={name: contract.examples[name]})


def planted(contract: Contract, name: str, change: Change) -> list[Finding]:
    """Return what the gate finds when the schema of one type is changed."""
    schema = copy.deepcopy(contract.schemas[name])
    change(schema)
    return gate.breaks(only(contract, name), replace(contract, schemas={**contract.schemas, name: schema}))


def moved(contract: Contract, name: str, **facts: Any) -> list[Finding]:
    """Return what the gate finds when the facts of one type are changed."""
    return gate.breaks(only(contract, name), replace(contract, facts={**contract.facts, name: {**contract.facts[name], **facts}}))


def test_nothing_of_the_last_release_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0, capsys.readouterr().out
    assert "0 breaking changes" in capsys.readouterr().out


def test_there_is_a_release_with_schemas_examples_and_facts_of_each_type() -> None:
    for release in releases():
        assert release.schemas
        assert release.schemas.keys() == release.examples.keys() == release.facts.keys()


def test_the_newest_release_is_the_last(tmp_path: Path) -> None:
    generate.freeze(tmp_path / "0.10.0")
    for version in ("0.9.0", "0.9.1"):
        shutil.copytree(tmp_path / "0.10.0", tmp_path / version)
    assert [release.version for release in releases(tmp_path)] == ["0.9.0", "0.9.1", "0.10.0"]


def test_a_folder_without_releases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no release"):
        releases(tmp_path)
    (tmp_path / "1.0.0").mkdir()
    with pytest.raises(FileNotFoundError, match="has no index"):
        releases(tmp_path)


def test_a_version_is_compatible_with_itself(now: Contract) -> None:
    assert gate.breaks(now, now) == []


def test_every_type_is_compared(now: Contract) -> None:
    assert now.schemas.keys() >= TYPES.keys()


def field(schema: Schema, name: str, part: str | None = None) -> Schema:
    found: Schema = (schema["$defs"][part] if part else schema)["properties"][name]
    return found


def remove(schema: Schema) -> None:
    del schema["properties"]["ends_on"]
    schema["required"].remove("ends_on")


def remove_optional(schema: Schema) -> None:
    del schema["$defs"]["OrderHead"]["properties"]["partner"]


def rename(schema: Schema) -> None:
    schema["properties"]["last_day"] = schema["properties"].pop("ends_on")
    schema["required"] = ["last_day" if name == "ends_on" else name for name in schema["required"]]


def rename_nested(schema: Schema) -> None:
    head = schema["$defs"]["OrderHead"]
    head["properties"]["title"] = head["properties"].pop("offering_title")
    head["required"] = ["title" if name == "offering_title" else name for name in head["required"]]


def add_required(schema: Schema) -> None:
    schema["properties"]["notice"] = {"type": "string"}
    schema["required"].append("notice")


def make_required(schema: Schema) -> None:
    schema["$defs"]["OrderHead"]["required"].append("partner")


def make_optional(schema: Schema) -> None:
    schema["required"].remove("ends_on")


def change_type(schema: Schema) -> None:
    field(schema, "offering_version", "OrderHead")["type"] = "string"


def integer_becomes_number(schema: Schema) -> None:
    field(schema, "offering_version", "OrderHead")["type"] = "number"


def change_format(schema: Schema) -> None:
    field(schema, "ends_on")["format"] = "date-time"


def drop_format(schema: Schema) -> None:
    del field(schema, "at")["format"]


def change_pattern(schema: Schema) -> None:
    field(schema, "id", "OrderHead")["pattern"] = "^[0-9]+$"


def widen_pattern(schema: Schema) -> None:
    field(schema, "id", "OrderHead")["pattern"] = "^.+$"


def shorten(schema: Schema) -> None:
    field(schema, "number", "OrderHead")["maxLength"] = 20


def lengthen(schema: Schema) -> None:
    field(schema, "number", "OrderHead")["maxLength"] = 2000


def raise_minimum(schema: Schema) -> None:
    field(schema, "offering_version", "OrderHead")["minimum"] = 5


def add_maximum(schema: Schema) -> None:
    field(schema, "offering_version", "OrderHead")["maximum"] = 99


def allow_unknown(schema: Schema) -> None:
    schema["$defs"]["OrderHead"]["additionalProperties"] = True


def allow_null(schema: Schema) -> None:
    schema["properties"]["ends_on"] = {"anyOf": [schema["properties"]["ends_on"], {"type": "null"}]}


def list_instead_of_value(schema: Schema) -> None:
    schema["properties"]["by"] = {"type": "array", "items": schema["properties"]["by"]}


def close_list(schema: Schema) -> None:
    party = schema["$defs"]["OrderParty"]
    party["enum"] = party.pop("x-extensible-enum")


def lose_open_value(schema: Schema) -> None:
    schema["$defs"]["OrderState"]["x-extensible-enum"].remove("PRODUKTIV")


def change_default(schema: Schema) -> None:
    field(schema, "partner", "OrderHead")["default"] = "dataport"


BREAKING: list[tuple[Change, str, str]] = [
    (remove, "body.ends_on", "removed"),
    (remove_optional, "body.order.partner", "removed"),
    (rename, "body.ends_on", "renamed to last_day"),
    (rename_nested, "body.order.offering_title", "renamed to title"),
    (add_required, "body.notice", "a new field is required"),
    (make_required, "body.order.partner", "made required"),
    (make_optional, "body.ends_on", "made optional"),
    (change_type, "body.order.offering_version", "type changed from 'integer' to 'string'"),
    (integer_becomes_number, "body.order.offering_version", "type changed from 'integer' to 'number'"),
    (change_format, "body.ends_on", "format changed from 'date' to 'date-time'"),
    (drop_format, "body.at", "format changed from 'date-time' to nothing"),
    (change_pattern, "body.order.id", "pattern changed"),
    (widen_pattern, "body.order.id", "pattern changed"),
    (shorten, "body.order.number", "maxLength changed from 200 to 20"),
    (lengthen, "body.order.number", "maxLength changed from 200 to 2000"),
    (raise_minimum, "body.order.offering_version", "minimum changed from 1 to 5"),
    (add_maximum, "body.order.offering_version", "maximum changed from nothing to 99"),
    (allow_unknown, "body.order", "additionalProperties changed from False to True"),
    (allow_null, "body.ends_on", "anyOf has 2 choices instead of 0"),
    (list_instead_of_value, "body.by", "items changed"),
    (close_list, "body.by", "the list of values was closed"),
    (lose_open_value, "body.order.state", "the open list of values lost PRODUKTIV"),
    (change_default, "body.order.partner", "default changed from None to 'dataport'"),
]


@pytest.mark.parametrize(("change", "place", "what"), BREAKING, ids=[change.__name__ for change, _, _ in BREAKING])
def test_a_breaking_change_is_named_with_place_and_remedy(now: Contract, change: Change, place: str, what: str) -> None:
    found = planted(now, TERMINATED, change)
    (finding,) = [finding for finding in found if finding.place == place and what in finding.what]
    assert finding.type == TERMINATED
    assert str(finding).startswith(f"{TERMINATED}: {place}: ")
    assert "Instead: " in str(finding)
    assert {finding.type for finding in found} == {TERMINATED}


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["EXEMPT", "RISK", "NO_EVIDENCE", "NOT_EXEMPT"], "lost OUT_OF_SCOPE"),
        (["EXEMPT", "RISK", "NO_EVIDENCE", "NOT_EXEMPT", "OUT_OF_SCOPE", "PARTLY"], "gained PARTLY"),
    ],
    ids=["narrowed", "widened"],
)
def test_a_closed_list_of_values_stays_as_it_is(now: Contract, values: list[str], what: str) -> None:
    def change(schema: Schema) -> None:
        schema["$defs"]["Verdict"]["enum"] = values

    found = planted(now, VERDICT, change)
    places = {"verdict", "findings[].verdict", "legs[].verdict", "changes_to"}
    assert {finding.place for finding in found} == {f"body.assessment.{place}" for place in places}
    assert all(what in finding.what and "a new type beside the old one" in finding.instead for finding in found)


def test_a_change_deep_inside_a_list_is_named_by_its_place(now: Contract) -> None:
    found = planted(now, PUBLISHED, lambda schema: schema["$defs"]["Money"].update(required=["cents", "currency"]))
    assert [finding.place for finding in found] == ["body.offering.price_items[].amount.currency"]


@pytest.mark.parametrize(
    ("facts", "place", "what"),
    [
        ({"topics": ["ordering.order.v2"]}, "topic ordering.order.v1", "moved to ordering.order.v2"),
        ({"key": "customer id"}, "key", "changed from order id to customer id"),
        ({"producer": "contracts"}, "producer", "changed from ordering to contracts"),
        ({"partitions": 24}, "partitions", "changed from 12 to 24"),
        ({"compacted": True}, "compacted", "changed from False to True"),
    ],
    ids=["topic", "key", "producer", "partitions", "compaction"],
)
def test_a_type_that_travels_otherwise_is_named(now: Contract, facts: dict[str, Any], place: str, what: str) -> None:
    (finding,) = moved(now, TERMINATED, **facts)
    assert (finding.type, finding.place) == (TERMINATED, place)
    assert what in finding.what
    assert "a new topic beside the old one" in finding.instead


def test_a_type_that_is_gone_is_named(now: Contract) -> None:
    schemas = {name: schema for name, schema in now.schemas.items() if name != TERMINATED}
    (finding,) = gate.breaks(only(now, TERMINATED), replace(now, schemas=schemas))
    assert (finding.type, finding.what) == (TERMINATED, "the type is gone")


def test_an_example_that_the_released_schema_refuses_is_named(now: Contract) -> None:
    example = copy.deepcopy(now.examples[TERMINATED]) | {"ends_on": "in summer"}
    (finding,) = gate.breaks(only(now, TERMINATED), replace(now, examples={**now.examples, TERMINATED: example}))
    assert (finding.place, "format" in finding.what) == ("body.ends_on", True)


def test_a_released_example_that_todays_model_does_not_read_is_named(now: Contract) -> None:
    example = {name: value for name, value in now.examples[TERMINATED].items() if name != "ends_on"}
    (finding,) = gate.unread(replace(now, version="0.0.9", examples={TERMINATED: example}), message_types())
    assert (finding.place, "0.0.9" in finding.what) == ("ends_on", True)


def test_what_the_rules_do_not_know_the_checker_of_json_schema_finds(now: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "broken", lambda *_: [])
    whats = [finding.what for finding in planted(now, TERMINATED, add_required)]
    assert whats == ["today's readers refuse events of the release"]
    whats = [finding.what for finding in planted(now, TERMINATED, remove)]
    assert whats == ["readers of the release refuse today's events"]


def test_the_checker_alone_passes_over_a_changed_format_and_a_moved_type() -> None:
    old, new = {"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}
    assert jsoncompat.check_compat(json.dumps(old), json.dumps(new), "both"), "the rule for formats is not needed any more"


def add_optional(schema: Schema) -> None:
    schema["properties"]["reason"] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}


def add_nested_optional(schema: Schema) -> None:
    schema["$defs"]["OrderHead"]["properties"]["priority"] = {"type": "integer"}


def add_optional_object(schema: Schema) -> None:
    schema["$defs"]["Note"] = {
        "title": "Note",
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
    }
    schema["properties"]["note"] = {"anyOf": [{"$ref": "#/$defs/Note"}, {"type": "null"}], "default": None}


def describe(schema: Schema) -> None:
    schema["description"] = "Other words."
    schema["title"] = "OtherName"
    field(schema, "ends_on").update(description="The last day of use.", examples=["2030-12-31"], **{"x-personal": True})


def grow_open_list(schema: Schema) -> None:
    schema["$defs"]["Channel"]["x-extensible-enum"].append("kommunalvertreter")


def reorder(schema: Schema) -> None:
    schema["properties"] = dict(reversed(schema["properties"].items()))
    schema["required"].reverse()


def inline_a_definition(schema: Schema) -> None:
    schema["properties"]["by"] = {**schema["$defs"]["OrderParty"]}


def rename_a_definition(schema: Schema) -> None:
    schema["$defs"]["Head"] = schema["$defs"].pop("OrderHead")
    schema["properties"]["order"]["$ref"] = "#/$defs/Head"


def deprecate(schema: Schema) -> None:
    field(schema, "by")["deprecated"] = True


HARMLESS = [
    add_optional,
    add_nested_optional,
    add_optional_object,
    describe,
    grow_open_list,
    reorder,
    inline_a_definition,
    rename_a_definition,
    deprecate,
]


@pytest.mark.parametrize("change", HARMLESS)
def test_a_harmless_change_passes(now: Contract, change: Change) -> None:
    assert planted(now, TERMINATED, change) == []


def test_a_new_type_and_a_further_topic_pass(now: Contract) -> None:
    name = "ordering.order.paused.v1"
    more = replace(now, schemas={**now.schemas, name: now.schemas[TERMINATED]}, facts={**now.facts, name: now.facts[TERMINATED]})
    assert gate.breaks(only(now, TERMINATED), more) == []
    topics = [*now.facts["ordering.contract-request.requested.v1"]["topics"], "contracts.third.request.v1"]
    assert moved(now, "ordering.contract-request.requested.v1", topics=topics) == []


def test_the_command_fails_and_prints_what_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate.freeze(tmp_path / "9.9.9")
    file = tmp_path / "9.9.9" / generate.STRICT / f"{TERMINATED}.json"
    schema = json.loads(file.read_text("utf-8"))
    schema["properties"]["notice"] = {"type": "string"}
    file.write_text(json.dumps(schema), "utf-8")
    assert command.main(["--released", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert f"{TERMINATED}: body.notice: the field was removed. Instead: " in printed
    assert "1 breaking changes" in printed


def test_what_is_frozen_is_what_is_promised_now(tmp_path: Path, now: Contract) -> None:
    generate.freeze(tmp_path / "1.0.0")
    assert released(tmp_path / "1.0.0") == replace(now, version="1.0.0")


def test_every_list_of_values_is_open_but_the_verdict() -> None:
    closed = {
        name for message in TYPES.values() for name, schema in schema_of(message).get("$defs", {}).items() if "enum" in schema
    }
    assert closed == {"Verdict"}


def test_opening_a_schema_takes_nothing_away_but_the_closure() -> None:
    strict = schema_of(OfferingPublished)
    assert "additionalProperties" not in json.dumps(opened(strict))
    assert opened(strict)["$defs"].keys() == strict["$defs"].keys()


def test_the_released_folder_is_where_the_gate_looks() -> None:
    assert RELEASED.parent == Path(__file__).parent
