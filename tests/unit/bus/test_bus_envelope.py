"""The envelope is CloudEvents 1.0: what we write the reference implementation reads, and whatever comes in has one meaning or a code."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.aggregate.outgoing import OutgoingEvent
from shared.bus.envelope import decode, encode, envelope_of
from shared.bus.faults import DecodeError, Fault
from shared.bus.record import Headers, RawRecord
from shared.messages.catalog import KnownServiceRemoved, OfferingRemoved
from shared.messages.dataschema import dataschema_of
from shared.messages.notify import DeliveryChannel, NotificationFailed
from shared.topics import DELIVERIES, KNOWN_SERVICES, OFFERINGS, TOPICS, VERDICTS, Topic

AT = datetime(2026, 3, 2, 9, 30, 0, 123000, tzinfo=UTC)
KEY = "0b8f2f6e-3a5c-4f0e-8a41-0d2f1f0c9d11"
BODY = NotificationFailed(
    notification_id=KEY,
    event_id="1c8f2f6e-3a5c-4f0e-8a41-0d2f1f0c9d11",
    event_type="ordering.order.placed.v1",
    organisation="org-test",
    channel=DeliveryChannel.EMAIL,
    code="smtp_refused",
    attempts=3,
    failed_at=AT,
)
EVENT = OutgoingEvent(
    seq=7,
    id="2d8f2f6e-3a5c-4f0e-8a41-0d2f1f0c9d11",
    topic="notify.delivery.v1",
    key=KEY,
    type=NotificationFailed.TYPE,
    source="/notify",
    time=AT,
    data=BODY.model_dump_json(exclude_none=True),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    correlation_id="order-1",
)


@dataclass
class Incoming:
    key: bytes | None
    value: bytes | None
    headers: Headers


def incoming(record: RawRecord) -> Incoming:
    return Incoming(record.key, record.value, record.headers)


def with_headers(**changes: bytes) -> Incoming:
    record = encode(EVENT)
    return incoming(replace(record, headers=tuple((n, changes.get(n.replace("-", "_"), c)) for n, c in record.headers)))


def fault(record: Incoming) -> Fault:
    with pytest.raises(DecodeError) as caught:
        decode(record)
    return caught.value.fault


def outcome(record: Incoming, topic: Topic | None = None) -> str:
    try:
        received = decode(record, topic)
    except DecodeError as error:
        return error.code
    return "decoded" if isinstance(received.message, NotificationFailed) else "another type"


def test_an_event_comes_back_as_it_was_sent() -> None:
    received = decode(incoming(encode(EVENT)))
    assert received.message == BODY
    assert (received.key, received.time) == (KEY, AT)
    cause = received.cause
    assert (cause.event_id, cause.type, cause.seq) == (EVENT.id, EVENT.type, 7)
    assert cause.source == f"notify:{KEY}"
    assert (cause.correlation_id, cause.traceparent) == ("order-1", EVENT.traceparent)


def test_the_reference_implementation_reads_what_we_write() -> None:
    record = encode(EVENT)
    headers = {name: content or b"" for name, content in record.headers}
    event = from_kafka_event(KafkaMessage(headers, record.key or b"", record.value or b""))
    assert event.get_specversion() == "1.0"
    assert event.get_id() == EVENT.id
    assert event.get_source() == "/notify"
    assert event.get_type() == EVENT.type
    assert event.get_time() == AT
    assert event.get_subject() == KEY
    assert event.get_dataschema() == dataschema_of(EVENT.type)
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("sequence") == "7"
    assert event.get_extension("correlationid") == "order-1"
    assert event.get_data() == json.loads(EVENT.body)


@pytest.mark.parametrize("write", [to_binary_event, to_structured_event], ids=["binary", "structured"])
def test_we_read_what_the_reference_implementation_writes(write: object) -> None:
    event = CloudEvent(
        {
            "specversion": "1.0",
            "id": EVENT.id,
            "source": "/notify",
            "type": EVENT.type,
            "time": AT,
            "datacontenttype": "application/json",
            "sequence": "7",
            "partitionkey": KEY,
            "correlationid": "order-1",
        },
        json.loads(EVENT.body),
    )
    message = write(event)  # type: ignore[operator] # one of two functions
    received = decode(Incoming(KEY.encode(), bytes(message.value), tuple(message.headers.items())))
    assert received.message == BODY
    assert received.time == AT
    assert (received.cause.seq, received.cause.correlation_id) == (7, "order-1")


def test_the_same_event_always_gives_the_same_bytes() -> None:
    assert encode(EVENT) == encode(replace(EVENT))


def test_a_reader_ignores_fields_that_it_does_not_know() -> None:
    body = json.dumps({**json.loads(EVENT.body), "added_later": {"x": 1}}).encode()
    assert decode(incoming(replace(encode(EVENT), value=body))).message == BODY


def test_times_are_read_with_any_offset_and_kept_in_utc() -> None:
    local = AT.astimezone(timezone(timedelta(hours=-5))).isoformat().encode()
    received = decode(with_headers(ce_time=local))
    assert received.time == AT
    assert received.time.utcoffset() == timedelta(0)


def test_what_only_accompanies_an_event_does_not_make_it_unreadable() -> None:
    received = decode(with_headers(traceparent=b"nonsense", ce_correlationid=b"with space"))
    assert received.cause.traceparent is None
    assert received.cause.correlation_id is None


def test_the_type_can_be_seen_without_reading_the_body() -> None:
    record = incoming(replace(encode(EVENT), value=b"not JSON"))
    assert envelope_of(record).type == EVENT.type
    with pytest.raises(DecodeError):
        envelope_of(replace(record, headers=()))


@pytest.mark.parametrize(
    ("changes", "topic", "expected"),
    [
        ({}, DELIVERIES, None),
        ({"ce_source": b"notify"}, DELIVERIES, None),
        ({}, VERDICTS, Fault.FOREIGN_TYPE),
        ({"ce_source": b"/eligibility"}, VERDICTS, Fault.FOREIGN_TYPE),
        ({"ce_source": b"/eligibility"}, DELIVERIES, Fault.FOREIGN_SOURCE),
        ({"ce_source": b"/notify/x"}, DELIVERIES, Fault.FOREIGN_SOURCE),
        ({"ce_source": b"/notify2"}, DELIVERIES, Fault.FOREIGN_SOURCE),
        ({"ce_source": b"/Notify"}, DELIVERIES, Fault.FOREIGN_SOURCE),
    ],
)
def test_a_type_belongs_to_its_topic_and_a_source_is_the_producer_of_the_topic(
    changes: dict[str, bytes], topic: Topic, expected: Fault | None
) -> None:
    assert outcome(with_headers(**changes), topic) == (expected or "decoded")


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_types_of_a_topic_are_those_of_its_producer(topic: Topic) -> None:
    assert topic.types
    assert all(kind.startswith(f"{topic.owner}.") for kind in topic.types)


def test_headers_in_structured_mode_may_repeat_the_attributes_and_not_contradict_them() -> None:
    event = {
        "specversion": "1.0",
        "id": EVENT.id,
        "source": "/notify",
        "type": EVENT.type,
        "time": AT.isoformat(),
        "sequence": "7",
    }
    body = json.dumps({**event, "data": json.loads(EVENT.body)}).encode()
    kind = ("content-type", b"application/cloudevents+json")
    same = Incoming(KEY.encode(), body, (kind, ("ce_type", EVENT.type.encode()), ("traceparent", b"x")))
    assert decode(same).message == BODY
    other = replace(same, headers=(kind, ("ce_type", b"notify.notification.delivered.v1")))
    assert fault(other) is Fault.BAD_HEADER


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"a":1}{"b":2}', Fault.INVALID_JSON),
        (b"\xef\xbb\xbf{}", Fault.INVALID_JSON),
        (b"[" * 199 + b"1" + b"]" * 199, Fault.SCHEMA),
        (b"[" * 300 + b"1" + b"]" * 300, Fault.TOO_DEEP),
        (b"[" * 100_000, Fault.TOO_DEEP),
        (b'{"a":[{"b":1,"b":1}]}', Fault.DUPLICATE_KEY),
        (b'{"a":-Infinity}', Fault.NOT_A_NUMBER),
        (b"null", Fault.SCHEMA),
    ],
)
def test_json_that_readers_could_understand_differently_is_refused(value: bytes, expected: Fault) -> None:
    assert fault(incoming(replace(encode(EVENT), value=value))) is expected


def test_an_error_does_not_repeat_what_the_record_holds() -> None:
    body = EVENT.body.replace('"attempts":3', '"attempts":"Geheimnis"').encode()
    with pytest.raises(DecodeError) as caught:
        decode(incoming(replace(encode(EVENT), value=body)))
    assert "Geheimnis" not in caught.value.detail


@given(
    key=st.none() | st.binary(max_size=40),
    value=st.none() | st.binary(max_size=200) | st.just(EVENT.body.encode()),
    headers=st.lists(
        st.tuples(
            st.sampled_from([name for name, _ in encode(EVENT).headers]) | st.text(max_size=10),
            st.none() | st.binary(max_size=40),
        ),
        max_size=15,
    ),
)
def test_any_record_is_decoded_or_refused_with_a_code(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    assert outcome(Incoming(key, value, tuple(headers))) in {"decoded", *Fault}


@given(st.data())
def test_a_damaged_record_is_the_same_event_or_refused(data: st.DataObject) -> None:
    record = encode(EVENT)
    value = bytearray(record.value or b"")
    position = data.draw(st.integers(0, len(value) - 1))
    value[position] ^= data.draw(st.integers(1, 255))
    assert outcome(incoming(replace(record, value=bytes(value)))) in {"decoded", *Fault}


REMOVED = replace(EVENT, topic=OFFERINGS.name, type=OfferingRemoved.TYPE, source="/catalog", data=None)


def judged(record: Incoming, topic: Topic) -> str:
    try:
        decode(record, topic)
    except DecodeError as error:
        return error.code
    return "decoded"


def test_a_tombstone_comes_back_as_it_was_sent() -> None:
    record = encode(REMOVED)
    assert record.value is None
    received = decode(incoming(record), OFFERINGS)
    assert received.message == OfferingRemoved()
    assert (received.key, received.cause.seq, received.cause.source, received.time) == (KEY, 7, f"catalog:{KEY}", AT)


def test_the_reference_implementation_reads_a_tombstone() -> None:
    record = encode(REMOVED)
    event = from_kafka_event(KafkaMessage({name: content or b"" for name, content in record.headers}, record.key or b"", b""))
    assert (event.get_type(), event.get_subject(), event.get_data()) == (OfferingRemoved.TYPE, KEY, None)
    assert event.get_datacontenttype() is None
    assert event.get_dataschema() is None


def test_only_a_tombstone_has_no_value_and_a_tombstone_has_none() -> None:
    assert judged(incoming(encode(REMOVED)), OFFERINGS) == "decoded"
    event = replace(incoming(encode(EVENT)), value=None)
    assert judged(event, DELIVERIES) == "null_value"
    assert judged(replace(incoming(encode(REMOVED)), value=b"{}"), OFFERINGS) == "value_of_tombstone"
    assert judged(replace(incoming(encode(REMOVED)), value=b""), OFFERINGS) == "value_of_tombstone"


def test_a_null_value_of_an_unknown_type_is_a_fault_even_where_the_owner_could_have_added_it() -> None:
    record = incoming(encode(replace(REMOVED, type="catalog.offering.forgotten.v1")))
    assert judged(record, OFFERINGS) == "null_value"


def test_a_tombstone_is_bound_to_its_topic_and_producer() -> None:
    assert judged(incoming(encode(REMOVED)), KNOWN_SERVICES) == "foreign_type"
    assert judged(incoming(encode(replace(REMOVED, type=KnownServiceRemoved.TYPE))), OFFERINGS) == "foreign_type"
    assert judged(incoming(encode(REMOVED)), DELIVERIES) == "foreign_type"
    assert judged(incoming(encode(replace(REMOVED, source="/ordering"))), OFFERINGS) == "foreign_source"


def test_a_tombstone_in_structured_mode_would_end_nothing_and_is_a_fault() -> None:
    event = {
        "specversion": "1.0",
        "id": REMOVED.id,
        "source": "/catalog",
        "type": OfferingRemoved.TYPE,
        "time": AT.isoformat(),
        "sequence": "7",
        "data": None,
    }
    structured = Incoming(KEY.encode(), json.dumps(event).encode(), (("content-type", b"application/cloudevents+json"),))
    assert judged(structured, OFFERINGS) == "value_of_tombstone"


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_time", "ce_sequence", "ce_source", "ce_specversion"])
def test_a_tombstone_without_a_required_header_is_a_fault(name: str) -> None:
    record = incoming(encode(REMOVED))
    assert judged(replace(record, headers=tuple(it for it in record.headers if it[0] != name)), OFFERINGS) == "missing_header"
