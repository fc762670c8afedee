"""Using what others have licensed: acceding to a contract, or asking for one below it; accessions, and their end."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.catalog import Catalog, Offering
from services.portal.apis.client import Parameters
from services.portal.apis.contracts import ChannelLicence, Contracts, OwnAccession
from services.portal.fields import Field, Kind, words_for
from services.portal.functions import SIGNING
from services.portal.pages.asking import BOTH, ETAG, SEE_OTHER, Ask, Form, Step, given_at, send_form, show_form
from services.portal.pages.contract_passing_on import SUB_CONTRACT
from services.portal.pages.lists import Asked, AskedFor, table_file
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of

PAGE: Final = 50
DONE: Final = frozenset({"ACCEDE", "end"})
ACTS: Final = {
    it.name: it
    for it in (
        Step("ACCEDE", (Ask("valid_from", Kind.DAY, optional=True), Ask("valid_to", Kind.DAY, optional=True)), SIGNING),
        Step(
            "ORDER_SUB",
            (
                Ask("valid_from", Kind.DAY, optional=True),
                Ask("valid_to", Kind.DAY, optional=True),
                Ask("order_reference", Kind.LINE, optional=True),
            ),
            SIGNING,
        ),
    )
}
"""What a body does itself to use what another one has licensed, by the name that contracts gives it."""
END: Final = Step("end", (Ask("last_day", Kind.DAY, optional=True),), SIGNING)
_FIELD_OF: Final = {
    "accession_date_invalid": "valid_from",
    "contract_date_invalid": "valid_from",
    "contract_not_running": "valid_from",
    "outlives_parent": "valid_to",
    "starts_before_parent": "valid_from",
    "term_invalid": "valid_to",
}


def accession_routes(pages: Pages, contracts: Contracts) -> APIRouter:
    """Return the routes of accessions."""
    router = APIRouter(include_in_schema=False)

    @router.get("/accessions")
    async def listed(visit: ActingVisit, asked: AskedFor, cursor: str | None = None, done: str = "") -> Response:
        session = session_of(visit)
        parameters = [*filters_of(asked), ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        found = await contracts.accessions(session.access, parameters)
        own = [it for it in found.items if it.organisation.id == session.organisation]
        others = [it for it in found.items if it.organisation.id != session.organisation]
        return pages.show(
            visit,
            "pages/accessions.html",
            groups={name: items for name, items in (("own", own), ("others", others)) if items},
            asked=asked,
            narrowed=bool(filters_of(asked)),
            following=None if found.next is None else asked.address("/accessions", found.next),
            end=END,
            done=done if done in DONE else "",
        )

    @router.get("/accessions.csv")
    async def saved(visit: CurrentVisit, asked: AskedFor) -> Response:
        return table_file(await contracts.accession_table(session_of(visit).access, filters_of(asked)))

    @router.api_route("/accessions/{accession_id}/end", methods=BOTH)
    async def end(request: Request, visit: CurrentVisit, accession_id: str) -> Response:
        given = await given_at(request, visit, f"/accessions/{accession_id}/end")
        access = session_of(visit).access
        stored = await contracts.accession(access, accession_id)
        if given is None and "end" not in stored.content.allowed_moves:
            return RedirectResponse(f"{visit.language.prefix}/accessions", SEE_OTHER)
        form = _ending(pages, visit, stored.content, stored.etag)
        if given is None:
            return show_form(pages, visit, form)

        async def act(body: dict[str, Any]) -> str:
            await contracts.end_accession(access, accession_id, key=given.key, body=body, match=given.one(ETAG) or None)
            return "/accessions?done=end"

        return await send_form(pages, visit, form, given, act, field_of={"accession_date_invalid": "last_day"})

    return router


def filters_of(asked: Asked) -> Parameters:
    """Return what a list of accessions is narrowed by: they have no state."""
    return [(name, value) for name, value in asked.parameters if name != "state"]


def licence_routes(pages: Pages, catalog: Catalog, contracts: Contracts) -> APIRouter:
    """Return the routes by which a body does itself what is missing to use what another one has licensed."""
    router = APIRouter(prefix="/offerings/{offering_id}/licence", include_in_schema=False)

    @router.api_route("/{channel}", methods=BOTH)
    async def use(request: Request, visit: CurrentVisit, offering_id: str, channel: str) -> Response:
        given = await given_at(request, visit, f"/offerings/{offering_id}/licence/{channel}")
        session = session_of(visit)
        offering, licence = await asyncio.gather(
            catalog.offering(offering_id, session.access), contracts.licence(session.access, offering_id)
        )
        way = next((it for it in licence if it.channel == channel), None)
        open_act = None if way is None else way.act_of(session.organisation)
        if way is None or open_act is None or open_act[0] not in ACTS or not isinstance(offering, Offering):
            return RedirectResponse(f"{visit.language.prefix}/offerings/{quote(offering_id)}", SEE_OTHER)
        (action, contract_id), name = open_act, offering.title
        form = _using(pages, visit, name, offering_id, way, ACTS[action])
        if given is None:
            return show_form(pages, visit, form)

        async def act(body: dict[str, Any]) -> str:
            if action == "ACCEDE":
                await contracts.accede(session.access, contract_id, key=given.key, body=body)
                return f"/accessions?done={action}"
            made = await contracts.pass_on(session.access, contract_id, key=given.key, body=body)
            return f"/contracts/{quote(made)}?done={SUB_CONTRACT}"

        return await send_form(pages, visit, form, given, act, field_of=_FIELD_OF)

    return router


def _using(pages: Pages, visit: Visit, title: str, offering_id: str, way: ChannelLicence, step: Step) -> Form:
    words = pages.words(visit.language)
    word = words_for(words, f"licence.{step.name}")
    by = "" if way.licensed_by is None else way.licensed_by.name
    return Form(
        title=word("title"),
        lead=words(f"licence.{step.name}.lead", name=by, channel=pages.label(visit.language, "Channel", way.channel)),
        quote=title,
        action=f"/offerings/{offering_id}/licence/{way.channel}",
        button=word("button"),
        back=f"/offerings/{offering_id}",
        back_label=title,
        fields=_fields(pages, visit, step),
    )


def _ending(pages: Pages, visit: Visit, accession: OwnAccession, etag: str | None) -> Form:
    words = pages.words(visit.language)
    word = words_for(words, "licence.end")
    return Form(
        title=word("title"),
        lead=word("lead"),
        quote=f"{accession.offering_title}, {accession.licensee.name}",
        action=f"/accessions/{accession.id}/end",
        button=word("button"),
        back="/accessions",
        back_label=words("licence.list"),
        fields=_fields(pages, visit, END),
        etag=etag,
    )


def _fields(pages: Pages, visit: Visit, step: Step) -> tuple[Field, ...]:
    return step.fields(words_for(pages.words(visit.language), "licence"))
