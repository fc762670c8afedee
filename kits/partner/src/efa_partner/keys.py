"""The partner's own signing key: made, read from a file, written to one that only its owner can read."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from efa_partner.errors import KeyFileError

FEWEST_RSA_BITS = 3072
MOST_RSA_BITS = 8192
_KID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._:-]{0,127}")
_OPEN_TO_OTHERS = stat.S_IWGRP | stat.S_IRWXO  # a group may read: mounted secrets are shared with one


class Algorithm(StrEnum):
    """Algorithms of signatures that the marketplace takes; each key has exactly one."""

    EDDSA = "EdDSA"
    ES256 = "ES256"
    RS256 = "RS256"


class KeyFormat(StrEnum):
    """How a private key lies in its file."""

    JWK = "jwk"
    PEM = "pem"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the id under which its public part is registered."""

    kid: str
    key: OKPKey | ECKey | RSAKey

    def __post_init__(self) -> None:
        """Raise KeyFileError for an id that the registry does not take, and for a key of another kind."""
        if _KID.fullmatch(self.kid) is None:
            raise KeyFileError(f"{self.kid!r} is no key id: 1 to 128 of A-Z a-z 0-9 . _ : - are allowed", code="key_id_invalid")
        _check(self.key)

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r}, algorithm={self.algorithm.value!r})"

    @property
    def algorithm(self) -> Algorithm:
        """The one algorithm of the key's kind."""
        kinds = {OKPKey: Algorithm.EDDSA, ECKey: Algorithm.ES256, RSAKey: Algorithm.RS256}
        return kinds[type(self.key)]

    def public_jwk(self) -> dict[str, str]:
        """Return the public part as a JWK, with its id; nothing of the private part is in it."""
        members = {"OKP": ("crv", "x"), "EC": ("crv", "x", "y"), "RSA": ("n", "e")}
        found = self.key.as_dict(private=False)
        kind = str(found["kty"])
        return {"kty": kind, **{name: str(found[name]) for name in members[kind]}, "kid": self.kid}

    def signature(self, content: bytes) -> bytes:
        """Return the signature over a content."""
        name = "Ed25519" if self.algorithm is Algorithm.EDDSA else self.algorithm.value
        signed: bytes = JWSRegistry.algorithms[name].sign(content, self.key)
        return signed

    def private_text(self, form: KeyFormat) -> bytes:
        """Return the private key as its file holds it. PEM (PKCS #8) has no place for the key id."""
        if form is KeyFormat.PEM:
            pem: bytes = self.key.as_pem(private=True)
            return pem
        return json.dumps(self.key.as_dict(private=True) | {"kid": self.kid}, indent=2).encode() + b"\n"


def generate(algorithm: Algorithm = Algorithm.EDDSA, kid: str | None = None, *, bits: int = FEWEST_RSA_BITS) -> SigningKey:
    """Return a new key. Without ``kid`` its id is the RFC 7638 thumbprint. Raises KeyFileError for too few bits of RSA."""
    key: OKPKey | ECKey | RSAKey
    if algorithm is Algorithm.EDDSA:
        key = OKPKey.generate_key("Ed25519", private=True)
    elif algorithm is Algorithm.ES256:
        key = ECKey.generate_key("P-256", private=True)
    else:
        if not FEWEST_RSA_BITS <= bits <= MOST_RSA_BITS:
            raise KeyFileError(f"an RSA key has {FEWEST_RSA_BITS} to {MOST_RSA_BITS} bits, not {bits}", code="key_unfit")
        key = RSAKey.generate_key(bits, private=True)
    return SigningKey(kid or key.thumbprint(), key)


def read(path: Path, kid: str | None = None) -> SigningKey:
    """Return the key in a file, JWK or PEM.

    Its id is ``kid``, else that of the JWK, else the RFC 7638 thumbprint. Raises KeyFileError (``key_unreadable``,
    ``key_unfit``, ``key_open_to_others``).
    """
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"the key file {path} cannot be read: {error.strerror or error}", code="key_unreadable") from error
    if os.name == "posix" and mode & _OPEN_TO_OTHERS:
        raise KeyFileError(f"others can reach the private key {path}; run: chmod 600 {path}", code="key_open_to_others")
    try:
        return _loaded(content, kid)
    except KeyFileError as error:
        raise KeyFileError(f"{path}: {error}", code=error.code) from error


def write(path: Path, content: bytes) -> None:
    """Write a private key to a new file that only its owner can read. Raises KeyFileError if the file is there already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise KeyFileError(
            f"{path} is there already; a key is never overwritten: name another file", code="key_exists"
        ) from error
    except OSError as error:
        raise KeyFileError(f"{path} cannot be written: {error.strerror or error}", code="key_unwritable") from error


def _loaded(content: bytes, kid: str | None) -> SigningKey:
    if content.lstrip().startswith(b"{"):
        try:
            members = json.loads(content)
        except ValueError as error:
            raise KeyFileError("it is no JWK: no JSON object", code="key_unreadable") from error
        stored = members.pop("kid", None)
        return _private(members, kid or (stored if isinstance(stored, str) else None))
    return _private(content, kid)


def _private(source: Mapping[str, Any] | bytes, kid: str | None) -> SigningKey:
    for kind in (OKPKey, ECKey, RSAKey):
        try:
            key = kind.import_key(source if isinstance(source, bytes) else dict(source))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if not key.is_private:
            raise KeyFileError("it is a public key; the private one is needed to sign", code="key_unfit")
        return SigningKey(kid or key.thumbprint(), key)
    raise KeyFileError("it holds no private key that can be read: JWK or unencrypted PEM is needed", code="key_unreadable")


def _check(key: OKPKey | ECKey | RSAKey) -> None:
    what = "Ed25519, ECDSA P-256 and RSA of 3072 bits or more are taken"
    if isinstance(key, RSAKey):
        size = key.public_key.key_size
        if not FEWEST_RSA_BITS <= size <= MOST_RSA_BITS:
            raise KeyFileError(f"it is an RSA key of {size} bits; {what}", code="key_unfit")
    elif key.as_dict(private=False).get("crv") not in {"Ed25519", "P-256"}:
        raise KeyFileError(f"its curve is not taken; {what}", code="key_unfit")
