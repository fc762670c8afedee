"""The test vectors of partner events: good and hostile records with what becomes of them.

``python -m tests.support.partner_vectors FILE`` writes them, signed with new keys; the committed file is made once and read by
the tests here, by the partner kit's and by anybody who writes a client.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

FILE = Path(__file__).parents[2] / "docs" / "anbinden" / "vectors" / "partner-events.json"
PARTNER = "fachverfahren-nord"
AUDIENCE = "efa-marktplatz"
APPENDED = datetime(2027, 3, 2, 9, 30, tzinfo=UTC)
NOW = int(APPENDED.timestamp())
ORDER = "0b9e6f0c-55b5-4c5c-9a44-5d6c2a1f3e77"
ORGANISATION = {"id": "01054033", "name": "Husum, Stadt", "roles": ["KUNDE"]}
REPEATED = 1000
VERIFIED, REFUSED, QUARANTINED = "verified", "refused", "quarantined"
PLACE = {"organisation": "01054033", "order_id": ORDER, "accepts_agb": True}
DATA: Mapping[str, dict[str, Any]] = {
    "interest-declared": {
        "organisation": "01054033",
        "offering_id": "3f2b8c1e-7d4a-4f6b-9a51-0c2d3e4f5a6b",
        "channel": "govdigital",
        "message": "Wir möchten zum 1. April starten.",
    },
    "point-added": {"organisation": "01054033", "order_id": ORDER, "label": "Gebührenordnung der Stadt", "owner": "KUNDE"},
    "point-settled": {
        "organisation": "01054033",
        "order_id": ORDER,
        "point_id": "7c1c2b34-0e4f-4f43-8a7b-6f0d4c0b9a10",
        "value": "203.0.113.17, 2001:db8:12::/48",
    },
    "question-asked": {"organisation": "01054033", "order_id": ORDER, "text": "Welche Portfreigaben braucht der Testbetrieb?"},
    "question-answered": {
        "organisation": "01054033",
        "order_id": ORDER,
        "question_id": "a3f1f0a2-5b34-4c6e-8d58-0f8a1c2b3d4e",
        "text": "443/tcp ausgehend genügt.",
    },
    "order-placed": PLACE | {"leitweg_id": "04011000-900X999-08", "if_revision": 7},
    "order-withdrawn": {"organisation": "01054033", "order_id": ORDER, "reason": "Haushaltsmittel gesperrt."},
    "milestone-reached": {"organisation": "01054033", "order_id": ORDER, "code": "test_done"},
    "uses-reported": {"organisation": "01054033", "order_id": ORDER, "period": "2027-02", "count": 1284},
}


@dataclass(frozen=True)
class Vector:
    """One record. ``code`` is None where the event is verified."""

    name: str
    value: bytes
    result: str
    code: str | None = None
    jti: str | None = None
    appended_at: datetime = APPENDED

    def document(self) -> dict[str, Any]:
        """Return it as it stands in the file: the value as text where it is ASCII, else in base64, or as a repeated character."""
        value: dict[str, Any] = {"value_base64": base64.b64encode(self.value).decode()}
        if self.value.isascii():
            value = {"value": self.value.decode()}
        if len(self.value) > REPEATED and self.value == self.value[:1] * len(self.value):
            value = {"value_repeat": [self.value[:1].decode(), len(self.value)]}
        at = self.appended_at.isoformat().replace("+00:00", "Z")
        return {"name": self.name, "result": self.result, "code": self.code, "jti": self.jti, "appended_at": at, **value}


@dataclass
class Maker:
    """Makes records, good unless told otherwise."""

    ed: Key = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    ec: Key = field(default_factory=lambda: ECKey.generate_key("P-256"))
    rsa: RSAKey = field(default_factory=lambda: RSAKey.generate_key(3072))
    weak: Key = field(default_factory=lambda: RSAKey.generate_key(2048))
    other: Key = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    count: int = 0

    def event(self, what: str = "order-placed", **changed: Any) -> dict[str, Any]:
        """Return a payload; a member given as None is left out."""
        self.count += 1
        jti = changed.get("jti", f"v-{self.count:03}")
        event = {
            "specversion": "1.0",
            "id": jti,
            "source": f"/partner/{PARTNER}",
            "type": f"partner.order.{what}.v1",
            "time": "2027-03-02T09:29:58Z",
            "datacontenttype": "application/json",
            "iss": PARTNER,
            "jti": jti,
            "aud": AUDIENCE,
            "iat": NOW - 2,
            "exp": NOW + 3600,
            "data": DATA[what],
        } | changed
        return {name: value for name, value in event.items() if value is not None}

    def signed(
        self,
        payload: Mapping[str, Any] | bytes,
        header: Mapping[str, Any] | bytes | None = None,
        key: Key | None = None,
        algorithm: str = "Ed25519",
    ) -> bytes:
        """Return a compact JWS over a payload."""
        header = {"alg": "EdDSA", "kid": "ed-2027"} if header is None else header
        signing = b".".join((encoded(dumped(header)), encoded(dumped(payload))))
        signature = JWSRegistry.algorithms[algorithm].sign(signing, key or self.ed)
        return signing + b"." + encoded(signature)

    def vectors(self) -> list[Vector]:
        """Return all vectors."""
        return [*self._good(), *self._form(), *self._headers(), *self._keys(), *self._payloads(), *self._claims(), *self._data()]

    def _good(self) -> Iterator[Vector]:
        for what in DATA:
            event = self.event(what)
            yield Vector(f"every event: {what}", self.signed(event), VERIFIED, jti=event["jti"])
        for name, header, key, algorithm in (
            ("Ed25519 under its own name", {"alg": "Ed25519", "kid": "ed-2027"}, self.ed, "Ed25519"),
            ("ES256", {"alg": "ES256", "kid": "ec-2027"}, self.ec, "ES256"),
            ("RS256 of 3072 bits", {"alg": "RS256", "kid": "rsa-2027"}, self.rsa, "RS256"),
            ("typ JOSE", {"alg": "EdDSA", "kid": "ed-2027", "typ": "JOSE"}, self.ed, "Ed25519"),
            (
                "typ of CloudEvents",
                {"alg": "EdDSA", "kid": "ed-2027", "typ": "application/cloudevents+json+jws"},
                self.ed,
                "Ed25519",
            ),
        ):
            event = self.event()
            yield Vector(f"good: {name}", self.signed(event, header, key, algorithm), VERIFIED, jti=event["jti"])
        event = self.event()
        spaced = json.dumps(event, indent=2, ensure_ascii=True).encode()
        yield Vector("good: white space and escapes inside the payload", self.signed(spaced), VERIFIED, jti=event["jti"])
        event = self.event(
            subject="x", dataschema="https://example.org/s", traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        )
        yield Vector("good: the attributes that are not looked at", self.signed(event), VERIFIED, jti=event["jti"])
        event = self.event(exp=NOW)
        yield Vector("good: expires in the second in which the broker has it", self.signed(event), VERIFIED, jti=event["jti"])
        event = self.event(iat=NOW + 60, exp=NOW + 60 + 86400)
        yield Vector("good: a clock that runs 60 s ahead, valid for 24 h", self.signed(event), VERIFIED, jti=event["jti"])
        event = self.event(jti="A.z_0:9-" + "x" * 56)
        yield Vector("good: a jti of 64 characters", self.signed(event), VERIFIED, jti=event["jti"])

    def _form(self) -> Iterator[Vector]:
        good = self.signed(self.event(jti="form"))
        header, payload, signature = good.split(b".")
        forms = {
            "empty": b"",
            "no JWS": b"hello",
            "two parts": header + b"." + payload,
            "four parts": good + b".",
            "five parts, as an encrypted token": good + b".AA.AA",
            "JSON serialization": dumped(
                {"payload": payload.decode(), "protected": header.decode(), "signature": signature.decode()}
            ),
            "padding on the header": header + b"=" * (-len(header) % 4 or 4) + b"." + payload + b"." + signature,
            "padding on the signature": good + b"==",
            "the base64 alphabet with + and /": header + b"." + payload + b"." + b"+/" + signature[2:],
            "last character with bits that are not used": header
            + b"."
            + payload
            + b"."
            + signature[:-1]
            + _sibling(signature[-1:]),
            "a line break at the end": good + b"\n",
            "white space before it": b" " + good,
            "a line break inside": header + b".\n" + payload + b"." + signature,
            "a NUL at the end": good + b"\x00",
            "a BOM before it": b"\xef\xbb\xbf" + good,
            "UTF-16": good.decode().encode("utf-16"),
            "no header": b"." + payload + b"." + signature,
            "no payload": header + b".." + signature,
            "no signature": header + b"." + payload + b".",
            "a part of one character": header + b"." + payload + b".A",
            "bytes that are no text": b"\xff\xfe\xfd",
            "a bearer prefix": b"Bearer " + good,
        }
        readable = {
            "padding on the header",
            "padding on the signature",
            "the base64 alphabet with + and /",
            "last character with bits that are not used",
            "a line break at the end",
            "white space before it",
            "a NUL at the end",
            "a BOM before it",
            "no header",
            "no signature",
            "a part of one character",
            "a bearer prefix",
        }
        for name, value in forms.items():
            yield Vector(f"form: {name}", value, QUARANTINED, "jws_malformed", "form" if name in readable else None)
        yield Vector("form: larger than 256 KiB", b"A" * (256 * 1024 + 1), QUARANTINED, "record_too_large")

    def _headers(self) -> Iterator[Vector]:
        own = {"alg": "EdDSA", "kid": "ed-2027"}
        public = self.ed.as_dict(private=False)
        members: dict[str, Any] = {
            "jku": "https://evil.example/keys",
            "x5u": "https://evil.example/cert",
            "jwk": public,
            "x5c": ["MIIB"],
            "x5t": "AA",
            "crit": ["exp"],
            "b64": False,
            "cty": "JWT",
            "zip": "DEF",
            "exp": NOW,
            "nonce": "1",
        }
        for name, value in members.items():
            event = self.event()
            yield Vector(
                f"header: {name}", self.signed(event, own | {name: value}), QUARANTINED, "header_member_refused", event["jti"]
            )
        event = self.event()
        unencoded = {"alg": "EdDSA", "kid": "ed-2027", "b64": False, "crit": ["b64"]}
        yield Vector(
            "header: an unencoded payload (RFC 7797)",
            self.signed(event, unencoded),
            QUARANTINED,
            "header_member_refused",
            event["jti"],
        )
        malformed: dict[str, bytes | dict[str, Any]] = {
            "alg twice": b'{"alg":"none","kid":"ed-2027","alg":"EdDSA"}',
            "kid twice, once escaped": b'{"alg":"EdDSA","kid":"ed-2027","\\u006bid":"ec-2027"}',
            "no alg": {"kid": "ed-2027"},
            "no kid": {"alg": "EdDSA"},
            "alg null": {"alg": None, "kid": "ed-2027"},
            "alg a list": {"alg": ["EdDSA"], "kid": "ed-2027"},
            "kid a number": {"alg": "EdDSA", "kid": 7},
            "kid with a path": {"alg": "EdDSA", "kid": "../../keys/ed-2027"},
            "kid with SQL": {"alg": "EdDSA", "kid": "' or 1=1 --"},
            "another typ": own | {"typ": "JWT"},
            "typ null": own | {"typ": None},
            "a list": b"[]",
            "no JSON": b"alg: EdDSA",
            "NaN": b'{"alg":NaN,"kid":"ed-2027"}',
            "longer than 1 KiB": b'{"alg":"EdDSA","kid":"ed-2027"' + b" " * 1024 + b"}",
            "not UTF-8": b'{"alg":"EdDSA","kid":"\xff"}',
        }
        for label, header in malformed.items():
            event = self.event()
            yield Vector(f"header: {label}", self.signed(event, header), QUARANTINED, "header_malformed", event["jti"])

    def _keys(self) -> Iterator[Vector]:
        event = self.event(jti="key-none")
        none = b".".join((encoded(dumped({"alg": "none", "kid": "ed-2027"})), encoded(dumped(event)), b"AA"))
        yield Vector("key: alg none", none, QUARANTINED, "algorithm_refused", "key-none")
        event = self.event(jti="key-none-cased")
        none = b".".join((encoded(dumped({"alg": "nOnE", "kid": "ed-2027"})), encoded(dumped(event)), b"AA"))
        yield Vector("key: alg nOnE", none, QUARANTINED, "algorithm_refused", "key-none-cased")
        for label, secret in (
            ("PEM", self.rsa.as_pem(private=False)),
            ("DER", self.rsa.as_der(private=False)),
            ("JWK", dumped(self.rsa.as_dict(private=False))),
        ):
            jti = f"key-hs256-{label.lower()}"
            signing = b".".join((encoded(dumped({"alg": "HS256", "kid": "rsa-2027"})), encoded(dumped(self.event(jti=jti)))))
            value = signing + b"." + encoded(hmac.new(bytes(secret), signing, hashlib.sha256).digest())
            yield Vector(f"key: HS256 with the public key as secret ({label})", value, QUARANTINED, "algorithm_refused", jti)
        for label, header, key, algorithm in (
            ("RS256 with an Ed25519 key id", {"alg": "RS256", "kid": "ed-2027"}, self.rsa, "RS256"),
            ("PS256", {"alg": "PS256", "kid": "rsa-2027"}, self.rsa, "PS256"),
            ("RS512", {"alg": "RS512", "kid": "rsa-2027"}, self.rsa, "RS512"),
            ("ES384 with a P-256 key id", {"alg": "ES384", "kid": "ec-2027"}, ECKey.generate_key("P-384"), "ES384"),
            ("RSA of 2048 bits", {"alg": "RS256", "kid": "rsa-2048"}, self.weak, "RS256"),
        ):
            jti = f"key-{label.split()[0].lower()}-{self.count}"
            value = self.signed(self.event(jti=jti), header, key, algorithm)
            yield Vector(f"key: {label}", value, QUARANTINED, "algorithm_refused", jti)
        for label, kid, key in (
            ("nobody's", "no-such-key", self.ed),
            ("another partner's, under its own id", "other-2027", self.other),
            ("kid in other letters", "ED-2027", self.ed),
        ):
            jti = f"key-unknown-{self.count}"
            value = self.signed(self.event(jti=jti), {"alg": "EdDSA", "kid": kid}, key)
            yield Vector(f"key: {label}", value, QUARANTINED, "key_unregistered", jti)
        for label, kid in (("not valid yet", "ed-2028"), ("no longer valid", "ed-2026")):
            jti = f"key-{kid}"
            value = self.signed(self.event(jti=jti), {"alg": "EdDSA", "kid": kid})
            yield Vector(f"key: {label}", value, QUARANTINED, "key_not_valid", jti)
        yield from self._signatures()

    def _signatures(self) -> Iterator[Vector]:
        jti = "sig-other"
        yield Vector(
            "signature: by another partner's key",
            self.signed(self.event(jti=jti), key=self.other),
            QUARANTINED,
            "signature_invalid",
            jti,
        )
        jti = "sig-payload"
        header, _, signature = self.signed(self.event()).split(b".")
        value = b".".join((header, encoded(dumped(self.event(jti=jti))), signature))
        yield Vector("signature: of another payload", value, QUARANTINED, "signature_invalid", jti)
        jti = "sig-header"
        _, payload, signature = self.signed(self.event(jti=jti)).split(b".")
        value = b".".join((encoded(dumped({"kid": "ed-2027", "alg": "EdDSA"})), payload, signature))
        yield Vector("signature: of another header with the same meaning", value, QUARANTINED, "signature_invalid", jti)
        for label, change in (
            ("one bit changed", lambda raw: bytes((raw[0] ^ 1,)) + raw[1:]),
            ("one byte short", lambda raw: raw[:-1]),
            ("one byte long", lambda raw: raw + b"\x00"),
            ("all zeros", lambda raw: bytes(len(raw))),
            ("one byte", lambda _raw: b"\x00"),
        ):
            for name, header_, key, algorithm in (
                ("EdDSA", {"alg": "EdDSA", "kid": "ed-2027"}, self.ed, "Ed25519"),
                ("ES256", {"alg": "ES256", "kid": "ec-2027"}, self.ec, "ES256"),
                ("RS256", {"alg": "RS256", "kid": "rsa-2027"}, self.rsa, "RS256"),
            ):
                jti = f"sig-{name}-{label.replace(' ', '-')}"
                yield self._resigned(f"signature: {name}, {label}", jti, header_, key, algorithm, change)
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        for label, change in (
            ("DER form", _der),
            ("r = 0", lambda raw: bytes(32) + raw[32:]),
            ("s = 0", lambda raw: raw[:32] + bytes(32)),
            ("r = n", lambda raw: order.to_bytes(32, "big") + raw[32:]),
            ("s with a zero byte before it", lambda raw: raw[:32] + b"\x00" + raw[32:]),
            ("r and s of 48 bytes", lambda raw: bytes(16) + raw[:32] + bytes(16) + raw[32:]),
        ):
            jti = f"sig-es256-{self.count}"
            yield self._resigned(f"signature: ES256, {label}", jti, {"alg": "ES256", "kid": "ec-2027"}, self.ec, "ES256", change)

    def _resigned(self, name: str, jti: str, header: Mapping[str, Any], key: Key, algorithm: str, change: Any) -> Vector:
        head, payload, signature = self.signed(self.event(jti=jti), header, key, algorithm).split(b".")
        raw = base64.urlsafe_b64decode(signature + b"=" * (-len(signature) % 4))
        return Vector(name, b".".join((head, payload, encoded(change(raw)))), QUARANTINED, "signature_invalid", jti)

    def _payloads(self) -> Iterator[Vector]:
        good = dumped(self.event(jti="payload")).decode()
        payloads: dict[str, bytes] = {
            "no JSON": b"hello",
            "a list": b"[]",
            "a text": b'"text"',
            "null": b"null",
            "cut short": good[:-1].encode(),
            "two values": (good + good).encode(),
            "a comma too many": (good[:-1] + ",}").encode(),
            "a comment": ("/* c */" + good).encode(),
            "a member twice": ('{"jti":"other",' + good[1:]).encode(),
            "a member twice, once escaped": ('{"\\u006ati":"other",' + good[1:]).encode(),
            "a member twice inside data": good.replace('"accepts_agb":', '"accepts_agb":false,"accepts_agb":').encode(),
            "NaN": good.replace(f'"iat":{NOW - 2}', '"iat":NaN').encode(),
            "Infinity": good.replace(f'"exp":{NOW + 3600}', '"exp":Infinity').encode(),
            "half of a surrogate pair": good.replace("efa-marktplatz", "\\ud800").encode(),
            "not UTF-8": good.encode().replace(b"efa-marktplatz", b"efa-\xff"),
            "a BOM": b"\xef\xbb\xbf" + good.encode(),
            "nested too deeply": ('{"data":' * 20 + "{}" + "}" * 20).encode(),
            "nesting without end": b"[" * 5000 + b"]" * 5000,
            "more than 10000 values": ('{"data":[' + "0," * 10_001 + "0]}").encode(),
            "a number of five thousand digits": good.replace(f'"iat":{NOW - 2}', '"iat":' + "9" * 5000).encode(),
            "a number with a leading zero": good.replace(f'"iat":{NOW - 2}', f'"iat":0{NOW}').encode(),
            "a control character": good.replace("efa-marktplatz", "efa\x01").encode(),
        }
        for label, payload in payloads.items():
            assert payload != good.encode(), label
            yield Vector(f"payload: {label}", self.signed(payload), QUARANTINED, "payload_malformed")
        for label, changed in (
            ("another partner's", {"iss": "fachverfahren-sued", "source": "/partner/fachverfahren-sued"}),
            ("no iss", {"iss": None}),
            ("iss a list", {"iss": [PARTNER]}),
        ):
            event = self.event(**changed)
            yield Vector(f"payload: {label}", self.signed(event), QUARANTINED, "issuer_foreign", event["jti"])
        for label, jti in (
            ("no jti", None),
            ("jti empty", ""),
            ("jti a number", 7),
            ("jti with a space", "a b"),
            ("jti of 65 characters", "x" * 65),
            ("jti with a line break", "a\n"),
        ):
            yield Vector(f"payload: {label}", self.signed(self.event(jti=jti)), QUARANTINED, "event_unidentified")

    def _claims(self) -> Iterator[Vector]:
        cases: dict[str, tuple[str, dict[str, Any]]] = {
            "no specversion": ("event_malformed", {"specversion": None}),
            "another specversion": ("event_malformed", {"specversion": "0.3"}),
            "id is not the jti": ("event_malformed", {"id": "other"}),
            "another source": ("event_malformed", {"source": "/partner/fachverfahren-sued"}),
            "source of the marketplace": ("event_malformed", {"source": "/ordering"}),
            "no type": ("event_malformed", {"type": None}),
            "no time": ("event_malformed", {"time": None}),
            "time without offset": ("event_malformed", {"time": "2027-03-02T09:29:58"}),
            "time a number": ("event_malformed", {"time": NOW}),
            "another datacontenttype": ("event_malformed", {"datacontenttype": "application/xml"}),
            "no data": ("event_malformed", {"data": None}),
            "data a text": ("event_malformed", {"data": json.dumps(PLACE)}),
            "data_base64": ("event_malformed", {"data_base64": "e30="}),
            "an unknown attribute": ("event_malformed", {"sub": "somebody"}),
            "nbf": ("event_malformed", {"nbf": NOW}),
            "iat a text": ("event_malformed", {"iat": str(NOW)}),
            "iat with a fraction": ("event_malformed", {"iat": NOW - 0.5}),
            "iat true": ("event_malformed", {"iat": True}),
            "iat below zero": ("event_malformed", {"iat": -1}),
            "exp beyond 2^53": ("event_malformed", {"exp": 2**53}),
            "exp of thirty digits": ("event_malformed", {"exp": 10**30}),
            "no exp": ("event_malformed", {"exp": None}),
            "exp before iat": ("event_malformed", {"iat": NOW, "exp": NOW - 1}),
            "no aud": ("event_malformed", {"aud": None}),
            "aud a list": ("event_malformed", {"aud": [AUDIENCE]}),
            "another aud": ("audience_wrong", {"aud": "another-marketplace"}),
            "aud in other letters": ("audience_wrong", {"aud": AUDIENCE.upper()}),
            "expired a second before": ("event_expired", {"exp": NOW - 1}),
            "expired years ago": ("event_expired", {"iat": 1, "exp": 2}),
            "valid for 24 h and a second": ("event_lives_too_long", {"iat": NOW, "exp": NOW + 86401}),
            "signed 61 s in the future": ("event_from_future", {"iat": NOW + 61, "exp": NOW + 3600}),
            "an unknown type": ("event_unknown", {"type": "partner.order.order-paid.v1"}),
            "a type of the marketplace": ("event_unknown", {"type": "ordering.order.placed.v1"}),
            "a later version of a type": ("event_unknown", {"type": "partner.order.order-placed.v2"}),
        }
        for label, (code, changed) in cases.items():
            event = self.event(**changed)
            yield Vector(f"claims: {label}", self.signed(event), REFUSED, code, event["jti"])
        event = self.event()
        late = APPENDED + timedelta(hours=2)
        yield Vector(
            "claims: taken in by the broker two hours late", self.signed(event), REFUSED, "event_expired", event["jti"], late
        )

    def _data(self) -> Iterator[Vector]:
        event = self.event(data=PLACE | {"organisation": "02000000"})
        yield Vector("data: another organisation", self.signed(event), QUARANTINED, "organisation_foreign", event["jti"])
        cases: dict[str, tuple[str, dict[str, Any]]] = {
            "empty": ("order-placed", {}),
            "no organisation": ("order-placed", {"order_id": ORDER, "accepts_agb": True}),
            "organisation a list": ("order-placed", PLACE | {"organisation": ["01054033"]}),
            "an unknown field": ("order-placed", PLACE | {"price": 0}),
            "an order id in capitals": ("order-placed", PLACE | {"order_id": ORDER.upper()}),
            "an order id with a path": ("order-placed", PLACE | {"order_id": "../" + ORDER}),
            "accepts_agb a text": ("order-placed", PLACE | {"accepts_agb": "true"}),
            "accepts_agb missing": ("order-placed", {"organisation": "01054033", "order_id": ORDER}),
            "if_revision a text": ("order-placed", PLACE | {"if_revision": "7"}),
            "if_revision zero": ("order-placed", PLACE | {"if_revision": 0}),
            "a text too long": ("question-asked", DATA["question-asked"] | {"text": "x" * 8001}),
            "a text with a NUL": ("question-asked", DATA["question-asked"] | {"text": "a\x00b"}),
            "an unknown channel": ("interest-declared", DATA["interest-declared"] | {"channel": "nobody"}),
            "an owner who is no side": ("point-added", DATA["point-added"] | {"owner": "ANBIETER"}),
            "a month that is none": ("uses-reported", DATA["uses-reported"] | {"period": "2027-13"}),
            "fewer than no uses": ("uses-reported", DATA["uses-reported"] | {"count": -1}),
            "half a use": ("uses-reported", DATA["uses-reported"] | {"count": 1.5}),
            "if_revision for an interest": ("interest-declared", DATA["interest-declared"] | {"if_revision": 1}),
        }
        for label, (what, data) in cases.items():
            event = self.event(what, data=data)
            yield Vector(f"data: {label}", self.signed(event), REFUSED, "data_invalid", event["jti"])

    def document(self) -> dict[str, Any]:
        """Return the file."""
        long_ago, later = "2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"
        rows = (
            ("ed-2027", self.ed, long_ago, None),
            ("ec-2027", self.ec, long_ago, None),
            ("rsa-2027", self.rsa, long_ago, None),
            ("rsa-2048", self.weak, long_ago, None),
            ("ed-2028", self.ed, later, None),
            ("ed-2026", self.ed, long_ago, "2027-01-01T00:00:00Z"),
        )
        keys = [
            {
                "kid": kid,
                "jwk": key.as_dict(private=False),
                "private_jwk": key.as_dict(private=True),
                "valid_from": start,
                "valid_until": end,
            }
            for kid, key, start, end in rows
        ]
        return {
            "about": "Records of the topic partner.fachverfahren-nord.orders.v1 and what becomes of them, by docs/anbinden/partner-events.md. "
            "The keys are for tests only. result: verified (the command is then decided on), refused, quarantined.",
            "partner": PARTNER,
            "audience": AUDIENCE,
            "organisations": [ORGANISATION],
            "keys": keys,
            "vectors": [vector.document() for vector in self.vectors()],
        }


def encoded(raw: bytes) -> bytes:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def dumped(value: Mapping[str, Any] | bytes) -> bytes:
    """Return a value as JSON, bytes as they are."""
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _sibling(last: bytes) -> bytes:
    """Return another last character that a lenient decoder reads as the same byte (of two, one or four unused bits)."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    place = alphabet.index(last)
    return alphabet[place ^ 1 : (place ^ 1) + 1]


def _der(raw: bytes) -> bytes:
    def integer(part: bytes) -> bytes:
        part = part.lstrip(b"\x00")
        part = b"\x00" + part if part[0] & 0x80 else part
        return b"\x02" + bytes((len(part),)) + part

    body = integer(raw[:32]) + integer(raw[32:])
    return b"\x30" + bytes((len(body),)) + body


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(Maker().document(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
