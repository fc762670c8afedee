"""From the bytes of a partner's record to a verified event, or to the code of why not. Pure: no I/O, no clock.

The order of the checks is normative (docs/anbinden/partner-events.md): whatever comes before the identity of an event is known
sends the record to quarantine, whatever comes after it refuses the event; a foreign organisation alone does the former late.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import rfc8785
from pydantic import ValidationError
from pydantic_core import to_json

from services.ordering.domain.partner.partner import Partner
from services.ordering.inbound import compact, keys
from services.ordering.inbound.findings import QuarantinedError, RefusedEventError
from services.ordering.partners.quarantine import Original
from shared import strict_json
from shared.errors import RejectedError
from shared.messages.partner import (
    PARTNER_EVENTS,
    RECORD_BYTES,
    SKEW_SECONDS,
    SPAN_SECONDS,
    PartnerData,
    PartnerEvent,
)
from shared.strict_json import Bounds, StrictJsonError

BOUNDS = Bounds(depth=16, nodes=10_000)
_PLACES_NAMED = 5
_JTI = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Identity:
    """What an event is known by beside its partner: ``jti``, and the SHA-256 of what it says, whatever its bytes.

    ``earlier``: the same as a version before has stored it.
    """

    jti: str
    fingerprint: str
    earlier: str

    def is_of(self, fingerprint: str) -> bool:
        """Return whether a stored receipt is that of an event that says the same."""
        return fingerprint in (self.fingerprint, self.earlier)


@dataclass(frozen=True, slots=True)
class Examined:
    """What a record was found to be.

    ``identity`` is set once the partner's signature holds over a readable event of its own. ``command`` is set if all is well,
    ``error`` if not. ``jti`` and ``type`` are what could be read, verified or not: for the receipt only.
    """

    identity: Identity | None = None
    command: PartnerData | None = None
    error: RejectedError | None = None
    jti: str | None = None
    type: str | None = None


def examine(record: Original, sender: Partner, audience: str) -> Examined:
    """Return what a record of the sender's topic is. Raises nothing for whatever it holds."""
    try:
        token = _token(record)
        _check_signature(token, sender, record.appended_at)
        event = _payload(token.payload)
        identity = _identity(event, sender)
    except QuarantinedError as error:
        jti, kind = _peeked(record.value)
        return Examined(error=error, jti=jti, type=kind)
    kind = _text(event.get("type"), 128)
    try:
        command = _command(token.payload, sender, audience, record.appended_at)
    except RejectedError as error:
        return Examined(identity, None, error, identity.jti, kind)
    return Examined(identity, command, None, identity.jti, kind)


def _token(record: Original) -> compact.CompactJws:
    if record.value is None:
        raise QuarantinedError("The record has no value.", code="null_value")
    if len(record.value) > RECORD_BYTES:
        raise QuarantinedError(
            f"The value is longer than {RECORD_BYTES} bytes.", code="record_too_large", bytes=len(record.value)
        )
    return compact.parse(record.value)


def _check_signature(token: compact.CompactJws, sender: Partner, at: datetime) -> None:
    if all(key.kid != token.kid for key in sender.keys):
        raise QuarantinedError(f"{sender.id} has no key {token.kid}.", code="key_unregistered", kid=token.kid)
    valid = sender.usable_key(token.kid, at)
    if valid is None:
        raise QuarantinedError(f"The key {token.kid} is not valid at this time.", code="key_not_valid", kid=token.kid)
    keys.verify_signature(token, valid.jwk)


def _payload(payload: bytes) -> Mapping[str, Any]:
    try:
        event = strict_json.parse(payload, BOUNDS)
    except StrictJsonError as error:
        raise QuarantinedError(f"The payload cannot be read: {error.detail}.", code="payload_malformed") from error
    if not isinstance(event, dict):
        raise QuarantinedError("The payload is no JSON object.", code="payload_malformed")
    return event


def _identity(event: Mapping[str, Any], sender: Partner) -> Identity:
    if event.get("iss") != sender.id:
        raise QuarantinedError(f"The event does not name {sender.id} as iss.", code="issuer_foreign")
    jti = _jti(event.get("jti"))
    if jti is None:
        raise QuarantinedError("The event has no jti of 1 to 64 letters, digits and ._:-", code="event_unidentified")
    return Identity(jti, fingerprint(event), earlier_fingerprint(event))


def fingerprint(event: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what an event says, by its canonical JSON (RFC 8785): members in any order, 1 and 1.0, are the same.

    What has no canonical form (an integer beyond 2^53) counts as it is written.
    """
    try:
        return hashlib.sha256(rfc8785.dumps(dict(event))).hexdigest()
    except rfc8785.CanonicalizationError:
        return earlier_fingerprint(event)


def earlier_fingerprint(event: Mapping[str, Any]) -> str:
    """Return the SHA-256 that receipts of before hold: the same, unless the event has fractions or rare characters in names."""
    canonical = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def signed_event(value: bytes, sender: Partner, audience: str, at: datetime) -> tuple[str, PartnerEvent]:
    """Return the id of the key that has signed an event, and the event; for what comes another way than by the topic.

    ``at`` is when it came. Raises QuarantinedError, RefusedEventError.
    """
    token = _token(Original("", 0, 0, at, None, value))
    _check_signature(token, sender, at)
    _identity(_payload(token.payload), sender)
    return token.kid, _envelope(token.payload, sender, audience, at)


def _envelope(payload: bytes, sender: Partner, audience: str, appended_at: datetime) -> PartnerEvent:
    """Return the event without a look at its data. Raises RefusedEventError."""
    try:
        envelope = PartnerEvent.model_validate_json(payload, strict=True)
    except ValidationError as error:
        raise invalid("event_malformed", "event", error) from error
    if envelope.id != envelope.jti or envelope.source != f"/partner/{sender.id}":
        raise RefusedEventError(
            "id must be the jti, and source /partner/ and the iss.", code="event_malformed", places="id, source"
        )
    if envelope.aud != audience:
        raise RefusedEventError(f"This is {audience}; the event is for another.", code="audience_wrong", audience=audience)
    _check_times(envelope, appended_at)
    return envelope


def _command(payload: bytes, sender: Partner, audience: str, appended_at: datetime) -> PartnerData:
    """Return the event's command. Raises RefusedEventError, or QuarantinedError for a foreign organisation."""
    envelope = _envelope(payload, sender, audience, appended_at)
    model = PARTNER_EVENTS.get(envelope.type)
    if model is None:
        raise RefusedEventError("There is no such event.", code="event_unknown", types=sorted(PARTNER_EVENTS))
    organisation = envelope.data.get("organisation")
    if isinstance(organisation, str) and sender.represented(organisation) is None:
        raise QuarantinedError(f"{sender.id} does not act for this organisation.", code="organisation_foreign")
    try:
        return model.model_validate_json(to_json(envelope.data), strict=True)
    except ValidationError as error:
        raise invalid("data_invalid", "data", error) from error


def _check_times(event: PartnerEvent, appended_at: datetime) -> None:
    if event.exp < event.iat:
        raise RefusedEventError("exp lies before iat.", code="event_malformed", places="exp")
    if event.exp - event.iat > SPAN_SECONDS:
        raise RefusedEventError("The event is valid for more than 24 hours.", code="event_lives_too_long")
    seconds = appended_at.timestamp()
    if event.iat > seconds + SKEW_SECONDS:
        raise RefusedEventError(
            "The event claims to be signed after the broker took it in.",
            code="event_from_future",
            ahead=str(timedelta(seconds=round(event.iat - seconds))),
        )
    if event.exp < seconds:
        raise RefusedEventError("The event had expired when the broker took it in.", code="event_expired")


def invalid(code: str, what: str, error: ValidationError) -> RefusedEventError:
    """Return the refusal of a part that breaks its model: where and how, without what it holds."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    places = "; ".join(f"{'.'.join(str(part) for part in item['loc'])[:80]}: {item['type']}" for item in found[:_PLACES_NAMED])
    return RefusedEventError(f"{what} breaks its schema. {places}", code=code, places=places)


def _peeked(value: bytes | None) -> tuple[str | None, str | None]:
    """Return jti and type of a record that nobody vouches for, so that its sender finds the receipt."""
    if value is None or len(value) > RECORD_BYTES or (payload := compact.find_payload(value)) is None:
        return None, None
    try:
        event = _payload(payload)
    except QuarantinedError:
        return None, None
    return _jti(event.get("jti")), _text(event.get("type"), 128)


def _jti(value: object) -> str | None:
    return value if isinstance(value, str) and _JTI.fullmatch(value) else None


def _text(value: object, most: int) -> str | None:
    """Return a short visible text as it is, None for anything else."""
    return value if isinstance(value, str) and len(value) <= most and value.isascii() and value.isprintable() else None
