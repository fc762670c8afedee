"""A log of the engine in memory, and what the verifier of the kit says of bundles of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import marktplatz_verify as verifier
from services.contracts.archive import bundle
from services.contracts.archive.checkpoint import Checkpoint
from services.contracts.archive.commitment import commit
from services.contracts.archive.entry import Effect, Subject
from services.contracts.archive.keys import LogKey
from services.contracts.archive.tree import Tree, leaf_hash

ORIGIN = "marktplatz.example/contracts"
KEY = LogKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
SALT = bytes(range(32))
RECORD = {"name": "Änne Beispiel", "email": "aenne@beispiel.example"}
BEGUN = datetime(2025, 1, 15, 8, tzinfo=UTC)


def document_of(place: int) -> bytes:
    return f"Vertrag {place}".encode()


def effect(place: int, **more: Any) -> Effect:
    given: Mapping[str, Any] = {
        "effect": "contracts.contract.concluded.v1",
        "effect_id": str(UUID(int=place)),
        "subject": Subject(id=str(UUID(int=1000 + place // 2)), kind="contract", version=place % 2),
        "time": BEGUN + timedelta(days=place),
        "number": f"FITST/2025/{place + 1:04d}",
        "state": "GESCHLOSSEN",
        "documents": {"vertrag.pdf": sha256(document_of(place)).hexdigest()},
        "commitments": {"grantee.contact": commit(RECORD, SALT)},
    }
    return Effect(**{**given, **more})


@dataclass
class MemoryLog:
    """Entries, their tree, and the head at any size."""

    entries: list[bytes] = field(default_factory=list)
    tree: Tree = field(default_factory=Tree)

    @classmethod
    def of(cls, count: int) -> MemoryLog:
        log = cls()
        for place in range(count):
            log.append(effect(place))
        return log

    def append(self, what: Effect) -> None:
        self.entries.append(what.entry(ORIGIN, len(self.entries)))
        self.tree.append(leaf_hash(self.entries[-1]))

    def note(self, size: int | None = None) -> str:
        size = len(self.entries) if size is None else size
        return Checkpoint(ORIGIN, size, self.tree.root(size)).signed(KEY)

    def full(self, sizes: Sequence[int], *more: bytes) -> list[bytes]:
        lines = [bundle.header(ORIGIN, full=True), *map(bundle.entry, self.entries)]
        return [*lines, *(bundle.checkpoint(self.note(size)) for size in sizes), *more]


def verified(lines: Iterable[bytes], *against: str, key: LogKey = KEY) -> tuple[str, list[Any]]:
    """Return verdict and findings of the kit."""
    report = verifier.verify(lines, [verifier.VerifierKey.parse(key.vkey, verifier.LOG)], against)
    return report.verdict.name, sorted(report.findings)
