"""Loads the register of public bodies and the published in-house relations. Repeating it changes only what differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog

from services.eligibility.names import TOKENS, search_keys
from services.eligibility.published import published_bodies, published_relations
from services.eligibility.repository import BODIES, BODY_NAMES, EDITIONS, RELATIONS
from shared.store.paging import documents_of
from shared.store.port import Document, Query, Store
from shared.store.upsert import upsert

GRAPH = "graph"
Progress = Callable[[str, int, int], None]

log = structlog.get_logger()


async def load_reference(store: Store, data_dir: Path, progress: Progress) -> dict[str, int]:
    """Bring bodies, search names and relations to the state of the files, and return the number of records of each kind.

    ``relations_unresolved`` counts the rows that name no body of the register; they are listed in the edition document
    and logged. Raises InvalidError for a malformed row, FileNotFoundError for a missing file.
    """
    bodies = published_bodies(data_dir)
    counts: dict[str, int] = {}
    known: dict[str, Document] = {}
    for kind, documents in bodies.items():
        counts[kind] = len(documents)
        known |= {document["_id"]: document for document in documents}
        changed = await upsert(store, BODIES, documents, partial(progress, kind))
        await store.delete(BODY_NAMES, [f"{body_id}:{n}" for body_id in changed for n in range(TOKENS)])
    names = [entry for document in known.values() for entry in _names(document)]
    await upsert(store, BODY_NAMES, names, partial(progress, "body_names"))

    relations, unresolved = published_relations(data_dir, known)
    await upsert(store, RELATIONS, relations, partial(progress, "relations"))
    await _drop_others(store, {document["_id"] for document in relations})
    await _mark_edition(store, relations, unresolved)
    log.info("relations_unresolved", count=len(unresolved), rows=unresolved)
    counts["relations"] = sum(document["kind"] == "single" for document in relations)
    counts["relations_collective"] = sum(document["kind"] == "collective" for document in relations)
    counts["relations_unresolved"] = len(unresolved)
    return counts


def _names(body: Document) -> list[Document]:
    if body["same_as"] is not None:
        return []
    keys = search_keys(body["name"])
    return [
        {
            "_id": f"{body['_id']}:{n}",
            "rev": 1,
            "key": key,
            "keys": keys,
            "body": body["_id"],
            "type": body["type"],
            "state_code": body["state_code"],
        }
        for n, key in enumerate(keys)
    ]


async def _drop_others(store: Store, present: set[str]) -> None:
    for kind in ("single", "collective"):
        query = Query("kind", equals={"kind": kind}, limit=1000, only=("kind",))
        gone = [document["_id"] async for document in documents_of(store, RELATIONS, query) if document["_id"] not in present]
        if gone:
            await store.delete(RELATIONS, gone)


async def _mark_edition(store: Store, relations: Sequence[Document], unresolved: Sequence[str]) -> None:
    """Write down, after the relations, which edition the store holds: readers keep the graph until it changes."""
    version = hashlib.sha256(json.dumps(relations, sort_keys=True).encode()).hexdigest()
    await upsert(store, EDITIONS, [{"_id": GRAPH, "rev": 1, "version": version, "unresolved": list(unresolved)}])
