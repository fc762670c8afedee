"""What a Klient reads of the Vorgänge in which a Bündler has named it, and the forms by which it answers."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.client import Parameters
from services.portal.apis.ordering import Ordering, Participation
from services.portal.fields import Kind, words_for
from services.portal.forms import read_given
from services.portal.functions import SIGNING
from services.portal.pages.asking import ETAG, SEE_OTHER, Ask, Form, Step, send_form, show_form
from services.portal.pages.parts import nothing
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PAGE = 50
WAITING = [("waits_for_me", "true")]
"""What waits for the answer of a Klient."""
ENDED = frozenset({"ABGELEHNT", "ZURUECKGEZOGEN", "VERFALLEN"})
"""States of a Vorgang that ended before anything was ordered."""
STEPS = {
    it.name: it
    for it in (Step("confirm", function=SIGNING), Step("decline", (Ask("reason", Kind.AREA),), SIGNING), Step("recheck"))
}


def participation_routes(pages: Pages, ordering: Ordering) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/participations", include_in_schema=False)

    @router.get("")
    async def listed(visit: CurrentVisit, waits_for_me: bool = False, cursor: str | None = None) -> Response:  # noqa: FBT001, FBT002 - of the address
        access, filters, limit = session_of(visit).access, WAITING if waits_for_me else [], ("limit", str(PAGE))
        # What waits for an answer stands on top of the whole list, whichever page of it it lies on.
        found, waiting = await asyncio.gather(
            ordering.participations(access, [*filters, limit, *([("cursor", cursor)] if cursor else [])]),
            nothing() if cursor or filters else ordering.participations(access, [*WAITING, limit]),
        )
        groups = {"mine" if filters else "found": list(found.items)}
        if waiting is not None:
            groups = {"mine": list(waiting.items), "others": [it for it in found.items if not it.waiting]}
        return pages.show(
            visit,
            "pages/participations.html",
            groups=groups,
            more=_address(WAITING) if waiting is not None and waiting.next is not None else None,
            following=None if found.next is None else _address([*filters, ("cursor", found.next)]),
        )

    @router.get("/{order_id}")
    async def one(visit: ActingVisit, order_id: str, done: str = "") -> Response:
        part = (await ordering.participation(session_of(visit).access, order_id)).content
        steps, lacking = visit.parted(STEPS[it] for it in part.allowed if it in STEPS)
        return pages.show(
            visit,
            "pages/participation.html",
            part=part,
            steps=steps,
            lacking=lacking,
            outlook=outlook_of(part),
            done=done if done in STEPS else "",
        )

    @router.get("/{order_id}/{name}")
    async def ask(visit: CurrentVisit, order_id: str, name: str) -> Response:
        step = _step(name)
        stored = await ordering.participation(session_of(visit).access, order_id)
        if name not in stored.content.allowed:
            return RedirectResponse(f"{visit.language.prefix}/participations/{quote(order_id)}", SEE_OTHER)
        return show_form(pages, visit, _form(pages, visit, stored.content, step, stored.etag))

    @router.post("/{order_id}/{name}")
    async def take(request: Request, visit: CurrentVisit, order_id: str, name: str) -> Response:
        step, session = _step(name), session_of(visit)
        given = await read_given(request, session, f"/participations/{order_id}/{name}")
        stored = await ordering.participation(session.access, order_id)

        async def act(filled: dict[str, Any]) -> str:
            body, match = step.content(filled), given.one(ETAG) or None
            await ordering.answer(session.access, order_id, name, key=given.key, body=body, match=match)
            return f"/participations/{quote(order_id)}?done={name}"

        return await send_form(pages, visit, _form(pages, visit, stored.content, step, stored.etag), given, act)

    return router


def _address(parameters: Parameters) -> str:
    return f"/participations?{urlencode(parameters)}"


def outlook_of(part: Participation) -> str:
    """Return how it goes on for a Klient, by the name of its words; "" while its answer is waited for, which is said above."""
    later = part.check.later
    decides = later.anbieter_decides if later is not None and later.open else part.check.verdict == "RISK"
    cases = (
        (part.state in ENDED, "ended"),
        (part.answer == "ABGELEHNT", "declined" if part.allowed else "without"),
        (part.answer != "BESTAETIGT", ""),
        (not part.allowed, "ordered"),
        (part.check.pending, "pending"),
        (part.check.free, "free"),
        (decides, "risk"),
    )
    return next((name for met, name in cases if met), "lacking")


def _step(name: str) -> Step:
    if name not in STEPS:
        raise NotFoundError(f"There is no step {name}.")
    return STEPS[name]


def _form(pages: Pages, visit: Visit, part: Participation, step: Step, etag: str | None) -> Form:
    words = pages.words(visit.language)
    word = words_for(words, f"participation.step.{step.name}")
    here = f"/participations/{part.order_id}"
    return Form(
        title=word("title"),
        lead=word("lead"),
        action=f"{here}/{step.name}",
        button=word("button"),
        back=here,
        back_label=part.number,
        fields=step.fields(word),
        etag=etag,
    )
