"""The facts of a built eligibility service, for tests that share one loaded store."""

from __future__ import annotations

from typing import cast

from services.eligibility.fact_store.entry import ENTRIES
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.following import Following
from services.eligibility.fact_store.state import State
from shared.process.service import Service
from shared.store.paging import scanned
from shared.store.port import Store


def facts_of(service: Service) -> Facts:
    """Return the facts that a built service works with."""
    ledger = next(it for it in service.ledgers if it.collection.name == "organisations")
    followed = ledger.followed
    assert followed is not None
    return cast(Following, followed.__self__).facts  # type: ignore[attr-defined]  # a bound method


def begin_with(service: Service, loaded: State) -> None:
    """Let a service begin with facts that are in memory already."""
    facts_of(service)._state = loaded


async def forget_later(store: Store, loaded: State) -> None:
    """Delete all entries of the journal that came after these facts were loaded."""
    names = [document["_id"] async for page in scanned(store, ENTRIES) for document in page if document["seq"] > loaded.seq]
    await store.delete(ENTRIES, names)
