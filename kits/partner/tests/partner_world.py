"""A partner and a marketplace in memory: the kit's records go to the responder, its receipts come back."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from partner_responder import MOST_BYTES, Responder, now

from efa_partner import keys
from efa_partner.conformance.bench import Bench, Target
from efa_partner.conformance.transport import Answer, Place, Record
from efa_partner.errors import RecordTooLargeError
from efa_partner.jwks import Jwks
from efa_partner.keys import Algorithm, SigningKey

PARTNER, ORGANISATION = "fachverfahren-nord", "01054033"
OFFERING = str(uuid.UUID(int=7))
TOPIC = f"partner.{PARTNER}.orders.v1"


class MemoryTransport:
    """Hands each record to a responder at once."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder
        self.offsets: dict[int, int] = {}
        self.found: list[Answer] = []
        self.sent = 0

    async def send(self, record: Record) -> Place:
        """Append a record as a broker does."""
        if not record.compressed and len(record.value or b"") > MOST_BYTES:
            raise RecordTooLargeError("too large", code="record_too_large")
        self.sent += 1
        partition = sum(record.key or b"") % 3 if record.partition is None else record.partition
        offset = self.offsets[partition] = self.offsets.get(partition, -1) + 1
        self.answer(*self.responder.take(TOPIC, partition, offset, record.value, now()))
        return partition, offset

    def answer(self, key: bytes, value: bytes) -> None:
        """Put a receipt on the topic."""
        self.found.append(Answer(key, value))

    def answers(self) -> list[Answer]:
        """Return what has come."""
        return self.found

    async def more(self, beyond: int, deadline: float) -> bool:
        """Return whether more has come: in memory nothing comes later."""
        assert deadline > 0
        return len(self.found) > beyond


def registered(key: SigningKey) -> dict[str, Any]:
    """Return a key as the registry holds it."""
    return {"kid": key.kid, "jwk": key.public_jwk()}


def responder(key: SigningKey, *skips: str) -> Responder:
    """Return a marketplace that knows the partner and one offer."""
    made = Responder(PARTNER, [ORGANISATION], [registered(key)], skips=skips)
    made.offerings.add(OFFERING)
    return made


def bench(folder: Path, made: Responder, key: SigningKey, transport: MemoryTransport | None = None) -> Bench:
    """Return what the cases work with."""
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps(made.jwks()), encoding="utf-8")
    target = Target(PARTNER, key, Jwks(str(jwks)), ORGANISATION, OFFERING, "govdigital", "efa-marktplatz", patience=5)
    return Bench(target, transport or MemoryTransport(made))


def new_key(algorithm: Algorithm = Algorithm.EDDSA) -> SigningKey:
    """Return a key under an id of its own."""
    return keys.generate(algorithm, f"{algorithm.value.lower()}-2027")
