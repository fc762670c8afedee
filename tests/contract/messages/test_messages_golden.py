"""Golden files: events as they were written once. Today's models read them for ever and write them back unchanged.

A file is made once, when its type is made, and is not changed again: it stands for the events that lie on topics and in archives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from shared.messages.base import Message
from shared.schemas.jsonschema import opened, schema_of
from shared.topics import TOPICS

GOLDEN = Path(__file__).parent / "golden"
TYPES = {message.TYPE: message for topic in TOPICS for message in topic.messages}
every_type = pytest.mark.parametrize("message", TYPES.values(), ids=TYPES.keys())


def golden(message: type[Message]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{message.TYPE}.json").read_text("utf-8"))
    return found


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield each JSON object inside the value, itself too."""
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from objects(child)
    elif isinstance(value, list):
        for child in value:
            yield from objects(child)


def test_every_type_has_a_golden_file_and_every_file_a_type() -> None:
    assert {file.stem for file in GOLDEN.glob("*.json")} == set(TYPES)


@every_type
def test_todays_model_reads_the_golden_file_and_writes_it_back_equal(message: type[Message]) -> None:
    document = golden(message)
    read = message.model_validate_json(json.dumps(document), extra="ignore")
    assert json.loads(read.model_dump_json(exclude_unset=True)) == document
    written = json.loads(read.model_dump_json(exclude_none=True))
    assert message.model_validate(written | document, extra="ignore") == read


@every_type
def test_the_golden_file_satisfies_the_schema_of_its_type(message: type[Message]) -> None:
    validator = Draft202012Validator(schema_of(message), format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(golden(message))] == []


@every_type
def test_what_the_model_writes_satisfies_the_schema(message: type[Message]) -> None:
    written = json.loads(message.model_validate(golden(message)).model_dump_json(exclude_none=True))
    assert Draft202012Validator(schema_of(message)).is_valid(written)


@every_type
def test_readers_pass_over_unknown_fields_at_every_depth(message: type[Message]) -> None:
    document = golden(message)
    for part in list(objects(document)):
        part["field_of_a_later_version"] = {"any": ["thing"]}
    read = message.model_validate_json(json.dumps(document), extra="ignore")
    assert json.loads(read.model_dump_json(exclude_unset=True)) == golden(message)
    assert Draft202012Validator(opened(schema_of(message))).is_valid(document)


@every_type
def test_writers_refuse_unknown_fields_at_every_depth(message: type[Message]) -> None:
    for position in range(len(list(objects(golden(message))))):
        document = golden(message)
        list(objects(document))[position]["unknown"] = 1
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            message.model_validate(document)
        assert not Draft202012Validator(schema_of(message)).is_valid(document)


@every_type
def test_a_missing_required_field_is_refused(message: type[Message]) -> None:
    for name in schema_of(message)["required"]:
        document = golden(message)
        del document[name]
        with pytest.raises(ValidationError):
            message.model_validate(document, extra="ignore")


@every_type
def test_times_are_utc_in_rfc_3339(message: type[Message]) -> None:
    times = [
        value
        for part in objects(golden(message))
        for name, value in part.items()
        if name == "at" or (name.endswith("_at") and isinstance(value, str))
    ]
    assert all(value.endswith("Z") for value in times)
