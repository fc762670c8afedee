"""The marketplace's answer to a record: what it says, once its signature holds and it is for this partner."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry
from pydantic import BaseModel, ConfigDict, ValidationError

from efa_partner import base64url
from efa_partner.errors import ReceiptUntrustedError

RECEIPT_TYPE = "ordering.receipt.issued.v1"
_ALGORITHMS = frozenset({"EdDSA", "Ed25519"})


class Status(StrEnum):
    """What became of a record."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    QUARANTINED = "quarantined"


class _Open(BaseModel):
    """Base of what is read: members that a later version adds are passed over."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", frozen=True)


class Wording(_Open):
    """A sentence in German and English."""

    de: str
    en: str


class ReceiptEvent(_Open):
    """The record that was answered. ``jti`` and ``type`` are None where none could be read."""

    jti: str | None = None
    type: str | None = None
    topic: str
    partition: int
    offset: int


class ReceiptOrder(_Open):
    """The Vorgang after the command; ``revision`` is what ``if_revision`` of the next command takes."""

    id: str
    number: str
    state: str
    revision: int


class Receipt(_Open):
    """A verified receipt. ``raw`` are the bytes of the record's value: the proof to keep."""

    id: str
    partner: str
    status: Status
    event: ReceiptEvent
    order: ReceiptOrder | None = None
    code: str | None = None
    detail: Wording | None = None
    remedy: Wording | None = None
    reference: str | None = None
    received_at: datetime
    decided_at: datetime
    raw: bytes = b""

    @property
    def accepted(self) -> bool:
        """Whether the command was carried out."""
        return self.status is Status.ACCEPTED


def key_id(value: bytes | None) -> str:
    """Return the id of the key that a receipt names. Raises ReceiptUntrustedError (``receipt_malformed``)."""
    header, _, _, _ = _parts(value)
    if header.get("alg") not in _ALGORITHMS:
        raise ReceiptUntrustedError("the receipt is not signed with Ed25519", code="receipt_algorithm")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise ReceiptUntrustedError("the receipt names no key", code="receipt_malformed")
    return kid


def verified(value: bytes | None, key: OKPKey, partner: str) -> Receipt:
    """Return what a receipt says.

    Raises ReceiptUntrustedError: ``receipt_signature`` if the key did not sign it, ``receipt_foreign`` if it is for another
    partner, ``receipt_malformed`` if it is none.
    """
    _, payload, signature, signed = _parts(value)
    try:
        holds = JWSRegistry.algorithms["Ed25519"].verify(signed, signature, key)
    except Exception:  # noqa: BLE001 - whatever a library raises on a hostile signature, it does not hold
        holds = False
    if not holds:
        raise ReceiptUntrustedError("the signature of the receipt does not hold", code="receipt_signature")
    try:
        event = json.loads(payload)
        kind, audience, stated_id = event["type"], event["aud"], event["id"]
        receipt = Receipt.model_validate(event["data"]["receipt"] | {"raw": value})
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise ReceiptUntrustedError(
            "the receipt is signed, but no receipt can be read in it", code="receipt_malformed"
        ) from error
    if kind != RECEIPT_TYPE or stated_id != receipt.id:
        raise ReceiptUntrustedError(f"the record is signed, but is no receipt: its type is {kind}", code="receipt_malformed")
    if audience != partner or receipt.partner != partner:
        raise ReceiptUntrustedError(f"the receipt is for {audience}, not for {partner}", code="receipt_foreign")
    return receipt


def _parts(value: bytes | None) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    """Return header, payload, signature, and what is signed."""
    parts = (value or b"").split(b".")
    try:
        head, payload, signature = (base64url.decode(part) for part in parts)
        header = json.loads(head)
    except ValueError as error:  # another number of parts is one too
        raise ReceiptUntrustedError("the record is no receipt: no compact JWS", code="receipt_malformed") from error
    if not isinstance(header, dict):
        raise ReceiptUntrustedError("the record is no receipt: its header is no object", code="receipt_malformed")
    return header, payload, signature, parts[0] + b"." + parts[1]
