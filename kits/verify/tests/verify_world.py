"""A log of contracts by the definitions of RFC 6962, recursively as they are written there, with keys of its own."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LOG = "marktplatz.example/contracts"
SALT = bytes(range(32))
RECORD = {"name": "Änne Beispiel", "since": 20250115}


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def root(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1."""
    if not entries:
        return sha256().digest()
    if len(entries) == 1:
        return sha256(b"\0" + entries[0]).digest()
    k = split(len(entries))
    return sha256(b"\1" + root(entries[:k]) + root(entries[k:])).digest()


def path(index: int, entries: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if index < k:
        return [*path(index, entries[:k]), root(entries[k:])]
    return [*path(index - k, entries[k:]), root(entries[:k])]


def proof(first: int, entries: list[bytes], *, whole: bool = True) -> list[bytes]:
    """PROOF and SUBPROOF of RFC 6962, 2.1.2."""
    if first == len(entries):
        return [] if whole else [root(entries)]
    k = split(len(entries))
    if first <= k:
        return [*proof(first, entries[:k], whole=whole), root(entries[k:])]
    return [*proof(first - k, entries[k:], whole=False), root(entries[:k])]


def split(count: int) -> int:
    k = 1
    while 2 * k < count:
        k *= 2
    return k


@dataclass(frozen=True)
class Signer:
    name: str = LOG
    algorithm: int = 1
    private: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"log key.".ljust(32, b".")))

    @property
    def material(self) -> bytes:
        return bytes([self.algorithm]) + self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + self.material).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64(self.material)}"

    def line(self, signed: bytes, before: bytes = b"") -> str:
        return f"— {self.name} {b64(self.id + before + self.private.sign(signed))}\n"


KEY = Signer()
OTHER = Signer(private=Ed25519PrivateKey.from_private_bytes(b"another.".ljust(32, b".")))
WITNESS = Signer("witness.example/w1", 4, OTHER.private)


def note(size: int, head: bytes, *, signers: tuple[Signer, ...] = (KEY,), origin: str = LOG, more: str = "") -> str:
    text = f"{origin}\n{size}\n{b64(head)}\n{more}"
    lines = [cosigned(text) if signer.algorithm == 4 else signer.line(text.encode()) for signer in signers]
    return f"{text}\n{''.join(lines)}"


def cosigned(text: str, seconds: int = 1735689600, signer: Signer = WITNESS) -> str:
    return signer.line(f"cosignature/v1\ntime {seconds}\n{text}".encode(), seconds.to_bytes(8, "big"))


def entry(seq: int, **more: Any) -> dict[str, Any]:
    commitment = {"hmac": hmac.digest(SALT, canonical(RECORD), "sha256").hex(), "role": "grantee.contact"}
    return {
        "commitments": [commitment] if seq == 1 else [],
        "documents": [{"name": "vertrag.pdf", "sha256": sha256(b"PDF %d" % seq).hexdigest()}],
        "effect": "contracts.contract.concluded.v1",
        "effect_id": str(UUID(int=seq + 1)),
        "format": "marktplatz-archive-entry/1",
        "log": LOG,
        "number": f"FITST/2025/{seq:04d}",
        "seq": seq,
        "state": "GESCHLOSSEN",
        "subject": {"id": str(UUID(int=100 + seq)), "kind": "contract", "version": 1},
        "time": "2025-01-15T08:00:00Z",
        **more,
    }


@dataclass
class Log:
    """Entries as bytes, and the lines of bundles of them."""

    entries: list[bytes] = field(default_factory=lambda: [canonical(entry(seq)) for seq in range(5)])

    def head(self, size: int | None = None, **more: Any) -> dict[str, Any]:
        size = len(self.entries) if size is None else size
        return {"t": "checkpoint", "note": note(size, root(self.entries[:size]), **more)}

    def inclusion(self, index: int, size: int) -> dict[str, Any]:
        return {"t": "inclusion", "index": index, "size": size, "proof": [h.hex() for h in path(index, self.entries[:size])]}

    def consistency(self, first: int, second: int) -> dict[str, Any]:
        hashes = proof(first, self.entries[:second]) if first else []
        return {"t": "consistency", "from": first, "to": second, "proof": [h.hex() for h in hashes]}

    def full(self, *lines: dict[str, Any]) -> list[dict[str, Any]]:
        """Return a bundle of all entries and these lines."""
        return [header("full"), *({"t": "entry", "b": b64(raw)} for raw in self.entries), *lines]

    def receipt(self, index: int, *lines: dict[str, Any]) -> list[dict[str, Any]]:
        """Return a receipt of one entry, with these lines."""
        return [header("receipt"), {**self.inclusion(index, len(self.entries)), "entry": b64(self.entries[index])}, *lines]


def header(mode: str) -> dict[str, Any]:
    return {"t": "bundle", "v": 1, "log": LOG, "mode": mode}


def document(content: bytes = b"PDF 2") -> dict[str, Any]:
    return {"t": "document", "sha256": sha256(content).hexdigest(), "b": b64(content)}


def disclosure(index: int = 1) -> dict[str, Any]:
    return {"t": "disclosure", "index": index, "role": "grantee.contact", "salt": SALT.hex(), "record": RECORD}


def file_of(lines: list[dict[str, Any]]) -> list[bytes]:
    return [canonical(line) + b"\n" for line in lines]
