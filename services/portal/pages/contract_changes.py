"""Changes of a running contract: what is proposed, by whom, and whose consent it waits for; newer AGB; what was agreed before."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.catalog import Catalog
from services.portal.apis.client import Stored, segment
from services.portal.apis.contracts import Changes, Contract, Contracts
from services.portal.apis.eligibility import Eligibility
from services.portal.fields import Kind
from services.portal.functions import SIGNING
from services.portal.pages.asking import BOTH, ETAG, Ask, Step, given_at, send_form, show_form
from services.portal.pages.awards import names_of
from services.portal.pages.contract_agreeing import PROPOSALS, proposals_of
from services.portal.pages.contract_forms import contract_form, service_names
from services.portal.pages.parts import or_none
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.sessions import Session
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

REFUSE = "refuse"
AGB = "agb-offer"
STEPS = {
    it.name: it
    for it in (
        Step("consent", function=SIGNING),
        Step("release", function=SIGNING),
        Step(REFUSE, (Ask("reason", Kind.LINE, optional=True),), SIGNING),
    )
}
OFFER = Step(AGB, (Ask("reason", Kind.LINE, optional=True),), SIGNING)
DONE = frozenset({*STEPS, AGB, *PROPOSALS})


def steps_on(changes: Changes, session: Session) -> list[Step]:
    """Return the steps that whoever reads can take with a proposed change, for its side; contracts decides."""
    pending = changes.pending
    if pending is None:
        return []
    if pending.waits_for.id == session.organisation:
        return [STEPS[it] for it in (pending.step.lower(), REFUSE) if it in STEPS]
    return [STEPS[REFUSE]] if pending.proposed_by.id == session.organisation else []


def change_routes(pages: Pages, contracts: Contracts, eligibility: Eligibility, catalog: Catalog) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/contracts/{contract_id}", include_in_schema=False)

    async def read(visit: Visit, contract_id: str) -> tuple[Contract, Stored[Changes]]:
        access = session_of(visit).access
        contract, stored = await asyncio.gather(contracts.contract(access, contract_id), contracts.changes(access, contract_id))
        return contract.content, stored

    @router.get("/changes")
    async def listed(visit: ActingVisit, contract_id: str, done: str = "", missed: bool = False) -> Response:  # noqa: FBT001, FBT002 - of the address
        session = session_of(visit)
        (contract, stored), prices = await asyncio.gather(
            read(visit, contract_id), or_none(contracts.price_changes(session.access, contract_id), "changes")
        )
        changes = stored.content
        pending = [] if changes.pending is None else [changes.pending.text]
        texts = [changes.text, *pending, *(it.before for it in changes.amendments)]
        newer = changes.agb_change
        offers = newer is not None and newer.waits_for is None and newer.offer_by.id == session.organisation
        steps, lacking = visit.parted(steps_on(changes, session))
        proposals, unproposed = visit.parted(proposals_of(changes))
        return pages.show(
            visit,
            "pages/changes.html",
            contract=contract,
            changes=changes,
            steps=steps,
            lacking=lacking,
            offers=offers and changes.pending is None,
            prices=prices or (),
            proposals=proposals,
            unproposed=unproposed,
            services=await service_names(catalog, session.access, contract, pages.words(visit.language), texts),
            names=await names_of(eligibility, contract, () if changes.pending is None else changes.pending.awards),
            done=done if done in DONE else "",
            missed=missed,
        )

    async def take(request: Request, visit: Visit, contract_id: str, step: Step, below: str) -> Response:
        given = await given_at(request, visit, f"/contracts/{contract_id}/{below}")
        contract, stored = await read(visit, contract_id)
        form = contract_form(pages, visit, contract, step.name, step.fields, stored.etag, family="changes", below=below)
        if given is None:
            return show_form(pages, visit, form)

        async def act(body: dict[str, object]) -> str:
            access, match = session_of(visit).access, given.one(ETAG) or None
            await contracts.take(access, contract_id, below, key=given.key, body=step.content(body), match=match)
            return f"/contracts/{quote(contract_id)}/changes?done={step.name}"

        return await send_form(pages, visit, form, given, act)

    @router.api_route("/changes/{change_id}/{name}", methods=BOTH)
    async def answer(request: Request, visit: CurrentVisit, contract_id: str, change_id: str, name: str) -> Response:
        if name not in STEPS:
            raise NotFoundError(f"There is no step {name}.")
        return await take(request, visit, contract_id, STEPS[name], f"changes/{segment(change_id)}/{name}")

    @router.api_route(f"/{AGB}", methods=BOTH)
    async def offer(request: Request, visit: CurrentVisit, contract_id: str) -> Response:
        return await take(request, visit, contract_id, OFFER, AGB)

    return router
