"""AsyncAPI 3.1 documents for federated portals, partner systems and operators: each shows what its readers may use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.messages.partner import RECEIPT_TYPE
from shared.schemas import signed
from shared.schemas.asyncapi import DEAD_LETTER, REPLAY, dead_letter_channel, replay_channel
from shared.schemas.asyncapi_parts import (
    HEADERS,
    KAFKA,
    TOMBSTONE_HEADERS,
    channel,
    collect,
    definitions,
    message,
    relocated,
    tombstone,
)
from shared.schemas.jsonschema import Schema
from shared.topics import DEAD_LETTERS, REPLAYS, TOPICS, Topic, partner_orders, partner_receipts

Document = dict[str, Any]

_ADDITIVE = (
    "Inside a major version changes are additive: readers pass over unknown fields and keep unknown values of open lists "
    "(x-extensible-enum). A breaking change is a new type or a new topic beside the old one, and both are sent for a time.\n\n"
    "Every field states whether it is personal (x-personal). Our records are compressed with zstd."
)
_ONCE = (
    "Order: records of one key are in order; nothing is in order over several keys, partitions or topics.\n\n"
    "Delivery: at least once. A record may come again with the same ce_id; ce_sequence counts the events of its key, so what "
    "is not greater than the last one seen is a repeat.\n\n"
)
_LISTENERS = {
    "scram": (9094, "User name and password (SCRAM-SHA-512) over TLS 1.2 or newer.", "scramSha512"),
    "mtls": (9095, "Client certificate over TLS 1.2 or newer; the principal is the CN of the certificate.", "X509"),
}
_PARTNER = "{partner}"


def portals() -> Document:
    """Return the document of a federated portal: the catalog's topics, its checkpoints, and the portal's report."""
    topics = _named("catalog.offering.v1", "catalog.known-service.v1", "catalog.checkpoint.v1", "catalog.portal-health.v1")
    return _document(
        "portals",
        "EfA-Marktplatz for federated portals",
        "A portal shows the catalog of the marketplace by following its topics from the beginning. Whether it is in step it "
        "finds out by the checkpoints; what is folded and how is specified in docs/anbinden/fold.md, the guide is "
        "docs/anbinden/portal.en.md.\n\n" + _ONCE + "Whoever was away for longer than delete.retention.ms reads a topic from its "
        "beginning, beside what it shows, and swaps when it is through.\n\n" + _ADDITIVE,
        {topic.name: channel(topic) for topic in topics},
        {_verb(topic): _operation(topic) for topic in topics},
        _components(topics),
    )


def partners() -> Document:
    """Return the document of a partner system: its own topic of signed order events, and that of the receipts."""
    orders, receipts = partner_orders(_PARTNER), partner_receipts(_PARTNER)
    parameter = {
        "partner": {
            "description": "Id of the partner in the marketplace's registry, at once the name of its Kafka principal.",
            "examples": ["fachverfahren-nord"],
        }
    }
    schemas: dict[str, Schema] = {}
    for name in signed.TYPES:
        event = relocated(signed.reader_event(name) if name == RECEIPT_TYPE else signed.strict_event(name))
        collect(schemas, name, event.pop("$defs"))
        collect(schemas, name, {event["title"]: {key: value for key, value in event.items() if not key.startswith("$")}})
    return _document(
        "partners",
        "EfA-Marktplatz for partner systems",
        "A partner system acts for organisations that it is registered for: it writes signed order events to its own topic "
        "and reads one signed receipt for each on another. The form is specified in docs/anbinden/partner-events.md.\n\n"
        "Order: records of one partition are taken in order, so events of one Vorgang share a key. Nothing is in order "
        "otherwise; receipts come in the order of the decisions.\n\n"
        "Delivery: identity is (iss, jti). An event may be sent again, byte for byte or signed anew: it has no further effect "
        "and gets the first receipt again, byte for byte. Every record gets exactly one receipt: accepted, refused or "
        "quarantined. The same jti with another content is refused.\n\n"
        "Quota: records and bytes per second are limited for each partner; what exceeds it waits, nothing is lost.\n\n"
        "What a partner writes is held against the strict form: an unknown member is refused.\n\n" + _ADDITIVE,
        {
            "orders": {
                **_partner_channel(
                    orders,
                    "Events of the partner, each a compact JWS. Nothing but the value is read; the broker sets the time of each "
                    "record (LogAppendTime). Records may be compressed in any way that Kafka knows.",
                    "any",
                ),
                "parameters": parameter,
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in signed.EVENTS},
            },
            "receipts": {
                **_partner_channel(
                    receipts,
                    "Receipts for the partner, each a compact JWS by a key of the marketplace (GET /v1/partner-receipts/jwks). "
                    "Records are compressed with zstd, which the client must be able to unpack.",
                    "zstd",
                ),
                "parameters": parameter,
                "messages": {RECEIPT_TYPE: {"$ref": f"#/components/messages/{RECEIPT_TYPE}"}},
            },
        },
        {
            "sendEvents": _plain("send", "orders", "The partner writes its events; it may do nothing else on the topic."),
            "receiveReceipts": _plain("receive", "receipts", "The partner reads its receipts, in the group partner.{partner}."),
        },
        {"messages": {name: _signed_message(name) for name in signed.TYPES}, "schemas": dict(sorted(schemas.items()))},
    )


def operators() -> Document:
    """Return the document of those who run the marketplace: registry, quarantine, portals' reports, dead letters."""
    topics = _named(
        "ordering.partner.v1",
        "ordering.quarantine.v1",
        "catalog.checkpoint.v1",
        "catalog.portal-health.v1",
        "contracts.checkpoint.v1",
        "notify.delivery.v1",
    )
    letters = {topic.name: dead_letter_channel(topic) for topic in DEAD_LETTERS.values()}
    replays = {topic.name: replay_channel(topic) for topic in REPLAYS.values()}
    components = _components(topics)
    components["messages"] |= {"dead-letter": DEAD_LETTER, "replay": REPLAY}
    return _document(
        "operators",
        "EfA-Marktplatz for operators",
        "What those who run the marketplace observe: the partner registry, records in quarantine, checkpoints and reports of "
        "portals, checkpoints of the archive of contracts, deliveries, and for each consumer group its dead letters and what is "
        "sent back to it.\n\n"
        + _ONCE
        + "A dead letter keeps key, headers and bytes of the record, whatever they are.\n\n"
        + _ADDITIVE,
        {**{topic.name: channel(topic) for topic in topics}, **letters, **replays},
        {
            **{f"receive.{topic.name}": _operation(topic, "receive") for topic in topics},
            **{f"receive.{name}": _plain("receive", name, f"The operator reads {name}.") for name in letters},
            **{f"send.{name}": _plain("send", name, f"marktplatz dlq replay writes {name}.") for name in replays},
        },
        components,
    )


def documents() -> dict[str, Document]:
    """Return the documents by the name of their readers."""
    return {"portals": portals(), "partners": partners(), "operators": operators()}


def _document(
    name: str, title: str, description: str, channels: Document, operations: Document, components: Document
) -> Document:
    return {
        "asyncapi": "3.1.0",
        "id": f"urn:efa-marktplatz:{name}",
        "info": {"title": title, "version": "1", "description": description, "license": {"name": "EUPL-1.2"}},
        "defaultContentType": "application/json",
        "servers": {
            listener: {
                "host": f"kafka.example.org:{port}",
                "protocol": "kafka-secure",
                "description": text + " The host is that of the installation, stated when somebody is registered.",
                "security": [{"$ref": f"#/components/securitySchemes/{listener}"}],
            }
            for listener, (port, text, _) in _LISTENERS.items()
        },
        "channels": channels,
        "operations": operations,
        "components": components
        | {
            "securitySchemes": {listener: {"type": kind, "description": text} for listener, (_, text, kind) in _LISTENERS.items()}
        },
    }


def _named(*names: str) -> list[Topic]:
    """Return the topics of these names, in this order. Raises KeyError for a name that the registry does not know."""
    by_name = {topic.name: topic for topic in TOPICS}
    return [by_name[name] for name in names]


def _components(topics: Iterable[Topic]) -> Document:
    kinds = [kind for topic in topics for kind in topic.messages]
    ends = [kind for topic in topics for kind in topic.tombstones]
    traits = {"cloudevent": {"headers": HEADERS}} | ({"tombstone": {"headers": TOMBSTONE_HEADERS}} if ends else {})
    return {
        "messages": {kind.TYPE: message(kind) for kind in kinds} | {kind.TYPE: tombstone(kind) for kind in ends},
        "messageTraits": traits,
        "schemas": definitions(kinds),
    }


def _verb(topic: Topic) -> str:
    return f"{_action(topic)}.{topic.name}"


def _action(topic: Topic) -> str:
    return "send" if topic.producer == "portal" else "receive"


def _operation(topic: Topic, action: str | None = None) -> Document:
    chosen = action or _action(topic)
    return _plain(chosen, topic.name, f"{'Writes' if chosen == 'send' else 'Reads'} {topic.name}.")


def _plain(action: str, place: str, summary: str) -> Document:
    return {"action": action, "channel": {"$ref": f"#/channels/{place}"}, "title": summary.rstrip("."), "summary": summary}


def _partner_channel(topic: Topic, text: str, compression: str) -> Document:
    words = (
        f"{text} Key: {topic.key}. Records of one key lie in one of {topic.partitions} partitions and keep their order. "
        f"Records stay for {topic.retention.days} days and have at most {topic.max_message_bytes} bytes."
    )
    return channel(topic) | {"description": words, "x-compression": compression}


def _signed_message(name: str) -> Document:
    event = signed.strict_event(name)
    return {
        "name": name,
        "title": event["title"],
        "summary": event["description"],
        "description": f"The payload of the JWS is a CloudEvent in JSON: #/components/schemas/{event['title']}.",
        "contentType": "application/jose",
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": KAFKA}},
        "payload": {
            "type": "string",
            "description": "Compact JWS (RFC 7515, 7.1): EdDSA, ES256 or RS256, with alg, kid and at most typ in its header.",
            "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
            "maxLength": 262144,
            "x-decoded": {"$ref": f"#/components/schemas/{event['title']}"},
        },
        "examples": [
            {
                "name": "example",
                "summary": "Signed with the example key of RFC 8037, appendix A.",
                "payload": signed.signed_example(name),
            }
        ],
        "x-decoded-example": signed.example_event(name),
    }
