"""Files of a backup: a folder with a manifest and, per collection, gzipped lines of MongoDB Extended JSON (canonical).

The lines keep the types of BSON; ``mongoimport`` reads them too. With recipients each file is encrypted before it is written
(``marktplatz.recovery.dump.sealing``). The manifest comes last: a folder without it is no backup. It names collections, numbers
and hashes, no person and nothing of the documents.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import not_
from pathlib import Path
from typing import Literal

from bson import json_util
from bson.json_util import CANONICAL_JSON_OPTIONS, JSONOptions
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from marktplatz import VERSION
from marktplatz.recovery.dump.disk import rename, sha256_of, write_text
from marktplatz.recovery.dump.keys import Keys
from marktplatz.recovery.dump.sealing import SEALED, unsealed
from marktplatz.recovery.errors import BackupError, DamagedBackupError
from shared.store.port import Document

MANIFEST = "manifest.json"
_JSON: JSONOptions = CANONICAL_JSON_OPTIONS.with_options(tz_aware=True, tzinfo=UTC)
_NAME = "%Y-%m-%dT%H%M%SZ"


class DumpFile(BaseModel):
    """One collection of a backup. ``path`` is relative to the backup's folder; ``sha256`` is that of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: str
    collection: str
    path: str
    documents: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    read_from: datetime
    read_to: datetime

    @property
    def sealed(self) -> bool:
        """Whether the file is encrypted."""
        return self.path.endswith(SEALED)


class Manifest(BaseModel):
    """Contents of a backup, the product version that wrote it, and when it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1, 2] = 1
    """2: the files are encrypted (age-encryption.org/v1)."""
    product: str
    started_at: datetime
    finished_at: datetime
    files: tuple[DumpFile, ...]
    sequence_bases: dict[str, int] = Field(default={}, exclude_if=not_)
    """By service, where its store was rebuilt once: the sequence number above which aggregates count. Left out if none was."""

    @property
    def documents(self) -> int:
        """Number of documents in all files."""
        return sum(file.documents for file in self.files)


def folder_name(at: datetime) -> str:
    """Return the name of the folder of a backup begun at ``at``; names sort by time."""
    return at.astimezone(UTC).strftime(_NAME)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make the folder a backup. Raises OSError."""
    draft = folder / f".{MANIFEST}"
    write_text(draft, manifest.model_dump_json(indent=2) + "\n")
    rename(draft, folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a backup. Raises DamagedBackupError for what is none, BackupError for one of a newer product."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise DamagedBackupError(f"{folder} is no backup: {MANIFEST} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise DamagedBackupError(f"{folder / MANIFEST} is no manifest of a backup: {error.error_count()} faults") from error
    if _order(manifest.product) > _order(VERSION):
        raise BackupError(
            f"the backup was written by version {manifest.product}, this is {VERSION}: "
            "restore it with that version or a newer one"
        )
    return manifest


def verify(folder: Path, manifest: Manifest, keys: Keys) -> None:
    """Compare every file with the manifest: size, SHA-256, number of lines. Raises DamagedBackupError naming the file.

    Of encrypted files the lines are counted only where a private key is at hand.
    """
    for file in manifest.files:
        path = folder / file.path
        if ".." in Path(file.path).parts or not path.is_file():
            raise DamagedBackupError(f"{file.path} is missing in {folder}")
        if path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
            raise DamagedBackupError(f"{file.path} is not as it was written: its SHA-256 differs from the manifest")
        if file.sealed and not keys.identities:
            continue
        if (count := sum(1 for _ in documents_in(folder, file, keys))) != file.documents:
            raise DamagedBackupError(f"{file.path} holds {count} documents, the manifest names {file.documents}")


def line_of(document: Document) -> bytes:
    """Return the line that a document is in a file."""
    return json_util.dumps(document, json_options=_JSON).encode() + b"\n"


def documents_in(folder: Path, file: DumpFile, keys: Keys) -> Iterator[Document]:
    """Yield the documents of one file. Raises DamagedBackupError for a line that is none, SealedError without the key."""
    path = folder / file.path
    try:
        with unsealed(path, keys.identities) if file.sealed else path.open("rb") as plain, gzip.open(plain, "rb") as lines:
            for line in lines:
                document: Document = json_util.loads(line, json_options=_JSON)
                yield document
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise DamagedBackupError(f"{file.path} cannot be read: {error}") from error


def _order(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.partition("-")[0].split(".") if part.isdecimal())
