"""Records that no consumer can read, one of each kind, with the code that each must get."""

from __future__ import annotations

from dataclasses import replace

from shared.bus.envelope import encode
from shared.bus.record import Headers, RawRecord
from tests.integration.bus.bus_fixture import event


def poison(topic: str) -> dict[str, tuple[str, RawRecord]]:
    """Return per kind the expected code and the record."""
    good = encode(event(topic, "good"))
    body = good.value or b""

    def headers(**changed: bytes | None) -> Headers:
        return tuple((name, changed.get(name.replace("-", "_"), content)) for name, content in good.headers)

    def without(name: str) -> Headers:
        return tuple(pair for pair in good.headers if pair[0] != name)

    kinds: dict[str, tuple[str, RawRecord]] = {
        "no headers at all": ("missing_header", replace(good, headers=())),
        "no ce_id": ("missing_header", replace(good, headers=without("ce_id"))),
        "no sequence": ("missing_header", replace(good, headers=without("ce_sequence"))),
        "a header that is null": ("bad_header", replace(good, headers=headers(ce_subject=None))),
        "a header that is not UTF-8": ("bad_header", replace(good, headers=headers(ce_id=b"\xff\xfe"))),
        "a header twice": ("duplicate_header", replace(good, headers=(*good.headers, ("ce_id", b"other")))),
        "another specversion": ("bad_specversion", replace(good, headers=headers(ce_specversion=b"0.3"))),
        "a body in XML": ("bad_content_type", replace(good, headers=headers(content_type=b"application/xml"))),
        "a batch of cloud events": (
            "bad_content_type",
            replace(good, headers=headers(content_type=b"application/cloudevents-batch+json")),
        ),
        "no key": ("missing_key", replace(good, key=None, partition=0)),
        "a key with a dot": ("bad_key", replace(good, key=b"a.b")),
        "a partition key that is not the key": ("key_mismatch", replace(good, headers=headers(ce_partitionkey=b"other"))),
        "an id with a line break": ("bad_id", replace(good, headers=headers(ce_id=b"a\nb"))),
        "an id that is no UUID": ("bad_id", replace(good, headers=headers(ce_id=b"event-1"))),
        "a source with a dot": ("bad_source", replace(good, headers=headers(ce_source=b"//evil.example/x"))),
        "a time without offset": ("bad_time", replace(good, headers=headers(ce_time=b"2026-03-02T09:30:00"))),
        "sequence zero": ("bad_sequence", replace(good, headers=headers(ce_sequence=b"0"))),
        "sequence in words": ("bad_sequence", replace(good, headers=headers(ce_sequence=b"one"))),
        "an unknown type": ("unknown_type", replace(good, headers=headers(ce_type=b"no.such.type"))),
        "a type of another topic": ("foreign_type", replace(good, headers=headers(ce_type=b"contracts.contract.concluded.v1"))),
        "a source that does not write here": ("foreign_source", replace(good, headers=headers(ce_source=b"/contracts"))),
        "no value": ("null_value", replace(good, value=None)),
        "neither key nor value": ("null_value", RawRecord(topic, None, None, good.headers, 0)),
        "an empty value": ("invalid_json", replace(good, value=b"")),
        "no JSON": ("invalid_json", replace(good, value=b"\x00\x01\x02")),
        "JSON cut short": ("invalid_json", replace(good, value=body[:-5])),
        "a lone surrogate": ("invalid_json", replace(good, value=body.replace(b"smtp_refused", b"\\ud800"))),
        "a key twice in the body": ("duplicate_key", replace(good, value=body.replace(b"{", b'{"attempts":2,', 1))),
        "NaN": ("not_a_number", replace(good, value=body.replace(b'"attempts":1', b'"attempts":NaN'))),
        "nesting without end": ("too_deep", replace(good, value=b"[" * 5000 + b"]" * 5000)),
        "a field missing": ("schema", replace(good, value=body.replace(b'"attempts":1,', b""))),
        "a field of another type": ("schema", replace(good, value=body.replace(b'"attempts":1', b'"attempts":"many"'))),
        "a number of five thousand digits": (
            "invalid_json",
            replace(good, value=body.replace(b":1,", b":" + b"9" * 5000 + b",")),
        ),
        "structured without id": (
            "missing_header",
            replace(good, headers=(("content-type", b"application/cloudevents+json"),), value=b'{"specversion":"1.0"}'),
        ),
    }
    return kinds
