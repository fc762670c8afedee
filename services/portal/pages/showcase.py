"""The Schaufenster: search, one offer, one known EfA service. The state of a search is its address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from services.portal.apis.catalog import Answer, Catalog, Facet, Found, KnownService, Offering, Requirement, Topic, as_pending
from services.portal.apis.client import Access, Parameters
from services.portal.apis.contracts import ChannelLicence, Contracts
from services.portal.apis.eligibility import Eligibility
from services.portal.apis.ordering import Ordering, Summaries, Summary, Vocabulary
from services.portal.language import Language
from services.portal.pages.accessions import ACTS
from services.portal.pages.lists import Chip
from services.portal.pages.offer_steps import DONE, moves_of, word_of
from services.portal.pages.parts import ENTITY_ID, or_none
from services.portal.pages.standing import ActingVisit
from services.portal.pages.stored_files import link_of
from services.portal.pages.turns import Turn, turn_of
from services.portal.pages.ways import KINDS, ways_of
from services.portal.rendering import Pages
from services.portal.sessions import Session
from services.portal.visits import CurrentVisit

PAGE = 20
OWN_ORDERS = 5
"""As many Vorgänge of whoever reads are shown with an offer; the list has them all."""
LICENSED = ("COMPLETE", "LICENSED_ACT_MISSING")
"""What is said of a licence with an offer: that there is one for whoever reads."""
SHOWN_AT_ONCE = 8
"""Choices of a filter that are seen without opening the rest."""
FILTERS = ("kind", "orderable", "topic_id", "provider", "channel", "anbindungsart", "used_in")
ORDERS = {"kind": ("offering", "known"), "orderable": ("true", "false")}
"""Filters of two choices, which are always seen, in this order; the choices of others come by their number."""
_LABELS = {"channel": "Channel", "anbindungsart": "Anbindungsart"}


class Asked(BaseModel):
    """What a search asks for. Names that are none of ours are passed over: links get all kinds of additions."""

    model_config = ConfigDict(extra="ignore")

    q: str = ""
    kind: list[str] = []
    orderable: list[str] = []
    topic_id: list[str] = []
    provider: list[str] = []
    channel: list[str] = []
    anbindungsart: list[str] = []
    used_in: list[str] = []
    cursor: str | None = None

    def chosen(self) -> Iterator[tuple[str, str]]:
        """Yield each value of each filter."""
        for name in FILTERS:
            for value in getattr(self, name):
                if value:
                    yield name, value

    def parameters(self) -> Parameters:
        """Return the query of the catalog. Both choices of ``orderable`` together narrow nothing."""
        words = [("q", self.q.strip())] if self.q.strip() else []
        filters = [it for it in self.chosen() if it[0] != "orderable" or len(self.orderable) == 1]
        return [*words, *filters, *([("cursor", self.cursor)] if self.cursor else []), ("limit", str(PAGE))]

    def address(self, *, without: tuple[str, str] | None = None, cursor: str | None = None) -> str:
        """Return the address of this search in our pages, from another place on, or without one of its filters."""
        words = [("q", self.q.strip())] if self.q.strip() else []
        query = [*words, *(it for it in self.chosen() if it != without), *([("cursor", cursor)] if cursor else [])]
        return f"/offerings?{urlencode(query)}" if query else "/offerings"


PENDING = "pending"
"""What the address of an offer's page asks for to show the version that waits."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a filter: ``count`` results would be left, None where it is not known."""

    value: str
    label: str
    count: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A filter with its choices. ``rest``: those that are seen once they are asked for."""

    name: str
    choices: tuple[Choice, ...]
    rest: tuple[Choice, ...]

    @property
    def always_open(self) -> bool:
        """Whether it needs no room worth closing."""
        return self.name in ORDERS

    @property
    def number(self) -> int:
        """How many of its values are chosen."""
        return sum(choice.chosen for choice in (*self.choices, *self.rest))


@dataclass(frozen=True, slots=True)
class Results:
    """A search as its page shows it."""

    asked: Asked
    found: Found
    groups: tuple[Group, ...]
    chips: tuple[Chip, ...]
    topics: Mapping[str, str]

    @property
    def next(self) -> str | None:
        """Address of the results after these."""
        return None if self.found.next is None else self.asked.address(cursor=self.found.next)

    @property
    def first(self) -> str | None:
        """Address of the first results, None on their page."""
        return self.asked.address() if self.asked.cursor else None


def showcase_routes(
    pages: Pages,
    catalog: Catalog,
    eligibility: Eligibility,
    ordering: Ordering | None,
    contracts: Contracts | None,
    clock: Callable[[], datetime],
) -> APIRouter:
    """Return the routes; without ``ordering`` and ``contracts`` nobody has Vorgänge and licences here."""
    router = APIRouter(include_in_schema=False)

    async def own_orders(access: Access | None, offering_id: str) -> _OwnOrders | None:
        # A known service has no id of ours, and no Vorgänge.
        if access is None or ordering is None or not ENTITY_ID.fullmatch(offering_id):
            return None
        return await or_none(_own_orders(ordering, access, offering_id), "offering")

    async def own_licences(session: Session | None, offering_id: str) -> list[tuple[ChannelLicence, str]]:
        """Return by which channels the organisation may use an offer, or a contract of another lets it, and what it has to do."""
        if session is None or contracts is None or not ENTITY_ID.fullmatch(offering_id):
            return []
        found = await or_none(contracts.licence(session.access, offering_id), "offering")
        acts = [(it, it.act_of(session.organisation)) for it in found or () if it.status in LICENSED]
        return [(it, act[0] if act is not None and act[0] in ACTS else "") for it, act in acts]

    @router.get("/offerings")
    async def search(visit: CurrentVisit, asked: Annotated[Asked, Query()]) -> Response:
        found = await catalog.search(asked.parameters())
        return pages.show(visit, "pages/offerings.html", results=_results(pages, visit.language, asked, found))

    @router.get("/offerings/{offering_id}")
    async def detail(
        visit: ActingVisit,
        offering_id: str,
        kind: str = "",
        done: str = "",
        show: str = "",
        version: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    ) -> Response:
        access = None if visit.session is None else visit.session.access
        found, checklist, topics, channels, own, licences = await asyncio.gather(
            catalog.offering(offering_id, access, version),
            or_none(catalog.requirements(), "offering"),
            or_none(catalog.topics(), "offering"),
            or_none(eligibility.channels(), "offering"),
            own_orders(access, offering_id),
            own_licences(visit.session, offering_id),
        )
        topic = _topic(found, topics)
        if isinstance(found, KnownService):
            return pages.show(visit, "pages/known.html", known=found, topic=topic)
        moves, lacking = visit.parted(moves_of(found))
        pending = show == PENDING and found.workflow is not None and found.workflow.pending is not None
        if pending:
            found = as_pending(found)
        advice = None if access is None or found.is_old else await or_none(eligibility.advice(access, offering_id), "offering")
        points = None if checklist is None else {it.id: it for it in checklist}
        documents, screenshots = [
            [(it, here) for it in named if (here := link_of(it, found.id)) or it.url.startswith("https://")]
            for named in (found.documents, found.screenshots)
        ]
        areas = _areas(found, points)
        open_there = [it for it in channels or () if it.channel in found.orderable_channels]
        return pages.show(
            visit,
            "pages/offering.html",
            offering=found,
            topic=topic,
            points=points,
            areas=areas,
            documents=documents,
            screenshots=screenshots,
            kinds=KINDS if open_there else (),
            kind=kind if kind in KINDS else "",
            ways=ways_of(kind, open_there) if kind in KINDS else [],
            advice=advice or (),
            licences=licences,
            own=own and own.rows(visit.language, clock()),
            own_more=own is not None and own.orders.next is not None,
            moves=moves,
            lacking=lacking,
            words={it.name: word_of(found, it.name) for it in (*moves, *lacking)},
            acts=ACTS,
            pending=pending,
            done=done if done in DONE else "",
        )

    return router


@dataclass(frozen=True, slots=True)
class _OwnOrders:
    """The newest Vorgänge about an offer that whoever reads has a part in, and the words for whose turn it is."""

    orders: Summaries
    words: Vocabulary

    def rows(self, language: Language, at: datetime) -> list[tuple[Summary, Turn | None]]:
        """Return each with whose turn it is."""
        return [(it, turn_of(it, self.words, language, at)) for it in self.orders.items]


async def _own_orders(ordering: Ordering, access: Access, offering_id: str) -> _OwnOrders:
    parameters = [("offering_id", offering_id), ("limit", str(OWN_ORDERS))]
    return _OwnOrders(*await asyncio.gather(ordering.orders(access, parameters), ordering.words()))


def _topic(found: Offering | KnownService, topics: tuple[Topic, ...] | None) -> str | None:
    return next((it.name for it in topics or () if it.topic_id == found.topic_id), None)


def _areas(offering: Offering, points: Mapping[str, Requirement] | None) -> dict[str, list[Answer]]:
    """Return the answers to the checklist by area, those to points that it does not hold under ``""``."""
    found: dict[str, list[Answer]] = {}
    for answer in offering.requirements:
        point = (points or {}).get(answer.id)
        found.setdefault("" if point is None else point.area, []).append(answer)
    return found


def _results(pages: Pages, language: Language, asked: Asked, found: Found) -> Results:
    def label(name: str, facet: Facet) -> str:
        if name in _LABELS:
            return pages.label(language, _LABELS[name], facet.value)
        words = pages.words(language)
        key = f"land.{facet.value}" if name == "used_in" else f"showcase.{name}.{facet.value}"
        return facet.label or (words(key) if words.has(key) else facet.value)

    chosen = list(asked.chosen())
    groups: list[Group] = []
    labels: dict[tuple[str, str], str] = {}
    for name in FILTERS:
        facets = {facet.value: facet for facet in found.facets.get(name, ())}
        fixed = ORDERS.get(name, ())
        values = [*facets, *(value for filter_name, value in chosen if filter_name == name and value not in facets)]
        choices = []
        for value in dict.fromkeys(values):
            facet = facets.get(value, Facet(value=value, label=None, count=0))
            labels[name, value] = label(name, facet)
            choices.append(Choice(value, labels[name, value], facet.count, (name, value) in chosen))
        ranked = sorted(choices, key=lambda it: fixed.index(it.value) if it.value in fixed else len(fixed) + (not it.chosen))
        groups.append(Group(name, tuple(ranked[:SHOWN_AT_ONCE]), tuple(ranked[SHOWN_AT_ONCE:])))
    chips = tuple(Chip(labels[it], asked.address(without=it)) for it in dict.fromkeys(chosen))
    topics = {facet.value: facet.label or facet.value for facet in found.facets.get("topic_id", ())}
    return Results(asked, found, tuple(group for group in groups if group.choices), chips, topics)
