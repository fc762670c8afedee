"""Loads the register of public bodies and the published in-house relations. Repeating it changes only what differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

import structlog

from services.eligibility.names import TOKENS_KEPT, search_keys
from services.eligibility.published import published_bodies, published_relations
from services.eligibility.repository import BODIES, BODY_NAMES, EDITIONS, RELATIONS
from shared.store.port import Collection, Document, Query, Save, Store

BATCH = 1000
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
        changed = await _bring(store, BODIES, documents, kind, progress)
        await store.delete(BODY_NAMES, [f"{body_id}:{n}" for body_id in changed for n in range(TOKENS_KEPT)])
    names = [entry for document in known.values() for entry in _names(document)]
    await _bring(store, BODY_NAMES, names, "body_names", progress)

    relations, unresolved = published_relations(data_dir, known)
    await _bring(store, RELATIONS, relations, "relations", progress)
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


async def _bring(store: Store, collection: Collection, documents: Sequence[Document], kind: str, progress: Progress) -> list[str]:
    """Insert what is missing, replace what differs; return the ids replaced."""
    replaced: list[str] = []
    done = 0
    for batch in _batches(documents):
        new = await store.insert_many(collection, batch)
        rest = {document["_id"]: document for document in batch if document["_id"] not in new}
        stored = await store.get_many(collection, list(rest)) if rest else {}
        saves = [
            Save({**rest[document_id], "rev": found["rev"] + 1}, expected_rev=found["rev"])
            for document_id, found in stored.items()
            if {**rest[document_id], "rev": found["rev"]} != found
        ]
        if saves:
            # A conflict means that another process brings the same files at this moment: its write says the same.
            await store.save_many(collection, saves)
            replaced += [save.document["_id"] for save in saves]
        done += len(batch)
        progress(kind, done, len(documents))
    return replaced


def _batches(documents: Iterable[Document]) -> Iterable[list[Document]]:
    iterator = iter(documents)
    while batch := list(islice(iterator, BATCH)):
        yield batch


async def _drop_others(store: Store, wanted: set[str]) -> None:
    for kind in ("single", "collective"):
        stored = await store.find(RELATIONS, Query("kind", equals={"kind": kind}, limit=BATCH * 10))
        gone = [document["_id"] for document in stored if document["_id"] not in wanted]
        if gone:
            await store.delete(RELATIONS, gone)


async def _mark_edition(store: Store, relations: Sequence[Document], unresolved: Sequence[str]) -> None:
    """Write down, after the relations, which edition the store holds: readers keep the graph until it changes."""
    version = hashlib.sha256(json.dumps(relations, sort_keys=True).encode()).hexdigest()
    edition: Document = {"_id": GRAPH, "rev": 1, "version": version, "unresolved": list(unresolved)}
    if await store.insert_many(EDITIONS, [edition]):
        return
    found = await store.get(EDITIONS, GRAPH)
    if found is not None and {**edition, "rev": found["rev"]} != found:
        await store.save_many(EDITIONS, [Save({**edition, "rev": found["rev"] + 1}, expected_rev=found["rev"])])
