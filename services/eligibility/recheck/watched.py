"""Orders and contracts whose verdict is followed: where they stand, and what was found last."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from services.eligibility.repository import VERDICTS, WATCHED
from shared.messages.eligibility import Stage
from shared.messages.ordering import OrderHead
from shared.messages.values import Verdict
from shared.store.contention import Contention
from shared.store.paging import scanned
from shared.store.port import Document, Query, Save, Store

_REFUSING: Final = (Verdict.NOT_EXEMPT, Verdict.OUT_OF_SCOPE)


class Phase(StrEnum):
    """Where an order stands. It never goes back."""

    OPEN = "OPEN"
    RUNNING = "RUNNING"
    ENDED = "ENDED"


_ORDER: Final = list(Phase)


class WatchedKlient(BaseModel):
    """One Klient of an order whose Kunde is its Bündler, and what it owes that one. ``found`` as of the order."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    payment: bool = True
    return_duty: bool = False
    found: str | None = None


class Watched(BaseModel):
    """One order. ``found`` marks what was found last, see ``judgement.mark_of``; None: nothing was judged here yet.

    ``open`` is there until it ends, ``new`` until it is judged for the first time, or after a check. ``klienten`` are those that
    a check has judged. ``contract_id`` is the contract that it runs under, None before there is one.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    rev: int = 1
    phase: Phase
    open: bool | None = True
    customer: str
    provider: str
    channel: str
    new: bool | None = True
    found: str | None = None
    klienten: tuple[WatchedKlient, ...] = ()
    contract_id: str | None = None

    @classmethod
    def of(cls, document: Document) -> Watched:
        """Return a stored one."""
        return cls.model_validate({"id": document["_id"], **{name: value for name, value in document.items() if name != "_id"}})

    def document(self) -> Document:
        """Return it as it is stored."""
        return {"_id": self.id, **self.model_dump(exclude={"id"})}

    def reached(self, phase: Phase) -> Watched:
        """Return the order in a phase, or in the later one in which it is."""
        latest = max(self.phase, phase, key=_ORDER.index)
        if latest is Phase.ENDED:
            return self.model_copy(update={"phase": latest, "open": None, "new": None})
        return self.model_copy(update={"phase": latest})

    def judged(self, found: str | None, klienten: tuple[WatchedKlient, ...]) -> Watched:
        """Return the order with what was found of it and of its Klienten."""
        return self.model_copy(update={"found": found, "klienten": klienten, "new": None})

    def without(self, klient: str) -> Watched:
        """Return the order without a Klient."""
        return self.model_copy(update={"klienten": tuple(it for it in self.klienten if it.id != klient)})

    def checked_for(self, klient: WatchedKlient) -> Watched:
        """Return the order as one that is to be judged at once: a check has given a verdict on a Klient."""
        if self.phase is Phase.ENDED:
            return self
        return self.model_copy(update={"klienten": (*self.without(klient.id).klienten, klient), "new": True})

    def checked(self, channel: str) -> Watched:
        """Return the order as one that is to be judged at once: a check has given a verdict of its own, in that channel."""
        return self if self.phase is Phase.ENDED else self.model_copy(update={"found": None, "new": True, "channel": channel})


Change = Callable[[Watched | None], Watched | None]
"""Returns what becomes of an order, None for nothing; it may run again on a fresher one."""


def order_of(head: OrderHead) -> Watched:
    """Return an order as one that begins to be followed."""
    return Watched(id=head.id, phase=Phase.OPEN, customer=head.customer.id, provider=head.provider.id, channel=head.channel.value)


def checked(head: OrderHead) -> Change:
    """Return the change for an order on which a check has given a verdict."""
    return lambda order: order_of(head) if order is None else order.checked(head.channel.value)


def reached(head: OrderHead, phase: Phase) -> Change:
    """Return the change for an order that has reached a phase."""
    return lambda order: (order or order_of(head)).reached(phase)


def contracted(head: OrderHead, contract_id: str) -> Change:
    """Return the change for an order that has a contract, or goes on with another one."""
    return lambda order: (order or order_of(head)).reached(Phase.RUNNING).model_copy(update={"contract_id": contract_id})


def klient_checked(head: OrderHead, klient: WatchedKlient) -> Change:
    """Return the change for an order on one of whose Klienten a check has given a verdict."""
    return lambda order: (order or order_of(head)).checked_for(klient)


def klient_left(klient: str) -> Change:
    """Return the change for an order that is no more for a Klient."""
    return lambda order: None if order is None else order.without(klient)


class Watching:
    """All orders that are followed."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def update(self, changes: Mapping[str, Change]) -> None:
        """Apply changes, by the id of their order; safe to repeat. Raises WriteConflictError."""
        waiting = dict(changes)
        contention = Contention(WATCHED.name)
        while waiting:
            stored = await self.store.get_many(WATCHED, list(waiting))
            inserts: list[Document] = []
            saves: list[Save] = []
            for order_id, change in waiting.items():
                before = Watched.of(stored[order_id]) if order_id in stored else None
                after = change(before)
                if after is None or after == before:
                    continue
                if before is None:
                    inserts.append(after.document())
                else:
                    saves.append(Save(after.model_copy(update={"rev": before.rev + 1}).document(), expected_rev=before.rev))
            lost: set[str] = set()
            if inserts:
                lost |= {document["_id"] for document in inserts} - await self.store.insert_many(WATCHED, inserts)
            if saves:
                lost |= await self.store.save_many(WATCHED, saves)
            waiting = {order_id: change for order_id, change in waiting.items() if order_id in lost}
            if waiting:
                await contention.overtaken(ids=sorted(waiting))

    async def open(self, after: str | None, limit: int) -> list[Watched]:
        """Return orders that have not ended, in the order of their ids, from the one after ``after`` on."""
        place = None if after is None else (after,)
        query = Query("open", equals={"open": True}, after=place, limit=limit)
        return [Watched.of(document) for document in await self.store.find(WATCHED, query)]

    async def new(self, limit: int) -> list[Watched]:
        """Return orders that are to be judged for the first time, or after a check."""
        query = Query("new", equals={"new": True}, limit=limit)
        return [Watched.of(document) for document in await self.store.find(WATCHED, query)]

    async def adopt(self) -> AsyncIterator[int]:
        """Begin to follow orders on which there is a verdict; yields after each page how many are new.

        A version without this leaves such orders behind.
        """
        async for page in scanned(self.store, VERDICTS):
            known = await self.store.get_many(WATCHED, [document["_id"] for document in page])
            new = [_adopted(document) for document in page if document["_id"] not in known]
            if new:
                await self.store.insert_many(WATCHED, new)
            yield len(new)


def _adopted(document: Mapping[str, Any]) -> Document:
    """Return the order of a stored verdict, as far as its verdicts show where it stands."""
    last = document["checks"][-1]
    verdict = last["assessment"]["verdict"]
    phase = Phase.OPEN
    if verdict in _REFUSING and not document.get("overrides"):
        phase = Phase.ENDED
    elif last["stage"] == Stage.BESTELLUNG:
        phase = Phase.RUNNING
    order = Watched(
        id=document["_id"],
        phase=Phase.OPEN,
        customer=document["customer"]["id"],
        provider=document["provider"]["id"],
        channel=document["channel"],
        klienten=tuple(
            WatchedKlient(id=it["klient"]["id"], payment=it.get("payment", True), return_duty=it.get("return_duty", False))
            for it in document.get("klienten", ())
        ),
    )
    return order.reached(phase).document()
