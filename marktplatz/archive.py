"""The archive of contracts on the command line: exports, checkpoints, and the key that signs them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from marktplatz.names import ServiceName
from services.contracts.archive.keys import LogKey, new_private_key
from services.contracts.archiving import log as archive_log
from services.contracts.archiving.erasure import Erasure, Ground, erase
from services.contracts.archiving.export import Export
from services.contracts.archiving.log import ArchiveLog
from services.contracts.archiving.records import DOCUMENTS, ERASURES, RECORDS
from services.contracts.settings import Settings
from shared.clock import now
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.private_file import create_private_file
from shared.process.settings import ProcessSettings
from shared.process.stores import opened

COLLECTIONS = (*archive_log.COLLECTIONS, DOCUMENTS, RECORDS, ERASURES)


@asynccontextmanager
async def opened_log() -> AsyncIterator[ArchiveLog]:
    """Open the archive in the store of contracts."""
    async with opened(ServiceName.CONTRACTS.value, ProcessSettings()) as store:
        await store.prepare(COLLECTIONS)
        yield ArchiveLog(store, Settings().archive_origin)


async def export(subject: str | None, since: Sequence[int], name: str | None, *, documents: bool, persons: bool) -> None:
    """Write the whole log of a name to standard output, or the receipt of one subject. Raises NotFoundError for none.

    Without ``documents`` the bundle holds their hashes alone. Raises FilesUnavailableError if they cannot be read where they lie.
    """
    async with opened_log() as log:
        bundle = Export(await log.named(name), Settings().files(), documents=documents, persons=persons)
        async for line in bundle.whole() if subject is None else bundle.receipt(subject, since):
            sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


async def print_checkpoint(size: int | None, name: str | None) -> None:
    """Print the newest checkpoint, or that of a size, as it was signed. Raises NotFoundError for none."""
    async with opened_log() as log:
        note = await (await log.named(name)).checkpoint(size)
    if note is None:
        raise NotFoundError("No such checkpoint was signed: CONTRACTS_ARCHIVE_KEY names the key, the processors sign.")
    sys.stdout.buffer.write(note.encode())
    sys.stdout.buffer.flush()


async def erase_records(subject: str, roles: Sequence[str], by: str, ground: Ground, reference: str | None) -> None:
    """Erase the records about persons in entries about a subject and print how many. Raises NotFoundError for none."""
    async with opened_log() as log:
        erased = await erase(log, Erasure(subject, roles, by, ground, reference, now()))
    if not erased:
        raise NotFoundError(f"The archive holds no such record about persons of {subject}.", id=subject)
    print(f"{erased} records erased; the log and its proofs stay as they are")


def make_key(file: Path) -> None:
    """Write a new key for its owner only, unless there is a file already, and print what verifiers need of it."""
    pem = new_private_key()
    create_private_file(file, pem)
    if file.read_bytes() != pem:
        raise ConflictError(f"{file} is there already; it stays as it is.")
    print_key(file, None)


def print_key(file: Path, name: str | None) -> None:
    """Print the public key as verifiers get it, of the log that the settings name or of another one.

    Raises OSError, InvalidError (``archive_key_unfit``) for a file that holds no such key, or no name of a log.
    """
    content = file.read_bytes()
    try:
        key = LogKey.read(name or Settings().archive_origin, content)
    except ValueError as error:
        raise InvalidError(f"{file}: {error}.", code="archive_key_unfit") from error
    print(key.vkey)
