"""Keys are made, written so that only their owner reads them, and read again; what is unfit is refused with a code."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from efa_partner import keys
from efa_partner.errors import KeyFileError
from efa_partner.keys import Algorithm, KeyFormat
from efa_partner.registration import registration

PEM = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("form", list(KeyFormat))
@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_key_is_the_same_after_it_was_written_and_read(tmp_path: Path, algorithm: Algorithm, form: KeyFormat) -> None:
    made = keys.generate(algorithm)
    path = tmp_path / "key"
    keys.write(path, made.private_text(form))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = keys.read(path)
    assert found.public_jwk() == made.public_jwk()
    assert found.algorithm is algorithm


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(KeyFileError) as raised:
        keys.write(path, b"new")
    assert (raised.value.code, path.read_text(encoding="utf-8")) == ("key_exists", "precious")


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o620, 0o601])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    keys.write(path, keys.generate().private_text(KeyFormat.JWK))
    path.chmod(0o440)
    keys.read(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600") as raised:
        keys.read(path)
    assert raised.value.code == "key_open_to_others"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "key_unreadable"),
        (b"{", "key_unreadable"),
        (b"{}", "key_unreadable"),
        (b'{"kty":"oct","k":"c2VjcmV0"}', "key_unreadable"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "key_unreadable"),
        (rsa.generate_private_key(65537, 2048).private_bytes(*PEM), "key_unfit"),
        (ec.generate_private_key(ec.SECP384R1()).private_bytes(*PEM), "key_unfit"),
        (
            ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "key_unfit",
        ),
        (json.dumps(keys.generate().public_jwk()).encode(), "key_unfit"),
    ],
)
def test_what_cannot_sign_for_a_partner_is_refused_with_a_code(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(KeyFileError) as raised:
        keys.read(path)
    assert raised.value.code == code


@pytest.mark.parametrize("kid", ["", ".a", "a b", "ä", "a" * 129])
def test_an_id_that_the_registry_does_not_take_is_refused(kid: str) -> None:
    with pytest.raises(KeyFileError):
        keys.SigningKey(kid, keys.generate().key)


def test_neither_the_registration_nor_what_is_shown_of_a_key_has_its_private_part() -> None:
    for algorithm in Algorithm:
        key = keys.generate(algorithm)
        secret = str(key.key.as_dict(private=True)["d"])
        assert secret not in json.dumps(registration(key))
        assert secret not in repr(key)
        assert registration(key)["kid"] == key.kid
