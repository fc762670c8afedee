"""Contracts: what holds between whom, what it costs and why, its documents, and the signatures of the Anbieter."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.contracts import Contracts
from services.portal.apis.eligibility import Eligibility
from services.portal.fields import Kind
from services.portal.forms import read_given
from services.portal.pages.asking import ETAG, Ask, Step, send_form, show_form
from services.portal.pages.awards import names_of
from services.portal.pages.contract_agreeing import SUCCEED
from services.portal.pages.contract_contacts import CONTACTS
from services.portal.pages.contract_forms import contract_form
from services.portal.pages.contract_passing_on import SUB_CONTRACT
from services.portal.pages.parts import nothing, or_none
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PAGE = 50
STATES = (
    *("ANGEBOTEN", "ENTWURF", "GESCHLOSSEN", "GEKUENDIGT", "BEENDET"),
    *("ABGELEHNT", "ZURUECKGEZOGEN", "VERFALLEN", "NICHTIG"),
)
LEGS = ("BEREITSTELLUNG", "NACHNUTZUNG", "SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG")
WAITING = [("change_waits", "true")]
"""Contracts of which a change waits for whoever reads."""
RECEIPT = "application/x-ndjson"
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
SHOWN = frozenset({*STEPS, SUB_CONTRACT})
DONE = frozenset({*SHOWN, SUCCEED, CONTACTS})


class Asked(BaseModel):
    """Which contracts are asked for, and from where on; what is none of the choices narrows nothing."""

    model_config = ConfigDict(extra="ignore")

    state: str = ""
    leg: str = ""
    ends_before: str = ""
    change_waits: bool = False
    cursor: str | None = None

    def filters(self) -> list[tuple[str, str]]:
        """Return the filters that are chosen."""
        chosen = [("state", self.state)] if self.state in STATES else []
        chosen += [("leg", self.leg)] if self.leg in LEGS else []
        chosen += [("ends_before", self.day)] if self.day else []
        return [*chosen, *(WAITING if self.change_waits else [])]

    @property
    def day(self) -> str:
        """The day before which they end, empty where none is asked for."""
        try:
            return date.fromisoformat(self.ends_before).isoformat()
        except ValueError:
            return ""


def contract_routes(pages: Pages, contracts: Contracts, eligibility: Eligibility) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/contracts", include_in_schema=False)

    @router.get("")
    async def listed(visit: CurrentVisit, asked: Annotated[Asked, Query()]) -> Response:
        access, filters, limit = session_of(visit).access, asked.filters(), ("limit", str(PAGE))
        cursor = [("cursor", asked.cursor)] if asked.cursor else []
        # What waits for an answer stands on top of the whole list, whichever page of it it lies on.
        whole = not filters and not cursor
        found, waiting = await asyncio.gather(
            contracts.listed(access, [*filters, *cursor, limit]),
            or_none(contracts.listed(access, [*WAITING, limit]), "contracts") if whole else nothing(),
        )
        groups = {it: [one for one in found.items if one.state == it] for it in STATES}
        return pages.show(
            visit,
            "pages/contracts.html",
            asked=asked,
            waiting=() if waiting is None else waiting.items,
            groups={k: v for k, v in groups.items() if v},
            states=STATES,
            legs=LEGS,
            narrowed=bool(filters),
            following=None if found.next is None else f"/contracts?{urlencode([*filters, ('cursor', found.next)])}",
        )

    @router.get("/{contract_id}")
    async def one(visit: CurrentVisit, contract_id: str, done: str = "") -> Response:
        session = session_of(visit)
        contract = (await contracts.contract(session.access, contract_id)).content
        own = session.organisation == contract.customer.id
        documents, costs, changes, statements, contacts = await asyncio.gather(
            or_none(contracts.documents(session.access, contract_id), "contract"),
            or_none(contracts.own_costs(session.access, contract.offering_id, contract.channel), "contract")
            if own
            else nothing(),
            or_none(contracts.changes(session.access, contract_id), "contract"),
            or_none(contracts.statements(session.access, contract_id), "contract") if own else nothing(),
            or_none(contracts.contacts(session.access, contract_id), "contract"),
        )
        return pages.show(
            visit,
            "pages/contract.html",
            contract=contract,
            documents=documents or (),
            costs=costs,
            changes=None if changes is None or contract.number is None else changes.content,
            statements=statements or (),
            contacts=None if contacts is None else contacts.content.items,
            steps=[it for it in contract.allowed_moves if it in SHOWN],
            names=await names_of(eligibility, contract, contract.awards),
            done=done if done in DONE else "",
        )

    @router.get("/{contract_id}/chain")
    async def chain(visit: CurrentVisit, contract_id: str) -> Response:
        access = session_of(visit).access
        contract, found = await asyncio.gather(contracts.contract(access, contract_id), contracts.chain(access, contract_id))
        return pages.show(visit, "pages/chain.html", contract=contract.content, chain=found)

    @router.get("/{contract_id}/archive")
    async def receipt(visit: CurrentVisit, contract_id: str) -> Response:
        content = await contracts.receipt(session_of(visit).access, contract_id)
        headers = {"Content-Disposition": 'attachment; filename="archivbeleg.jsonl"', "Cache-Control": "no-store"}
        return Response(content, media_type=RECEIPT, headers=headers)

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


def _step(name: str) -> Step:
    if name not in STEPS:
        raise NotFoundError(f"There is no step {name}.")
    return STEPS[name]
