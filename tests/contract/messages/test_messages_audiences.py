"""The AsyncAPI documents for portals, partners and operators: what each may use, how, and with which guarantees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jws
from jsonschema import Draft202012Validator

from shared.messages.partner import PARTNER_EVENTS, RECEIPT_TYPE, PartnerEvent, ReceiptData
from shared.schemas import signed
from shared.schemas.audiences import documents
from shared.schemas.jsonschema import PERSONAL, properties, references
from shared.topics import TOPICS, CleanupPolicy

DOCUMENTS = documents()
TOPIC = {topic.name: topic for topic in TOPICS}
every_document = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS.keys())
every_signed_type = pytest.mark.parametrize("name", signed.TYPES)


@every_document
def test_each_server_demands_tls_and_scram_or_a_certificate(document: dict[str, Any]) -> None:
    assert {server["protocol"] for server in document["servers"].values()} == {"kafka-secure"}
    schemes = document["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"scramSha512", "X509"}
    for server in document["servers"].values():
        assert [reference["$ref"].rpartition("/")[2] in schemes for reference in server["security"]] == [True]


@every_document
def test_order_delivery_change_and_compression_are_stated_in_words(document: dict[str, Any]) -> None:
    text = document["info"]["description"]
    assert [word for word in ("Order: ", "Delivery: ", "additive", "zstd", "x-personal") if word not in text] == []


@every_document
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        place: Any = document
        for part in reference["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        assert place


@every_document
def test_every_channel_is_described_used_and_has_messages(document: dict[str, Any]) -> None:
    used = {operation["channel"]["$ref"].removeprefix("#/channels/") for operation in document["operations"].values()}
    assert used == set(document["channels"])
    for name, channel in document["channels"].items():
        assert channel["messages"], name
        if name.endswith((".dlq", ".replay")):
            continue
        assert "compressed " in channel["description"]
        assert channel["x-key"]
        assert channel["bindings"]["kafka"]["partitions"] >= 1


@every_document
def test_what_a_channel_states_is_what_the_registry_says(document: dict[str, Any]) -> None:
    for name, channel in document["channels"].items():
        topic = TOPIC.get(name)
        if topic is None:
            continue
        configuration = channel["bindings"]["kafka"]["topicConfiguration"]
        assert channel["bindings"]["kafka"]["partitions"] == topic.partitions
        assert configuration["cleanup.policy"] == [topic.keep.value]
        assert channel["messages"].keys() == topic.types
        if topic.keep is CleanupPolicy.COMPACT:
            assert configuration["delete.retention.ms"] == topic.tombstone_retention.total_seconds() * 1000
        assert f"at most {topic.max_message_bytes} bytes" in channel["description"]


@every_document
def test_every_message_with_a_body_has_an_example(document: dict[str, Any]) -> None:
    for name, message in document["components"]["messages"].items():
        if name in {"dead-letter", "replay"} or message["payload"] == {"type": "null"}:
            continue
        assert message["examples"], name
        assert "additionalProperties" not in json.dumps(message["payload"]), "readers take unknown fields"


def test_a_portal_reads_the_catalog_and_nothing_else() -> None:
    document = DOCUMENTS["portals"]
    assert {name.split(".")[0] for name in document["channels"]} == {"catalog"}
    receiving = {one["channel"]["$ref"] for one in document["operations"].values() if one["action"] == "receive"}
    expected = {"catalog.offering.v1", "catalog.known-service.v1", "catalog.checkpoint.v1"}
    assert receiving == {f"#/channels/{name}" for name in expected}
    sending = [one["channel"]["$ref"] for one in document["operations"].values() if one["action"] == "send"]
    assert sending == ["#/channels/catalog.portal-health.v1"]
    assert "catalog.submission.v1" not in document["channels"]


def test_a_partner_writes_its_orders_and_reads_its_receipts() -> None:
    document = DOCUMENTS["partners"]
    channels = document["channels"]
    assert {name: channel["address"] for name, channel in channels.items()} == {
        "orders": "partner.{partner}.orders.v1",
        "receipts": "partner.{partner}.receipts.v1",
    }
    assert all(channel["parameters"].keys() == {"partner"} for channel in channels.values())
    assert channels["orders"]["messages"].keys() == PARTNER_EVENTS.keys()
    assert channels["receipts"]["messages"].keys() == {RECEIPT_TYPE}
    assert channels["orders"]["x-message-timestamp-type"] == "LogAppendTime"
    assert {name: channel["x-compression"] for name, channel in channels.items()} == {"orders": "any", "receipts": "zstd"}
    assert not any("ce_" in channel["description"] for channel in channels.values()), "there are no such headers"
    assert {name: operation["action"] for name, operation in document["operations"].items()} == {
        "sendEvents": "send",
        "receiveReceipts": "receive",
    }


@every_signed_type
def test_the_signed_example_is_verified_by_its_key_and_satisfies_its_schema(name: str) -> None:
    message = DOCUMENTS["partners"]["components"]["messages"][name]
    (example,) = message["examples"]
    found = jws.deserialize_compact(example["payload"], signed.KEY, algorithms=["Ed25519"])
    event = json.loads(found.payload or b"")
    assert event == message["x-decoded-example"]
    assert event["type"] == name
    schema = signed.strict_event(name)
    Draft202012Validator.check_schema(schema)
    for form in (schema, signed.reader_event(name)):
        validator = Draft202012Validator(form, format_checker=Draft202012Validator.FORMAT_CHECKER)
        assert [error.message for error in validator.iter_errors(event)] == []
    if name == RECEIPT_TYPE:
        ReceiptData.model_validate(event["data"])
    else:
        PartnerEvent.model_validate(event)
        PARTNER_EVENTS[name].model_validate(event["data"])


@every_signed_type
def test_every_field_of_a_signed_event_is_described_and_marked(name: str) -> None:
    for place, field in properties(signed.strict_event(name)).items():
        assert field.get("description"), place
        assert PERSONAL in field, place


@every_signed_type
def test_a_signed_event_with_an_unknown_member_is_for_readers_only(name: str) -> None:
    event = signed.example_event(name) | {"later": 1}
    assert not Draft202012Validator(signed.strict_event(name)).is_valid(event)
    assert Draft202012Validator(signed.reader_event(name)).is_valid(event)


def test_operators_see_the_registry_the_quarantine_and_each_dead_letter() -> None:
    channels = DOCUMENTS["operators"]["channels"]
    assert channels.keys() >= {"ordering.partner.v1", "ordering.quarantine.v1", "catalog.checkpoint.v1", "notify.dispatch.dlq"}
