"""A partner system in tests: its registration, its key, its events and records, and what its receipts say."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from services.ordering.domain.partner.keys import public_jwk
from services.ordering.domain.partner.partner import By, Contact, Partner, PartnerProfile
from services.ordering.domain.partner.transitions import PartnerActor
from services.ordering.partners.quarantine import Original
from shared.messages.ordering_partners import PartnerKey, PartnerQuota, Represented
from shared.messages.values import Party, Role
from shared.topics import partner_orders

AUDIENCE = "efa-marktplatz"
OPERATOR = By(PartnerActor.OPERATOR, "otto.operator", "betreiber")


@dataclass
class PartnerSystem:
    """Signs events as a partner does. ``offsets`` count the records of each partition."""

    id: str
    organisations: tuple[Represented, ...]
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    kid: str = "k1"
    offsets: dict[int, int] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))

    def registered(self, at: datetime, quota: PartnerQuota | None = None) -> Partner:
        """Return the partner as the registry holds it, its key valid since long ago."""
        profile = PartnerProfile(
            name=self.id,
            run_by=Party(id="rechenzentrum", name="Rechenzentrum"),
            organisations=self.organisations,
            quota=quota or PartnerQuota(),
            contact=Contact(mailbox="betrieb@example.org"),
        )
        partner, _ = Partner.register(self.id, profile, OPERATOR, at)
        jwk = public_jwk(self.key.as_dict(private=False))
        partner.add_key(PartnerKey(kid=self.kid, jwk=jwk, valid_from=at - timedelta(days=365)), OPERATOR, at)
        return partner

    def event(self, what: str, data: Mapping[str, Any], at: datetime, **changed: Any) -> dict[str, Any]:
        """Return a payload that is good at a moment, unless changed."""
        jti = changed.get("jti", f"{self.id}-{next(self._numbers)}")
        seconds = int(at.timestamp())
        return {
            "specversion": "1.0",
            "id": jti,
            "source": f"/partner/{self.id}",
            "type": f"partner.order.{what}.v1",
            "time": at.astimezone(UTC).isoformat(),
            "datacontenttype": "application/json",
            "iss": self.id,
            "jti": jti,
            "aud": AUDIENCE,
            "iat": seconds,
            "exp": seconds + 3600,
            "data": dict(data),
        } | changed

    def sign(self, event: Mapping[str, Any]) -> bytes:
        """Return an event as its JWS."""
        header = _encoded(json.dumps({"alg": "EdDSA", "kid": self.kid}).encode())
        signed = header + b"." + _encoded(json.dumps(event).encode())
        return signed + b"." + _encoded(JWSRegistry.algorithms["Ed25519"].sign(signed, self.key))

    def record(self, value: bytes | None, at: datetime, partition: int = 0) -> Original:
        """Return the next record of the partner's topic."""
        offset = self.offsets[partition] = self.offsets.get(partition, -1) + 1
        return Original(partner_orders(self.id).name, partition, offset, at, None, value)


class TestSigner:
    """Signs receipts with a key of its own, as ``Signer`` does."""

    __test__ = False

    def __init__(self) -> None:
        self.key = OKPKey.generate_key("Ed25519")

    def sign(self, payload: bytes, typ: str) -> str:
        """Return the payload as a compact JWS."""
        header = _encoded(json.dumps({"alg": "EdDSA", "kid": "ours", "typ": typ}).encode())
        signed = header + b"." + _encoded(payload)
        return (signed + b"." + _encoded(JWSRegistry.algorithms["Ed25519"].sign(signed, self.key))).decode()


def receipt_in(jws: str | bytes) -> dict[str, Any]:
    """Return what a receipt's record says, without a look at its signature."""
    event = event_in(jws)
    found: dict[str, Any] = event["data"]["receipt"]
    return found


def event_in(jws: str | bytes) -> dict[str, Any]:
    """Return the CloudEvent inside a JWS, without a look at its signature."""
    text = jws.encode() if isinstance(jws, str) else jws
    payload = text.split(b".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
    return found


def customer(organisation: str, name: str) -> Represented:
    """Return an organisation that a partner acts for as Kunde."""
    return Represented(id=organisation, name=name, roles=(Role.KUNDE,))


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
