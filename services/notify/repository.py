"""Where notifications and contacts lie. Every query of a caller carries the organisation."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from collections.abc import Collection as Container
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from services.notify.domain.contact import AddressBook
from services.notify.domain.notification import Notification
from services.notify.domain.transitions import NotificationState
from shared.aggregate.ledger import aggregate_collection
from shared.aggregate.record import UNLISTED
from shared.errors import NotFoundError
from shared.http.limits import PAGE_BYTES
from shared.messages.open_enum import READING
from shared.process.service import Resources
from shared.store.contention import Contention
from shared.store.paging import pages, portions, scanned
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Portion, Query, Save, Scalar

T = TypeVar("T")

SERVICE = "notify"
INBOX = Index("inbox", ("inbox_of", "created_at"))
UNREAD = Index("unread", ("unread_of", "created_at"))
DUE = Index("due", ("next_attempt_at",))
MARKED = Index("marked", ("marked_at",))
OF_ORDER = Index("inbox_order", ("inbox_of", "order_id", "created_at"))
OF_OFFERING = Index("inbox_offering", ("inbox_of", "offering_id", "created_at"))
OF_TYPE = Index("inbox_type", ("inbox_of", "event_type", "created_at"))
CREATED = Index("created", ("created_at",))
QUEUED = Index("queued", ("organisation", "person", "next_attempt_at"))
NOTIFICATIONS = aggregate_collection("notifications", INBOX, UNREAD, DUE, MARKED, QUEUED, OF_ORDER, OF_OFFERING, OF_TYPE, CREATED)
CONTACTS = Collection("contacts")
COLLECTIONS = (NOTIFICATIONS, CONTACTS)
_PAGE = 500
SCANNED = 2000
"""As many notifications are looked through for one page of an inbox that several conditions narrow."""
COUNTED = 1000
"""Up to here unread notifications are counted."""
INBOX_BYTES = PAGE_BYTES
"""How much is read of notifications for a page of an inbox; their texts are made of what they hold."""
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(minutes=1)
_TICK = timedelta(milliseconds=1)  # precision of the store: what is due at this very moment counts


Position = tuple[datetime, str]


def position_of(notification: Notification) -> Position:
    """Return the place of a notification in an inbox, which is ordered by time."""
    return notification.created_at, notification.id


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """What of an inbox is asked for; whatever is None does not narrow it."""

    unread: bool = False
    order_id: str | None = None
    offering_id: str | None = None
    event_type: str | None = None

    def query(self, organisation: str) -> tuple[Index, dict[str, Scalar]]:
        """Return the index that finds fewest, with the values that it fixes."""
        for index, name, value in (
            (OF_ORDER, "order_id", self.order_id),
            (OF_OFFERING, "offering_id", self.offering_id),
            (OF_TYPE, "event_type", self.event_type),
        ):
            if value is not None and not (index is OF_TYPE and self.unread):
                return index, {"inbox_of": organisation, name: value}
        return (UNREAD, {"unread_of": organisation}) if self.unread else (INBOX, {"inbox_of": organisation})

    def includes(self, document: Document) -> bool:
        """Return whether a stored notification meets all conditions."""
        pairs = (
            (self.order_id, "order_id"),
            (self.offering_id, "offering_id"),
            (self.event_type, "event_type"),
            (document["inbox_of"] if self.unread else None, "unread_of"),
        )
        return all(value is None or document.get(name) == value for value, name in pairs)


@dataclass(frozen=True, slots=True)
class Found:
    """Notifications of an inbox, newest first. ``rest``: position behind which more may lie, None at the end."""

    notifications: list[Notification]
    rest: Position | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that this worker holds: the notification as stored, and the number of the claim."""

    notification: Notification
    number: int


class Notifications:
    """All notifications. Changes with events go through ``ledger``; those without are saved here, under the revision."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store
        self.steady = resources.steady
        self._watched: dict[str, tuple[tuple[int, datetime | None], float]] = {}
        self.ledger = resources.ledger(Notification, NOTIFICATIONS, service=SERVICE)

    async def inbox(self, organisation: str, narrowed: InboxFilter, *, after: tuple[Scalar, ...] | None, limit: int) -> Found:
        """Return what is wanted of an organisation's inbox, newest first. ``after`` is (created_at, id) of the last one seen.

        At most ``INBOX_BYTES`` and ``SCANNED`` notifications are read: fewer than ``limit`` may be found though there are more.
        """
        index, equals = narrowed.query(organisation)
        found: list[Notification] = []
        query = Query(index.name, equals, after=after, descending=True, limit=limit, without=UNLISTED)
        for _ in range(0, SCANNED, limit):
            portion = await self.store.find_portion(NOTIFICATIONS, query, INBOX_BYTES)
            found += [self.ledger.state_of(document) for document in portion.documents if narrowed.includes(document)]
            if not portion.cut and len(portion.documents) < limit:
                return Found(found)
            last = portion.documents[-1]
            position = (last["created_at"], last["_id"])
            if portion.cut or len(found) >= limit:
                break
            query = replace(query, after=position)
        return Found(found, position)

    async def count_unread(self, organisation: str) -> int:
        """Return how many notifications lie unread in an organisation's inbox, ``COUNTED`` + 1 for any larger number."""
        query = Query(UNREAD.name, {"unread_of": organisation}, limit=COUNTED + 1, only=("unread_of",))
        return len(await self.store.find(NOTIFICATIONS, query))

    async def read_all(self, organisation: str, narrowed: InboxFilter, until: datetime, at: datetime) -> int:
        """Mark as read what lies unread in an organisation's inbox since ``until`` or before; return how many it were.

        In portions, each under the revisions: what others change meanwhile is looked at again. A repeat finds none.
        """
        marked = 0
        query = Query(UNREAD.name, {"unread_of": organisation}, below=until + _TICK, limit=_PAGE)
        async for portion in portions(self.store, NOTIFICATIONS, query, PORTION_BYTES):
            changed = [(it, self.ledger.state_of(it)) for it in portion.documents if narrowed.includes(it)]
            for _, notification in changed:
                notification.read(at)
            overtaken = await self._save(changed)
            for notification_id in sorted(overtaken):
                await self.read(organisation, notification_id, at)
            marked += len(changed)
        return marked

    async def purge(self, before: datetime) -> int:
        """Delete notifications created before a moment and return how many; what is not sent or published yet stays.

        In portions. A repeat, or another worker at the same time, finds what is left.
        """
        purged = 0
        query = Query(CREATED.name, below=before, limit=_PAGE, only=("created_at", "next_attempt_at", "pending_since"))
        async for documents in pages(self.store, NOTIFICATIONS, query):
            over = [it["_id"] for it in documents if it.get("next_attempt_at") is None and it.get("pending_since") is None]
            purged += await self.store.delete(NOTIFICATIONS, over) if over else 0
        return purged

    async def read(self, organisation: str, notification_id: str, at: datetime) -> Notification:
        """Mark one of the organisation's inbox as read and return it. Raises NotFoundError."""
        contention = Contention(notification_id, [notification_id])
        while True:
            document = await self.store.get(NOTIFICATIONS, notification_id)
            if document is None or document.get("inbox_of") != organisation:
                raise NotFoundError(f"There is no notification {notification_id} in your inbox.", id=notification_id)
            notification = self.ledger.state_of(document)
            if not notification.read(at) or not await self._save([(document, notification)]):
                return notification
            await contention.overtaken()

    async def known(self, ids: Sequence[str]) -> frozenset[str]:
        """Return which of these notifications there are."""
        found: set[str] = set()
        left = list(ids)
        while left:
            documents, left = await self.store.get_portion(NOTIFICATIONS, left, PORTION_BYTES, only=("rev",))
            found |= documents.keys()
        return frozenset(found)

    async def get_many(self, ids: Sequence[str]) -> dict[str, Notification]:
        """Return the notifications that there are, by id."""
        found: dict[str, Notification] = {}
        left = list(ids)
        while left:
            documents, left = await self.store.get_portion(NOTIFICATIONS, left, PORTION_BYTES)
            found |= {name: self.ledger.state_of(document) for name, document in documents.items()}
        return found

    async def queued_for(self, organisation: str, person: str, limit: int) -> list[str]:
        """Return ids of e-mails to a person that are not done yet."""
        query = Query(QUEUED.name, equals={"organisation": organisation, "person": person}, limit=limit, only=("person",))
        return [document["_id"] for document in await self.store.find(NOTIFICATIONS, query)]

    async def due_since(self, at: datetime) -> datetime | None:
        """Return since when the e-mail that has waited longest could be sent, None if none is due."""
        first = Query(DUE.name, below=at + _TICK, limit=1, only=("next_attempt_at",))
        documents = await self.store.find(NOTIFICATIONS, first)
        if documents:
            since: datetime = documents[0]["next_attempt_at"]
            return since
        return at if await self._ahead(at, 1) else None

    async def _ahead(self, at: datetime, limit: int) -> list[Document]:
        """Return e-mails marked by a clock that is ahead of ours, whoever is right: their mark says too late when to try."""
        query = Query(MARKED.name, at_least=at + _CLOCKS_DIFFER, limit=limit)
        found = (await self.store.find_portion(NOTIFICATIONS, query, PORTION_BYTES)).documents
        return [document for document in found if document["next_attempt_at"] is not None and document["next_attempt_at"] > at]

    async def _candidates(self, at: datetime) -> AsyncIterator[Portion]:
        """Yield what may be taken, as far as clocks tell: what is due here, then what a clock ahead of ours has marked."""
        query = Query(DUE.name, below=at + _TICK, limit=_PAGE)
        async for portion in portions(self.store, NOTIFICATIONS, query, PORTION_BYTES):
            yield portion
        yield Portion(await self._ahead(at, _PAGE), cut=False)

    def _stood(self, notification: Notification, lease: timedelta) -> bool:
        """Return whether it has stood as it is for its pause, as far as this process has watched it itself."""
        now, mark = self.steady(), (notification.claims, notification.next_attempt_at)
        seen, since = self._watched.get(notification.id, (None, now))
        if seen != mark:
            self._watched[notification.id] = mark, now
            since = now
        pause = lease if notification.state is NotificationState.IN_ZUSTELLUNG else notification.pause
        return pause is not None and now - since >= pause.total_seconds()

    async def waiting(self) -> bool:
        """Return whether any e-mail is not done yet, due or not."""
        return bool(await self.store.find(NOTIFICATIONS, Query(DUE.name, at_least=_EARLIEST, limit=1, only=("state",))))

    async def retry_failed(self, since: datetime, until: datetime, codes: Container[str], at: datetime) -> Counter[str]:
        """Queue again the e-mails that failed from ``since`` to before ``until`` and return how many, by code.

        Without ``codes`` whatever the code was. Looks through the whole collection: for operators, not for requests.
        A repeat finds none of them, unless they failed again.
        """
        taken: Counter[str] = Counter()
        async for documents in scanned(self.store, NOTIFICATIONS, _PAGE):
            changed: list[tuple[Document, Notification]] = []
            for document in documents:
                if document.get("state") != NotificationState.FEHLGESCHLAGEN or document.get("ended_at") is None:
                    continue
                notification = self.ledger.state_of(document)
                ended, code = notification.ended_at, notification.code or ""
                if ended is not None and since <= ended < until and (not codes or code in codes):
                    taken[code] += 1
                    notification.retry(at)
                    changed.append((document, notification))
            # Whatever wrote in between has taken it up itself: nothing else changes a failed mail.
            overtaken = await self._save(changed)
            taken.subtract(document["code"] or "" for document, state in changed if state.id in overtaken)
        return +taken

    async def claim(self, at: datetime, until: datetime, limit: int) -> list[Claim]:
        """Claim e-mails that are due, for one try until ``until``. Of several workers one gets each: the revision decides."""
        changed: list[tuple[Document, Notification]] = []
        claims: list[Claim] = []
        watched, self._watched = self._watched, {}
        async for portion in self._candidates(at):
            for document in portion.documents:
                notification = self.ledger.state_of(document)
                stood = False
                if not notification.due(at):
                    if notification.id in watched:
                        self._watched[notification.id] = watched[notification.id]
                    stood = self._stood(notification, until - at)
                if notification.due(at, stood=stood):
                    claims.append(Claim(notification, notification.claim(at, until, stood=stood)))
                    changed.append((document, notification))
                if len(claims) == limit:
                    break
            if len(claims) == limit or (claims and portion.cut):
                # There is room for one portion in memory. What lies behind is found, and watched on, the next time.
                self._watched = watched | self._watched
                break
        overtaken = await self._save(changed)
        return [claim for claim in claims if claim.notification.id not in overtaken]

    async def give_back(self, notification_id: str, change: Callable[[Notification], None]) -> None:
        """Apply a change without events to a claimed e-mail. Raises ClaimLostError by way of ``change``."""
        contention = Contention(notification_id, [notification_id])
        while True:
            document = await self.store.get(NOTIFICATIONS, notification_id)
            if document is None:
                return
            notification = self.ledger.state_of(document)
            change(notification)
            if not await self._save([(document, notification)]):
                return
            await contention.overtaken()

    async def _save(self, changed: Iterable[tuple[Document, Notification]]) -> set[str]:
        saves = [
            Save({**document, **state.model_dump(exclude={"id"}), "rev": document["rev"] + 1}, expected_rev=document["rev"])
            for document, state in changed
        ]
        return await self.store.save_many(NOTIFICATIONS, saves) if saves else set()


class Contacts:
    """Address books, one document per organisation."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store

    async def books(self, organisations: Sequence[str]) -> dict[str, AddressBook]:
        """Return the books of these organisations, in one read; organisations without contacts are absent."""
        documents = await self.store.get_many(CONTACTS, list(organisations)) if organisations else {}
        return {organisation: _book(document) for organisation, document in documents.items()}

    async def book(self, organisation: str) -> AddressBook | None:
        """Return the book of one organisation, or None."""
        return (await self.books([organisation])).get(organisation)

    async def change(self, organisation: str, name: str, decide: Callable[[AddressBook], T]) -> T:
        """Change a book under its revision and return what ``decide`` returned. A book that stays equal is not written."""
        contention = Contention(f"the contacts of {organisation}", [organisation])
        while True:
            document = await self.store.get(CONTACTS, organisation)
            before = AddressBook(id=organisation, name=name) if document is None else _book(document)
            book = before.model_copy(update={"name": name})
            outcome = decide(book)
            if book == before or await self._write(document, book):
                return outcome
            await contention.overtaken()

    async def _write(self, document: Document | None, book: AddressBook) -> bool:
        body = {**(document or {}), "_id": book.id, **book.model_dump(exclude={"id"})}
        if document is None:
            return bool(await self.store.insert_many(CONTACTS, [{**body, "rev": 1}]))
        rev: int = document["rev"]
        return not await self.store.save_many(CONTACTS, [Save({**body, "rev": rev + 1}, expected_rev=rev)])


def _book(document: Document) -> AddressBook:
    fields = {name: value for name, value in document.items() if name not in ("_id", "rev")}
    return AddressBook.model_validate({**fields, "id": document["_id"]}, extra="ignore", context=READING)
