"""The contents that evidence documents name, compared with what lies in their place: each is read and its SHA-256 computed."""

from __future__ import annotations

from collections.abc import Iterable

from marktplatz.recovery.reconcile.differences import Difference, Kind
from services.eligibility.facts import ContentsFact
from shared.files.port import FileDamagedError, Files


def named_contents(facts: Iterable[ContentsFact]) -> dict[str, str]:
    """Return the id of a document by the SHA-256 of its content, for all contents that were brought."""
    return {digest: document for fact in facts for digest, document in fact.documents.items()}


async def with_files(named: dict[str, str], files: Files) -> list[Difference]:
    """Return what is missing or damaged, one content after the other in memory. Raises FilesUnavailableError."""
    found: list[Difference] = []
    for digest, document in sorted(named.items()):
        ids = {"document": document, "sha256": digest}
        try:
            if await files.get(digest) is None:
                found.append(Difference(Kind.CONTENT_MISSING, ids, "the content of an evidence document is not in its place"))
        except FileDamagedError as error:
            found.append(Difference(Kind.CONTENT_DAMAGED, ids, error.detail))
    return found
