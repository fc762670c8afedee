"""Documents as a ledger stores them, of states that the domain has made."""

from __future__ import annotations

from shared.aggregate.base import Aggregate
from shared.aggregate.change import Cause, Change
from shared.aggregate.ledger import Ledger
from shared.store.port import Collection, Document
from shared.store.sqlite.store import SqliteStore
from tests.support.publisher import RecordingPublisher

_CAUSE = Cause("event-1", "test.v1", "test:source", 1)


async def stored(collection: Collection, state: Aggregate) -> Document:
    """Return the document of an aggregate as a ledger saves it and a store gives it back."""
    store = SqliteStore(None)
    await store.prepare([collection])
    ledger = Ledger(service="test", state_type=type(state), collection=collection, store=store, publisher=RecordingPublisher())
    await ledger.apply([Change(state.id, lambda _: (state, ()), cause=_CAUSE)])
    document = await store.get(collection, state.id)
    await store.close()
    assert document is not None
    return document
