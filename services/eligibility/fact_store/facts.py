"""The facts of all bodies: recorded by anybody who may, read by the engine. The store holds them; memory holds them warm."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from services.eligibility.engine.facts import FACTS
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.world import World, invalid_field
from services.eligibility.fact_store.entry import (
    ENTRIES,
    PART,
    PARTS,
    Draft,
    Head,
    Record,
    entry_document,
    entry_id,
    instant,
    part_documents,
)
from services.eligibility.fact_store.state import Entry, State
from shared.clock import now
from shared.errors import ConflictError, InvalidError
from shared.store.contention import Contention
from shared.store.paging import portions
from shared.store.port import PORTION_BYTES, Document, Query, Store

PAGE = 500
MOST_NAMED, MOST_NAME = 20, 100
"""Fields that a refusal names, and characters of a name: they are as whoever sent them has chosen."""
CONFLICTS = ("DUPLICATE_ID", "CONTRADICTING_FACTS", "CYCLIC_PART_OF", "SOLE_CONTROL_NOT_UNIQUE", "CYCLIC_CONTROL")
"""Codes of refusals that depend on what is recorded already (HTTP 409); the others are faults of the input (422)."""

Decision = Callable[[State], Draft | None]


class Facts:
    """Facts and documents in the store, with all revisions in memory; each use asks the store for entries added since.

    Recording is safe for several processes at once: the number of an entry belongs to whoever inserts it first.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = now) -> None:
        self.store = store
        self.clock = clock
        self._state = State()
        self._reading = asyncio.Lock()

    async def current(self) -> State:
        """Return all that is recorded now."""
        async with self._reading:
            query = Query("seq", at_least=self._state.seq + 1, limit=PAGE)
            async for portion in portions(self.store, ENTRIES, query, PORTION_BYTES):
                self._state = self._state.with_entries(await self._entries(self._state.seq, portion.documents))
            return self._state

    async def world(self) -> World:
        """Return the world that the engine evaluates in: everything recorded until now, all revisions."""
        return (await self.current()).world

    async def record(self, decide: Decision) -> State:
        """Record what ``decide`` returns for the present state, and return the state after it; nothing for None or no records.

        ``decide`` is pure; it runs again if others have recorded meanwhile. Raises InvalidError or ConflictError with the code of
        the refusal table for facts that are malformed or contradict what is recorded.
        """
        contention = Contention(ENTRIES.name)
        while True:
            state = await self.current()
            draft = decide(state)
            if draft is None or draft.empty:
                return state
            if await self._append(state, draft):
                return await self.current()
            await contention.overtaken()

    async def _append(self, state: State, draft: Draft) -> bool:
        head = Head(state.seq + 1, instant(self.clock(), state.instant), draft.origin, draft.reason, draft.by, draft.organisation)
        after = checked(state, head, draft)
        parts: list[str] = []
        if len(draft.facts) + len(draft.documents) > PART:
            documents = list(part_documents(draft, uuid.uuid4().hex))
            parts = [document["_id"] for document in documents]
            for document in documents:
                await self.store.insert_many(PARTS, [document])
        if not await self.store.insert_many(ENTRIES, [entry_document(draft, head.seq, head.recorded_at, parts)]):
            await self.store.delete(PARTS, parts)
            return False
        async with self._reading:
            if self._state.seq == state.seq:
                self._state = after
        return True

    async def _entries(self, seq: int, documents: Sequence[Document]) -> list[Entry]:
        entries: list[Entry] = []
        for number, document in enumerate(documents, start=seq + 1):
            if document["_id"] != entry_id(number):
                raise RuntimeError(f"the journal of facts lacks entry {number}; restore the store from its backup")
            facts, evidence = list(document["facts"]), list(document["documents"])
            for name in document["parts"]:
                part = await self.store.get(PARTS, name)
                if part is None:
                    raise RuntimeError(f"the journal of facts lacks part {name}; restore the store from its backup")
                facts += part["facts"]
                evidence += part["documents"]
            entries.append((Head.of(document), [Record.of(it) for it in facts], [Record.of(it) for it in evidence]))
        return entries


def checked(state: State, head: Head, draft: Draft) -> State:
    """Return the state after a draft. Raises InvalidError or ConflictError, with the code of the first step that refuses it."""
    try:
        after = state.with_entries([(head, draft.facts, draft.documents)])
        after.world.view(None)
    except RefusedError as refused:
        raise refusal(refused) from refused
    return after


def check_shape(content: Mapping[str, Any]) -> None:
    """Return if a fact that somebody states has the shape of its kind.

    Raises InvalidError (``INVALID_FIELD``), which names all fields that do not fit.
    """
    reserved = sorted(name for name in ("rev", "recorded_at", "withdrawn") if name in content)
    if reserved:
        raise InvalidError(f"{', '.join(reserved)}: given by the store, leave it out.", code="INVALID_FIELD", step=1)
    try:
        FACTS.validate_python([content])
    except ValidationError as error:
        # Behind the place of the fact and its kind stands the field.
        places = [it["loc"][2:3] for it in error.errors(include_url=False, include_input=False)]
        fields = list(dict.fromkeys(str(name)[:MOST_NAME] for place in places for name in place))[:MOST_NAMED]
        raise refusal(invalid_field(error), fields=fields) from error


def refusal(refused: RefusedError, **members: object) -> InvalidError | ConflictError:
    """Return the error of the API for a refusal of the engine: the same code, with further members."""
    kind = ConflictError if refused.code in CONFLICTS else InvalidError
    return kind(f"{refused.detail}.", code=refused.code, step=refused.step, **members)
