"""What the Schaufenster answers: cards with facets, and known EfA services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.catalog.catalogue import POSITION_KINDS, Position
from services.catalog.entries import Entry, Filter
from services.catalog.rows import Kind, KnownOffering, LandId, Orderable, Reifegrad
from services.catalog.schemas.offering import InUseReply, OfferingReply
from services.catalog.search_index import Found, Offered, Search, Shown, Sort
from shared.http.found_page import FoundPage, mark_of, place_after
from shared.http.paging import Page
from shared.labels import Labels
from shared.messages.catalog import KnownStatus
from shared.messages.values import Anbindungsart, Channel, OfferingState, Party, Time
from shared.search.marks import Piece

Words = Annotated[
    str,
    Field(
        max_length=200,
        description=(
            "Words, their beginnings, keys: any case, spelling of umlauts, singular or plural; parts of compounds, abbreviations "
            "and everyday words too. What nobody has is taken for a typing error (`suggestion`)."
        ),
        examples=["Baugenehmigung", "ozg 10 519", "Wohngelt"],
    ),
]
Values = Annotated[list[str], Field(max_length=50, description="May be repeated: any of the values.")]
Cursor = Annotated[str | None, Field(description="`next` of the page before, for the same query.")]


class SearchQuery(BaseModel):
    """What the Schaufenster can be asked. Every filter may be repeated: any of its values."""

    model_config = ConfigDict(extra="forbid")

    q: Words = ""
    kind: list[Kind] = []
    topic_id: Values = []
    provider: Values = []
    state: list[OfferingState] = []
    status: Annotated[
        list[KnownStatus],
        Field(
            max_length=10, description="Of known services: `in_reuse` are those that others use already.", examples=[["in_reuse"]]
        ),
    ] = []
    channel: list[Channel] = []
    anbindungsart: list[Anbindungsart] = []
    reifegrad: Annotated[
        list[Reifegrad], Field(max_length=5, description="Stage of the OZG's Reifegradmodell.", examples=[["3", "4"]])
    ] = []
    leika_key: Values = []
    ozg_id: Values = []
    orderable: bool | None = None
    used_in: Annotated[
        list[LandId],
        Field(
            max_length=50,
            description="Only offers that bodies of this Land reuse by running contracts; may be repeated: any of the Länder.",
            examples=[["DE-SN"]],
        ),
    ] = []
    price_max: Annotated[
        int | None,
        Field(
            ge=0,
            le=10**13,
            description="Most that the price sheet charges per year (months and years), in euro cents, net and before any key.",
            examples=[500000],
        ),
    ] = None
    sort: Annotated[
        Sort,
        Field(
            description="Order; among equals, what can be ordered comes first. `relevance`: what the words name first.",
            examples=["newest"],
        ),
    ] = Sort.RELEVANCE
    cursor: Cursor = None
    limit: Annotated[int, Field(ge=1, le=200)] = 20

    def search(self) -> Search:
        """Return the search that is meant. Raises RefusedRequestError for a cursor that is none, or of another query."""
        chosen: dict[Filter, list[str]] = {
            name: [str(value) for value in getattr(self, name.value)] for name in Filter if name is not Filter.ORDERABLE
        }
        if self.orderable is not None:
            chosen[Filter.ORDERABLE] = [Orderable.YES if self.orderable else Orderable.NO]
        filters = {name: frozenset(values) for name, values in chosen.items() if values}
        place = place_of(self.cursor, self.mark)
        return Search(self.q, filters, place, self.limit, self.sort, self.price_max)

    @property
    def mark(self) -> str:
        """What a cursor of this query is marked with: a page of another one is none of it."""
        return mark_of(self.model_dump(mode="json", exclude={"cursor", "limit"}))


def place_of(cursor: str | None, mark: str) -> Position | None:
    """Return the place in a sorted list that a cursor stands for. Raises RefusedRequestError (400, ``cursor_invalid``)."""
    values: Any = place_after(cursor, mark, POSITION_KINDS)
    return None if values is None else (values[0], values[1], values[2])


class OfferedHere(BaseModel):
    """A public offer whose Bereitsteller states that it is this known service."""

    id: str
    title: str
    provider: Party

    @classmethod
    def of(cls, offered: Offered) -> OfferedHere:
        """Return what is shown of the offer."""
        return cls(id=offered.id, title=offered.title, provider=offered.provider)


class KnownReply(BaseModel):
    """An EfA service known from public sources; it cannot be ordered itself. ``offered_here``: offers that state to be it."""

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
    offered_here: tuple[OfferedHere, ...] = ()

    @classmethod
    def of(cls, entry: Entry, offered: Sequence[Offered] = ()) -> KnownReply:
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
            offered_here=tuple(OfferedHere.of(it) for it in offered),
        )


DetailReply = Annotated[OfferingReply | KnownReply, Field(discriminator="kind")]


class PieceReply(BaseModel):
    """A piece of a text. ``hit``: it is what was searched for."""

    text: str
    hit: bool


class Highlights(BaseModel):
    """Title and summary in pieces, some of which are what was searched for; empty where none is."""

    title: tuple[PieceReply, ...] = ()
    summary: tuple[PieceReply, ...] = ()


class Card(BaseModel):
    """A result in the Schaufenster. ``status`` is that of a known service: in_reuse, offered or project.

    ``yearly_cents`` is what the price sheet charges per year today, in euro cents, net and before any key shares it; null if it
    names no price per month or year. ``highlights`` are there if what was searched for
    stands in title or summary. ``offered_here``: the offers that state to be this known service.
    ``in_use``: null if no body is known to reuse it.
    """

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
    published_at: Time | None = None
    yearly_cents: int | None = None
    highlights: Highlights | None = None
    offered_here: tuple[OfferedHere, ...] = ()
    in_use: InUseReply | None = None

    @classmethod
    def of(cls, shown: Shown, today: date) -> Card:
        """Return the card of a result on a day."""
        card = cls._of(shown.entry)
        card.yearly_cents = shown.entry.yearly_cents(today)
        card.offered_here = tuple(OfferedHere.of(it) for it in shown.offered)
        if shown.title or shown.summary:
            card.highlights = Highlights(title=_pieces(shown.title), summary=_pieces(shown.summary))
        return card

    @classmethod
    def _of(cls, entry: Entry) -> Card:
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
            published_at=source.published_at,
            in_use=None if entry.in_use is None else InUseReply.model_validate(entry.in_use),
        )


def _pieces(pieces: tuple[Piece, ...]) -> tuple[PieceReply, ...]:
    return tuple(PieceReply(text=piece.text, hit=piece.hit) for piece in pieces)


class FacetLabels(BaseModel):
    """The words in which people read a value."""

    de: str
    en: str


class FacetReply(BaseModel):
    """A value that the results could be narrowed to, and how many would be left. ``label``: name of a topic or organisation."""

    value: str
    label: str | None
    labels: FacetLabels | None
    count: int


_ENUMERATIONS: dict[Filter, type[StrEnum]] = {
    Filter.KIND: Kind,
    Filter.STATE: OfferingState,
    Filter.STATUS: KnownStatus,
    Filter.CHANNEL: Channel,
    Filter.ANBINDUNGSART: Anbindungsart,
    Filter.REIFEGRAD: Reifegrad,
    Filter.ORDERABLE: Orderable,
    Filter.USED_IN: LandId,
}


@dataclass(frozen=True, slots=True)
class FacetWords:
    """The words of the values of facets, in both languages."""

    de: Labels
    en: Labels

    def of_language(self, language: Literal["de", "en"]) -> Labels:
        """Return the words of one language."""
        return self.en if language == "en" else self.de

    def of(self, name: Filter, value: str, label: str | None) -> FacetLabels | None:
        """Return the words of a value, of a name that name in both languages; None if there are none."""
        enumeration = _ENUMERATIONS.get(name)
        if enumeration is None:
            return None if label is None else FacetLabels(de=label, en=label)
        known = enumeration(value)
        return FacetLabels(de=self.de.of(known), en=self.en.of(known))


class SearchReply(FoundPage[Card]):
    """A page of results with the number of all and the facets over all.

    ``match``: each word was found (all), found with typing errors put right (corrected), or most words only (some).
    ``suggestion``: the words as corrected, to be asked whether they are meant; null if they were not.
    """

    total: int
    facets: dict[str, list[FacetReply]]

    @classmethod
    def of(cls, found: Found, mark: str, words: FacetWords, today: date) -> SearchReply:
        """Return the answer of a search whose cursors carry ``mark``."""
        facets = {
            name.value: [
                FacetReply(
                    value=facet.value,
                    label=facet.label,
                    labels=words.of(name, facet.value, facet.label),
                    count=facet.count,
                )
                for facet in values
            ]
            for name, values in found.facets.items()
        }
        page = Page.cut(
            found.hits, len(found.hits), lambda hit: (mark, *hit.place), lambda hit: Card.of(hit, today), more=found.more
        )
        return cls(
            items=page.items,
            next=page.next,
            total=found.total,
            facets=facets,
            match=found.understood,
            suggestion=found.meant,
        )
