"""What the pages read of the catalog: the Schaufenster, one offer, the reference data."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from services.portal.apis.client import Access, Api, Parameters, Reply, Stored, Table, read, segment
from services.portal.apis.remembered import Remembered
from shared.errors import NotFoundError
from shared.messages.reasons import Fact


class Party(Reply):
    """A public body by key and official name."""

    id: str
    name: str


class OfferedHere(Reply):
    """An offer that states to be a known service."""

    id: str
    title: str


class InUse(Reply):
    """How many bodies reuse the offer by running contracts, and in which Länder."""

    bodies: int
    laender: tuple[str, ...]


class Card(Reply):
    """A result of the search: an offer, or an EfA service that is known (``kind``), with the offers that state to be it."""

    kind: str
    id: str
    title: str
    summary: str | None
    providers: tuple[Party, ...]
    topic_id: str | None
    channels: tuple[str, ...]
    orderable: bool
    state: str | None
    status: str | None
    reifegrad: int | None
    offered_here: tuple[OfferedHere, ...] = ()
    in_use: InUse | None = None


class Facet(Reply):
    """A value that the results can be narrowed to, with the number that would be left."""

    value: str
    label: str | None
    count: int


class Found(Reply):
    """A page of results; ``next`` leads to the one after it."""

    items: tuple[Card, ...]
    next: str | None
    total: int
    facets: dict[str, tuple[Facet, ...]]


class Money(Reply):
    """An amount in whole cents."""

    cents: int
    currency: str


class PriceItem(Reply):
    """A line of the price sheet."""

    kind: str
    label: str
    amount: Money
    period: str
    key: str
    funding: str | None
    valid_from: date
    valid_to: date | None


class Listing(Reply):
    """An Anbieter through whom the offer can be ordered."""

    channel: str


class Parameter(Reply):
    """A setting that each reusing authority fills in for itself."""

    label: str
    required: bool


class Document(Reply):
    """A document of the offer. ``sha256`` is that of its content, where it is pinned."""

    title: str
    media_type: str
    url: str
    sha256: str | None = None


class Brought(Reply):
    """A document that was brought for an offer, as its form names it."""

    media_type: str
    url: str
    sha256: str


class Answer(Reply):
    """Answer of the Bereitsteller to a point of the checklist."""

    id: str
    fulfilment: str
    note: str | None


class Support(Reply):
    """Whom one turns to at one level of support, and when."""

    level: str
    mailbox: str | None
    telephone: str | None
    url: str | None
    days: tuple[str, ...]
    opens: str | None
    closes: str | None
    note: str | None


class Availability(Reply):
    """Which share of the time the service can be used at least, in hundredths of a per cent, over a period."""

    basis_points: int
    period: str


class FaultTimes(Reply):
    """Within how many minutes a fault of a class is attended to and mended."""

    fault: str
    reaction_minutes: int
    restoration_minutes: int | None
    around_the_clock: bool


class GoLive(Reply):
    """Since when the service is live somewhere, or from when it will be."""

    on: date
    land: str | None
    place: str | None


class Suspension(Reply):
    """Why the offer takes no interest for the time being."""

    reason: str
    at: datetime


class ChannelEnd(Reply):
    """Until when it can be ordered through a channel, and why."""

    channel: str
    orderable_until: date
    reason: str


class ChannelWithdrawal(Reply):
    """That a channel is closed for good; ``contract_ended_on``: since the Bereitstellungsvertrag ended then, where it did."""

    channel: str
    contract_ended_on: date | None = None


class Version(Reply):
    """One publication of a changed form."""

    version: int
    at: datetime
    changed_fields: tuple[str, ...]


class Shortcoming(Reply):
    """What a form would not be taken for; ``detail`` is English, ``id`` the key or point in question."""

    field: str
    code: str
    id: str | None = None


class Provision(Reply):
    """The Bereitstellungsvertrag of an offer with an Anbieter: asked for, concluded, or come to nothing with the reason."""

    channel: str
    contract_id: str
    state: str
    number: str | None
    reason: str | None
    code: str | None = None
    facts: tuple[Fact, ...] | None = None

    @property
    def remedy(self) -> None:
        """What would help: nothing is said of it here."""


class Difference(Reply):
    """A field of the form that differs."""

    field: str


class Returned(Reply):
    """That an Anbieter has given the form or the new version back."""

    channel: str
    remarks: str
    at: datetime


class FormReturned(Returned):
    """That the form has gone back; ``code`` and ``facts`` where a rule has given it back, not a person."""

    code: str | None = None
    facts: tuple[Fact, ...] | None = None

    @property
    def reason(self) -> str:
        """The remarks."""
        return self.remarks

    @property
    def remedy(self) -> None:
        """What would help: the remarks say so themselves."""


class Pending(Reply):
    """A version that is not in force yet: its form, and how far its examination is."""

    form: dict[str, Any]
    examining: tuple[str, ...]
    accepted: tuple[str, ...]
    returned: Returned | None
    differences: tuple[Difference, ...]


class Workflow(Reply):
    """What those in charge see of an offer; ``channel`` is that whose Anbieter the reader is."""

    channel: str | None
    returns: tuple[FormReturned, ...]
    pending: Pending | None
    wished_channels: tuple[str, ...]
    remarks: str | None
    provisions: tuple[Provision, ...]
    allowed_moves: tuple[str, ...]
    shortcomings: tuple[Shortcoming, ...] | None = None

    @property
    def given_back(self) -> FormReturned | None:
        """The last return, which ``remarks`` are of; None where nobody has given the form back."""
        return next((it for it in reversed(self.returns) if it.remarks == self.remarks), None)


class Offering(Reply):
    """An offer, as everybody may read it; ``workflow`` is for those in charge."""

    kind: Literal["offering"]
    id: str
    version: int
    state: str
    orderable: bool
    orderable_channels: tuple[str, ...]
    provider: Party
    title: str
    summary: str | None
    technical_concept: str | None
    nachnutzung: str | None
    topic_id: str | None
    ozg_ids: tuple[str, ...]
    leika_keys: tuple[str, ...]
    anbindungsarten: tuple[str, ...]
    channels: tuple[Listing, ...]
    parameters: tuple[Parameter, ...]
    price_items: tuple[PriceItem, ...]
    funding: str | None
    documents: tuple[Document, ...]
    reifegrad: int
    requirements: tuple[Answer, ...]
    licence_free_for_states: tuple[str, ...]
    contact_mailbox: str | None
    support: tuple[Support, ...] = ()
    availability: Availability | None = None
    fault_times: tuple[FaultTimes, ...] = ()
    go_lives: tuple[GoLive, ...] = ()
    screenshots: tuple[Document, ...] = ()
    suspension: Suspension | None
    channel_ends: tuple[ChannelEnd, ...] = ()
    channel_withdrawals: tuple[ChannelWithdrawal, ...] = ()
    withdrawal_reason: str | None
    history: tuple[Version, ...]
    published_at: datetime | None
    changed_at: datetime
    in_use: InUse | None = None
    workflow: Workflow | None = None
    latest_version: int | None = None

    @property
    def is_old(self) -> bool:
        """Whether another version is in force by now."""
        return self.latest_version is not None and self.latest_version > self.version

    @property
    def ended_with(self) -> ChannelWithdrawal | None:
        """The withdrawal of the last of its channels, with which it has ended; None if it was withdrawn itself, or is not."""
        left = {it.channel for it in self.channels} - {it.channel for it in self.channel_withdrawals}
        return None if self.withdrawal_reason is None or left or not self.channel_withdrawals else self.channel_withdrawals[-1]


class KnownService(Reply):
    """An EfA service known from public sources, which cannot be ordered here."""

    kind: Literal["known"]
    id: str
    title: str
    providers: tuple[Party, ...]
    provider_organisation: str | None
    it_provider: tuple[str, ...]
    status: str
    topic_id: str | None
    ozg_ids: tuple[str, ...]
    source: str
    as_of: str | None
    offered_here: tuple[OfferedHere, ...] = ()


class Requirement(Reply):
    """A point of the checklist of EfA-Mindestanforderungen."""

    id: str
    area: str
    level: str
    text_de: str
    text_en: str


class Requirements(Reply):
    """The whole checklist."""

    items: tuple[Requirement, ...]


class MyOffering(Reply):
    """An offer in the list of those in charge."""

    id: str
    title: str
    provider: Party
    state: str
    version: int
    wished_channels: tuple[str, ...]
    examining: tuple[str, ...]
    returned: tuple[str, ...]
    submitted_at: datetime | None
    waits_since: datetime | None = None
    changed_at: datetime
    allowed_moves: tuple[str, ...]


class MyOfferings(Reply):
    """A page of that list."""

    items: tuple[MyOffering, ...]
    next: str | None


class Standing(Reply):
    """How a portal of others stands on one topic, and how many records it is behind."""

    topic: str
    state: str
    since: datetime
    behind: int


class FederatedPortal(Reply):
    """A portal of others that follows the catalog, as it has reported last."""

    id: str
    state: str
    received_at: datetime
    standings: tuple[Standing, ...]


class FederatedPortals(Reply):
    """All that report."""

    items: tuple[FederatedPortal, ...]


class OzgEntry(Reply):
    """An OZG service."""

    ozg_id: str
    name: str


class LeikaEntry(Reply):
    """An entry of the Leistungskatalog."""

    leika_key: str
    name: str


class OzgEntries(Reply):
    """OZG services that were found."""

    items: tuple[OzgEntry, ...]


class LeikaEntries(Reply):
    """Entries of the Leistungskatalog that were found."""

    items: tuple[LeikaEntry, ...]


class Made(Reply):
    """An offer that has just begun."""

    id: str


class Topic(Reply):
    """A Themenfeld."""

    topic_id: str
    name: str


class Topics(Reply):
    """All Themenfelder."""

    items: tuple[Topic, ...]


Detail = Annotated[Offering | KnownService, Field(discriminator="kind")]
_DETAIL: TypeAdapter[Offering | KnownService] = TypeAdapter(Detail)
_PLAIN: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
FORM = (
    *("title", "summary", "technical_concept", "nachnutzung", "topic_id", "ozg_ids", "leika_keys", "anbindungsarten"),
    *("parameters", "price_items", "funding", "documents", "reifegrad", "requirements", "licence_free_for_states"),
    *("known_listing", "contact_mailbox", "support", "availability", "fault_times", "go_lives", "screenshots"),
)
"""Members of the standard form that an offer bears by the same name; its ``channels`` are the wished ones."""


class Catalog:
    """The catalog as the pages ask it. Checklist and Themenfelder are asked for once in five minutes."""

    def __init__(self, api: Api, steady: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._requirements = Remembered(lambda: api.get("/v1/reference/requirements", Requirements), steady)
        self._topics = Remembered(lambda: api.get("/v1/reference/topics", Topics), steady)

    async def search(self, parameters: Parameters) -> Found:
        """Return a page of the Schaufenster. Raises InvalidError for a filter or place that is none, and as ``Api.get``."""
        return await self._api.get("/v1/offerings", Found, parameters)

    async def offering(
        self, offering_id: str, access: Access | None = None, version: int | None = None
    ) -> Offering | KnownService:
        """Return an offer, in one of its versions, or a known service. Raises NotFoundError, and as ``Api.get``."""
        asked = [] if version is None else [("version", str(version))]
        return await self._api.get(f"/v1/offerings/{segment(offering_id)}", _DETAIL, asked, access=access)

    async def requirements(self) -> tuple[Requirement, ...]:
        """Return the checklist. Raises as ``Api.get``."""
        return (await self._requirements()).items

    async def topics(self) -> tuple[Topic, ...]:
        """Return the Themenfelder. Raises as ``Api.get``."""
        return (await self._topics()).items

    async def mine(self, access: Access, parameters: Parameters) -> MyOfferings:
        """Return a page of the offers that one is in charge of. Raises as ``Api.get``."""
        return await self._api.get("/v1/my/offerings", MyOfferings, parameters, access=access)

    async def my_table(self, access: Access, parameters: Parameters) -> Table:
        """Return the offers that one is in charge of as a table. Raises as ``Api.get``."""
        return await self._api.table("/v1/my/offerings", parameters, access=access)

    async def form(self, access: Access, offering_id: str) -> tuple[Stored[Offering], dict[str, Any]]:
        """Return an offer with its entity tag, and the form that its Bereitsteller goes on with: the version that waits, if any.

        Raises NotFoundError, and as ``Api.get``.
        """
        path = f"/v1/offerings/{segment(offering_id)}"
        found = await self._api.find(path, _PLAIN, access=access)
        plain = found.content
        workflow = plain.get("workflow")
        if not isinstance(workflow, dict):
            raise NotFoundError(f"{offering_id} is the offer of somebody else.", code="offering_not_found")
        offering = read(self._api.name, path, plain, Offering)
        if offering.workflow is not None and offering.workflow.pending is not None:
            pending = offering.workflow.pending.form
            return Stored(offering, found.etag), {name: value for name, value in pending.items() if value is not None}
        return Stored(offering, found.etag), published_form(plain)

    async def create(self, access: Access, key: str, body: dict[str, Any]) -> str:
        """Begin an offer and return its id. Raises as ``Api.post``."""
        return (await self._api.make("/v1/offerings", Made, key=key, access=access, body=body)).id

    async def replace(self, access: Access, offering_id: str, form: dict[str, Any], match: str | None) -> None:
        """Replace the form of an offer. Raises as ``Api.put``."""
        await self._api.put(f"/v1/offerings/{segment(offering_id)}", Made, access=access, body=form, match=match)

    async def discard(self, access: Access, offering_id: str, match: str | None) -> None:
        """Withdraw the version of an offer that waits. Raises NotFoundError, and as ``Api.put``."""
        found = await self._api.find(f"/v1/offerings/{segment(offering_id)}", _PLAIN, access=access)
        await self.replace(access, offering_id, published_form(found.content), match)

    async def move(
        self, access: Access, offering_id: str, step: str, *, key: str, body: dict[str, Any] | None, match: str | None
    ) -> None:
        """Have a step taken with an offer, named by its path below it. Raises as ``Api.post``."""
        await self._api.post(f"/v1/offerings/{segment(offering_id)}/{step}", key=key, access=access, body=body, match=match)

    async def bring(self, access: Access, offering_id: str, content: bytes, media_type: str) -> Brought:
        """Bring a document of an offer. Raises as ``Api.put``."""
        path = f"/v1/offerings/{segment(offering_id)}/documents/{hashlib.sha256(content).hexdigest()}"
        return await self._api.bring(path, Brought, content, media_type, access=access)

    async def document(self, offering_id: str, digest: str, access: Access | None) -> bytes:
        """Return a document that was brought for an offer. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.content(f"/v1/offerings/{segment(offering_id)}/documents/{segment(digest)}", access=access)

    async def portals(self, access: Access, parameters: Parameters) -> FederatedPortals:
        """Return the portals of others, for the operator. Raises as ``Api.get``."""
        return await self._api.get("/v1/portals", FederatedPortals, parameters, access=access)

    async def ozg(self, words: str, limit: int) -> dict[str, str]:
        """Return the OZG services that words or an id name, names by id. Raises as ``Api.get``."""
        found = await self._api.get("/v1/reference/ozg", OzgEntries, [("q", words), ("limit", str(limit))])
        return {it.ozg_id: it.name for it in found.items}

    async def leika(self, words: str, limit: int) -> dict[str, str]:
        """Return the entries of the Leistungskatalog that words or a key name, names by key. Raises as ``Api.get``."""
        found = await self._api.get("/v1/reference/leika", LeikaEntries, [("q", words), ("limit", str(limit))])
        return {it.leika_key: it.name for it in found.items}


def published_form(plain: dict[str, Any]) -> dict[str, Any]:
    """Return the form in force of an offer as it was read."""
    workflow = plain.get("workflow") or {}
    form = {name: plain[name] for name in FORM if plain.get(name) is not None}
    return {**form, "channels": list(workflow.get("wished_channels", ()))}


def as_pending(offering: Offering) -> Offering:
    """Return an offer as it will be once the version that waits is in force; the same if none waits."""
    if offering.workflow is None or offering.workflow.pending is None:
        return offering
    form = offering.workflow.pending.form
    return Offering.model_validate({**offering.model_dump(mode="json"), **{name: form[name] for name in FORM if name in form}})
