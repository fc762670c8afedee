"""From a receipt to the text that its partner gets: a CloudEvent, signed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

import orjson

from shared.messages.partner import RECEIPT_TYPE, Receipt, ReceiptData

MEDIA_TYPE = "application/cloudevents+json+jws"


class Signer(Protocol):
    """Signs with a key whose public part is published."""

    def sign(self, payload: bytes, typ: str) -> str:
        """Return the payload as a compact JWS. Raises RetryableError while there is no key."""


def seal(receipt: Receipt, signer: Signer) -> str:
    """Return a receipt as the compact JWS that is sent. Raises RetryableError while there is no key."""
    event = {
        "specversion": "1.0",
        "id": receipt.id,
        "source": "/ordering",
        "type": RECEIPT_TYPE,
        "time": _rfc3339(receipt.decided_at),
        "datacontenttype": "application/json",
        "aud": receipt.partner,
        "data": ReceiptData(receipt=receipt).model_dump(mode="json"),
    }
    return signer.sign(orjson.dumps(event), MEDIA_TYPE)


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
