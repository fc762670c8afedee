"""Why a partner's record is not accepted: a stable code, and whether the record is refused for good or goes to quarantine."""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import RejectedError


class QuarantinedError(RejectedError):
    """The record cannot be attributed or understood: its bytes are stored and people look at it."""


class RefusedEventError(RejectedError):
    """The event is the partner's own, and a rule about its claims or its content refuses it for good."""


QUARANTINE_CODES: Mapping[str, str] = {
    "null_value": "The record has no value.",
    "record_too_large": "The record is larger than 256 KiB.",
    "undecodable_batch": "The batch cannot be decoded.",
    "jws_malformed": "The value is no compact JWS in strict form.",
    "header_malformed": "The protected header is no JSON object with one meaning.",
    "header_member_refused": "The protected header holds a member that is not allowed.",
    "algorithm_refused": "The algorithm is not that of the key.",
    "key_unregistered": "The partner has no such key.",
    "key_not_valid": "The key is not valid at this time.",
    "signature_invalid": "The signature does not hold.",
    "payload_malformed": "The payload is no JSON object with one meaning.",
    "event_unidentified": "The event states no usable jti.",
    "issuer_foreign": "The event is another partner's.",
    "organisation_foreign": "The partner does not act for this organisation.",
    "record_unprocessable": "The record made the program fail.",
}
"""Codes that lead to quarantine: we cannot tell whose or what the record is."""

REFUSAL_CODES: Mapping[str, str] = {
    "event_malformed": "An attribute of the event is missing, unknown or malformed.",
    "audience_wrong": "The event is meant for another marketplace.",
    "event_from_future": "The event claims to be signed after it was received.",
    "event_expired": "The event had expired when it was received.",
    "event_lives_too_long": "The event is valid for more than 24 hours.",
    "event_unknown": "There is no such event.",
    "data_invalid": "A field of data is missing, unknown or malformed.",
    "event_id_reused": "The jti was used for another event.",
}
"""Codes that refuse an identified event for good; the domain's own codes come beside them."""


def reused(jti: str) -> RefusedEventError:
    """Return the refusal of an event whose identity another event has."""
    return RefusedEventError(f"The jti {jti} was used for another event.", code="event_id_reused", jti=jti)
