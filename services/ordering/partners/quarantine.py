"""The quarantine: records of partners that could not be taken, with their original bytes, for 90 days."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.ordering.domain.quarantine import Quarantined, reference_of
from services.ordering.metrics import PARTNER_QUARANTINE, PARTNER_QUARANTINE_AGE
from services.ordering.repository import SERVICE
from shared.aggregate.change import Change
from shared.aggregate.ledger import aggregate_collection
from shared.errors import NotFoundError
from shared.messages.base import Message
from shared.messages.ordering_partners import QuarantineState
from shared.process.service import Resources
from shared.store.port import Collection, Document, Index, Query, Scalar

RETENTION = timedelta(days=90)
MOST_VALUE_BYTES = 1024 * 1024
"""Bytes of a value that are stored: four times of what a partner's topic takes, unless it was compressed."""
MOST_BESIDE_BYTES = 64 * 1024
"""Bytes of a key, and of all headers together, that are stored."""
_PURGED_AT_ONCE = 100

QUARANTINE = aggregate_collection(
    "partner_quarantine",
    Index("quarantined", ("quarantined_at",)),
    Index("state", ("state", "quarantined_at")),
    Index("partner", ("partner", "quarantined_at")),
    Index("partner_state", ("partner", "state", "quarantined_at")),
    Index("purge", ("purge_at",)),
)
ORIGINALS = Collection("partner_originals")


@dataclass(frozen=True, slots=True)
class Original:
    """A record as it stood on a partner's topic. ``shortened``: its bytes were too many to be stored as a whole."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    shortened: bool = False

    @property
    def reference(self) -> str:
        """The reference under which the record lies in quarantine, if it does."""
        return reference_of(self.topic, self.partition, self.offset)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record could not be taken: a stable code, and words that do not repeat what the record holds."""

    code: str
    detail: str


class Quarantine:
    """All records in quarantine. Safe to repeat: a record is known by its place on its topic."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store
        self.clock = resources.clock
        self.ledger = resources.ledger(Quarantined, QUARANTINE, service=SERVICE)

    async def take_in(self, partner: str, record: Original, fault: Fault) -> str:
        """Store a record with the reason why it could not be taken; return its reference. A repeat changes nothing.

        The bytes are stored first: a record that is found always has them.
        """
        await self.store.insert_many(ORIGINALS, [_document(record)])
        await self.ledger.apply([_taken_in(partner, record, fault, self.clock())])
        return record.reference

    async def get(self, reference: str, visible: Callable[[Document], bool]) -> tuple[Quarantined, int]:
        """Return a record that is for the caller, and its revision. Raises NotFoundError (``quarantined_record_not_found``)."""
        found = await self.ledger.find(reference, visible)
        if found is None:
            raise unknown(reference)
        return found

    async def original(self, reference: str) -> Original:
        """Return the bytes of a record. Raises NotFoundError (``quarantined_record_not_found``)."""
        document = await self.store.get(ORIGINALS, reference)
        if document is None:
            raise unknown(reference)
        return _original(document)

    async def page(
        self,
        *,
        partner: str | None = None,
        state: QuarantineState | None = None,
        after: tuple[Scalar, ...] | None = None,
        limit: int,
    ) -> list[Quarantined]:
        """Return records, newest first, from after the position (quarantined_at, id) on."""
        equals: dict[str, Scalar] = {}
        if partner is not None:
            equals["partner"] = partner
        if state is not None:
            equals["state"] = state.value
        index = "_".join(equals) or "quarantined"
        query = Query(index, equals, after=after, descending=True, limit=limit)
        return [self.ledger.state_of(document) for document in await self.store.find(QUARANTINE, query)]

    async def count_open(self) -> int:
        """Return how many records nobody has decided about yet: a figure of the system."""
        return await self.store.count(QUARANTINE, Query("state", {"state": QuarantineState.OPEN.value}))

    async def oldest_open(self) -> datetime | None:
        """Return since when the oldest record has lain here that nobody has decided about."""
        query = Query("state", {"state": QuarantineState.OPEN.value}, limit=1, only=("quarantined_at",))
        documents = await self.store.find(QUARANTINE, query)
        return documents[0]["quarantined_at"] if documents else None

    async def measure(self) -> None:
        """Show how many records nobody has decided about, and since when. Raises StoreUnavailableError."""
        since = await self.oldest_open()
        PARTNER_QUARANTINE.set(await self.count_open())
        PARTNER_QUARANTINE_AGE.set(0.0 if since is None else max(0.0, (self.clock() - since).total_seconds()))

    async def purge(self) -> None:
        """Delete the records whose time is up; those whose events are still to be published stay for the next run."""
        now = self.clock()
        after: tuple[Scalar, ...] | None = None
        while True:
            query = Query("purge", below=now, after=after, limit=_PURGED_AT_ONCE, only=("purge_at", "pending_since"))
            due = await self.store.find(QUARANTINE, query)
            published = [document["_id"] for document in due if document.get("pending_since") is None]
            await self.store.delete(QUARANTINE, published)
            await self.store.delete(ORIGINALS, published)
            if len(due) < _PURGED_AT_ONCE:
                return
            after = due[-1]["purge_at"], due[-1]["_id"]


def unknown(reference: str) -> NotFoundError:
    """Return the error for a record that is not in quarantine, not any more, or not for the caller."""
    return NotFoundError(
        f"There is no record {reference} in quarantine.", code="quarantined_record_not_found", reference=reference
    )


def _taken_in(partner: str, record: Original, fault: Fault, at: datetime) -> Change[Quarantined]:
    value = record.value or b""

    def decide(known: Quarantined | None) -> tuple[Quarantined, Sequence[Message]]:
        if known is not None:
            return known, ()
        state = Quarantined(
            id=record.reference,
            partner=partner,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            appended_at=record.appended_at,
            size=len(value),
            sha256=hashlib.sha256(value).hexdigest(),
            shortened=len(value) > MOST_VALUE_BYTES,
            code=fault.code,
            detail=fault.detail,
            quarantined_at=at,
            purge_at=at + RETENTION,
        )
        return state, state.record_quarantined()

    return Change(record.reference, decide, correlation_id=record.reference)


def _document(record: Original) -> Document:
    headers: list[Document] = []
    left = MOST_BESIDE_BYTES
    for name, value in record.headers:
        left -= len(name.encode()) + len(value or b"")
        if left < 0:
            break
        headers.append({"name": name, "value": _encoded(value)})
    key, value = record.key, record.value
    return {
        "_id": record.reference,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "appended_at": record.appended_at,
        "key": _encoded(key if key is None else key[:MOST_BESIDE_BYTES]),
        "value": _encoded(value if value is None else value[:MOST_VALUE_BYTES]),
        "headers": headers,
        "shortened": len(value or b"") > MOST_VALUE_BYTES or len(key or b"") > MOST_BESIDE_BYTES or left < 0,
    }


def _original(document: Document) -> Original:
    return Original(
        topic=document["topic"],
        partition=document["partition"],
        offset=document["offset"],
        appended_at=document["appended_at"],
        key=_decoded(document["key"]),
        value=_decoded(document["value"]),
        headers=tuple((header["name"], _decoded(header["value"])) for header in document["headers"]),
        shortened=document["shortened"],
    )


def _encoded(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
