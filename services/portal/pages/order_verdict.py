"""What a named person of the Anbieter decides about the in-house check of a Vorgang: answer for a risk, let it go on, stop it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.eligibility import Eligibility, OrderVerdict
from services.portal.apis.ordering import Order, Ordering
from services.portal.fields import Choice, Field, Kind, words_for
from services.portal.functions import SIGNING
from services.portal.pages.asking import BOTH, ETAG, SEE_OTHER, Ask, Form, Step, given_at, send_form, show_form
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.messages.values import Function

TEMPLATE: Final = "pages/verdict.html"
_FIELD_OF: Final = {"valid_until_past": "valid_until", "override_not_allowed": "decision", "nothing_to_override": "decision"}


@dataclass(frozen=True, slots=True)
class Judging:
    """A step beside a verdict: by which command its words are named, its page, its path at eligibility, and when it is open."""

    command: str
    page: str
    path: str
    asked: tuple[Ask, ...]
    is_open: Callable[[OrderVerdict], bool]
    function: Function = SIGNING


JUDGING: Final = (
    Judging("sign_off", "sign-off", "sign-off", (Ask("note", Kind.AREA),), lambda it: it.to_sign),
    Judging(
        "override",
        "decision",
        "overrides",
        (Ask("decision", Kind.RADIOS), Ask("reason", Kind.AREA), Ask("valid_until", Kind.DAY)),
        lambda it: bool(it.decisions),
    ),
)


def open_to(verdict: OrderVerdict | None) -> list[Judging]:
    """Return what whoever reads can decide about a verdict; eligibility says so, and decides again."""
    return [] if verdict is None else [it for it in JUDGING if it.is_open(verdict)]


def order_verdict_routes(pages: Pages, ordering: Ordering, eligibility: Eligibility) -> APIRouter:
    """Return the routes: each step has a page, and its form is sent to the address of the page."""
    router = APIRouter(prefix="/orders/{order_id}", include_in_schema=False)

    def add(step: Judging) -> None:
        @router.api_route(f"/{step.page}", methods=BOTH)
        async def judge(request: Request, visit: CurrentVisit, order_id: str) -> Response:
            given = await given_at(request, visit, f"/orders/{order_id}/{step.page}")
            access = session_of(visit).access
            order, stored = await asyncio.gather(ordering.order(access, order_id), eligibility.verdict(access, order_id))
            verdict = stored.content
            if given is None and not step.is_open(verdict):
                return RedirectResponse(f"{visit.language.prefix}/orders/{quote(order.id)}?missed=true", SEE_OTHER)
            form = _form(pages, visit, order, verdict, step, stored.etag)
            if given is None:
                return show_form(pages, visit, form, template=TEMPLATE, found=verdict.current)

            async def act(body: dict[str, Any]) -> str:
                match = given.one(ETAG) or None
                await eligibility.decide(access, order_id, step.path, key=given.key, body=body, match=match)
                return f"/orders/{quote(order.id)}?done={step.command}"

            return await send_form(pages, visit, form, given, act, field_of=_FIELD_OF, template=TEMPLATE, found=verdict.current)

    for it in JUDGING:
        add(it)
    return router


def _form(pages: Pages, visit: Visit, order: Order, verdict: OrderVerdict, step: Judging, etag: str | None) -> Form:
    words = pages.words(visit.language)
    word = words_for(words, f"step.{step.command}")
    named = words_for(words, "step.override.decision")
    decisions = tuple(Choice(it, named(it) or it) for it in verdict.decisions)
    fields = tuple(
        replace(it, choices=decisions) if it.name == "decision" else it for it in Step(step.command, step.asked).fields(word)
    )
    if step.command == "override":
        current = verdict.current
        fields += (Field("check", Kind.HIDDEN, "", value=(str(verdict.checks[-1].number),), whole=True),)
        if current is not None and current.hash is not None:
            fields += (Field("verdict_hash", Kind.HIDDEN, "", value=(current.hash,)),)
    return Form(
        title=word("title"),
        lead=word("lead"),
        action=f"/orders/{order.id}/{step.page}",
        button=word("button"),
        back=f"/orders/{order.id}",
        back_label=words("step.back", number=order.number),
        fields=fields,
        etag=etag,
    )
