"""Parts of AsyncAPI 3.1 documents: channels with keys and retention, messages with headers, payload and example."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from shared.messages.base import Message, Tombstone
from shared.messages.dataschema import dataschema_of
from shared.schemas.examples import example_of
from shared.schemas.jsonschema import Schema, reader_schema_of, references, schema_of
from shared.topics import CleanupPolicy, Topic

_DEFINITIONS = "#/$defs/"
_COMPONENTS = "#/components/schemas/"
KAFKA = "0.5.0"
"""Version of the Kafka bindings."""
COMPRESSION = "zstd"

_CLOUDEVENT: dict[str, Schema] = {
    "content-type": {"type": "string", "const": "application/json"},
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {"type": "string", "format": "uuid", "description": "The same for each repetition of the event."},
    "ce_source": {"type": "string", "format": "uri-reference", "description": "The producing service, such as /ordering."},
    "ce_type": {"type": "string", "description": "Message type; decides how the body is read."},
    "ce_time": {"type": "string", "format": "date-time"},
    "ce_subject": {"type": "string", "description": "Id of the aggregate."},
    "ce_dataschema": {"type": "string", "format": "uri", "description": "$id of the JSON Schema of the body."},
    "ce_partitionkey": {"type": "string", "description": "The record's key: the id of the aggregate."},
    "ce_sequence": {
        "type": "string",
        "pattern": "^[1-9][0-9]{0,17}$",
        "description": "Place of the event among those of its aggregate, over all topics, from 1.",
    },
    "ce_correlationid": {"type": "string", "description": "Id of the Vorgang that the event belongs to."},
    "traceparent": {"type": "string", "description": "W3C Trace Context."},
}
HEADERS: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0, Kafka protocol binding, binary mode.",
    "required": list(_CLOUDEVENT),
    "properties": _CLOUDEVENT,
}

_OF_VALUE = ("content-type", "ce_dataschema")
TOMBSTONE_HEADERS: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0, Kafka protocol binding, binary mode, without data.",
    "required": [name for name in _CLOUDEVENT if name not in _OF_VALUE],
    "properties": {name: schema for name, schema in _CLOUDEVENT.items() if name not in _OF_VALUE},
}


def channel(topic: Topic) -> dict[str, Any]:
    """Return the channel of a topic of ours."""
    return {
        "address": topic.name,
        "title": topic.name,
        "description": _guarantees(topic),
        "messages": {
            message.TYPE: {"$ref": f"#/components/messages/{message.TYPE}"} for message in (*topic.messages, *topic.tombstones)
        },
        "bindings": {
            "kafka": topic_binding(
                topic.partitions,
                topic.keep.value,
                topic.retention,
                topic.max_message_bytes,
                topic.tombstone_retention if topic.keep is CleanupPolicy.COMPACT else None,
            )
        },
        "x-key": topic.key,
        "x-compression": COMPRESSION,
        "x-producer": topic.producer,
        "x-consumers": list(topic.consumers),
        **({"x-min-compaction-lag-ms": milliseconds(topic.compaction_lag)} if topic.compaction_lag else {}),
        **({"x-message-timestamp-type": "LogAppendTime"} if topic.append_time else {}),
    }


def topic_binding(
    partitions: int, policy: str, retention: timedelta, largest: int | None, tombstones: timedelta | None = None
) -> dict[str, Any]:
    """Return the Kafka binding of a channel."""
    configuration: dict[str, Any] = {"cleanup.policy": [policy]}
    if tombstones is not None:
        configuration["delete.retention.ms"] = milliseconds(tombstones)
    if policy == "delete":
        configuration["retention.ms"] = milliseconds(retention)
    if largest is not None:
        configuration["max.message.bytes"] = largest
    return {"partitions": partitions, "topicConfiguration": configuration, "bindingVersion": KAFKA}


def milliseconds(span: timedelta) -> int:
    """Return a span in whole milliseconds, as Kafka counts it."""
    return round(span.total_seconds() * 1000)


def message(kind: type[Message]) -> dict[str, Any]:
    """Return the message of a type: its headers, the reader's form of its body, and an example."""
    payload = {name: value for name, value in relocated(reader_schema_of(kind)).items() if not name.startswith("$")}
    return {
        "name": kind.TYPE,
        "title": kind.__name__,
        "summary": payload["description"],
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": KAFKA}},
        "payload": payload,
        "examples": [{"name": "example", "headers": _headers(kind.TYPE), "payload": example_of(schema_of(kind))}],
        "x-dataschema": dataschema_of(kind.TYPE),
    }


def tombstone(kind: type[Tombstone]) -> dict[str, Any]:
    """Return the message of a tombstone: headers and no value."""
    return {
        "name": kind.TYPE,
        "title": kind.__name__,
        "summary": inspect.cleandoc(kind.__doc__ or ""),
        "description": "A tombstone: the record has a null value. Whoever keeps the topic's states removes that of the key.",
        "traits": [{"$ref": "#/components/messageTraits/tombstone"}],
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": KAFKA}},
        "payload": {"type": "null"},
    }


def definitions(kinds: Iterable[type[Message]]) -> dict[str, Schema]:
    """Return the values that several messages share. Raises ValueError if two values of one name differ."""
    found: dict[str, Schema] = {}
    for kind in kinds:
        collect(found, kind.TYPE, relocated(reader_schema_of(kind)).get("$defs", {}))
    return dict(sorted(found.items()))


def collect(found: dict[str, Schema], name: str, more: Mapping[str, Schema]) -> None:
    """Add values to those that were found. Raises ValueError if two values of one name differ."""
    for title, schema in more.items():
        if found.setdefault(title, schema) != schema:
            raise ValueError(f"{name} and another type have different values named {title}")


def relocated(schema: Schema) -> Schema:
    """Return the schema with its references turned to the components of the document.

    AsyncAPI's own schemas pass over what stands beside a reference, so that is put around it.
    """
    moved = copy.deepcopy(schema)
    for reference in list(references(moved)):
        target = {"$ref": reference.pop("$ref").replace(_DEFINITIONS, _COMPONENTS)}
        reference.update({"allOf": [target]} if reference else target)
    return moved


def _guarantees(topic: Topic) -> str:
    """Return in words how the topic's records are ordered, delivered and stored."""
    words = [
        f"Key: {topic.key}. Records of one key lie in one of {topic.partitions} partitions and keep their order.",
        "Delivery is at least once: a record may be repeated, with the same ce_id and ce_sequence.",
    ]
    if topic.keep is CleanupPolicy.COMPACT:
        words.append("Compacted: the last record of each key stays for good, so reading from the beginning gives the state.")
        if topic.tombstones:
            days = topic.tombstone_retention.days
            words.append(
                f"A tombstone removes its key and stays for {days} days; whoever was away longer reads from the beginning."
            )
        if topic.compaction_lag:
            words.append(
                f"No record is compacted away before it is {round(topic.compaction_lag.total_seconds() / 60)} minutes old."
            )
    else:
        words.append(f"Records stay for {topic.retention.days} days.")
    if topic.append_time:
        words.append("The broker sets the time of each record (LogAppendTime).")
    words.append(
        f"Records are compressed with {COMPRESSION}, which the client must be able to unpack, and have at most "
        f"{topic.max_message_bytes} bytes."
    )
    return " ".join(words)


def _headers(name: str) -> dict[str, str]:
    key = "6567c570-29f9-5802-be12-1ed9f73a83ae"
    return {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": "0d85008d-2d37-5f1a-bb8b-8227f019cfb0",
        "ce_source": f"/{name.partition('.')[0]}",
        "ce_type": name,
        "ce_time": "2026-11-24T09:00:00Z",
        "ce_subject": key,
        "ce_dataschema": dataschema_of(name),
        "ce_partitionkey": key,
        "ce_sequence": "7",
        "ce_correlationid": key,
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
