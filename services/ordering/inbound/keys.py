"""Signatures by partners' keys: the registered key decides on the algorithm, never the token."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from joserfc.jwk import Key, RSAKey
from joserfc.jws import JWSRegistry

from services.ordering.domain.partner import keys
from services.ordering.inbound.compact import CompactJws
from services.ordering.inbound.findings import QuarantinedError
from shared.messages.ordering_partners import PublicJwk

_CURVE_SIGNATURE_BYTES: Final = 64
_COMPUTED_BY: Final = {"EdDSA": "Ed25519"}
"""The algorithm that computes what a header calls otherwise (RFC 9864)."""


def verify_signature(token: CompactJws, jwk: PublicJwk) -> None:
    """Return if the key's signature is over the token.

    Raises QuarantinedError (``algorithm_refused``, ``signature_invalid``).
    """
    names = keys.algorithms(jwk)
    if token.algorithm not in names:
        raise QuarantinedError(f"The algorithm of this key is {names[0]}.", code="algorithm_refused", algorithm=names[0])
    key = _loaded(jwk)
    length = _CURVE_SIGNATURE_BYTES
    if isinstance(key, RSAKey):
        bits = key.public_key.key_size
        if bits < keys.FEWEST_RSA_BITS:
            raise QuarantinedError(f"An RSA key has {keys.FEWEST_RSA_BITS} bits or more.", code="algorithm_refused", bits=bits)
        length = (bits + 7) // 8
    algorithm = _COMPUTED_BY.get(token.algorithm, token.algorithm)
    if len(token.signature) != length or not _holds(algorithm, token, key):
        raise QuarantinedError("The signature does not hold.", code="signature_invalid")


@lru_cache(maxsize=1024)
def _loaded(jwk: PublicJwk) -> Key:
    return keys.loaded(jwk)


def _holds(algorithm: str, token: CompactJws, key: Key) -> bool:
    try:
        return bool(JWSRegistry.algorithms[algorithm].verify(token.signed, token.signature, key))
    except Exception:  # noqa: BLE001 - whatever a library raises on a hostile signature, it does not hold
        return False
