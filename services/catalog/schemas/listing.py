"""What the Schaufenster answers: cards with facets, and known EfA services."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.catalog.catalogue import POSITION_KINDS, Position
from services.catalog.rows import KnownOffering
from services.catalog.schemas.offering import OfferingReply
from services.catalog.search import Entry, Filter, Found, Kind, Search
from shared.http.paging import Page, decode_cursor
from shared.messages.values import Anbindungsart, Channel, OfferingState, Party, Time

Words = Annotated[str, Field(max_length=200, description="Words or their beginnings; case and umlauts do not matter.")]
Values = Annotated[list[str], Field(max_length=50, description="May be repeated: any of the values.")]
Cursor = Annotated[str | None, Field(description="`next` of the page before.")]


class SearchQuery(BaseModel):
    """What the Schaufenster can be asked. Every filter may be repeated: any of its values."""

    model_config = ConfigDict(extra="forbid")

    q: Words = ""
    kind: list[Kind] = []
    topic_id: Values = []
    provider: Values = []
    state: list[OfferingState] = []
    channel: list[Channel] = []
    anbindungsart: list[Anbindungsart] = []
    leika_key: Values = []
    ozg_id: Values = []
    orderable: bool | None = None
    cursor: Cursor = None
    limit: Annotated[int, Field(ge=1, le=200)] = 20

    def search(self) -> Search:
        """Return the search that is meant. Raises RefusedRequestError for a cursor that is none."""
        chosen: dict[Filter, list[str]] = {
            name: [str(value) for value in getattr(self, name.value)] for name in Filter if name is not Filter.ORDERABLE
        }
        if self.orderable is not None:
            chosen[Filter.ORDERABLE] = ["true" if self.orderable else "false"]
        filters = {name: frozenset(values) for name, values in chosen.items() if values}
        return Search(self.q, filters, place_of(self.cursor), self.limit)


def place_of(cursor: str | None) -> Position | None:
    """Return the place in a ranked list that a cursor stands for. Raises RefusedRequestError (400)."""
    values: Any = decode_cursor(cursor, POSITION_KINDS)
    return None if values is None else (values[0], values[1], values[2])


class KnownReply(BaseModel):
    """An EfA service known from public sources; it is not offered here, so it cannot be ordered."""

    kind: Literal[Kind.KNOWN] = Kind.KNOWN
    id: str
    title: str
    orderable: Literal[False] = False
    providers: tuple[Party, ...]
    provider_organisation: str | None
    it_provider: tuple[str, ...]
    status: str
    topic_id: str | None
    ozg_ids: tuple[str, ...]
    source: str
    as_of: str | None

    @classmethod
    def of(cls, entry: Entry) -> KnownReply:
        """Return the answer for a known service. Raises TypeError for an offer."""
        row = entry.source
        if not isinstance(row, KnownOffering):
            raise TypeError(f"{entry.id} is no known service")
        return cls(
            id=row.id,
            title=row.name,
            providers=entry.providers,
            provider_organisation=row.provider_organisation,
            it_provider=row.it_provider,
            status=row.status,
            topic_id=row.topic_id,
            ozg_ids=row.ozg_ids,
            source=row.source,
            as_of=row.as_of,
        )


DetailReply = Annotated[OfferingReply | KnownReply, Field(discriminator="kind")]


class Card(BaseModel):
    """A result in the Schaufenster. ``status`` is that of a known service: in_reuse, offered or project."""

    kind: Kind
    id: str
    title: str
    summary: str | None = None
    providers: tuple[Party, ...]
    topic_id: str | None
    ozg_ids: tuple[str, ...]
    leika_keys: tuple[str, ...] = ()
    anbindungsarten: tuple[Anbindungsart, ...] = ()
    channels: tuple[Channel, ...]
    orderable: bool
    state: OfferingState | None = None
    status: str | None = None
    reifegrad: int | None = None
    version: int | None = None
    changed_at: Time | None = None

    @classmethod
    def of(cls, entry: Entry) -> Card:
        """Return the card of an entry of the index."""
        channels = tuple(channel for channel in Channel if channel.value in entry.values[Filter.CHANNEL])
        source = entry.source
        if isinstance(source, KnownOffering):
            return cls(
                kind=entry.kind,
                id=entry.id,
                title=entry.title,
                providers=entry.providers,
                topic_id=source.topic_id,
                ozg_ids=source.ozg_ids,
                channels=channels,
                orderable=False,
                status=source.status,
            )
        form = source.form
        return cls(
            kind=entry.kind,
            id=entry.id,
            title=entry.title,
            summary=form.summary,
            providers=entry.providers,
            topic_id=form.topic_id,
            ozg_ids=form.ozg_ids,
            leika_keys=form.leika_keys,
            anbindungsarten=form.anbindungsarten,
            channels=channels,
            orderable=entry.orderable,
            state=source.state,
            reifegrad=form.reifegrad,
            version=source.version,
            changed_at=source.changed_at,
        )


class FacetReply(BaseModel):
    """A value that the results could be narrowed to, and how many would be left."""

    value: str
    label: str | None
    count: int


class SearchReply(Page[Card]):
    """A page of results with the number of all and the facets over all."""

    total: int
    facets: dict[str, list[FacetReply]]

    @classmethod
    def of(cls, found: Found) -> SearchReply:
        """Return the answer of a search."""
        facets = {
            name.value: [FacetReply(value=facet.value, label=facet.label, count=facet.count) for facet in values]
            for name, values in found.facets.items()
        }
        page = Page.cut(found.hits, len(found.hits), lambda hit: hit[0], lambda hit: Card.of(hit[1]), more=found.more)
        return cls(items=page.items, next=page.next, total=found.total, facets=facets)
