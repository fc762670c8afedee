"""What the pages read of the catalog: the Schaufenster, one offer, the reference data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from services.portal.apis.client import Api, Parameters, Reply, segment


class Party(Reply):
    """A public body by key and official name."""

    id: str
    name: str


class Card(Reply):
    """A result of the search: an offer, or an EfA service that is known only (``kind``)."""

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
    """A document of the offer."""

    title: str
    media_type: str
    url: str


class Answer(Reply):
    """Answer of the Bereitsteller to a point of the checklist."""

    id: str
    fulfilment: str
    note: str | None


class Suspension(Reply):
    """Why the offer takes no interest for the time being."""

    reason: str
    at: datetime


class Version(Reply):
    """One publication of a changed form."""

    version: int
    at: datetime
    changed_fields: tuple[str, ...]


class Offering(Reply):
    """An offer, as everybody may read it."""

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
    suspension: Suspension | None
    withdrawal_reason: str | None
    history: tuple[Version, ...]
    published_at: datetime | None
    changed_at: datetime


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


class Topic(Reply):
    """A Themenfeld."""

    topic_id: str
    name: str


class Topics(Reply):
    """All Themenfelder."""

    items: tuple[Topic, ...]


Detail = Annotated[Offering | KnownService, Field(discriminator="kind")]
_DETAIL: TypeAdapter[Offering | KnownService] = TypeAdapter(Detail)


class Catalog:
    """The catalog as the pages ask it."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def search(self, parameters: Parameters) -> Found:
        """Return a page of the Schaufenster. Raises InvalidError for a filter or place that is none, and as ``Api.get``."""
        return await self._api.get("/v1/offerings", Found, parameters)

    async def offering(self, offering_id: str, token: str | None = None) -> Offering | KnownService:
        """Return an offer or a known service. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/offerings/{segment(offering_id)}", _DETAIL, token=token)

    async def requirements(self) -> tuple[Requirement, ...]:
        """Return the checklist. Raises as ``Api.get``."""
        return (await self._api.get("/v1/reference/requirements", Requirements)).items

    async def topics(self) -> tuple[Topic, ...]:
        """Return the Themenfelder. Raises as ``Api.get``."""
        return (await self._api.get("/v1/reference/topics", Topics)).items
