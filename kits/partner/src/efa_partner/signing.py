"""From a command to the compact JWS that lies on the topic."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from efa_partner import base64url
from efa_partner.commands import Command
from efa_partner.errors import SettingsError
from efa_partner.keys import SigningKey

MEDIA_TYPE = "application/cloudevents+json+jws"
LIFETIME = 12 * 60 * 60
"""Seconds that an event may take until the broker has it, unless stated otherwise."""
LONGEST_LIFETIME = 24 * 60 * 60
LARGEST_RECORD = 256 * 1024
JTI = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """An event ready to be sent. ``key`` is the record's: events of one order keep their order."""

    jti: str
    type: str
    key: str
    jws: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an event says about itself beside its command."""

    partner: str
    audience: str
    jti: str
    issued_at: int
    lifetime: int = LIFETIME

    @classmethod
    def new(cls, partner: str, audience: str, jti: str | None, now: datetime, lifetime: int = LIFETIME) -> Envelope:
        """Return the envelope of an event that is made now. Raises SettingsError (``jti_invalid``, ``lifetime_invalid``)."""
        chosen = str(uuid.uuid4()) if jti is None else jti
        if JTI.fullmatch(chosen) is None:
            raise SettingsError(f"{chosen!r} is no jti: 1 to 64 of A-Z a-z 0-9 . _ : - are allowed", code="jti_invalid")
        if not 1 <= lifetime <= LONGEST_LIFETIME:
            raise SettingsError(f"an event lives 1 to {LONGEST_LIFETIME} seconds, not {lifetime}", code="lifetime_invalid")
        return cls(partner, audience, chosen, int(now.timestamp()), lifetime)

    def payload(self, type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the CloudEvent."""
        time = datetime.fromtimestamp(self.issued_at, UTC).isoformat().replace("+00:00", "Z")
        return {
            "specversion": "1.0",
            "id": self.jti,
            "source": f"/partner/{self.partner}",
            "type": type_,
            "time": time,
            "datacontenttype": "application/json",
            "iss": self.partner,
            "jti": self.jti,
            "aud": self.audience,
            "iat": self.issued_at,
            "exp": self.issued_at + self.lifetime,
            "data": dict(data),
        }


def header(key: SigningKey) -> dict[str, Any]:
    """Return the protected header of what a key signs."""
    return {"alg": key.algorithm.value, "kid": key.kid, "typ": MEDIA_TYPE}


def json_bytes(value: object) -> bytes:
    """Return compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def compact(key: SigningKey, head: bytes, payload: bytes) -> bytes:
    """Return header and payload, both as bytes, with the key's signature over them (RFC 7515, 7.1)."""
    signed = base64url.encode(head) + b"." + base64url.encode(payload)
    return signed + b"." + base64url.encode(key.signature(signed))


def sign(key: SigningKey, command: Command, envelope: Envelope) -> SignedEvent:
    """Return the signed event of a command. Raises SettingsError (``event_too_large``) if the broker would not take it."""
    data = command.data()
    jws = compact(key, json_bytes(header(key)), json_bytes(envelope.payload(command.TYPE, data)))
    if len(jws) > LARGEST_RECORD:
        raise SettingsError(f"the event has {len(jws)} bytes, {LARGEST_RECORD} are the most", code="event_too_large")
    expires = datetime.fromtimestamp(envelope.issued_at + envelope.lifetime, UTC)
    return SignedEvent(envelope.jti, command.TYPE, str(data.get("order_id", envelope.jti)), jws, expires)
