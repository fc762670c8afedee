"""Compact JWS (RFC 7515, 7.1) in its one strict form: what two libraries could read differently is refused.

Three parts, base64url without padding, the unused bits of the last character zero, no white space, header members from a closed
list, no member twice.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from services.ordering.inbound.findings import QuarantinedError
from shared import strict_json
from shared.strict_json import Bounds, StrictJsonError

HEADER_BYTES = 1024
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+")
_KID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_MEMBERS = frozenset({"alg", "kid", "typ"})
_TYPES = frozenset({"JOSE", "application/cloudevents+json+jws"})
_PARTS = 3
_BOUNDS = Bounds(depth=4, nodes=64)
_ALONE = 1
"""A last group of one character holds less than a byte: no encoder makes it."""


@dataclass(frozen=True, slots=True)
class CompactJws:
    """A JWS taken apart; nothing of it is verified. ``signed`` are the bytes that the signature is over."""

    algorithm: str
    kid: str
    payload: bytes
    signature: bytes
    signed: bytes


def parse(value: bytes) -> CompactJws:
    """Return the parts of a compact JWS.

    Raises QuarantinedError (``jws_malformed``, ``header_malformed``, ``header_member_refused``).
    """
    parts = value.split(b".")
    if len(parts) != _PARTS:
        raise QuarantinedError("The value is not three parts with dots between them.", code="jws_malformed")
    header, payload, signature = (
        _decoded(part, name) for part, name in zip(parts, ("header", "payload", "signature"), strict=True)
    )
    algorithm, kid = _header(header)
    return CompactJws(algorithm, kid, payload, signature, value[: value.rindex(b".")])


def find_payload(value: bytes) -> bytes | None:
    """Return the payload of something that has the three parts of a JWS, whatever else is wrong with it."""
    parts = value.split(b".")
    try:
        return _decoded(parts[1], "payload") if len(parts) == _PARTS else None
    except QuarantinedError:
        return None


def _decoded(part: bytes, name: str) -> bytes:
    if _BASE64URL.fullmatch(part) is None or len(part) % 4 == _ALONE:
        raise QuarantinedError(f"The {name} is not base64url without padding.", code="jws_malformed", part=name)
    found = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(found).rstrip(b"=") != part:
        raise QuarantinedError(f"The last character of the {name} has bits that are not used.", code="jws_malformed", part=name)
    return found


def _header(content: bytes) -> tuple[str, str]:
    if len(content) > HEADER_BYTES:
        raise QuarantinedError(f"The protected header is longer than {HEADER_BYTES} bytes.", code="header_malformed")
    try:
        header = strict_json.parse(content, _BOUNDS)
    except StrictJsonError as error:
        raise QuarantinedError(f"The protected header cannot be read: {error.detail}.", code="header_malformed") from error
    if not isinstance(header, dict):
        raise QuarantinedError("The protected header is no JSON object.", code="header_malformed")
    if foreign := sorted(header.keys() - _MEMBERS):
        shown = foreign[0] if re.fullmatch(r"[A-Za-z0-9_-]{1,32}", foreign[0]) else "?"
        raise QuarantinedError(
            f"The protected header may hold alg, kid and typ only, and holds {shown}.", code="header_member_refused", member=shown
        )
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(kid, str) or _KID.fullmatch(kid) is None:
        raise QuarantinedError("The protected header needs alg and kid, each a text.", code="header_malformed")
    if "typ" in header and header["typ"] not in _TYPES:
        raise QuarantinedError(f"typ is none of {', '.join(sorted(_TYPES))}.", code="header_malformed")
    return algorithm, kid
