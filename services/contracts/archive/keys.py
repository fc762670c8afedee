"""The key that a log signs its checkpoints with: Ed25519, known to verifiers as ``name+<key id>+<base64>``."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

_ALGORITHM: Final = b"\x01"
_KEY_ID: Final = 4


def is_origin(text: str) -> bool:
    """Return whether a text can be the name of a log: something, without blank, plus and control characters."""
    return text != "" and not any(sign in " +" or sign < " " for sign in text)


def verifies(vkey: str, note: str) -> bool:
    """Return whether the key of a log, written as ``LogKey.vkey``, has signed a note of that log.

    This is for looking after the own store; whoever trusts nobody verifies with the kit. Raises ValueError for no such key.
    """
    name, key_id, encoded = vkey.split("+", 2)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded, validate=True)[len(_ALGORITHM) :])
    head, _, lines = note.rpartition("\n\n")
    for line in lines.splitlines():
        _, _, rest = line.partition(f"— {name} ")
        try:
            signature = base64.b64decode(rest, validate=True)
            if signature[:_KEY_ID].hex() == key_id:
                public.verify(signature[_KEY_ID:], f"{head}\n".encode())
                return True
        except (InvalidSignature, ValueError):
            return False
    return False


def new_private_key() -> bytes:
    """Return a new private key as PEM (PKCS #8)."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class LogKey:
    """The private key of the log ``name``, its origin. Raises ValueError for a name that no log can have."""

    name: str
    private: Ed25519PrivateKey

    def __post_init__(self) -> None:
        if not is_origin(self.name):
            raise ValueError(f"{self.name!r} is no name of a log: it is empty or holds a blank, a plus or a control character")

    @classmethod
    def read(cls, name: str, pem: bytes) -> LogKey:
        """Return the key in PEM (PKCS #8). Raises ValueError if that is no unencrypted Ed25519 key."""
        try:
            key = load_pem_private_key(pem, None)
        except (TypeError, ValueError, UnsupportedAlgorithm) as error:
            raise ValueError("the key of the archive cannot be read: it is encrypted, of an unknown kind or no PEM") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the key of the archive is no Ed25519 key")  # noqa: TRY004 - of a file, not of an argument
        return cls(name, key)

    @property
    def id(self) -> bytes:
        """The four bytes by which signatures name the key."""
        return sha256(self.name.encode() + b"\n" + self._public).digest()[:_KEY_ID]

    @property
    def vkey(self) -> str:
        """The public key as verifiers get it."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self._public).decode()}"

    @property
    def _public(self) -> bytes:
        return _ALGORITHM + self.private.public_key().public_bytes_raw()

    def signature_line(self, text: str) -> str:
        """Return the line that signs the text of a checkpoint."""
        return f"— {self.name} {base64.b64encode(self.id + self.private.sign(text.encode())).decode()}\n"
