"""Brings documents that are made from files to the state of the files: inserts what is missing, replaces what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.store.port import Collection, Document, Save, Store

BATCH = 1000


async def upsert(
    store: Store,
    collection: Collection,
    documents: Sequence[Document],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[str]:
    """Insert what is missing, replace what differs, leave the rest; return the ids replaced.

    ``progress`` gets how many of how many are done after each batch. Safe to repeat and to run twice at once: a conflict is
    another process that brings the same files, and its write holds the same.
    """
    replaced: list[str] = []
    for start in range(0, len(documents), BATCH):
        batch = {document["_id"]: document for document in documents[start : start + BATCH]}
        new = await store.insert_many(collection, list(batch.values()))
        present = await store.get_many(collection, rest) if (rest := [name for name in batch if name not in new]) else {}
        saves = [
            Save({**batch[name], "rev": stored["rev"] + 1}, expected_rev=stored["rev"])
            for name, stored in present.items()
            if _content(stored) != _content(batch[name])
        ]
        if saves:
            await store.save_many(collection, saves)
            replaced += [save.document["_id"] for save in saves]
        progress(min(start + BATCH, len(documents)), len(documents))
    return replaced


def _content(document: Document) -> Document:
    """Return what counts of a document: all but its revision, tuples as the lists that they are stored as."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in document.items() if name != "rev"}
