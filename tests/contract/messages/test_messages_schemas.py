"""The generated schemas are what the models say, and the registry of topics names every type once."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from marktplatz.assembly import BUILDERS
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.envelope import encode
from shared.messages.base import Message, Tombstone, message_types, tombstone_types
from shared.messages.dataschema import dataschema_of
from shared.schemas import generate
from shared.schemas.asyncapi import document
from shared.schemas.asyncapi_parts import HEADERS, TOMBSTONE_HEADERS
from shared.schemas.examples import example_of
from shared.schemas.jsonschema import PERSONAL, STRICT, properties, reader_schema_of, references, schema_of
from shared.topics import CONTRACT_REQUESTS, DEAD_LETTERS, DECLARED, TOPICS, CleanupPolicy, Topic

TYPES = message_types()
TYPE_NAME = re.compile(rf"({'|'.join(sorted(BUILDERS))})\.[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]*")
PERSON = re.compile(r"\.(person|former_users|signed_off_by)$")
every_type = pytest.mark.parametrize("message", TYPES.values(), ids=TYPES.keys())


def test_the_committed_files_are_what_the_models_say() -> None:
    assert generate.stale(generate.FOLDER) == [], "run: python -m shared.schemas.generate"


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """What is generated, made once: it takes seconds."""
    return generate.generated()


@pytest.fixture
def generated_once(files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all that a test asks of a folder compared with what was generated once."""
    monkeypatch.setattr(generate, "generated", lambda: files)


@pytest.mark.slow
@pytest.mark.usefixtures("generated_once")
def test_generating_mends_what_is_missing_changed_or_left_over(tmp_path: Path) -> None:
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []
    left_over, changed, missing = tmp_path / "messages" / "gone.v1.json", tmp_path / "index.json", tmp_path / "asyncapi.json"
    left_over.write_text("{}")
    changed.write_text("{}")
    missing.unlink()
    expected = ["asyncapi.json", "index.json", "messages/gone.v1.json"]
    assert generate.stale(tmp_path) == expected
    assert generate.write(tmp_path) == expected
    assert generate.stale(tmp_path) == []


@pytest.mark.usefixtures("generated_once")
def test_the_check_fails_on_a_difference_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    assert generate.main(["--check"]) == 1
    assert list(tmp_path.iterdir()) == []
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_a_release_is_frozen_once(tmp_path: Path) -> None:
    folder = tmp_path / "released" / "1.0.0"
    assert generate.main(["--freeze", str(folder)]) == 0
    assert {file.stem for file in (folder / "strict").iterdir()} >= set(TYPES)
    assert {file.stem for file in (folder / "examples").iterdir()} >= set(TYPES)
    with pytest.raises(FileExistsError):
        generate.main(["--freeze", str(folder)])


@every_type
def test_the_schema_is_valid_closed_named_and_described(message: type[Message]) -> None:
    schema = schema_of(message)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == dataschema_of(message.TYPE) + STRICT
    assert schema["description"]
    parts = [schema, *schema.get("$defs", {}).values()]
    assert all(part["additionalProperties"] is False for part in parts if part.get("type") == "object")


@every_type
def test_the_readers_form_is_the_strict_one_without_the_closure(message: type[Message]) -> None:
    schema = reader_schema_of(message)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == dataschema_of(message.TYPE)
    assert "additionalProperties" not in json.dumps(schema)
    assert properties(schema).keys() == properties(schema_of(message)).keys()


@every_type
def test_every_field_is_described_and_states_whether_it_is_personal(message: type[Message]) -> None:
    for name, field in properties(schema_of(message)).items():
        assert field.get("description"), f"{name}: give it a Field(description=...)"
        assert PERSONAL in field, f'{name}: end its description with "Not personal." or state "Personal: ..."'
        assert field[PERSONAL] is True or not PERSON.search(name), f"{name} refers to a person"


@every_type
@pytest.mark.parametrize("form", ["messages", "strict"])
def test_the_published_example_satisfies_both_forms_and_the_model(message: type[Message], form: str) -> None:
    published = json.loads((generate.FOLDER / form / f"{message.TYPE}.json").read_text("utf-8"))
    (example,) = published["examples"]
    for schema in (published, schema_of(message), reader_schema_of(message)):
        validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        assert [error.message for error in validator.iter_errors(example)] == []
    message.model_validate_json(json.dumps(example))


@every_type
def test_the_published_example_shows_every_field(message: type[Message]) -> None:
    strict = schema_of(message)
    assert example_of(strict).keys() == strict["properties"].keys()


@every_type
def test_each_example_of_a_field_satisfies_its_schema(message: type[Message]) -> None:
    schema = schema_of(message)
    for name, field in properties(schema).items():
        for example in field.get("examples", ()):
            assert Draft202012Validator({**field, "$defs": schema.get("$defs", {})}).is_valid(example), name


def test_a_required_field_without_an_example_is_named() -> None:
    schema = {"title": "Offering", "required": ["note"], "properties": {"note": {"type": "string"}}}
    with pytest.raises(ValueError, match=r"Offering\.note needs an example"):
        example_of(schema)


@every_type
def test_the_type_name_follows_the_rule_and_its_producer(message: type[Message]) -> None:
    assert TYPE_NAME.fullmatch(message.TYPE)
    # A module is named like the service that writes its messages, with a noun behind it where there are several.
    assert message.TYPE.split(".")[0] == message.__module__.rpartition(".")[2].partition("_")[0]


@every_type
def test_the_class_name_is_in_the_past_tense(message: type[Message]) -> None:
    verbs = r"(ed|en|Withdrawn|Made|Live)"
    assert re.search(rf"{verbs}$", message.__name__)


def test_every_type_is_on_exactly_one_topic_but_the_contract_request_on_one_per_channel() -> None:
    found = Counter(message for topic in TOPICS for message in topic.messages)
    for topic in list(CONTRACT_REQUESTS.values())[1:]:
        found.subtract(topic.messages)
    assert set(found) == set(TYPES.values())
    assert set(found.values()) == {1}


def test_topics_are_written_by_the_service_that_owns_their_messages() -> None:
    for topic in TOPICS:
        assert {message.TYPE.split(".")[0] for message in topic.messages} == {topic.owner}
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


def test_the_asyncapi_document_names_every_topic_type_and_group() -> None:
    made = document()
    assert made["channels"].keys() == {topic.name for topic in DECLARED}
    assert made["components"]["messages"].keys() == {*TYPES, *tombstone_types(), "dead-letter", "replay"}
    receiving = {name.split(".receive.")[0] for name, operation in made["operations"].items() if operation["action"] == "receive"}
    assert receiving == set(DEAD_LETTERS)
    sending = [operation for operation in made["operations"].values() if operation["action"] == "send"]
    assert len(sending) == len(TOPICS)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    made = document()
    for reference in references(made):
        place: Any = made
        for part in reference["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        assert place


def test_the_documented_headers_are_those_of_a_real_record() -> None:
    event = OutgoingEvent(
        seq=7,
        id="0d85008d-2d37-5f1a-bb8b-8227f019cfb0",
        topic="ordering.order.v1",
        key="6567c570-29f9-5802-be12-1ed9f73a83ae",
        type="ordering.order.placed.v1",
        source="/ordering",
        time=datetime(2026, 11, 24, 9, tzinfo=UTC),
        data="{}",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        correlation_id="6567c570-29f9-5802-be12-1ed9f73a83ae",
    )
    headers = {name: (value or b"").decode() for name, value in encode(event).headers}
    assert headers.keys() == HEADERS["properties"].keys()
    assert Draft202012Validator(HEADERS).is_valid(headers)
    assert headers["ce_dataschema"] == dataschema_of(event.type)


def test_a_tombstone_has_headers_of_its_own_and_no_value() -> None:
    event = OutgoingEvent(
        seq=8,
        id="0d85008d-2d37-5f1a-bb8b-8227f019cfb0",
        topic="catalog.offering.v1",
        key="6567c570-29f9-5802-be12-1ed9f73a83ae",
        type="catalog.offering.removed.v1",
        source="/catalog",
        time=datetime(2026, 11, 24, 9, tzinfo=UTC),
        data=None,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        correlation_id="6567c570-29f9-5802-be12-1ed9f73a83ae",
    )
    record = encode(event)
    assert record.value is None
    headers = {name: (value or b"").decode() for name, value in record.headers}
    assert headers.keys() == TOMBSTONE_HEADERS["properties"].keys()
    assert Draft202012Validator(TOMBSTONE_HEADERS).is_valid(headers)


@pytest.mark.parametrize("tombstone", tombstone_types().values(), ids=tombstone_types().keys())
def test_a_tombstone_is_on_one_compacted_topic_and_has_no_body(tombstone: type[Tombstone]) -> None:
    (topic,) = [topic for topic in TOPICS if tombstone in topic.tombstones]
    assert topic.keep is CleanupPolicy.COMPACT
    assert TYPE_NAME.fullmatch(tombstone.TYPE)
    assert tombstone.TYPE.split(".")[0] == topic.producer
    assert tombstone.model_fields == {}
    assert tombstone.TYPE not in TYPES
    made = document()["components"]["messages"][tombstone.TYPE]
    assert made["payload"] == {"type": "null"}


def test_only_a_compacted_topic_carries_tombstones() -> None:
    with pytest.raises(ValueError, match="not compacted"):
        Topic("catalog.x.v1", "key", (), producer="catalog", consumers=(), tombstones=tuple(tombstone_types().values()))


def test_the_index_leads_from_a_type_to_its_schema_topic_and_readers() -> None:
    index = json.loads(generate.generated()["index.json"])["messages"]
    entry = index["ordering.contract-request.requested.v1"]
    assert entry["topics"] == [topic.name for topic in CONTRACT_REQUESTS.values()]
    assert entry["consumers"] == sorted(group for topic in CONTRACT_REQUESTS.values() for group in topic.consumers)
    assert all((generate.FOLDER / entry["schema"]).is_file() for entry in index.values())
