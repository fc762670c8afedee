"""Collections and queries. What belongs to an organisation is read for a viewer, who sees their own or their channel's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.eligibility.body_search import BodyIndex, BodyPage, BodyQuery, Place
from services.eligibility.domain.offering import OfferedService
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.organisation_state import closed_at, granted_at, waiting_at
from services.eligibility.domain.rights import is_recorded, restate_rights, with_rights
from services.eligibility.domain.verdict import OrderVerdict, shown_to_provider
from services.eligibility.drafts import DRAFTS
from services.eligibility.fact_store.entry import ENTRIES, PARTS
from services.eligibility.lists import AccreditationList
from shared.aggregate.change import Change, Result
from shared.aggregate.condition import Condition
from shared.aggregate.ledger import Ledger, aggregate_collection
from shared.aggregate.record import UNLISTED, RecordType
from shared.errors import GoneError, NotFoundError
from shared.followed_offers import get_offer
from shared.http.limits import PAGE_BYTES
from shared.messages.base import Message
from shared.messages.values import Channel, OrganisationType
from shared.process.service import Resources
from shared.search.lexicon import read_lexicon
from shared.store.documents import plain
from shared.store.paging import portions, scanned
from shared.store.port import PORTION_BYTES, Collection, Document, Index, Query, Save, Scalar, Store

SERVICE = "eligibility"
BODIES = Collection("bodies")
BODY_NAMES = Collection(
    "body_names",
    (
        Index("name", ("key",)),
        Index("type", ("type", "key")),
        Index("state", ("state_code", "key")),
        Index("state_type", ("state_code", "type", "key")),
    ),
)
FORMER_BODIES = Collection("former_bodies")
RELATIONS = Collection("relations", (Index("kind", ("kind",)),))
EDITIONS = Collection("reference_editions")
ORGANISATIONS = aggregate_collection(
    "organisations",
    *(Index(at(channel), (at(channel),)) for at in (waiting_at, granted_at, closed_at) for channel in Channel),
    Index("expiry", ("expires_on",)),
    Index("changed", ("changed_at",)),
)
VERDICTS = aggregate_collection("verdicts")
AWARDS = aggregate_collection("contract_awards")
"""Awards behind contracts, as they were judged."""
OFFERED = aggregate_collection("offered_services")
"""Projection of the catalogue: who provides what through which channels."""
RECORDS = Collection("verdict_records", (Index("subject", ("subject", "given_at")), Index("order_id", ("order_id", "given_at"))))
"""Verdicts of record: written once, never changed."""
JOBS = Collection(
    "precheck_jobs",
    (
        Index("organisation", ("organisation", "created_at")),
        Index("open", ("open_since",)),
        Index("expiry", ("expires_at",)),
    ),
)
"""``open_since`` is there until a job ends, ``expires_at`` from then on."""
JOB_PARTS = Collection("precheck_job_parts", (Index("job", ("job", "section", "number")),))
"""Results in portions. A part is written once, before the job that counts it; nobody reads it before."""
WATCHED = Collection("watched_orders", (Index("open", ("open",)), Index("new", ("new",))))
"""Orders and contracts whose verdict is followed: ``open`` is there until one ends, ``new`` until one is judged."""
RECHECK_PROGRESS = Collection("recheck_progress")
COLLECTIONS = (
    DRAFTS,
    BODIES,
    BODY_NAMES,
    FORMER_BODIES,
    RELATIONS,
    EDITIONS,
    ENTRIES,
    PARTS,
    ORGANISATIONS,
    VERDICTS,
    AWARDS,
    OFFERED,
    RECORDS,
    JOBS,
    JOB_PARTS,
    WATCHED,
    RECHECK_PROGRESS,
)

DISTRICT_LENGTH = 5
MOST_GROUPS = 10_000
WAITING_BYTES = 2 * PAGE_BYTES
"""How much is read of organisations for a page of the work list, which shows most of what they hold."""
CHANGED_PAGE = 200
SCANNED = 1000
"""As many organisations are looked through at least before a list that words narrow is cut short."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads: an organisation, and the channel if it is the Anbieter of one."""

    organisation: str
    channel: Channel | None = None

    def sees_organisation(self, document: Document) -> bool:
        """Return whether a stored organisation is the viewer's own or has turned to the viewer."""
        if self.organisation == document["_id"]:
            return True
        return self.channel is not None and any(it["channel"] == self.channel for it in document["accreditations"])

    def sees_verdict(self, document: Document) -> bool:
        """Return whether a stored verdict is for the viewer: the Kunde, the Anbieter, the Bereitsteller once forwarded to."""
        if self.organisation == document["customer"]["id"]:
            return True
        if self.channel is not None and self.channel.value == document["channel"]:
            return True
        return self.organisation == document["provider"]["id"] and shown_to_provider(
            document.get("forwarded"),
            [(check["stage"], check["assessment"]["verdict"], check.get("sign_off") is not None) for check in document["checks"]],
        )


class Bodies:
    """The register of public bodies: reference data, the same for everybody."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store
        self._data_dir = resources.data_dir
        self._loading = asyncio.Lock()
        self._index: BodyIndex | None = None
        self._version: str | None = None

    async def get(self, body_id: str) -> Document:
        """Return a body; the 5-digit key of a kreisfreie Stadt leads to the town. Raises NotFoundError, GoneError."""
        found = await self.store.get_many(BODIES, [body_id, f"{body_id}0000000"])
        town = found.get(f"{body_id}0000000") if len(body_id) == DISTRICT_LENGTH else None
        body = found.get(body_id) or town
        if body is None:
            await self.require_current(body_id)
            raise NotFoundError(f"There is no public body {body_id} in the register.", code="body_not_found", body=body_id)
        return body

    async def require_current(self, body_id: str) -> None:
        """Return unless a municipal reform has given this key up.

        Raises GoneError: ``body_superseded`` names the successor, ``body_dissolved`` stands where the reference data name none.
        """
        former = await self.store.get(FORMER_BODIES, body_id)
        if former is None:
            return
        name, successor = former["name"], former["successor"]
        detail = f"{body_id} was the key of {name} and is no longer in use"
        if successor is None:
            raise GoneError(f"{detail}; its Kreis knows who has followed.", code="body_dissolved", body=body_id, name=name)
        raise GoneError(f"{detail}; use {successor}.", code="body_superseded", body=body_id, name=name, successor=successor)

    async def get_many(self, ids: list[str]) -> dict[str, Document]:
        """Return the bodies that exist, by id."""
        return await self.store.get_many(BODIES, ids)

    async def group_of(self, body: Document, target: str, on: date) -> str | None:
        """Return the group of Kommunen or Kreise of which a source says that all belong to ``target``, None if it names none."""
        if body["ars"] is None or body["type"] not in (OrganisationType.KOMMUNE, OrganisationType.KREIS):
            return None
        groups = await self.store.find(RELATIONS, Query("kind", equals={"kind": "collective"}, limit=MOST_GROUPS))
        found = (group for group in groups if group["target"] == target and body["ars"].startswith(group["region"]))
        names = [group["name"] for group in sorted(found, key=lambda group: str(group["_id"])) if _holds(group, on.isoformat())]
        return names[0] if names else None

    async def search(self, asked: BodyQuery, after: Place | None, limit: int) -> tuple[list[Document], BodyPage]:
        """Return one page of bodies, the nearest first, and what is said of it."""
        index = await self._current()
        page = index.search(asked, after, limit)
        bodies = await self.get_many(page.ids)
        return [bodies[body_id] for body_id in page.ids if body_id in bodies], page

    async def _current(self) -> BodyIndex:
        edition = await self.store.get(EDITIONS, BODIES.name)
        version = None if edition is None else edition["version"]
        if self._index is None or version != self._version:
            async with self._loading:
                if self._index is None or version != self._version:
                    documents = [document async for page in scanned(self.store, BODIES) for document in page]
                    # Who acts as another body is found as that body.
                    searched = [document for document in documents if document["same_as"] is None]
                    former = [document async for page in scanned(self.store, FORMER_BODIES) for document in page]
                    successors = {document["_id"]: document["successor"] for document in former if document["successor"]}
                    # In a thread: it takes a second of CPU.
                    self._index = await asyncio.to_thread(lambda: BodyIndex(searched, read_lexicon(self._data_dir), successors))
                    self._version = version
        return self._index


class OrganisationLedger(Ledger[Organisation]):
    """The ledger of organisations: whatever changes one publishes its rights with it, in the same write."""

    async def apply_one(self, change: Change[Organisation], *, condition: Condition | None = None) -> Result[Organisation]:
        return await super().apply_one(with_rights(change), condition=condition)

    async def apply(self, changes: Sequence[Change[Organisation]]) -> list[Result[Organisation]]:
        return await super().apply([with_rights(change) for change in changes])


def restated(organisation: Organisation) -> list[Message]:
    """Return the events that republish an organisation: its public state and its rights."""
    return [*organisation.restate(), *restate_rights(organisation)]


@dataclass(frozen=True, slots=True)
class Listed:
    """Organisations of a list. ``behind``: the place from which on it was not looked through, None if it was."""

    organisations: list[Organisation]
    behind: tuple[Scalar, ...] | None = None


class Organisations:
    """The registered organisations."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store
        self.ledger = OrganisationLedger(
            service=SERVICE,
            state_type=Organisation,
            collection=ORGANISATIONS,
            store=resources.store,
            publisher=resources.publisher,
            clock=resources.clock,
            restate=restated,
        )

    async def get(self, organisation_id: str, viewer: Viewer) -> tuple[Organisation, int]:
        """Return state and revision for the organisation itself, or an Anbieter that it asked for accreditation.

        Raises NotFoundError. Keys of organisations are public: for anybody else not even the store is asked.
        """
        may_see = viewer.organisation == organisation_id or viewer.channel is not None
        found = await self.ledger.find(organisation_id, viewer.sees_organisation) if may_see else None
        if found is not None:
            return found
        raise NotFoundError(f"No organisation {organisation_id} is registered.", code="organisation_not_found")

    async def listed(self, chosen: AccreditationList, after: tuple[Scalar, ...] | None, limit: int) -> Listed:
        """Return the organisations that a list of an Anbieter may show, in its order.

        Fewer than ``limit`` may be found though there are more: as many are read at once as fit into ``WAITING_BYTES``, and words
        are looked for in ``SCANNED`` organisations.
        """
        found: list[Organisation] = []
        scanned = 0
        async for portion in portions(self.store, ORGANISATIONS, _query(chosen, limit, after), WAITING_BYTES):
            states = [self.ledger.state_of(document) for document in portion.documents]
            scanned += len(states)
            found += filter(chosen.includes, states)
            more = portion.cut or len(states) == limit
            if len(found) >= limit or not more:
                return Listed(found)
            if not chosen.words or scanned >= SCANNED:
                return Listed(found, chosen.position(states[-1]))
        return Listed(found)

    async def whole(self, chosen: AccreditationList) -> AsyncIterator[list[Organisation]]:
        """Yield all organisations that a list may show as ``listed`` does, in portions."""
        async for portion in portions(self.store, ORGANISATIONS, _query(chosen, CHANGED_PAGE, None), PORTION_BYTES):
            yield [state for document in portion.documents if chosen.includes(state := self.ledger.state_of(document))]

    async def waiting(self, channel: Channel, before: datetime) -> AsyncIterator[list[Organisation]]:
        """Yield organisations with an open accreditation at a channel's Anbieter that was asked for before a moment."""
        query = Query(waiting_at(channel), below=before, limit=CHANGED_PAGE, without=UNLISTED)
        async for portion in portions(self.store, ORGANISATIONS, query, PORTION_BYTES):
            yield [self.ledger.state_of(document) for document in portion.documents]

    async def ending(self, before: date) -> AsyncIterator[list[Organisation]]:
        """Yield organisations with an accreditation that no longer holds on some day before ``before``."""
        query = Query("expiry", below=before.isoformat(), limit=CHANGED_PAGE, without=UNLISTED)
        async for portion in portions(self.store, ORGANISATIONS, query, PORTION_BYTES):
            yield [self.ledger.state_of(document) for document in portion.documents]

    async def unrecorded(self) -> AsyncIterator[list[str]]:
        """Yield ids of organisations whose rights are not those published last, page by page."""
        async for documents in scanned(self.store, ORGANISATIONS):
            states = [self.ledger.state_of(document) for document in documents]
            yield [state.id for state in states if not is_recorded(state)]

    async def with_vollmacht_before(self, moment: datetime) -> AsyncIterator[list[str]]:
        """Yield ids of organisations whose Vollmacht was brought before a moment, page by page."""
        async for documents in scanned(self.store, ORGANISATIONS):
            states = [self.ledger.state_of(document) for document in documents if document.get("vollmacht") is not None]
            yield [state.id for state in states if state.vollmacht is not None and state.vollmacht.brought_at < moment]

    async def complete_lists(self) -> int:
        """Bring the index fields of the lists up to date and return how many organisations lacked it.

        A version without these lists stores none of the fields, and while both run, it leaves them as they were.
        """
        completed = 0
        async for page in scanned(self.store, ORGANISATIONS):
            saves = []
            for document in page:
                fields = plain(ORGANISATIONS, {"_id": document["_id"], **self.ledger.state_of(document).list_fields()})
                if any(document.get(name) != value for name, value in fields.items()):
                    saves.append(Save({**document, **fields, "rev": document["rev"] + 1}, expected_rev=document["rev"]))
            if saves:
                # Whoever was faster has written the fields.
                completed += len(saves) - len(await self.store.save_many(ORGANISATIONS, saves))
        return completed

    async def expiring(self, before: date, limit: int) -> list[str]:
        """Return ids of organisations that hold an accreditation which no longer holds on the day before ``before``."""
        documents = await self.store.find(
            ORGANISATIONS, Query("expiry", below=before.isoformat(), limit=limit, only=("expires_on",))
        )
        return [document["_id"] for document in documents]


def _query(chosen: AccreditationList, limit: int, after: tuple[Scalar, ...] | None) -> Query:
    below = None if chosen.ends_before is None else chosen.ends_before.isoformat()
    return Query(chosen.index, below=below, after=after, limit=limit, without=UNLISTED)


async def changed_organisations(store: Store, since: datetime | None) -> AsyncIterator[list[Organisation]]:
    """Yield the organisations that were changed at an instant or later, page by page, oldest first; all for None."""
    records = RecordType(Organisation, ORGANISATIONS)
    async for portion in portions(store, ORGANISATIONS, Query("changed", at_least=since, limit=CHANGED_PAGE), PORTION_BYTES):
        yield [records.state_of(document) for document in portion.documents]


def _holds(group: Document, day: str) -> bool:
    return (group["valid_from"] or "") <= day and (group["valid_to"] is None or day < group["valid_to"])


class OfferedServices:
    """The offers that the catalogue has published."""

    def __init__(self, resources: Resources) -> None:
        self.ledger = resources.ledger(OfferedService, OFFERED, service=SERVICE)

    async def get(self, offering_id: str) -> OfferedService:
        """Return an offer. Raises NotFoundError (``offering_not_found``)."""
        return await get_offer(self.ledger, offering_id)


class Verdicts:
    """The verdicts on orders."""

    def __init__(self, resources: Resources) -> None:
        self.ledger = resources.ledger(OrderVerdict, VERDICTS, service=SERVICE)

    async def get(self, order_id: str, viewer: Viewer) -> tuple[OrderVerdict, int]:
        """Return the verdict and its revision for the Kunde, the Anbieter of its channel and, once forwarded, the Bereitsteller.

        Raises NotFoundError.
        """
        found = await self.ledger.find(order_id, viewer.sees_verdict)
        if found is not None:
            return found
        raise NotFoundError(f"There is no verdict on an order {order_id}.", code="verdict_not_found")
