"""Public keys of partners: three kinds, each with its one algorithm; nothing private, weak or ambiguous is taken."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from services.ordering.domain.partner.keys import algorithms, loaded, public_jwk, thumbprint
from shared.errors import InvalidError

ED25519 = OKPKey.generate_key("Ed25519")
P256 = ECKey.generate_key("P-256")
RSA3072 = RSAKey.generate_key(3072)
RSA2048 = RSAKey.generate_key(2048)


def public(key: Any, **members: object) -> dict[str, Any]:
    """Return the public JWK of a key, with members replaced; None takes one away."""
    jwk = {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}
    return {name: value for name, value in (jwk | members).items() if value is not None}


@pytest.mark.parametrize(("key", "algorithm"), [(ED25519, "EdDSA"), (P256, "ES256"), (RSA3072, "RS256")])
def test_each_kind_of_key_has_its_one_algorithm(key: Any, algorithm: str) -> None:
    found = public_jwk(public(key, kid="of-the-partner", use="sig"))
    assert algorithms(found)[0] == algorithm
    assert found.model_dump(exclude_none=True) == public(key)
    assert loaded(found).thumbprint() == thumbprint(found) == key.thumbprint()


@pytest.mark.parametrize("key", [ED25519, P256, RSA3072])
def test_a_private_key_is_refused_and_not_repeated(key: Any) -> None:
    jwk = key.as_dict(private=True)
    with pytest.raises(InvalidError) as raised:
        public_jwk(jwk)
    assert raised.value.code == "key_private"
    assert jwk["d"] not in str(raised.value)


UNFIT = {
    "a shared secret of another kind": {"kty": "oct"},
    "no kind": public(ED25519, kty=None),
    "a kind that is no text": public(ED25519, kty=["OKP"]),
    "X25519": OKPKey.generate_key("X25519").as_dict(private=False),
    "Ed448": OKPKey.generate_key("Ed448").as_dict(private=False),
    "P-384": ECKey.generate_key("P-384").as_dict(private=False),
    "secp256k1": ECKey.generate_key("secp256k1").as_dict(private=False),
    "RSA of 2048 bits": public(RSA2048),
    "RSA with exponent 3": public(RSA3072, e="Aw"),
    "RSA with an even exponent": public(RSA3072, e="AQAC"),
    "RSA with a long exponent": public(RSA3072, e="AQAAAAAB"),
    "RSA with a leading zero": public(RSA3072, e="AAEAAQ"),
    "a point beside the curve": public(P256, y=public(P256)["x"]),
    "half a point": public(P256, y=None),
    "a short Ed25519 key": public(ED25519, x="AAAA"),
    "padding": public(ED25519, x=public(ED25519)["x"] + "="),
    "white space": public(ED25519, x=public(ED25519)["x"] + "\n"),
    "a member that is no text": public(ED25519, x=17),
    "a key for encryption": public(P256, use="enc"),
    "a key for signing": public(ED25519, key_ops=["sign"]),
    "another algorithm": public(P256, alg="ES384"),
    "an algorithm that is no text": public(P256, alg=[]),
    "a key by address": public(ED25519, x5u="https://example.org/key"),
    "a certificate": public(ED25519, x5c=["MII"]),
}


@pytest.mark.parametrize("jwk", UNFIT.values(), ids=UNFIT.keys())
def test_what_is_no_fit_public_key_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(InvalidError) as raised:
        public_jwk(jwk)
    assert raised.value.code == "key_unfit"


def test_unused_bits_in_the_last_character_are_refused() -> None:
    x = public(ED25519)["x"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = x[:-1] + alphabet[alphabet.index(x[-1]) ^ 1]
    assert base64.urlsafe_b64decode(other + "=") == base64.urlsafe_b64decode(x + "="), "the same bytes"
    with pytest.raises(InvalidError):
        public_jwk(public(ED25519, x=other))
