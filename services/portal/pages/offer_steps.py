"""What can be done with an offer besides filling in its form, one page each, and the lists of those in charge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.catalog import Catalog, KnownService, MyOffering, Offering
from services.portal.apis.client import Access
from services.portal.apis.ordering import Ordering
from services.portal.fields import Kind, words_for
from services.portal.forms import read_given
from services.portal.functions import SIGNING
from services.portal.pages.asking import ETAG, Ask, Form, Step, send_form, show_form
from services.portal.pages.lists import Asked, AskedFor, table_file
from services.portal.pages.parts import or_none
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PAGE = 50
EDIT = "edit"

MOVES = {
    it.name: it
    for it in (
        Step("accept", function=SIGNING),
        Step("return", (Ask("remarks", Kind.AREA),)),
        Step("bereitstellungsvertrag", function=SIGNING),
        Step("suspend", (Ask("reason", Kind.AREA),)),
        Step("resume"),
        Step("withdraw", (Ask("reason", Kind.AREA), Ask("ends_open_orders", Kind.TICK, optional=True))),
    )
}
DONE = frozenset({*MOVES, "submit", "discard"})
VERSIONS = "VERSION"
"""The group of offers with a new version that waits for the reader."""
ORDER = ("ENTWURF", "EINGEREICHT", "BEREITSTELLUNGSVERTRAG_OFFEN", "AUSGESETZT", "VEROEFFENTLICHT", "ZURUECKGEZOGEN")
PUBLIC = frozenset({"VEROEFFENTLICHT", "AUSGESETZT"})
HINTS = {
    "mine": frozenset({"ENTWURF", "EINGEREICHT", "BEREITSTELLUNGSVERTRAG_OFFEN"}),
    "tasks": frozenset({VERSIONS, "EINGEREICHT", "BEREITSTELLUNGSVERTRAG_OFFEN"}),
}
"""States in which a list says what comes next."""
WAITING_AT_ANBIETER = ("EINGEREICHT", "BEREITSTELLUNGSVERTRAG_OFFEN", "AUSGESETZT", "VEROEFFENTLICHT", "ZURUECKGEZOGEN")


@dataclass(frozen=True, slots=True)
class Desk:
    """A list of those in charge: whose it is, its words, where it is, and in which order its states come."""

    view: str
    words: str
    path: str
    order: tuple[str, ...]


MINE = Desk("bereitsteller", "mine", "/my/offerings", ORDER)
TASKS = Desk("anbieter", "tasks", "/tasks/offerings", WAITING_AT_ANBIETER)


def moves_of(offering: Offering | KnownService) -> list[Step]:
    """Return what the organisation of whoever reads an offer can do with it, in the order of the table."""
    if isinstance(offering, KnownService) or offering.workflow is None:
        return []
    return [it for it in (Step(EDIT), *MOVES.values()) if it.name in offering.workflow.allowed_moves]


def word_of(offering: Offering, move: str) -> str:
    """Return the name under which a move has its words: an Anbieter accepts or gives back a version, withdraws a channel."""
    workflow = offering.workflow
    if workflow is None or workflow.channel is None:
        return move
    pending = workflow.pending
    listed = workflow.channel in (it.channel for it in offering.channels)
    if move in ("accept", "return") and pending is not None and listed:
        return f"{move}_version"
    return f"{move}_channel" if move in ("suspend", "resume", "withdraw") else move


def offer_step_routes(pages: Pages, catalog: Catalog, ordering: Ordering) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    _list_routes(router, pages, catalog)

    @router.get("/offerings/{offering_id}/{step}")
    async def ask(visit: CurrentVisit, offering_id: str, step: str) -> Response:
        move = _move(step)
        access = session_of(visit).access
        stored, _ = await catalog.form(access, offering_id)
        shown = await _further(ordering, access, stored.content, move)
        return show_form(pages, visit, _form(pages, visit, stored.content, move, stored.etag), **shown)

    @router.post("/offerings/{offering_id}/{step}")
    async def take(request: Request, visit: CurrentVisit, offering_id: str, step: str) -> Response:
        session, move = session_of(visit), _move(step)
        access = session.access
        given = await read_given(request, session, f"/offerings/{offering_id}/{move.name}")
        stored, _ = await catalog.form(access, offering_id)

        async def act(body: dict[str, object]) -> str:
            match = given.one(ETAG) or None
            await catalog.move(access, offering_id, move.name, key=given.key, body=move.content(body), match=match)
            # A form that was returned is a draft again, which its Bereitsteller alone can read.
            here = "/tasks/offerings" if move.name == "return" else f"/offerings/{quote(offering_id)}"
            return f"{here}?done={move.name}"

        shown = await _further(ordering, access, stored.content, move)
        return await send_form(pages, visit, _form(pages, visit, stored.content, move, stored.etag), given, act, **shown)

    return router


def _list_routes(router: APIRouter, pages: Pages, catalog: Catalog) -> None:
    async def show_list(visit: Visit, desk: Desk, asked: Asked, cursor: str | None, done: str = "") -> Response:
        access = session_of(visit).access
        limit, further = ("limit", str(PAGE)), [("cursor", cursor)] if cursor else []
        found = await catalog.mine(access, [("view", desk.view), *asked.parameters, limit, *further])
        groups: dict[str, list[MyOffering]] = {}
        if desk.words == "tasks" and cursor is None and not asked.parameters:
            waiting = await catalog.mine(access, [("view", "versions"), limit])
            groups |= {VERSIONS: list(waiting.items)} if waiting.items else {}
        for it in sorted(found.items, key=lambda it: desk.order.index(it.state) if it.state in desk.order else len(desk.order)):
            groups.setdefault(it.state, []).append(it)
        states = pages.labels(visit.language, "OfferingState")
        return pages.show(
            visit,
            "pages/mine.html",
            groups=groups,
            words=desk.words,
            path=desk.path,
            asked=asked,
            states={it: states[it] for it in desk.order if it in states},
            hints=HINTS[desk.words],
            following=None if found.next is None else asked.address(desk.path, found.next),
            done=done if done in DONE else "",
        )

    async def save(visit: Visit, desk: Desk, asked: Asked) -> Response:
        return table_file(await catalog.my_table(session_of(visit).access, [("view", desk.view), *asked.parameters]))

    @router.get(MINE.path)
    async def mine(visit: ActingVisit, asked: AskedFor, cursor: str | None = None) -> Response:
        return await show_list(visit, MINE, asked, cursor)

    @router.get(f"{MINE.path}.csv")
    async def mine_saved(visit: CurrentVisit, asked: AskedFor) -> Response:
        return await save(visit, MINE, asked)

    @router.get(TASKS.path)
    async def handed_in(visit: CurrentVisit, asked: AskedFor, cursor: str | None = None, done: str = "") -> Response:
        return await show_list(visit, TASKS, asked, cursor, done)

    @router.get(f"{TASKS.path}.csv")
    async def handed_in_saved(visit: CurrentVisit, asked: AskedFor) -> Response:
        return await save(visit, TASKS, asked)


def _move(name: str) -> Step:
    if name not in MOVES:
        raise NotFoundError(f"There is no step {name}.")
    return MOVES[name]


async def _further(ordering: Ordering, access: Access, offering: Offering, move: Step) -> dict[str, Any]:
    """Return the template of a move and what it shows beside the form: a withdrawal the Vorgänge that it touches."""
    if move.name != "withdraw":
        return {}
    # No Vorgang can have begun before an offer is public.
    asked = offering.state in PUBLIC
    counts = await or_none(ordering.counts(access, offering.id), "withdrawal") if asked else None
    return {"template": "pages/withdrawal.html", "asked": asked, "counts": counts}


def _form(pages: Pages, visit: Visit, offering: Offering, move: Step, etag: str | None) -> Form:
    word = words_for(pages.words(visit.language), f"offer.{word_of(offering, move.name)}")
    return Form(
        title=word("title"),
        lead=word("lead"),
        action=f"/offerings/{offering.id}/{move.name}",
        button=word("button"),
        back=f"/offerings/{offering.id}",
        back_label=offering.title,
        fields=move.fields(word),
        etag=etag,
    )
