"""Vorgänge: whose turn it is, since when, and what has happened. What may be done, and by whom, ordering decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from services.portal.apis.client import Access, Parameters
from services.portal.apis.eligibility import Eligibility
from services.portal.apis.ordering import Count, Order, Ordering, Point, Summaries, Summary
from services.portal.fields import words_for
from services.portal.language import Language
from services.portal.pages.asking import SEE_OTHER
from services.portal.pages.lists import Chip, table_file
from services.portal.pages.order_verdict import JUDGING, open_to
from services.portal.pages.participations import WAITING as ANSWERS
from services.portal.pages.parts import nothing, or_none
from services.portal.pages.placements import READY
from services.portal.pages.standing import ActingVisit
from services.portal.pages.steps import COMMANDS, PARTS, ways_on
from services.portal.pages.turns import Turn, turn_of
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PAGE = 50
WAITING = [("waits_for_me", "true")]
"""What of the list waits for whoever reads."""
LEADING = frozenset(
    {"recheck", "start_clarification", "confirm_conditions", "make_offer", "place", "start_onboarding", "go_live"}
)
"""Steps that bring a Vorgang on: shown first."""
DONE = frozenset({*COMMANDS, *(it.command for it in JUDGING), "declare_interest"})
CHECK = "check"
"""What a Vorgang waits for while the in-house check has no result."""
CHECK_TIME = timedelta(seconds=30)
"""How long a page asks by itself whether the in-house check has a result."""
JUDGES = "ANBIETER"
"""Side of a Vorgang that decides about a risk."""


class Asked(BaseModel):
    """Which Vorgänge are asked for, over all pages of the list, and from where on."""

    model_config = ConfigDict(extra="ignore")

    q: Annotated[str, Field(max_length=100)] = ""
    state: str = ""
    waits_for_me: bool = False
    offering_id: str = ""
    cursor: str | None = None

    def filters(self, without: str = "") -> list[tuple[str, str]]:
        """Return the filters that are chosen, but for one."""
        waits = "true" if self.waits_for_me else ""
        chosen = (("q", self.q.strip()), ("waits_for_me", waits), ("state", self.state), ("offering_id", self.offering_id))
        return [(name, value) for name, value in chosen if value and name != without]

    def address(self, *, without: str = "", cursor: str | None = None) -> str:
        """Return the address of this list in our pages, from another place on, or without one of its filters."""
        return _address("/orders", [*self.filters(without), *([("cursor", cursor)] if cursor else [])])

    @property
    def table(self) -> str:
        """The address of the whole list as a table."""
        return _address("/orders.csv", self.filters())


def _address(path: str, query: Parameters) -> str:
    return f"{path}?{urlencode(query)}" if query else path


@dataclass(frozen=True, slots=True)
class Group:
    """Vorgänge under one heading, each with whose turn it is. ``more``: address of all of them where not all are shown."""

    name: str
    rows: tuple[tuple[Summary, Turn | None], ...]
    number: Count | None = None
    more: str | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """The open points of a Vorgang by whose they are, and the settled ones."""

    mine: tuple[Point, ...]
    theirs: tuple[Point, ...]
    settled: tuple[Point, ...]

    @classmethod
    def of(cls, order: Order) -> Points:
        """Return the points as the caller's side sees them."""
        waiting = [it for it in order.points if not it.settled]
        return cls(
            tuple(it for it in waiting if it.owner == order.your_party),
            tuple(it for it in waiting if it.owner != order.your_party),
            tuple(it for it in order.points if it.settled),
        )


def order_routes(pages: Pages, ordering: Ordering, eligibility: Eligibility, clock: Callable[[], datetime]) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    async def number_of(access: Access, filters: Parameters, shown: Summaries, *, first: bool = True) -> Count | None:
        """Return how many Vorgänge a list has, None if it cannot be known just now; a list of one page is counted as it is."""
        if first and shown.next is None:
            return Count(count=len(shown.items), more=False)
        return await or_none(ordering.count(access, filters), "orders")

    @router.get("/orders")
    async def listed(visit: ActingVisit, asked: Annotated[Asked, Query()]) -> Response:
        access, filters = session_of(visit).access, asked.filters()
        limit = ("limit", str(PAGE))
        cursor = [("cursor", asked.cursor)] if asked.cursor else []
        # What waits for whoever reads stands on top of the whole list, whichever page of it they lie on.
        whole = not filters and not cursor
        found, words, mine, named = await asyncio.gather(
            ordering.orders(access, [*filters, *cursor, limit]),
            ordering.words(),
            ordering.orders(access, [*WAITING, limit]) if whole else nothing(),
            or_none(ordering.participations(access, [*ANSWERS, limit]), "orders") if whole else nothing(),
        )
        number = await number_of(access, filters, found, first=not cursor)

        def rows(items: Sequence[Summary]) -> tuple[tuple[Summary, Turn | None], ...]:
            return tuple((it, turn_of(it, words, visit.language, clock())) for it in items)

        groups = [Group("found" if filters else "further", rows(found.items))]
        if mine is not None:
            waiting = await number_of(access, WAITING, mine)
            rest = [it for it in rows(found.items) if it[1] is None or not it[1].mine]
            groups = [
                Group("mine", rows(mine.items), waiting, None if mine.next is None else f"/orders?{urlencode(WAITING)}"),
                Group("others", tuple(it for it in rest if it[1] is not None)),
                Group("closed", tuple(it for it in rest if it[1] is None)),
            ]
        return pages.show(
            visit,
            "pages/orders.html",
            asked=asked,
            groups=[it for it in groups if it.rows],
            number=number,
            named=None if named is None else Count(count=len(named.items), more=named.next is not None),
            states=pages.labels(visit.language, "OrderState"),
            chips=_chips(pages, visit.language, asked, found.items),
            following=None if found.next is None else asked.address(cursor=found.next),
            together=sum(it.state == READY and it.your_party == "KUNDE" for it in (mine or found).items) > 1,
        )

    @router.get("/orders.csv")
    async def saved(visit: CurrentVisit, asked: Annotated[Asked, Query()]) -> Response:
        return table_file(await ordering.table(session_of(visit).access, asked.filters()))

    @router.get("/orders/{order_id}")
    async def one(visit: ActingVisit, order_id: str, done: str = "", missed: bool = False) -> Response:  # noqa: FBT001, FBT002 - of the address
        access = session_of(visit).access
        try:
            order, words = await asyncio.gather(ordering.order(access, order_id), ordering.words())
        except NotFoundError:
            # Notices lead here; whoever is a Klient of the Vorgang has a page of its own.
            part = (await ordering.participation(access, order_id)).content
            return RedirectResponse(f"{visit.language.prefix}/participations/{quote(part.order_id)}", SEE_OTHER)
        turn = turn_of(order, words, visit.language, clock())
        was = words_for(pages.words(visit.language), "order.was")
        steps = [(it, was(it.command) or words.command(it.command, visit.language)) for it in reversed(order.timeline)]
        waiting = order.waiting
        asked = eligibility.verdict(access, order.id) if order.your_party == JUDGES else None
        verdict = None if asked is None else await or_none(asked, "order")
        ways, lacking = visit.parted(ways_on(order))
        parts, lacking_parts = visit.parted(it for it in PARTS if it.command in order.allowed_moves)
        judging, unjudged = visit.parted(open_to(None if verdict is None else verdict.content))
        return pages.show(
            visit,
            "pages/order.html",
            order=order,
            turn=turn,
            points=Points.of(order),
            steps=steps,
            main_steps=[it for it in ways if it.command in LEADING],
            more_steps=[it for it in ways if it.command not in LEADING],
            checking=waiting is not None and waiting.what == CHECK and clock() - waiting.since < CHECK_TIME,
            judging=judging,
            parts=frozenset(it.command for it in parts),
            lacking=[*lacking, *unjudged, *lacking_parts],
            done=done if done in DONE else "",
            missed=missed,
        )

    return router


def _chips(pages: Pages, language: Language, asked: Asked, found: Sequence[Summary]) -> list[Chip]:
    """Return the chosen filters; an offer shows by its title if any Vorgang about it is found."""
    words = pages.words(language)
    title = next((it.offering.title for it in found), None)
    labels = {
        "q": asked.q.strip(),
        "waits_for_me": words("orders.waits_for_me"),
        "state": pages.label(language, "OrderState", asked.state),
        "offering_id": title or words("orders.one_offer"),
    }
    return [
        Chip(labels[name], asked.address(without=name), german=name == "offering_id" and title is not None)
        for name, _ in asked.filters()
    ]
