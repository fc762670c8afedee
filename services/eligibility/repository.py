"""Collections and queries. What belongs to an organisation is read for a viewer, who sees their own or their channel's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from services.eligibility.domain.organisation import Organisation, waiting_at
from services.eligibility.domain.verdict import OrderVerdict, shown_to_provider
from services.eligibility.names import fold
from shared.aggregate.ledger import aggregate_collection
from shared.aggregate.record import UNLISTED
from shared.errors import NotFoundError
from shared.http.limits import PAGE_BYTES
from shared.messages.values import AccreditationState, Channel, OrganisationType
from shared.process.service import Resources
from shared.store.port import Collection, Document, Index, Query, Scalar

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
RELATIONS = Collection("relations", (Index("kind", ("kind",)),))
EDITIONS = Collection("reference_editions")
ORGANISATIONS = aggregate_collection(
    "organisations",
    *(Index(waiting_at(channel), (waiting_at(channel),)) for channel in Channel),
    Index("expiry", ("expires_on",)),
)
VERDICTS = aggregate_collection("verdicts")
COLLECTIONS = (BODIES, BODY_NAMES, RELATIONS, EDITIONS, ORGANISATIONS, VERDICTS)

DISTRICT_LENGTH = 5
WAITING_BYTES = 2 * PAGE_BYTES
"""How much is read of organisations for a page of the work list, which shows most of what they hold."""
_AFTER_LETTERS = "~"


MayKnow = Callable[[str, Iterable[str]], bool]
"""Returns for an organisation, and the Anbieter that it has turned to, whether all that it has stated may be known.

Of any other may be known what an Anbieter has confirmed.
"""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads: an organisation, and the channel if it is the Anbieter of one."""

    organisation: str
    channel: Channel | None = None

    def may_know(self, organisation_id: str, anbieter: Iterable[str]) -> bool:
        """Return whether an organisation is the viewer's own, or has turned to the viewer as one of these Anbieter."""
        return self.organisation == organisation_id or (self.channel is not None and self.channel.value in anbieter)

    def sees_organisation(self, document: Document) -> bool:
        """Return whether a stored organisation is the viewer's own or has turned to the viewer."""
        return self.may_know(document["_id"], _anbieter(document))

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


@dataclass(frozen=True, slots=True)
class BodyFilter:
    """What a search asks for. ``q`` is the beginning of any word of the name."""

    q: str = ""
    type: OrganisationType | None = None
    state_code: str | None = None

    def query(self, after: tuple[Scalar, ...] | None, limit: int) -> Query:
        """Return the query over ``BODY_NAMES``."""
        equals: dict[str, Scalar] = {}
        if self.state_code:
            equals["state_code"] = self.state_code
        if self.type:
            equals["type"] = self.type.value
        index = {(): "name", ("type",): "type", ("state_code",): "state"}.get(tuple(equals), "state_type")
        prefix = fold(self.q)
        return Query(
            index,
            equals=equals,
            at_least=prefix or None,
            below=f"{prefix}{_AFTER_LETTERS}" if prefix else None,
            after=after,
            limit=limit,
        )


class Bodies:
    """The register of public bodies: reference data, the same for everybody."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store

    async def get(self, body_id: str) -> Document:
        """Return a body; the 5-digit key of a kreisfreie Stadt leads to the town. Raises NotFoundError."""
        found = await self.store.get_many(BODIES, [body_id, f"{body_id}0000000"])
        town = found.get(f"{body_id}0000000") if len(body_id) == DISTRICT_LENGTH else None
        body = found.get(body_id) or town
        if body is None:
            raise NotFoundError(f"There is no public body {body_id} in the register.", code="body_not_found", body=body_id)
        return body

    async def get_many(self, ids: list[str]) -> dict[str, Document]:
        """Return the bodies that exist, by id."""
        return await self.store.get_many(BODIES, ids)

    async def search(
        self, filter_: BodyFilter, after: tuple[Scalar, ...] | None, limit: int
    ) -> tuple[list[Document], tuple[Scalar, ...] | None]:
        """Return one page of bodies in the order of the word found, and the position after it, None at the end.

        A body that several words of its name would find appears once, at the first of them.
        """
        prefix = fold(filter_.q)
        hits: list[str] = []
        position = after
        while len(hits) < limit:
            entries = await self.store.find(BODY_NAMES, filter_.query(position, limit))
            for entry in entries:
                position = (entry["key"], entry["_id"])
                if entry["key"] == min(key for key in entry["keys"] if key.startswith(prefix)):
                    hits.append(entry["body"])
                if len(hits) == limit:
                    break
            else:
                if len(entries) < limit:
                    position = None
                    break
        bodies = await self.get_many(hits)
        return [bodies[body_id] for body_id in hits if body_id in bodies], position


class Organisations:
    """The registered organisations."""

    def __init__(self, resources: Resources) -> None:
        self.store = resources.store
        self.ledger = resources.ledger(Organisation, ORGANISATIONS, service=SERVICE, restate=Organisation.restate)

    async def get(self, organisation_id: str, viewer: Viewer) -> tuple[Organisation, int]:
        """Return state and revision for the organisation itself, or an Anbieter that it asked for accreditation.

        Raises NotFoundError. Keys of organisations are public: for anybody else not even the store is asked.
        """
        may_see = viewer.organisation == organisation_id or viewer.channel is not None
        found = await self.ledger.find(organisation_id, viewer.sees_organisation) if may_see else None
        if found is not None:
            return found
        raise NotFoundError(f"No organisation {organisation_id} is registered.", code="organisation_not_found")

    async def known_to(self, may_know: MayKnow, ids: list[str]) -> dict[str, Organisation]:
        """Return those of these organisations of whose statements something may be known, by id: see ``MayKnow``."""
        documents = await self.store.get_many(ORGANISATIONS, ids)
        return {
            organisation_id: self.ledger.state_of(document)
            for organisation_id, document in documents.items()
            if _confirms(document) or may_know(organisation_id, _anbieter(document))
        }

    async def waiting(self, channel: Channel, after: tuple[Scalar, ...] | None, limit: int) -> tuple[list[Organisation], bool]:
        """Return the organisations for which the Anbieter of the channel has something to decide, longest waiting first.

        And whether there are more than fit, by their bytes, into what is read at once.
        """
        query = Query(waiting_at(channel), after=after, limit=limit, without=UNLISTED)
        portion = await self.store.find_portion(ORGANISATIONS, query, WAITING_BYTES)
        return [self.ledger.state_of(document) for document in portion.documents], portion.cut

    async def expiring(self, before: date, limit: int) -> list[str]:
        """Return ids of organisations that hold an accreditation which no longer holds on the day before ``before``."""
        documents = await self.store.find(
            ORGANISATIONS, Query("expiry", below=before.isoformat(), limit=limit, only=("expires_on",))
        )
        return [document["_id"] for document in documents]


def _anbieter(document: Document) -> list[str]:
    """Return the Anbieter that a stored organisation has turned to."""
    return [record["channel"] for record in document["accreditations"]]


def _confirms(document: Document) -> bool:
    """Return whether an Anbieter stands behind something that the stored organisation has stated: everybody may know that."""
    granted = (record for record in document["accreditations"] if record["state"] == AccreditationState.ERTEILT)
    return any(record["statements"] for record in granted)


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
