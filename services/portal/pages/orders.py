"""Vorgänge: whose turn it is, since when, and what has happened. What may be done, and by whom, ordering decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import RedirectResponse, Response

from services.portal.apis.ordering import Order, Ordering, Point, Summary, Vocabulary
from services.portal.language import Language
from services.portal.pages.asking import SEE_OTHER
from services.portal.pages.steps import COMMANDS, ways_on
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PAGE = 50
LEADING = frozenset(
    {"recheck", "start_clarification", "confirm_conditions", "make_offer", "place", "start_onboarding", "go_live"}
)
"""Steps that bring a Vorgang on: shown first."""
DONE = frozenset({*COMMANDS, "declare_interest"})


class Asked(BaseModel):
    """Which part of the list, from where on."""

    model_config = ConfigDict(extra="ignore")

    state: str = ""
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is: ``mine``, since how many days, to do ``task``."""

    mine: bool
    party: str
    name: str
    since: datetime
    days: int
    task: str


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


def order_routes(pages: Pages, ordering: Ordering, clock: Callable[[], datetime]) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/orders")
    async def listed(visit: CurrentVisit, asked: Annotated[Asked, Query()]) -> Response:
        access = session_of(visit).access
        chosen = [(name, value) for name, value in (("state", asked.state), ("cursor", asked.cursor)) if value]
        found, words = await asyncio.gather(ordering.orders(access, [*chosen, ("limit", str(PAGE))]), ordering.words())
        rows = [(it, _turn(it, words, visit.language, clock())) for it in found.items]
        mine = [row for row in rows if row[1] is not None and row[1].mine]
        others = [row for row in rows if row[1] is not None and not row[1].mine]
        following = None
        if found.next is not None:
            query = [*([("state", asked.state)] if asked.state else []), ("cursor", found.next)]
            following = f"/orders?{urlencode(query)}"
        return pages.show(
            visit,
            "pages/orders.html",
            groups={"mine": mine, "others": others, "closed": [row for row in rows if row[1] is None]},
            following=following,
        )

    @router.get("/orders/{order_id}")
    async def one(visit: CurrentVisit, order_id: str, done: str = "", missed: bool = False) -> Response:  # noqa: FBT001, FBT002 - of the address
        access = session_of(visit).access
        try:
            order, words = await asyncio.gather(ordering.order(access, order_id), ordering.words())
        except NotFoundError:
            # Notices lead here; whoever is a Klient of the Vorgang has a page of its own.
            part = (await ordering.participation(access, order_id)).content
            return RedirectResponse(f"{visit.language.prefix}/participations/{quote(part.order_id)}", SEE_OTHER)
        turn = _turn(order, words, visit.language, clock())
        steps = [(it, words.command(it.command, visit.language)) for it in reversed(order.timeline)]
        ways = ways_on(order)
        return pages.show(
            visit,
            "pages/order.html",
            order=order,
            turn=turn,
            points=Points.of(order),
            steps=steps,
            main_steps=[it for it in ways if it.command in LEADING],
            more_steps=[it for it in ways if it.command not in LEADING],
            done=done if done in DONE else "",
            missed=missed,
        )

    return router


def _turn(order: Summary, words: Vocabulary, language: Language, at: datetime) -> Turn | None:
    """Return whose turn it is, None where the Vorgang waits for nobody."""
    waiting = order.waiting
    if waiting is None:
        return None
    names = {"KUNDE": order.customer.name, "BEREITSTELLER": order.provider.name}
    mine = waiting.party == order.your_party
    days = max((at - waiting.since).days, 0)
    return Turn(mine, waiting.party, names.get(waiting.party, ""), waiting.since, days, words.task(waiting.what, language))
