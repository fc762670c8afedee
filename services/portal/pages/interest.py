"""Interesse bekunden: which way is open to the own organisation and why, then the choice of one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.catalog import Catalog, Offering
from services.portal.apis.eligibility import Advice, Eligibility
from services.portal.apis.ordering import Ordering
from services.portal.fields import Choice, Field, Kind
from services.portal.forms import read_given
from services.portal.pages.asking import Form, send_form, show_form
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

TEMPLATE = "pages/interest.html"


def interest_routes(pages: Pages, catalog: Catalog, eligibility: Eligibility, ordering: Ordering) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/offerings/{offering_id}/interest", include_in_schema=False)

    async def read(visit: Visit, offering_id: str) -> tuple[Offering, Sequence[Advice] | None]:
        access = session_of(visit).access
        found, advice = await asyncio.gather(
            catalog.offering(offering_id, access), or_none(eligibility.advice(access, offering_id), "interest")
        )
        if not isinstance(found, Offering):
            raise NotFoundError(f"{offering_id} cannot be ordered here.")
        return found, advice

    @router.get("")
    async def ask(visit: CurrentVisit, offering_id: str) -> Response:
        offering, advice = await read(visit, offering_id)
        return show_form(pages, visit, _form(pages, visit, offering, advice), template=TEMPLATE, offering=offering, advice=advice)

    @router.post("")
    async def declare(request: Request, visit: CurrentVisit, offering_id: str) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, f"/offerings/{offering_id}/interest")
        offering, advice = await read(visit, offering_id)

        async def act(body: dict[str, object]) -> str:
            # What nobody asked for is not sent: an ordering of the version before would refuse the field.
            asked = {name: value for name, value in body.items() if name != "bundled" or value}
            order = await ordering.declare(session.access, given.key, {**asked, "offering_id": offering.id})
            return f"/orders/{quote(order)}?done=declare_interest"

        form = _form(pages, visit, offering, advice)
        return await send_form(pages, visit, form, given, act, template=TEMPLATE, offering=offering, advice=advice)

    return router


def _form(pages: Pages, visit: Visit, offering: Offering, advice: Sequence[Advice] | None) -> Form:
    words, language = pages.words(visit.language), visit.language
    known = {it.channel: it for it in advice or ()}
    open_ways = [it for it in offering.orderable_channels if it in known and known[it].may]

    def way(channel: str) -> Choice:
        hint = "" if channel not in known else words("interest.may" if known[channel].may else "interest.may_not")
        return Choice(channel, pages.label(language, "Channel", channel), hint)

    def art(value: str) -> Choice:
        return Choice(value, pages.label(language, "Anbindungsart", value))

    only = offering.orderable_channels if len(offering.orderable_channels) == 1 else tuple(open_ways[:1])
    channels = tuple(way(it) for it in offering.orderable_channels)
    arts = (Choice("", words("interest.any")), *(art(it) for it in offering.anbindungsarten))
    return Form(
        title=words("interest.title"),
        lead=words("interest.lead", provider=offering.provider.name),
        action=f"/offerings/{offering.id}/interest",
        button=words("interest.button"),
        back=f"/offerings/{offering.id}",
        back_label=offering.title,
        fields=(
            Field(
                "channel", Kind.RADIOS, words("interest.channel"), words("interest.channel_hint"), choices=channels, value=only
            ),
            Field(
                "anbindungsart",
                Kind.RADIOS,
                words("interest.anbindungsart"),
                words("interest.anbindungsart_hint"),
                choices=arts,
                value=("",),
            ),
            Field("message", Kind.AREA, words("interest.message"), words("interest.message_hint"), optional=True),
            Field("bundled", Kind.TICK, words("interest.bundled")),
        ),
    )
