"""Keys of logs and witnesses: ``name+<key id>+<base64(algorithm, public key)>``, Ed25519 only."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from marktplatz_verify.forms import UnreadableError, binary

LOG: Final = 0x01
WITNESS: Final = 0x04
_PUBLIC: Final = 32
_COSIGNATURE: Final = 72
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and the four bytes by which signatures name it."""

    name: str
    id: bytes
    algorithm: int
    public: bytes

    @classmethod
    def parse(cls, text: str, algorithm: int) -> VerifierKey:
        """Return the key in a vkey. Raises UnreadableError if it is none, or not for this algorithm: ``LOG``, ``WITNESS``."""
        parts = text.split("+", 2)
        if len(parts) != _PARTS or not is_name(parts[0]):
            raise UnreadableError("a key is written name+id+base64")
        name, id_, material = parts[0], parts[1], binary(parts[2])
        if len(material) != 1 + _PUBLIC or material[0] != algorithm:
            raise UnreadableError(f"the key {name} is no Ed25519 key of algorithm {algorithm}")
        found = sha256(name.encode() + b"\n" + material).digest()[:4]
        if id_ != found.hex():
            raise UnreadableError(f"the key {name} has the id {found.hex()}")
        return cls(name, found, algorithm, material[1:])

    def signed(self, text: str, signature: bytes) -> bool:
        """Return whether this key made the signature of a checkpoint's text: plain of a log, a cosignature of a witness."""
        message = text.encode()
        if self.algorithm == WITNESS:
            if len(signature) != _COSIGNATURE:
                return False
            seconds = int.from_bytes(signature[:8], "big")
            message, signature = f"cosignature/v1\ntime {seconds}\n".encode() + message, signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def is_name(text: str) -> bool:
    """Return whether a text can be the name of a key: something, without blank, plus and control characters."""
    return text != "" and not any(sign in " +" or sign < " " for sign in text)
