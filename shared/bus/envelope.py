"""CloudEvents 1.0 over Kafka: events out in binary mode, events in from binary and structured mode.

The form follows the CloudEvents Kafka protocol binding 1.0.2: attributes are headers ``ce_<name>`` in UTF-8, the body is the
value, ``content-type`` is the type of the body. One function decodes; every way in which a record can be wrong has a code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.aggregate.change import Cause
from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.faults import DecodeError, Fault, parse_json
from shared.bus.handling import Received
from shared.bus.record import Headers, RawRecord
from shared.messages.base import Message, Tombstone, message_types, tombstone_types
from shared.messages.dataschema import dataschema_of
from shared.messages.open_enum import READING
from shared.topics import Topic
from shared.tracing import context

BINARY = b"application/json"
_STRUCTURED = "application/cloudevents"
_REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_sequence")
_KEY = re.compile(r"[A-Za-z0-9_:-]{1,200}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_SOURCE = re.compile(r"/?[A-Za-z0-9_:/-]{1,200}")
_SEQUENCE = re.compile(r"0*[1-9][0-9]{0,17}")


class IncomingRecord(Protocol):
    """What is read of a consumed record."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class _Structured(BaseModel):
    model_config = ConfigDict(extra="ignore")

    specversion: str
    id: str
    source: str
    type: str
    time: str
    sequence: str
    datacontenttype: str = "application/json"
    partitionkey: str | None = None
    traceparent: str | None = None
    correlationid: str | None = None
    data: Any


def encode(event: OutgoingEvent) -> RawRecord:
    """Return the record of an event: the same event always gives the same bytes."""
    value = None if event.data is None else event.data.encode()
    if event.media_type is not None:
        record_key = event.key if event.record_key is None else event.record_key
        return RawRecord(event.topic, record_key.encode(), value, (("content-type", event.media_type.encode()),))
    key = event.key.encode()
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event.id.encode()),
        ("ce_source", event.source.encode()),
        ("ce_type", event.type.encode()),
        ("ce_time", _rfc3339(event.time)),
        ("ce_subject", key),
        ("ce_dataschema", dataschema_of(event.type).encode()),
        ("ce_partitionkey", key),
        ("ce_sequence", str(event.seq).encode()),
        ("ce_correlationid", event.correlation_id.encode()),
        ("traceparent", event.traceparent.encode()),
        ("content-type", BINARY),
    ]
    if value is None:  # Both describe the value.
        headers = [(name, content) for name, content in headers if name not in ("ce_dataschema", "content-type")]
    return RawRecord(event.topic, key, value, tuple(headers))


@dataclass(frozen=True, slots=True)
class Envelope:
    """A record whose attributes are all sound; in binary mode nobody has looked at its body yet. A tombstone has none."""

    binary: bool
    key: str
    cause: Cause
    time: datetime
    body: bytes | None

    @property
    def type(self) -> str:
        """The type of the event."""
        return self.cause.type

    def open(self) -> Received:
        """Return the event. Raises DecodeError if its type is unknown or its body is wrong."""
        if self.body is None:
            return Received(message=_tombstones()[self.type](), key=self.key, cause=self.cause, time=self.time)
        try:
            if self.binary:
                parse_json(self.body)
            adapter = _adapters().get(self.type)
            if adapter is None:
                raise DecodeError(Fault.UNKNOWN_TYPE, f"no message type {self.type[:120]!a}")
            message = adapter.validate_json(self.body, extra="ignore", context=READING)
        except ValidationError as error:
            raise DecodeError(Fault.SCHEMA, _summary(error)) from error
        except RecursionError as error:
            raise DecodeError(Fault.TOO_DEEP, "the body is nested too deeply") from error
        return Received(message=message, key=self.key, cause=self.cause, time=self.time)


def envelope_of(record: IncomingRecord, topic: Topic | None = None) -> Envelope:
    """Return the envelope of a record, judged also by the topic that it stands on if that is given.

    Only the topic's producer may be the source (on a topic of many writers, the one that the key names), and a type that another
    topic carries is foreign here; whether an unknown type is one of tomorrow is the reader's to decide. A tombstone, in binary
    mode, has no value, and nothing else has none.
    Raises DecodeError, and nothing else, for whatever is wrong.
    """
    body: bytes | None
    try:
        headers = _headers(record.headers)
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        binary = content_type != "application/cloudevents+json"
        if not binary:
            attributes, body = _structured(headers, record)
        elif content_type.startswith(_STRUCTURED):
            raise DecodeError(Fault.BAD_CONTENT_TYPE, f"content-type {content_type[:80]} is not supported")
        else:
            attributes, body = _binary(headers, content_type, record)
    except RecursionError as error:
        raise DecodeError(Fault.TOO_DEEP, "the body is nested too deeply") from error
    envelope = _envelope(record, attributes, body, binary=binary)
    if topic is not None:
        _bind(envelope, attributes["source"], topic)
    return envelope


def decode(record: IncomingRecord, topic: Topic | None = None) -> Received:
    """Return the event of a record. Raises DecodeError, and nothing else, for whatever is wrong with it."""
    return envelope_of(record, topic).open()


def _bind(envelope: Envelope, source: str, topic: Topic) -> None:
    kind = envelope.type
    if (kind in _adapters() or kind in _tombstones()) and kind not in topic.types:
        raise DecodeError(Fault.FOREIGN_TYPE, f"{kind} is no type of {topic.name}")
    writer = topic.writer_of(envelope.key)
    if source.removeprefix("/") != writer:
        raise DecodeError(Fault.FOREIGN_SOURCE, f"the source is not {writer[:120]}, which alone writes this on {topic.name}")


def _headers(raw: Headers) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        lowered = name.lower()
        if not (lowered.startswith("ce_") or lowered in ("content-type", "traceparent")):
            continue
        if lowered in headers:
            raise DecodeError(Fault.DUPLICATE_HEADER, f"header {lowered[:80]} stands more than once")
        if value is None:
            raise DecodeError(Fault.BAD_HEADER, f"header {lowered[:80]} is null")
        try:
            headers[lowered] = value.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(Fault.BAD_HEADER, f"header {lowered[:80]} is not UTF-8") from error
    return headers


def _binary(headers: Mapping[str, str], content_type: str, record: IncomingRecord) -> tuple[Mapping[str, str], bytes | None]:
    missing = [name for name in _REQUIRED if not headers.get(name)]
    if missing:
        raise DecodeError(Fault.MISSING_HEADER, f"missing: {', '.join(missing)}")
    if content_type not in ("application/json", ""):
        raise DecodeError(Fault.BAD_CONTENT_TYPE, f"content-type {content_type[:80]} is not supported")
    if record.value is None and headers["ce_type"] not in _tombstones():
        raise DecodeError(Fault.NULL_VALUE, "the record has no value, and its type is no tombstone")
    attributes = {name.removeprefix("ce_"): value for name, value in headers.items() if name.startswith("ce_")}
    attributes.setdefault("traceparent", headers.get("traceparent", ""))
    return attributes, record.value


def _structured(headers: Mapping[str, str], record: IncomingRecord) -> tuple[Mapping[str, str], bytes]:
    if record.value is None:
        raise DecodeError(Fault.NULL_VALUE, "the record has no value")
    document: Any = parse_json(record.value)
    try:
        event = _Structured.model_validate(document)
    except ValidationError as error:
        raise DecodeError(Fault.MISSING_HEADER, f"no CloudEvent: {_summary(error)}") from error
    if event.datacontenttype.partition(";")[0].strip().lower() != "application/json":
        raise DecodeError(Fault.BAD_CONTENT_TYPE, "datacontenttype is not application/json")
    for name, value in headers.items():  # the binding lets a writer repeat attributes there; every reader shall see the same
        if name.startswith("ce_") and document.get(name.removeprefix("ce_")) != value:
            raise DecodeError(Fault.BAD_HEADER, f"header {name[:80]} contradicts the body in structured mode")
    attributes = event.model_dump(exclude={"data"}, exclude_none=True)
    return attributes, _dump(event.data)


def _dump(data: object) -> bytes:
    return _any_adapter().dump_json(data)


@cache
def _any_adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Any)


def _envelope(record: IncomingRecord, attributes: Mapping[str, str], body: bytes | None, *, binary: bool) -> Envelope:
    if body is not None and attributes["type"] in _tombstones():
        raise DecodeError(Fault.VALUE_OF_TOMBSTONE, "the record of a tombstone has a value")
    if attributes["specversion"] != "1.0":
        raise DecodeError(Fault.BAD_SPECVERSION, "specversion is not 1.0")
    key = _key(record.key, attributes.get("partitionkey"))
    if not _TYPE.fullmatch(attributes["type"]):
        raise DecodeError(Fault.BAD_TYPE, "type is not 1 to 200 letters, digits and _.-")
    if not _ID.fullmatch(attributes["id"]):
        raise DecodeError(Fault.BAD_ID, "id is no UUID in lower case")
    if not _SOURCE.fullmatch(attributes["source"]):
        raise DecodeError(Fault.BAD_SOURCE, "source is not a path of letters, digits and _:/-")
    if not _SEQUENCE.fullmatch(attributes["sequence"]):
        raise DecodeError(Fault.BAD_SEQUENCE, "sequence is not a positive integer")
    cause = Cause(
        event_id=attributes["id"],
        type=attributes["type"],
        source=f"{attributes['source'].removeprefix('/')}:{key}",
        seq=int(attributes["sequence"]),
        correlation_id=context.valid_correlation_id(attributes.get("correlationid")),
        traceparent=context.valid_traceparent(attributes.get("traceparent")),
    )
    return Envelope(binary=binary, key=key, cause=cause, time=_time(attributes["time"]), body=body)


def _key(raw: bytes | None, partitionkey: str | None) -> str:
    if raw is None:
        raise DecodeError(Fault.MISSING_KEY, "the record has no key")
    key = raw.decode("ascii", errors="replace")
    if not _KEY.fullmatch(key):
        raise DecodeError(Fault.BAD_KEY, "the key is not 1 to 200 letters, digits and _:-")
    if partitionkey is not None and partitionkey != key:
        raise DecodeError(Fault.KEY_MISMATCH, "partitionkey differs from the record's key")
    return key


def _time(text: str) -> datetime:
    fault = DecodeError(Fault.BAD_TIME, "time is not an RFC 3339 timestamp with offset")
    try:
        time = datetime.fromisoformat(text)
        utc = time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise fault from error
    if time.tzinfo is None:
        raise fault
    return utc


@cache
def _adapters() -> dict[str, TypeAdapter[Message]]:
    return {name: TypeAdapter(cls) for name, cls in message_types().items()}


@cache
def _tombstones() -> Mapping[str, type[Tombstone]]:
    return tombstone_types()


def _summary(error: ValidationError) -> str:
    """Return where and how a body breaks its schema, without the values that it holds."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    places = [f"{'.'.join(str(part) for part in detail['loc'])[:80]}: {detail['type']}" for detail in details[:5]]
    return "; ".join(places)


def _rfc3339(time: datetime) -> bytes:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
