"""What goes to the operator: the public key for the registration, and the signed request for a rotation."""

from __future__ import annotations

from datetime import UTC, datetime

from efa_partner import signing
from efa_partner.keys import SigningKey
from efa_partner.signing import Envelope

ROTATION = "partner.key.rotation-requested.v1"


def registration(key: SigningKey) -> dict[str, str]:
    """Return what the operator registers: the public part of a key as a JWK, with its id."""
    return key.public_jwk() | {"use": "sig", "alg": key.algorithm.value}


def rotation_request(partner: str, audience: str, old: SigningKey, new: SigningKey) -> dict[str, str]:
    """Return the body of ``POST /v1/partners/{id}/key-rotations``: the new key, signed by the one that is valid now."""
    jwk = {name: value for name, value in new.public_jwk().items() if name != "kid"}
    envelope = Envelope.new(partner, audience, None, datetime.now(UTC))
    payload = signing.json_bytes(envelope.payload(ROTATION, {"jwk": jwk, "kid": new.kid}))
    jws = signing.compact(old, signing.json_bytes(signing.header(old)), payload)
    return {"event": jws.decode("ascii")}
