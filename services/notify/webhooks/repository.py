"""Where webhooks and their deliveries lie. Every query of a caller carries the organisation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from services.notify.domain.webhook import Delivery, DeliveryState, WebhookBook
from shared.errors import NotFoundError
from shared.http.limits import PAGE_BYTES
from shared.messages.open_enum import READING
from shared.process.service import Resources
from shared.store.contention import Contention
from shared.store.paging import pages
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Query, Save, Scalar
from shared.tracing import context

T = TypeVar("T")

WEBHOOKS = Collection("webhooks")
DELIVERIES = Collection(
    "webhook_deliveries",
    (
        Index("due", ("next_attempt_at",)),
        Index("webhook", ("webhook", "created_at")),
        Index("webhook_state", ("webhook", "state", "created_at")),
        Index("created", ("created_at",)),
    ),
)
_PAGE = 500
_TICK = timedelta(milliseconds=1)


def position_of(delivery: Delivery) -> tuple[datetime, str]:
    """Return the place of a delivery in the list, which is ordered by time."""
    return delivery.created_at, delivery.id


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """A delivery that this worker holds for one attempt."""

    delivery: Delivery
    number: int


class Webhooks:
    """The webhooks, one document per organisation."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store

    async def books(self, organisations: Sequence[str]) -> dict[str, WebhookBook]:
        """Return the webhooks of these organisations, in one read; organisations without any are absent."""
        documents = await self.store.get_many(WEBHOOKS, list(organisations)) if organisations else {}
        return {organisation: _book(document) for organisation, document in documents.items()}

    async def book(self, organisation: str, name: str) -> WebhookBook:
        """Return the webhooks of one organisation, none if it has none."""
        return (await self.books([organisation])).get(organisation) or WebhookBook(id=organisation, name=name)

    async def change(self, organisation: str, name: str, decide: Callable[[WebhookBook], T]) -> T:
        """Change the webhooks under their revision and return what ``decide`` returned.

        What stays equal is not written, nor is anything for a request that was answered before.
        """
        contention = Contention(f"the webhooks of {organisation}", [organisation])
        while True:
            document = await self.store.get(WEBHOOKS, organisation)
            before = WebhookBook(id=organisation, name=name) if document is None else _book(document)
            book = before.model_copy()
            outcome = decide(book)
            if book == before or context.is_settled() or await self._write(document, book):
                return outcome
            await contention.overtaken()

    async def _write(self, document: Document | None, book: WebhookBook) -> bool:
        body = {**(document or {}), "_id": book.id, **book.model_dump(exclude={"id"})}
        if document is None:
            return bool(await self.store.insert_many(WEBHOOKS, [{**body, "rev": 1}]))
        rev: int = document["rev"]
        return not await self.store.save_many(WEBHOOKS, [Save({**body, "rev": rev + 1}, expected_rev=rev)])


class Deliveries:
    """All deliveries, each a document of its own."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store

    async def note(self, deliveries: Sequence[Delivery]) -> int:
        """Store new deliveries and return how many were new: a repeat finds them there."""
        documents = [{"_id": it.id, "rev": 1, **it.model_dump(exclude={"id"})} for it in deliveries]
        return len(await self.store.insert_many(DELIVERIES, documents)) if documents else 0

    async def page(
        self, webhook_id: str, state: DeliveryState | None, after: tuple[Scalar, ...] | None, limit: int
    ) -> tuple[list[Delivery], bool]:
        """Return deliveries to a webhook, newest first, and whether more lie there than are read at once."""
        equals: dict[str, Scalar] = {"webhook": webhook_id}
        name = "webhook"
        if state is not None:
            equals["state"] = state.value
            name = "webhook_state"
        query = Query(name, equals, after=after, descending=True, limit=limit)
        portion = await self.store.find_portion(DELIVERIES, query, PAGE_BYTES)
        return [_delivery(document) for document in portion.documents], portion.cut

    async def change(self, delivery_id: str, webhook_id: str, decide: Callable[[Delivery], T]) -> tuple[Delivery, T]:
        """Change a delivery to a webhook under its revision, unless the request was answered before.

        Raises NotFoundError (``delivery_not_found``).
        """
        contention = Contention(delivery_id, [delivery_id])
        while True:
            document = await self.store.get(DELIVERIES, delivery_id)
            if document is None or document["webhook"] != webhook_id:
                raise NotFoundError(f"There is no delivery {delivery_id}.", code="delivery_not_found", id=delivery_id)
            delivery = _delivery(document)
            outcome = decide(delivery)
            if context.is_settled() or not await self._save([(document, delivery)]):
                return delivery, outcome
            await contention.overtaken()

    async def due_since(self, at: datetime) -> datetime | None:
        """Return since when the delivery that has waited longest is due, None if none is."""
        first = Query("due", below=at + _TICK, limit=1, only=("next_attempt_at",))
        documents = await self.store.find(DELIVERIES, first)
        since: datetime | None = documents[0]["next_attempt_at"] if documents else None
        return since

    async def claim(self, at: datetime, until: datetime, limit: int) -> list[DeliveryClaim]:
        """Claim deliveries that are due, for one attempt until ``until``. Of several workers one gets each."""
        query = Query("due", below=at + _TICK, limit=limit)
        portion = await self.store.find_portion(DELIVERIES, query, PORTION_BYTES)
        changed = [(document, _delivery(document)) for document in portion.documents]
        claims = [DeliveryClaim(delivery, delivery.claim(until)) for _, delivery in changed]
        overtaken = await self._save(changed)
        return [claim for claim in claims if claim.delivery.id not in overtaken]

    async def purge(self, before: datetime) -> int:
        """Delete deliveries created before a moment that have ended, in portions, and return how many."""
        purged = 0
        query = Query("created", below=before, limit=_PAGE, only=("created_at", "next_attempt_at"))
        async for documents in pages(self.store, DELIVERIES, query):
            ended = [document["_id"] for document in documents if document.get("next_attempt_at") is None]
            purged += await self.store.delete(DELIVERIES, ended) if ended else 0
        return purged

    async def _save(self, changed: Iterable[tuple[Document, Delivery]]) -> set[str]:
        saves = [
            Save({**document, **state.model_dump(exclude={"id"}), "rev": document["rev"] + 1}, expected_rev=document["rev"])
            for document, state in changed
        ]
        return await self.store.save_many(DELIVERIES, saves) if saves else set()


def _book(document: Document) -> WebhookBook:
    fields = {name: value for name, value in document.items() if name not in ("_id", "rev")}
    return WebhookBook.model_validate({**fields, "id": document["_id"]}, extra="ignore", context=READING)


def _delivery(document: Document) -> Delivery:
    fields = {name: value for name, value in document.items() if name not in ("_id", "rev")}
    return Delivery.model_validate({**fields, "id": document["_id"]}, extra="ignore", context=READING)
