"""Contracts: what holds between whom, what it costs and why, its documents, and the signatures of the Anbieter."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.contracts import Contract, Contracts
from services.portal.fields import Kind
from services.portal.forms import read_given
from services.portal.pages.asking import ETAG, Ask, Step, send_form, show_form
from services.portal.pages.contract_agreeing import SUCCEED
from services.portal.pages.contract_forms import contract_form
from services.portal.pages.parts import nothing, or_none
from services.portal.rendering import Pages
from services.portal.sessions import Session
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PAGE = 50
STATES = ("ANGEBOTEN", "ENTWURF", "GESCHLOSSEN", "GEKUENDIGT", "BEENDET", "ABGELEHNT")
SIGNATURES = {"SIGNATURE": "sign", "RELEASE": "release"}
DocumentName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,40}\.pdf$")]


STEPS = {
    it.name: it
    for it in (
        Step("sign"),
        Step("release"),
        Step("decline", (Ask("reason", Kind.LINE),)),
        Step("notice", (Ask("last_day", Kind.DAY, optional=True),)),
        Step("accept"),
        Step("give-up", (Ask("reason", Kind.LINE, optional=True),)),
    )
}
DONE = frozenset({*STEPS, SUCCEED})


def contract_routes(pages: Pages, contracts: Contracts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/contracts", include_in_schema=False)

    @router.get("")
    async def listed(visit: CurrentVisit, state: str = "", cursor: str | None = None) -> Response:
        chosen = [("state", state)] if state in STATES else []
        parameters = [*chosen, ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        found = await contracts.listed(session_of(visit).access, parameters)
        groups = {it: [one for one in found.items if one.state == it] for it in STATES}
        following = None if found.next is None else f"/contracts?{urlencode([*chosen, ('cursor', found.next)])}"
        return pages.show(visit, "pages/contracts.html", groups={k: v for k, v in groups.items() if v}, following=following)

    @router.get("/{contract_id}")
    async def one(visit: CurrentVisit, contract_id: str, done: str = "") -> Response:
        session = session_of(visit)
        contract = (await contracts.contract(session.access, contract_id)).content
        own = session.organisation == contract.customer.id
        documents, costs, changes, statements = await asyncio.gather(
            or_none(contracts.documents(session.access, contract_id), "contract"),
            or_none(contracts.own_costs(session.access, contract.offering_id, contract.channel), "contract")
            if own
            else nothing(),
            or_none(contracts.changes(session.access, contract_id), "contract"),
            or_none(contracts.statements(session.access, contract_id), "contract") if own else nothing(),
        )
        return pages.show(
            visit,
            "pages/contract.html",
            contract=contract,
            documents=documents or (),
            costs=costs,
            changes=None if changes is None or contract.number is None else changes.content,
            statements=statements or (),
            steps=[*steps_of(contract, session), *(it for it in STEPS if changes and it in changes.content.allowed_moves)],
            done=done if done in DONE else "",
        )

    @router.get("/{contract_id}/chain")
    async def chain(visit: CurrentVisit, contract_id: str) -> Response:
        access = session_of(visit).access
        contract, found = await asyncio.gather(contracts.contract(access, contract_id), contracts.chain(access, contract_id))
        return pages.show(visit, "pages/chain.html", contract=contract.content, chain=found)

    @router.get("/{contract_id}/documents/{name}")
    async def document(visit: CurrentVisit, contract_id: str, name: DocumentName) -> Response:
        content = await contracts.document(session_of(visit).access, contract_id, name)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(content, media_type="application/pdf", headers=headers)

    @router.get("/{contract_id}/{step}")
    async def ask(visit: CurrentVisit, contract_id: str, step: str) -> Response:
        stored = await contracts.contract(session_of(visit).access, contract_id)
        chosen = _step(step)
        return show_form(pages, visit, contract_form(pages, visit, stored.content, chosen.name, chosen.fields, stored.etag))

    @router.post("/{contract_id}/{step}")
    async def take(request: Request, visit: CurrentVisit, contract_id: str, step: str) -> Response:
        session, chosen = session_of(visit), _step(step)
        access = session.access
        given = await read_given(request, session, f"/contracts/{contract_id}/{chosen.name}")
        stored = await contracts.contract(access, contract_id)

        async def act(body: dict[str, object]) -> str:
            match = given.one(ETAG) or None
            await contracts.take(access, contract_id, chosen.name, key=given.key, body=chosen.content(body), match=match)
            return f"/contracts/{quote(contract_id)}?done={chosen.name}"

        form = contract_form(pages, visit, stored.content, chosen.name, chosen.fields, stored.etag)
        return await send_form(pages, visit, form, given, act)

    return router


def steps_of(contract: Contract, session: Session) -> list[str]:
    """Return the steps that a contract waits for at whoever reads it, then notice, while it holds; contracts decides."""
    if contract.awaits in SIGNATURES and session.works_as("ANBIETER"):
        return [SIGNATURES[contract.awaits], "decline"]
    return ["notice"] if contract.state == "GESCHLOSSEN" else []


def _step(name: str) -> Step:
    if name not in STEPS:
        raise NotFoundError(f"There is no step {name}.")
    return STEPS[name]
