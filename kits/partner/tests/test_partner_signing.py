"""What the kit signs is what the published rules ask for, for every command and kind of key."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from partner_responder import Responder
from partner_world import ORGANISATION, PARTNER, new_key, registered, responder

from efa_partner import Jwks, JwksError, ReceiptUntrustedError, SettingsError, base64url, signing
from efa_partner.commands import COMMANDS, command_from
from efa_partner.jwks import checked_url
from efa_partner.keys import Algorithm
from efa_partner.receipt import key_id, verified
from efa_partner.registration import ROTATION, rotation_request
from efa_partner.signing import Envelope

ORDER = "0b9e6f0c-55b5-4c5c-9a44-5d6c2a1f3e77"
NOW = datetime(2027, 3, 2, 9, 30, tzinfo=UTC)
FIELDS: dict[str, dict[str, Any]] = {
    "interest-declared": {"offering_id": ORDER, "channel": "govdigital", "message": "Wir möchten anfangen."},
    "point-added": {"order_id": ORDER, "label": "Gebührenordnung", "owner": "KUNDE", "mandatory": False},
    "point-settled": {"order_id": ORDER, "point_id": ORDER, "value": "203.0.113.17", "if_revision": 7},
    "question-asked": {"order_id": ORDER, "text": "Welche Ports?"},
    "question-answered": {"order_id": ORDER, "question_id": ORDER, "text": "443"},
    "order-placed": {"order_id": ORDER, "accepts_agb": True, "leitweg_id": "04011000-900X999-08"},
    "order-withdrawn": {"order_id": ORDER},
    "milestone-reached": {"order_id": ORDER, "code": "test_done"},
    "uses-reported": {"order_id": ORDER, "period": "2027-02", "count": 1284},
}


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("what", COMMANDS)
def test_every_command_is_verified_by_the_rules(what: str, algorithm: Algorithm) -> None:
    key = new_key(algorithm)
    command = command_from(what, {"organisation": ORGANISATION} | FIELDS[what])
    event = signing.sign(key, command, Envelope.new(PARTNER, "efa-marktplatz", None, NOW))
    marketplace = Responder(PARTNER, [ORGANISATION], [registered(key)])
    found, jti = marketplace.identified(event.jws, NOW)
    assert marketplace.checked(found, NOW) == (what, {"organisation": ORGANISATION} | FIELDS[what])
    assert (jti, event.expires_at) == (event.jti, NOW + timedelta(hours=12))


@pytest.mark.parametrize(
    ("what", "fields", "code"),
    [
        ("order-shredded", {}, "command_unknown"),
        ("order-placed", {"organisation": ORGANISATION, "order_id": ORDER}, "data_invalid"),
        ("order-withdrawn", {"organisation": ORGANISATION, "order_id": ORDER, "at_once": True}, "data_invalid"),
        ("uses-reported", {"organisation": ORGANISATION, "order_id": ORDER, "period": "2027-13", "count": 1}, "data_invalid"),
        ("question-asked", {"organisation": ORGANISATION, "order_id": ORDER, "text": "\ud800"}, "data_invalid"),
    ],
)
def test_what_would_be_refused_is_not_even_signed(what: str, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(SettingsError) as raised:
        command_from(what, fields)
    assert raised.value.code == code


def test_a_rotation_is_signed_by_the_present_key_and_holds_the_public_part_of_the_next() -> None:
    old, new = new_key(), new_key(Algorithm.ES256)
    value = rotation_request(PARTNER, "efa-marktplatz", old, new)["event"].encode()
    event, _ = Responder(PARTNER, [ORGANISATION], [registered(old)]).identified(value, datetime.now(UTC))
    assert event["type"] == ROTATION
    assert event["data"] == {"kid": new.kid, "jwk": {name: it for name, it in new.public_jwk().items() if name != "kid"}}


def sealed(made: Responder, **changed: Any) -> bytes:
    now = NOW.isoformat()
    event = {"topic": f"partner.{PARTNER}.orders.v1", "partition": 0, "offset": 1, "jti": "a", "type": None}
    order = {"id": ORDER, "number": "V-1", "state": "BESTELLT", "revision": 8, "added_later": True}
    body = {"id": "r", "partner": PARTNER, "status": "accepted", "event": event, "order": order, "received_at": now}
    return made.sealed("r", body | {"decided_at": now, "added_later": 1} | changed)


@pytest.fixture
def jwks(tmp_path: Path) -> tuple[Responder, Jwks]:
    made = responder(new_key())
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(made.jwks()), encoding="utf-8")
    return made, Jwks(str(path))


def test_a_receipt_is_read_once_its_signature_holds_and_what_a_later_version_adds_is_passed_over(
    jwks: tuple[Responder, Jwks],
) -> None:
    made, found = jwks
    value = sealed(made)
    receipt = verified(value, found.key(key_id(value)), PARTNER)
    assert receipt.order is not None
    assert (receipt.accepted, receipt.order.revision, receipt.raw) == (True, 8, value)


def changed_payload(value: bytes) -> bytes:
    head, body, signature = value.split(b".")
    return b".".join([head, base64url.encode(base64url.decode(body).replace(b"accepted", b"refused ")), signature])


def test_a_receipt_that_is_not_the_marketplaces_or_not_for_this_partner_is_not_believed(jwks: tuple[Responder, Jwks]) -> None:
    made, found = jwks
    stranger = responder(new_key())
    forged = b".".join([base64url.encode(b'{"alg":"none","kid":"m1"}'), sealed(made).split(b".")[1], b"AA"])
    cases: dict[str, list[bytes | None]] = {
        "receipt_signature": [sealed(stranger), changed_payload(sealed(made))],
        "receipt_foreign": [sealed(made, partner="another")],
        "receipt_malformed": [None, b"", b"a.b", b"!.!.!", sealed(made, status="perhaps"), sealed(made, event=None)],
        "receipt_algorithm": [forged],
    }
    for code, values in cases.items():
        for value in values:
            with pytest.raises(ReceiptUntrustedError) as raised:
                verified(value, found.key(key_id(value)), PARTNER)
            assert raised.value.code == code


def test_a_key_that_is_added_later_is_found_and_one_that_never_comes_is_an_error(tmp_path: Path) -> None:
    made, path = responder(new_key()), tmp_path / "jwks.json"
    path.write_text('{"keys": []}', encoding="utf-8")
    found = Jwks(str(path))
    with pytest.raises(JwksError) as raised:
        found.key("m1")
    assert raised.value.code == "receipt_key_unknown"
    path.write_text(json.dumps(made.jwks()), encoding="utf-8")
    found._looked = None  # ten seconds later
    assert found.key("m1").as_dict(private=False)["x"] == made.jwks()["keys"][0]["x"]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"keys": 1}', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "?"}]}']
)
def test_what_is_no_key_set_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(JwksError) as raised:
        Jwks(str(path)).key("a")
    assert raised.value.code == "jwks_unavailable"


def test_keys_come_over_https_or_from_this_machine_only() -> None:
    assert checked_url("https://marktplatz.example/jwks", "--jwks")
    assert checked_url("http://127.0.0.1:8000/jwks", "--jwks")
    for url in ("http://marktplatz.example/jwks", "ftp://127.0.0.1/jwks", "file:///etc/passwd"):
        with pytest.raises(SettingsError) as raised:
            checked_url(url, "--jwks")
        assert raised.value.code == "address_insecure"
