"""Which public keys a partner may sign with: Ed25519, P-256, RSA of 3072 to 8192 bits; each has the one algorithm of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from shared.errors import InvalidError
from shared.messages.ordering_partners import PublicJwk

FEWEST_RSA_BITS: Final = 3072
MOST_RSA_BITS: Final = 8192
MOST_EXPONENT_BYTES: Final = 4
_MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    "OKP": frozenset({"crv", "x"}),
    "EC": frozenset({"crv", "x", "y"}),
    "RSA": frozenset({"n", "e"}),
}
_SECRET: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_PASSED_OVER: Final = frozenset({"kid", "use", "alg", "key_ops"})
_CURVES: Final = {"OKP": "Ed25519", "EC": "P-256"}
_ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = {"OKP": ("EdDSA", "Ed25519"), "EC": ("ES256",), "RSA": ("RS256",)}


def public_jwk(jwk: Mapping[str, object]) -> PublicJwk:
    """Return the public key that a JWK holds, without its other members.

    Raises InvalidError: ``key_private`` if it holds the private part, ``key_unfit`` for a kind of key that is not taken, for one
    that is too short, and for one that is none; the error does not repeat the key.
    """
    if _SECRET & jwk.keys():
        raise InvalidError(
            "This is a private key. It was disclosed by sending it: make a new one and send its public part only.",
            code="key_private",
        )
    kind = jwk.get("kty")
    members = _MEMBERS.get(kind) if isinstance(kind, str) else None
    if not isinstance(kind, str) or members is None:
        raise _unfit("kty must be OKP (Ed25519), EC (P-256) or RSA (3072 bits or more).")
    if unknown := sorted(jwk.keys() - members - _PASSED_OVER - {"kty"}):
        raise _unfit(f"a public {kind} key has no member {unknown[0][:40]!r}.")
    if kind in _CURVES and jwk.get("crv") != _CURVES[kind]:
        raise _unfit(f"the curve of an {kind} key must be {_CURVES[kind]}.")
    if jwk.get("use", "sig") != "sig" or jwk.get("key_ops", ["verify"]) != ["verify"]:
        raise _unfit("it is not for verifying signatures (use, key_ops).")
    if jwk.get("alg", _ALGORITHMS[kind][0]) not in _ALGORITHMS[kind]:
        raise _unfit(f"the algorithm of an {kind} key is {_ALGORITHMS[kind][0]}.")
    if not all(isinstance(jwk.get(member), str) for member in members):
        raise _unfit(f"a public {kind} key has the members {', '.join(sorted(members))}.")
    try:
        public = PublicJwk.model_validate({"kty": kind, **{member: jwk[member] for member in members}})
        _check(loaded(public), public)
    except InvalidError:
        raise
    except (JoseError, ValueError, TypeError) as error:  # pydantic's errors are ValueErrors
        raise _unfit("its members are no key of that kind.") from error
    return public


def loaded(jwk: PublicJwk) -> Key:
    """Return the key ready to verify signatures. Raises ValueError or JoseError for members that are no key."""
    key = import_key(jwk.model_dump(exclude_none=True))
    key.get_op_key("verify")
    return key


def algorithms(jwk: PublicJwk) -> tuple[str, ...]:
    """Return the names of the one algorithm that the key's kind has; the first is the usual one (RFC 8037, RFC 9864)."""
    return _ALGORITHMS[jwk.kty]


def thumbprint(jwk: PublicJwk) -> str:
    """Return the SHA-256 thumbprint of a key (RFC 7638)."""
    found: str = loaded(jwk).thumbprint()
    return found


def _check(key: Key, jwk: PublicJwk) -> None:
    if isinstance(key, RSAKey):
        numbers = key.public_key.public_numbers()
        if not FEWEST_RSA_BITS <= numbers.n.bit_length() <= MOST_RSA_BITS:
            raise _unfit(f"it has {numbers.n.bit_length()} bits; {FEWEST_RSA_BITS} to {MOST_RSA_BITS} are taken.")
        if numbers.e < 2**16 or numbers.e.bit_length() > 8 * MOST_EXPONENT_BYTES or numbers.e % 2 == 0:
            raise _unfit("its exponent must be 65537.")
    elif not isinstance(key, OKPKey | ECKey):
        raise _unfit("its kind is not taken.")
    # Another spelling of the same key (leading zeros, unused bits) would have another thumbprint.
    plain = type(key).import_key(key.as_pem(private=False)).as_dict(private=False)
    if any(plain[name] != value for name, value in jwk.model_dump(exclude_none=True).items()):
        raise _unfit("its members are not written canonically (RFC 7518, section 6).")


def _unfit(why: str) -> InvalidError:
    return InvalidError(f"The key cannot be taken: {why}", code="key_unfit")
