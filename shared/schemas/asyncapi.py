"""AsyncAPI 3.1 document of all topics: keys, message types, headers, who writes, who reads, how long records are kept."""

from __future__ import annotations

from typing import Any

from shared.messages.base import message_types, tombstone_types
from shared.schemas.asyncapi_parts import (
    HEADERS,
    KAFKA,
    TOMBSTONE_HEADERS,
    channel,
    definitions,
    message,
    tombstone,
    topic_binding,
)
from shared.topics import DEAD_LETTERS, REPLAYS, TOPICS, DeadLetterTopic, ReplayTopic

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
    messages = dict(sorted(message_types().items()))
    return {
        "asyncapi": "3.1.0",
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
            **{topic.name: channel(topic) for topic in TOPICS},
            **{topic.name: dead_letter_channel(topic) for topic in DEAD_LETTERS.values()},
            **{topic.name: replay_channel(topic) for topic in REPLAYS.values()},
        },
        "operations": _operations(),
        "components": {
            "messages": {
                **{name: message(kind) for name, kind in messages.items()},
                **{name: tombstone(kind) for name, kind in sorted(tombstone_types().items())},
                "dead-letter": DEAD_LETTER,
                "replay": REPLAY,
            },
            "messageTraits": {"cloudevent": {"headers": HEADERS}, "tombstone": {"headers": TOMBSTONE_HEADERS}},
            "schemas": definitions(messages.values()),
        },
    }


DEAD_LETTER: dict[str, Any] = {
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


REPLAY: dict[str, Any] = {
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


def dead_letter_channel(topic: DeadLetterTopic) -> dict[str, Any]:
    """Return the channel of a group's dead letters."""
    return {
        "address": topic.name,
        "messages": {"dead-letter": {"$ref": "#/components/messages/dead-letter"}},
        "bindings": {"kafka": topic_binding(topic.partitions, "delete", topic.retention, None)},
        "x-producer": topic.group,
        "x-consumers": [],
    }


def replay_channel(topic: ReplayTopic) -> dict[str, Any]:
    """Return the channel of what is sent back to a group."""
    return {
        "address": topic.name,
        "messages": {"replay": {"$ref": "#/components/messages/replay"}},
        "bindings": {"kafka": topic_binding(topic.partitions, "delete", topic.retention, None)},
        "x-producer": "marktplatz dlq replay",
        "x-consumers": [topic.group],
    }


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for topic in TOPICS:
        place = {"$ref": f"#/channels/{topic.name}"}
        operations[f"{topic.producer}.send.{topic.name}"] = {
            "action": "send",
            "channel": place,
            "title": f"{topic.producer} writes {topic.name}",
        }
        for group in topic.consumers:
            operations[f"{group}.receive.{topic.name}"] = {
                "action": "receive",
                "channel": place,
                "title": f"{group} reads {topic.name}",
                "bindings": {"kafka": {"groupId": {"type": "string", "const": group}, "bindingVersion": KAFKA}},
            }
    return operations
