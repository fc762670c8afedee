"""What the cases work with: the partner's identity, makers of good and bad records, and the way to a receipt."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from efa_partner import receipt as receipts
from efa_partner import signing
from efa_partner.conformance.orders_api import OrdersApi
from efa_partner.conformance.transport import Answer, Place, Record, Transport
from efa_partner.errors import ReceiptMissingError
from efa_partner.jwks import Jwks
from efa_partner.keys import SigningKey
from efa_partner.receipt import Receipt, ReceiptOrder
from efa_partner.signing import Envelope

WITHDRAWN = "partner.order.order-withdrawn.v1"
INTEREST = "partner.order.interest-declared.v1"


@dataclass(frozen=True, slots=True)
class Target:
    """The partner and what it may do in the test environment."""

    partner: str
    key: SigningKey
    jwks: Jwks
    organisation: str
    offering: str
    channel: str
    audience: str
    foreign_organisation: str = "conformance-foreign"
    foreign_order: str | None = None
    patience: float = 60.0


@dataclass(slots=True)
class Bench:
    """One run. ``order``: the Vorgang that the run has begun and that the attacks aim at."""

    target: Target
    transport: Transport
    api: OrdersApi | None = None
    order: ReceiptOrder | None = None
    first: tuple[bytes, Receipt] | None = None
    prepared: dict[str, dict[str, Any]] = field(default_factory=dict)

    def data(self, **changed: object) -> dict[str, Any]:
        """Return what withdraws the run's Vorgang; what is changed to None is left out."""
        order = str(uuid.uuid4()) if self.order is None else self.order.id
        fields: dict[str, object] = {"organisation": self.target.organisation, "order_id": order} | changed
        return {name: value for name, value in fields.items() if value is not None}

    def interest(self, **changed: object) -> dict[str, Any]:
        """Return what declares interest in the offering of the test environment."""
        target = self.target
        return {"organisation": target.organisation, "offering_id": target.offering, "channel": target.channel} | changed

    def event(self, type_: str = WITHDRAWN, data: dict[str, Any] | None = None, jti: str | None = None) -> dict[str, Any]:
        """Return a good CloudEvent; by default one that withdraws the run's Vorgang."""
        envelope = Envelope.new(self.target.partner, self.target.audience, jti, datetime.now(UTC), 3600)
        return envelope.payload(type_, self.data() if data is None else data)

    def header(self, **changed: object) -> dict[str, Any]:
        """Return the good protected header, unless changed."""
        return signing.header(self.target.key) | changed

    def jws(self, payload: object, header: object = None, key: SigningKey | None = None) -> bytes:
        """Return a JWS with a right signature of header and payload, whatever they are; bytes are taken as they are."""
        head = self.header() if header is None else header
        head, body = (part if isinstance(part, bytes) else signing.json_bytes(part) for part in (head, payload))
        return signing.compact(key or self.target.key, head, body)

    async def ask(self, record: Record) -> Receipt:
        """Write a record and return its receipt. Raises ReceiptMissingError, ReceiptUntrustedError, JwksError, BrokerError."""
        before = len(self.transport.answers())
        place = await self.transport.send(record)
        return (await self.receipt_at(place, before))[1]

    async def command(self, type_: str, data: dict[str, Any]) -> Receipt:
        """Write a good event and return its receipt."""
        event = self.event(type_, data)
        return await self.ask(Record(self.jws(event), str(data.get("order_id", event["jti"])).encode()))

    async def receipt_at(self, place: Place, after: int) -> tuple[Answer, Receipt]:
        """Return the receipt that names a record as the one that it answers, from the answers after so many on."""
        deadline = time.monotonic() + self.target.patience
        seen = after
        while True:
            for answer in self.transport.answers()[seen:]:
                seen += 1
                receipt = self.read(answer)
                if (receipt.event.partition, receipt.event.offset) == place:
                    return answer, receipt
            if not await self.transport.more(seen, deadline):
                detail = f"no receipt for record {place[0]}-{place[1]} within {self.target.patience:g} s"
                raise ReceiptMissingError(detail, code="receipt_missing")

    async def next_under(self, key: bytes, after: int) -> Answer:
        """Return the next answer under a key, after so many. Raises ReceiptMissingError."""
        deadline = time.monotonic() + self.target.patience
        seen = after
        while True:
            for answer in self.transport.answers()[seen:]:
                seen += 1
                if answer.key == key:
                    return answer
            if not await self.transport.more(seen, deadline):
                detail = f"no further receipt under the key {key.decode()} within {self.target.patience:g} s"
                raise ReceiptMissingError(detail, code="receipt_missing")

    def read(self, answer: Answer) -> Receipt:
        """Return what an answer says, once its signature holds. Raises ReceiptUntrustedError, JwksError."""
        key = self.target.jwks.key(receipts.key_id(answer.value))
        return receipts.verified(answer.value, key, self.target.partner)

    def with_key(self, key: SigningKey) -> SigningKey:
        """Return another key under the id of the partner's own."""
        return replace(key, kid=self.target.key.kid)
