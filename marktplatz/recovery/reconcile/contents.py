"""The contents that documents name, compared with what lies in their place: each is read and its SHA-256 computed."""

from __future__ import annotations

from marktplatz.recovery.reconcile.differences import Difference, Kind
from shared.files.port import FileDamagedError, Files


async def with_files(named: dict[str, str], files: Files) -> list[Difference]:
    """Return what is missing or damaged, one content after the other in memory. Raises FilesUnavailableError."""
    found: list[Difference] = []
    for digest, document in sorted(named.items()):
        ids = {"document": document, "sha256": digest}
        try:
            if await files.get(digest) is None:
                found.append(Difference(Kind.CONTENT_MISSING, ids, "the content of a document is not in its place"))
        except FileDamagedError as error:
            found.append(Difference(Kind.CONTENT_DAMAGED, ids, error.detail))
    return found
