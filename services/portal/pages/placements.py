"""Several Vorgänge ordered in one act: which are ready, and what became of each. What may be ordered, ordering decides."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.client import Access, Stored
from services.portal.apis.contracts import AgbInForce, Contracts
from services.portal.apis.ordering import Order, Ordering, Placement
from services.portal.fields import LEITWEG_FAULTS, Choice, Field, Kind, words_for
from services.portal.forms import Given
from services.portal.pages.asking import BOTH, Form, given_at, send_form, show_form
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import ConflictError

READY = "ANGEBOT_ERSTELLT"
"""State of a Vorgang that can be ordered."""
MOST = 20
"""As many are shown and ordered at once."""
HERE = "/orders/together"
ORDERS, SEEN, AGB = "orders", "seen.", "agb."
FIELD_OF = {
    "orders/order_reference": "order_reference",
    "orders/leitweg_id": "leitweg_id",
    "agb_not_accepted": "accepts_agb",
    **dict.fromkeys(LEITWEG_FAULTS, "leitweg_id"),
}
_REFUSED = re.compile(r"([0-9a-f-]{36})~([a-z_]{1,64})")


@dataclass(frozen=True, slots=True)
class Offered:
    """The Vorgänge that can be ordered just now, with the AGB of their channels.

    ``away``: the AGB of some channel cannot be had, so that its Vorgänge are left out. ``more``: there are further ones.
    """

    ready: Sequence[Stored[Order]]
    terms: Mapping[str, AgbInForce]
    away: bool
    more: bool


def placement_routes(pages: Pages, ordering: Ordering, contracts: Contracts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)
    desk = _Desk(pages, ordering, contracts)

    @router.api_route(HERE, methods=BOTH)
    async def place(request: Request, visit: CurrentVisit) -> Response:
        given = await given_at(request, visit, HERE)
        return await (desk.show(visit) if given is None else desk.send(visit, given))

    @router.get(f"{HERE}/{{placement_id}}")
    async def placed(
        visit: CurrentVisit, placement_id: str, refused: Annotated[list[str] | None, Query(max_length=MOST)] = None
    ) -> Response:
        access = session_of(visit).access
        found = await ordering.together(access, placement_id)
        named = [match.groups() for it in refused or () if (match := _REFUSED.fullmatch(it))]
        orders = await asyncio.gather(*(or_none(ordering.order(access, order_id), "placements") for order_id, _ in named))
        word = words_for(pages.words(visit.language), "problem")
        unknown = pages.words(visit.language)("fault.unknown")
        why = [(order, word(code) or unknown) for order, (_, code) in zip(orders, named, strict=True) if order is not None]
        return pages.show(visit, "pages/placed-together.html", orders=found.orders, refused=why)

    return router


@dataclass(frozen=True, slots=True)
class _Desk:
    """Shows what can be ordered, and orders what was chosen."""

    pages: Pages
    ordering: Ordering
    contracts: Contracts

    async def offered(self, access: Access) -> Offered:
        found = await self.ordering.orders(access, [("state", READY), ("party", "KUNDE"), ("limit", str(MOST))])
        stored = await asyncio.gather(*(self.ordering.stored(access, it.id) for it in found.items))
        open_ones = [it for it in stored if "place" in it.content.allowed_moves]
        channels = list(dict.fromkeys(it.content.channel for it in open_ones))
        agb = await asyncio.gather(*(or_none(self.contracts.agb(it), "placements") for it in channels))
        terms = {channel: it for channel, it in zip(channels, agb, strict=True) if it is not None}
        ready = [it for it in open_ones if it.content.channel in terms]
        return Offered(ready, terms, len(ready) < len(open_ones), found.next is not None)

    async def show(self, visit: Visit) -> Response:
        offered = await self.offered(session_of(visit).access)
        return show_form(self.pages, visit, self._form(visit, offered), **_beside(offered))

    async def send(self, visit: Visit, given: Given) -> Response:
        access = session_of(visit).access
        offered = await self.offered(access)
        form = self._form(visit, offered)
        chosen = given.all(ORDERS)
        channels = {it.content.channel for it in offered.ready if it.content.id in chosen}
        if any(given.one(f"{AGB}{it}") != offered.terms[it].version for it in channels):
            # Another version is in force by now than the one that was read: that one is to be read first.
            shown = tuple(it if it.name.startswith(AGB) else it.filled(given) for it in form.fields)
            changed = replace(form, fields=shown, changed=True)
            return show_form(self.pages, visit, changed, status=HTTPStatus.PRECONDITION_FAILED, **_beside(offered))

        async def act(body: dict[str, Any]) -> str:
            common = {name: body[name] for name in ("order_reference", "leitweg_id", "accepts_agb") if name in body}
            # Of what was shown alone, so that the same form sent twice is the same request.
            entries = [{**common, **_seen(given, it), "order_id": it} for it in chosen]
            made = await self.ordering.place_together(access, key=given.key, body={ORDERS: entries})
            return _following(made)

        return await send_form(self.pages, visit, form, given, act, field_of=FIELD_OF, **_beside(offered))

    def _form(self, visit: Visit, offered: Offered) -> Form:
        words = self.pages.words(visit.language)
        word = words_for(words, "step.place.field")
        choices = tuple(
            Choice(it.content.id, f"{it.content.offering.title} ({it.content.number})", it.content.provider.name)
            for it in offered.ready
        )
        fields = (
            Field(ORDERS, Kind.CHECKS, words("placements.orders"), choices=choices),
            Field("order_reference", Kind.LINE, word("order_reference"), word("order_reference_hint"), optional=True),
            Field("leitweg_id", Kind.LINE, word("leitweg_id"), word("leitweg_id_hint"), optional=True),
            Field("accepts_agb", Kind.TICK, word("accepts_agb")),
            *(Field(f"{SEEN}{it.content.id}", Kind.HIDDEN, "", value=(_state_of(it),)) for it in offered.ready),
            *(Field(f"{AGB}{channel}", Kind.HIDDEN, "", value=(agb.version,)) for channel, agb in offered.terms.items()),
        )
        return Form(
            title=words("placements.title"),
            lead=words("placements.lead"),
            action=HERE,
            button=words("step.place.button") if offered.ready else "",
            back="/orders",
            back_label=words("order.back"),
            fields=fields,
        )


def _beside(offered: Offered) -> dict[str, Any]:
    return {
        "template": "pages/place-together.html",
        "ready": [it.content for it in offered.ready],
        "terms_of": offered.terms,
        "away": offered.away,
        "more": offered.more,
    }


def _state_of(stored: Stored[Order]) -> str:
    """Return what of a Vorgang goes along with the form: its revision, the number of the offer that was read, its channel."""
    number = stored.content.offer_number
    return f"{(stored.etag or '').strip(chr(34))}.{'' if number is None else number}.{stored.content.channel}"


def _seen(given: Given, order_id: str) -> dict[str, object]:
    revision, number, channel = (*given.one(f"{SEEN}{order_id}").split(".", 2), "", "", "")[:3]
    found = {"revision": revision, "offer_number": number}
    numbers = {name: int(value) for name, value in found.items() if value.isascii() and value.isdecimal()}
    return {**numbers, "agb_version": given.one(f"{AGB}{channel}") or None}


def _following(made: Placement) -> str:
    """Return where it goes on. Raises ConflictError with the first reason if nothing was ordered."""
    refused = [(it.order_id, it.problem) for it in made.results if it.problem is not None]
    if len(refused) == len(made.results):
        problem = refused[0][1]
        raise ConflictError(problem.detail, code=problem.code)
    query = urlencode([("refused", f"{order_id}~{problem.code}") for order_id, problem in refused])
    return f"{HERE}/{quote(made.id)}{f'?{query}' if query else ''}"
