"""Loads the register of public bodies and the published in-house relations. Repeating it changes only what differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog

from services.eligibility.fact_store.entry import Draft, Origin
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.following import CatchUp, Following
from services.eligibility.fact_store.reference_facts import ReferenceFacts, reference_facts
from services.eligibility.fact_store.sources import document_changes, fact_changes
from services.eligibility.fact_store.state import State
from services.eligibility.names import TOKENS, search_keys
from services.eligibility.published import published_bodies, published_relations
from services.eligibility.reforms import reforms
from services.eligibility.repository import BODIES, BODY_NAMES, EDITIONS, FORMER_BODIES, RELATIONS, changed_organisations
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

    given_up = reforms(data_dir).given_up
    former = [{"_id": it.key, "rev": 1, "name": it.name, "until": it.until, "successor": it.successor} for it in given_up]
    await upsert(store, FORMER_BODIES, former, partial(progress, "former_bodies"))
    counts["former_bodies"] = len(former)

    await _mark_bodies(store, [known, former])

    relations, unresolved = published_relations(data_dir, known)
    await upsert(store, RELATIONS, relations, partial(progress, "relations"))
    await _drop_others(store, {document["_id"] for document in relations})
    await _mark_edition(store, relations, unresolved)
    log.info("relations_unresolved", count=len(unresolved), rows=unresolved)
    counts["relations"] = sum(document["kind"] == "single" for document in relations)
    counts["relations_collective"] = sum(document["kind"] == "collective" for document in relations)
    counts["relations_unresolved"] = len(unresolved)
    facts = Facts(store)
    counts["facts"] = await _load_facts(facts, reference_facts(data_dir), progress)
    await CatchUp(Following(facts), partial(changed_organisations, store)).run()
    return counts


async def _load_facts(facts: Facts, stated: ReferenceFacts, progress: Progress) -> int:
    """Record what the files state now and how it differs from what they stated before; return how many facts they state."""
    total = len(stated.facts)
    progress("facts", 0, total)

    def decide(state: State) -> Draft:
        scope = [id_ for id_, revisions in state.facts.items() if any(it.head.origin is Origin.REFERENCE for it in revisions)]
        difference = fact_changes(state, Origin.REFERENCE, stated.facts, scope)
        if difference.contradicting:
            log.warning("reference_facts_left_out", facts=difference.contradicting)
        documents = document_changes(state, Origin.REFERENCE, stated.documents)
        return Draft(Origin.REFERENCE, f"Referenzdaten, Gebietsstand {stated.edition}", difference.records, documents)

    await facts.record(decide)
    progress("facts", total, total)
    return total


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


async def _mark_bodies(store: Store, loaded: Sequence[object]) -> None:
    """Write down, after the bodies and former ones, which edition of the register the store holds: searches go by it."""
    version = hashlib.sha256(json.dumps(loaded, sort_keys=True).encode()).hexdigest()
    await upsert(store, EDITIONS, [{"_id": BODIES.name, "rev": 1, "version": version, "unresolved": []}])


async def _mark_edition(store: Store, relations: Sequence[Document], unresolved: Sequence[str]) -> None:
    """Write down, after the relations, which edition the store holds: readers keep the graph until it changes."""
    version = hashlib.sha256(json.dumps(relations, sort_keys=True).encode()).hexdigest()
    await upsert(store, EDITIONS, [{"_id": GRAPH, "rev": 1, "version": version, "unresolved": list(unresolved)}])
