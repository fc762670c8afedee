"""A marketplace for tests, written from docs/anbinden/partner-events.md alone: nothing of the kit or of the product is in it.

``skips`` are codes whose check it leaves out, so that a test can plant a fault.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

QUARANTINED, REFUSED, VERIFIED = "quarantined", "refused", "verified"
MOST_BYTES = 262144
ATTRIBUTES = {"specversion", "id", "source", "type", "time", "datacontenttype", "iss", "jti", "aud", "iat", "exp", "data"}
ALLOWED = {"subject", "dataschema", "traceparent"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LINE, TEXT, REMARK = 200, 8000, 2000
JTI = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Stopped(Exception):  # noqa: N818 - no error of the program
    """The first check that failed."""

    def __init__(self, code: str, result: str, jti: str | None = None) -> None:
        self.code, self.result, self.jti = code, result, jti


def _uuid(value: Any) -> bool:
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def _text(most: int) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, str) and 0 < len(value) <= most and not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", value)
    )


def _number(least: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**53


def _match(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


ON_ORDER = {"order_id": (_uuid, True), "if_revision": (_number(1), False)}
FIELDS: dict[str, dict[str, tuple[Callable[[Any], bool], bool]]] = {
    "interest-declared": {
        "offering_id": (_uuid, True),
        "channel": (_match("govdigital|fitko"), True),
        "message": (_text(TEXT), False),
        "anbindungsart": (_match("FIT_CONNECT|OSCI_XTA|API|DATEIABLAGE|E_MAIL|OHNE"), False),
    },
    "point-added": ON_ORDER
    | {"label": (_text(LINE), True), "owner": (_match("KUNDE|BEREITSTELLER"), True), "mandatory": (_flag, False)},
    "point-settled": ON_ORDER | {"point_id": (_uuid, True), "value": (_text(REMARK), True), "note": (_text(REMARK), False)},
    "question-asked": ON_ORDER | {"text": (_text(TEXT), True)},
    "question-answered": ON_ORDER | {"question_id": (_uuid, True), "text": (_text(TEXT), True)},
    "order-placed": ON_ORDER
    | {"accepts_agb": (_flag, True), "leitweg_id": (_text(LINE), False), "order_reference": (_text(LINE), False)},
    "order-withdrawn": ON_ORDER | {"reason": (_text(REMARK), False)},
    "milestone-reached": ON_ORDER | {"code": (_match("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"), True), "note": (_text(REMARK), False)},
    "uses-reported": ON_ORDER | {"period": (_match("20[0-9]{2}-(0[1-9]|1[0-2])"), True), "count": (_number(0), True)},
}


class Responder:
    """Decides on records of one partner and signs receipts."""

    def __init__(
        self,
        partner: str,
        organisations: Collection[str],
        keys: list[dict[str, Any]],
        audience: str = "efa-marktplatz",
        skips: Collection[str] = (),
    ) -> None:
        self.partner, self.organisations, self.audience, self.skips = partner, set(organisations), audience, set(skips)
        self.keys = {key["kid"]: key for key in keys}
        self.offerings: set[str] = set()
        self.orders: dict[str, dict[str, Any]] = {}
        self.signing = ed25519.Ed25519PrivateKey.generate()
        self.first: dict[str, tuple[str, bytes]] = {}

    def jwks(self) -> dict[str, Any]:
        """Return the public keys of receipts."""
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "m1", "x": _b64(self.signing.public_key().public_bytes_raw())}]}

    def take(self, topic: str, partition: int, offset: int, value: bytes | None, at: datetime) -> tuple[bytes, bytes]:
        """Return key and value of the receipt of a record."""
        event: dict[str, Any] = {"topic": topic, "partition": partition, "offset": offset, "jti": None, "type": None}
        body: dict[str, Any] = {"status": "accepted"} | dict.fromkeys(("order", "code", "detail", "remedy", "reference"))
        mark = ""
        try:
            found, jti = self.identified(value, at)
            event |= {"jti": jti, "type": found.get("type")}
            mark = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
            known = self.first.get(jti)
            if known is not None and known[0] == mark:
                return jti.encode(), known[1]
            if known is not None:
                self._stop("event_id_reused", REFUSED, jti)
            body["order"] = self.carried_out(found, at)
        except Stopped as stopped:
            event["jti"] = event["jti"] or stopped.jti
            body |= {"status": stopped.result, "code": stopped.code, "detail": {"de": "Nein.", "en": "No."}}
            body |= {"reference": str(uuid.uuid4()) if stopped.result == QUARANTINED else None}
            if stopped.result == QUARANTINED or stopped.code == "event_id_reused":
                mark = ""
        except (KeyError, TypeError, ValueError):  # a planted fault has led astray
            body |= {"status": QUARANTINED, "code": "record_unprocessable", "detail": {"de": "Nein.", "en": "No."}}
            body |= {"reference": str(uuid.uuid4())}
            mark = ""
        receipt_id = str(uuid.uuid5(uuid.NAMESPACE_URL, mark or f"{topic}/{partition}/{offset}"))
        now = at.isoformat().replace("+00:00", "Z")
        body |= {"id": receipt_id, "partner": self.partner, "event": event, "received_at": now, "decided_at": now}
        signed = self.sealed(receipt_id, body)
        if mark:
            self.first[event["jti"]] = mark, signed
        return (event["jti"] or f"{partition}-{offset}").encode(), signed

    def sealed(self, receipt_id: str, body: dict[str, Any]) -> bytes:
        """Return a receipt as a JWS."""
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": receipt_id,
            "source": "/ordering",
            "type": "ordering.receipt.issued.v1",
        }
        event |= {
            "time": body["decided_at"],
            "aud": self.partner,
            "datacontenttype": "application/json",
            "data": {"receipt": body},
        }
        head = {"alg": "EdDSA", "kid": "m1", "typ": "application/cloudevents+json+jws"}
        signed = f"{_b64(json.dumps(head).encode())}.{_b64(json.dumps(event).encode())}"
        return f"{signed}.{_b64(self.signing.sign(signed.encode()))}".encode()

    def identified(self, value: bytes | None, at: datetime) -> tuple[dict[str, Any], str]:
        """Return payload and jti of a record. Raises Stopped."""
        if value is None:
            raise Stopped("null_value", QUARANTINED)
        if len(value) > MOST_BYTES:
            self._stop("record_too_large", QUARANTINED)
        if value.count(b".") != 2 or not value.isascii():
            raise Stopped("jws_malformed", QUARANTINED)
        texts = value.decode().split(".")
        try:
            head, payload, signature = (self._unb64(part) for part in texts)
        except ValueError:
            raise Stopped("jws_malformed", QUARANTINED) from None
        jti = _peek(payload)
        header = self._header(head, jti)
        key = self._key(header, at, jti)
        if not _holds(key["jwk"], f"{texts[0]}.{texts[1]}".encode(), signature):
            self._stop("signature_invalid", QUARANTINED, jti)
        event = self._payload(payload)
        if event.get("iss") != self.partner:
            self._stop("issuer_foreign", QUARANTINED, jti)
        if jti is None:
            raise Stopped("event_unidentified", QUARANTINED)
        return event, jti

    def checked(self, event: dict[str, Any], at: datetime) -> tuple[str, dict[str, Any]]:
        """Return the command's short name and its data. Raises Stopped."""
        jti, now = event["jti"], int(at.timestamp())
        if not self._well_formed(event):
            self._stop("event_malformed", REFUSED, jti)
        if event["aud"] != self.audience:
            self._stop("audience_wrong", REFUSED, jti)
        if event["exp"] - event["iat"] > 86400:
            self._stop("event_lives_too_long", REFUSED, jti)
        if event["iat"] > now + 60:
            self._stop("event_from_future", REFUSED, jti)
        if event["exp"] < now:
            self._stop("event_expired", REFUSED, jti)
        what = event["type"].removeprefix("partner.order.").removesuffix(".v1")
        if what not in FIELDS or event["type"] != f"partner.order.{what}.v1":
            self._stop("event_unknown", REFUSED, jti)
        data = event["data"]
        organisation = data.get("organisation")
        if isinstance(organisation, str) and organisation not in self.organisations:
            self._stop("organisation_foreign", QUARANTINED, jti)
        fields = FIELDS.get(what, {})
        broken = [name for name, (fits, needed) in fields.items() if (needed and name not in data)]
        broken += [
            name
            for name, it in data.items()
            if name in fields and not (fields[name][0](it) or (it is None and not fields[name][1]))
        ]
        if not isinstance(organisation, str) or broken or data.keys() - fields.keys() - {"organisation"}:
            self._stop("data_invalid", REFUSED, jti)
        return what, data

    def carried_out(self, event: dict[str, Any], at: datetime) -> dict[str, Any]:
        """Return the order after the command. Raises Stopped."""
        what, data = self.checked(event, at)
        jti = event["jti"]
        if what == "interest-declared":
            if data["offering_id"] not in self.offerings:
                self._stop("offering_not_found", REFUSED, jti)
            if any(it["state"] != "ZURUECKGEZOGEN" for it in self.orders.values()):
                self._stop("open_order_exists", REFUSED, jti)
            order_id = str(uuid.uuid5(uuid.NAMESPACE_URL, jti))
            order = {"id": order_id, "number": f"V-{order_id[:8]}", "state": "INTERESSE_BEKUNDET", "revision": 1}
            self.orders[order_id] = order
            return dict(order)
        found = self.orders.get(data["order_id"])
        if found is None:
            self._stop("order_not_found", REFUSED, jti)
            return {"id": data["order_id"], "number": "V-0", "state": "BESTELLT", "revision": 1}
        if data.get("if_revision") not in {None, found["revision"]}:
            self._stop("precondition_failed", REFUSED, jti)
        if what != "order-withdrawn" or found["state"] == "ZURUECKGEZOGEN":
            self._stop("illegal_move", REFUSED, jti)
        found |= {"state": "ZURUECKGEZOGEN", "revision": found["revision"] + 1}
        return dict(found)

    def _stop(self, code: str, result: str, jti: str | None = None) -> None:
        if code not in self.skips:
            raise Stopped(code, result, jti)

    def _unb64(self, text: str) -> bytes:
        if "jws_malformed" in self.skips:  # as many lenient readers do
            return base64.b64decode("".join(text.split()).rstrip("=") + "==", altchars=b"-_")
        if not re.fullmatch("[A-Za-z0-9_-]+", text) or len(text) % 4 == 1:
            raise ValueError(text)
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if _b64(found) != text:
            raise ValueError(text)
        return found

    def _header(self, content: bytes, jti: str | None) -> dict[str, Any]:
        try:
            header = _strict(content, depth=4) if "header_malformed" not in self.skips else json.loads(content)
        except (ValueError, RecursionError):
            raise Stopped("header_malformed", QUARANTINED, jti) from None
        if not isinstance(header, dict) or len(content) > 1024:
            raise Stopped("header_malformed", QUARANTINED, jti)
        if header.keys() - {"alg", "kid", "typ"}:
            self._stop("header_member_refused", QUARANTINED, jti)
        kid, typ = header.get("kid"), header.get("typ", "JOSE")
        fits = isinstance(header.get("alg"), str) and isinstance(kid, str) and re.fullmatch("[A-Za-z0-9._:-]{1,128}", kid)
        if not fits or typ not in ("JOSE", "application/cloudevents+json+jws"):
            self._stop("header_malformed", QUARANTINED, jti)
        return header

    def _key(self, header: dict[str, Any], at: datetime, jti: str | None) -> dict[str, Any]:
        key = self.keys.get(header.get("kid", ""))
        if key is None:
            self._stop("key_unregistered", QUARANTINED, jti)
            key = next(iter(self.keys.values()))
        since, until = (
            None if key.get(name) is None else datetime.fromisoformat(key[name]) for name in ("valid_from", "valid_until")
        )
        if (since is not None and at < since) or (until is not None and at >= until):
            self._stop("key_not_valid", QUARANTINED, jti)
        names = {"OKP": ("EdDSA", "Ed25519"), "EC": ("ES256",), "RSA": ("RS256",)}[key["jwk"]["kty"]]
        weak = key["jwk"]["kty"] == "RSA" and _int(key["jwk"]["n"]).bit_length() < 3072
        if header.get("alg") not in names or weak:
            self._stop("algorithm_refused", QUARANTINED, jti)
        return key

    def _payload(self, content: bytes) -> dict[str, Any]:
        try:
            found = json.loads(content) if "payload_malformed" in self.skips else _strict(content, depth=16)
        except (ValueError, RecursionError):
            raise Stopped("payload_malformed", QUARANTINED) from None
        if not isinstance(found, dict):
            raise Stopped("payload_malformed", QUARANTINED)
        return found

    def _well_formed(self, event: dict[str, Any]) -> bool:
        times = all(isinstance(event.get(name), int) and not isinstance(event[name], bool) for name in ("iat", "exp"))
        if ATTRIBUTES - event.keys() or event.keys() - ATTRIBUTES - ALLOWED or not times:
            return False
        try:
            zoned = isinstance(event["time"], str) and datetime.fromisoformat(event["time"]).tzinfo is not None
        except ValueError:
            return False
        fixed = {
            "specversion": "1.0",
            "id": event["jti"],
            "source": f"/partner/{self.partner}",
            "datacontenttype": "application/json",
        }
        return (
            zoned
            and all(event[name] == value for name, value in fixed.items())
            and isinstance(event["aud"], str)
            and isinstance(event["type"], str)
            and isinstance(event["data"], dict)
            and 0 <= event["iat"] <= event["exp"] < 2**53
        )


def _peek(payload: bytes) -> str | None:
    """Return the jti of a payload that can be read."""
    try:
        found = _strict(payload, depth=16)
    except (ValueError, RecursionError):
        return None
    jti = found.get("jti") if isinstance(found, dict) else None
    return jti if isinstance(jti, str) and JTI.fullmatch(jti) else None


def _strict(content: bytes, depth: int) -> Any:
    """Return JSON with one meaning. Raises ValueError."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a member stands twice")
        return dict(pairs)

    def no(_: str) -> None:
        raise ValueError("no number")

    found = json.loads(content.decode("utf-8"), object_pairs_hook=once, parse_constant=no)
    _bounded(found, depth, [10_000])
    return found


def _bounded(value: Any, depth: int, left: list[int]) -> None:
    left[0] -= 1
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, dict | list):
        if depth == 0:
            raise ValueError("nested too deeply")
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            _bounded(item, depth - 1, left)
    if left[0] < 0:
        raise ValueError("too many values")


def _holds(jwk: dict[str, str], signed: bytes, signature: bytes) -> bool:
    try:
        if jwk["kty"] == "OKP":
            ed25519.Ed25519PublicKey.from_public_bytes(_raw(jwk["x"])).verify(signature, signed)
        elif jwk["kty"] == "EC":
            if len(signature) != 64:
                return False
            numbers = ec.EllipticCurvePublicNumbers(_int(jwk["x"]), _int(jwk["y"]), ec.SECP256R1())
            pair = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
            numbers.public_key().verify(pair, signed, ec.ECDSA(hashes.SHA256()))
        else:
            rsa.RSAPublicNumbers(_int(jwk["e"]), _int(jwk["n"])).public_key().verify(
                signature, signed, padding.PKCS1v15(), hashes.SHA256()
            )
    except (InvalidSignature, ValueError):
        return False
    return True


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _int(text: str) -> int:
    return int.from_bytes(_raw(text), "big")


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
