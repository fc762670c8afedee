"""AsyncAPI 3.0 document of all topics: keys, message types, headers, who writes, who reads, how long records are kept."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

from shared.messages.base import Message, message_types
from shared.messages.dataschema import dataschema_of
from shared.schemas.jsonschema import Schema, references, schema_of
from shared.topics import DEAD_LETTERS, REPLAYS, TOPICS, DeadLetterTopic, ReplayTopic, Topic

_DEFINITIONS = "#/$defs/"
_COMPONENTS = "#/components/schemas/"
_KAFKA = "0.5.0"

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


_DEAD_LETTER_FACTS = (
    ("dlq_code", "Stable code of the fault."),
    ("dlq_reason", "The fault in a sentence, without the record's content."),
    ("dlq_topic", "Topic that the record was read from."),
    ("dlq_partition", "Its partition."),
    ("dlq_offset", "Its offset."),
    ("dlq_group", "Consumer group that could not process it."),
    ("dlq_time", "When that was (RFC 3339)."),
)


_REPLAY_FACTS = (
    ("replay_topic", "Topic that the record was first read from; it is judged as if it stood there."),
    ("replay_partition", "Its partition."),
    ("replay_offset", "Its offset."),
)


def document() -> dict[str, Any]:
    """Return the AsyncAPI document. Raises ValueError if two values of one name differ."""
    messages = {message.TYPE: message for message in sorted(message_types().values(), key=lambda message: message.TYPE)}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:efa-marktplatz:events",
        "info": {
            "title": "EfA-Marktplatz: events",
            "version": "1",
            "description": (
                "All topics of the marketplace. Inside a major version changes are additive: readers pass over unknown fields. "
                "A breaking change is a new type beside the old one. Events of one aggregate keep their order; an event may be "
                "repeated: its sequence number tells."
            ),
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/json",
        "channels": {
            **{topic.name: _channel(topic) for topic in TOPICS},
            **{topic.name: _dead_letter_channel(topic) for topic in DEAD_LETTERS.values()},
            **{topic.name: _replay_channel(topic) for topic in REPLAYS.values()},
        },
        "operations": _operations(),
        "components": {
            "messages": {
                **{name: _message(message) for name, message in messages.items()},
                "dead-letter": _DEAD_LETTER,
                "replay": _REPLAY,
            },
            "messageTraits": {"cloudevent": {"headers": HEADERS}},
            "schemas": _shared_schemas(list(messages.values())),
        },
    }


_DEAD_LETTER: dict[str, Any] = {
    "name": "dead-letter",
    "title": "DeadLetter",
    "summary": "A record that a consumer group can never process: original bytes, key and headers; then headers that say why.",
    "contentType": "application/octet-stream",
    "headers": {
        "type": "object",
        "required": [name for name, _ in _DEAD_LETTER_FACTS],
        "properties": {name: {"type": "string", "description": text} for name, text in _DEAD_LETTER_FACTS},
    },
}


_REPLAY: dict[str, Any] = {
    "name": "replay",
    "title": "Replay",
    "summary": "A dead letter on its way back to its group: original bytes, key and headers; then its first place.",
    "contentType": "application/octet-stream",
    "headers": {
        "type": "object",
        "required": [name for name, _ in _REPLAY_FACTS],
        "properties": {name: {"type": "string", "description": text} for name, text in _REPLAY_FACTS},
    },
}


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "messages": {message.TYPE: {"$ref": f"#/components/messages/{message.TYPE}"} for message in topic.messages},
        "bindings": {"kafka": _topic_binding(topic.partitions, topic.keep.value, topic.retention, topic.max_message_bytes)},
        "x-key": topic.key,
        "x-producer": topic.producer,
        "x-consumers": list(topic.consumers),
    }


def _dead_letter_channel(topic: DeadLetterTopic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "messages": {"dead-letter": {"$ref": "#/components/messages/dead-letter"}},
        "bindings": {"kafka": _topic_binding(topic.partitions, "delete", topic.retention, None)},
        "x-producer": topic.group,
        "x-consumers": [],
    }


def _replay_channel(topic: ReplayTopic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "messages": {"replay": {"$ref": "#/components/messages/replay"}},
        "bindings": {"kafka": _topic_binding(topic.partitions, "delete", topic.retention, None)},
        "x-producer": "marktplatz dlq replay",
        "x-consumers": [topic.group],
    }


def _topic_binding(partitions: int, policy: str, retention: timedelta, largest: int | None) -> dict[str, Any]:
    configuration: dict[str, Any] = {"cleanup.policy": [policy]}
    if policy == "delete":
        configuration["retention.ms"] = round(retention.total_seconds() * 1000)
    if largest is not None:
        configuration["max.message.bytes"] = largest
    return {"partitions": partitions, "topicConfiguration": configuration, "bindingVersion": _KAFKA}


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for topic in TOPICS:
        channel = {"$ref": f"#/channels/{topic.name}"}
        operations[f"{topic.producer}.send.{topic.name}"] = {
            "action": "send",
            "channel": channel,
            "title": f"{topic.producer} writes {topic.name}",
        }
        for group in topic.consumers:
            operations[f"{group}.receive.{topic.name}"] = {
                "action": "receive",
                "channel": channel,
                "title": f"{group} reads {topic.name}",
                "bindings": {"kafka": {"groupId": {"type": "string", "const": group}, "bindingVersion": _KAFKA}},
            }
    return operations


def _message(message: type[Message]) -> dict[str, Any]:
    schema = _relocated(schema_of(message))
    payload = {name: value for name, value in schema.items() if not name.startswith("$")}
    return {
        "name": message.TYPE,
        "title": message.__name__,
        "summary": payload["description"],
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": _KAFKA}},
        "payload": payload,
        "x-dataschema": dataschema_of(message.TYPE),
    }


def _shared_schemas(messages: list[type[Message]]) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for message in messages:
        for name, schema in _relocated(schema_of(message)).get("$defs", {}).items():
            if found.setdefault(name, schema) != schema:
                raise ValueError(f"{message.TYPE} and another type have different values named {name}")
    return dict(sorted(found.items()))


def _relocated(schema: Schema) -> Schema:
    """Return the schema with its references turned to the components of the document."""
    moved = copy.deepcopy(schema)
    for reference in references(moved):
        reference["$ref"] = reference["$ref"].replace(_DEFINITIONS, _COMPONENTS)
    return moved
