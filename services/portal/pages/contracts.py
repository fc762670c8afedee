"""Contracts: what holds between whom, what it costs and why, its documents, and the signatures of the Anbieter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.contracts import Contracts, Summary
from services.portal.apis.eligibility import Eligibility
from services.portal.fields import Kind
from services.portal.forms import read_given
from services.portal.functions import SIGNING
from services.portal.language import Language
from services.portal.pages.asking import ETAG, Ask, Step, send_form, show_form
from services.portal.pages.awards import names_of
from services.portal.pages.contract_agreeing import SUCCEED
from services.portal.pages.contract_contacts import CONTACTS
from services.portal.pages.contract_forms import contract_form
from services.portal.pages.contract_passing_on import SUB_CONTRACT
from services.portal.pages.lists import Chip, table_file
from services.portal.pages.parts import nothing, or_none
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError
from shared.http.routers import join

PAGE = 50
STATES = (
    *("ANGEBOTEN", "ENTWURF", "GESCHLOSSEN", "GEKUENDIGT", "BEENDET"),
    *("ABGELEHNT", "ZURUECKGEZOGEN", "VERFALLEN", "NICHTIG"),
)
LEGS = ("BEREITSTELLUNG", "NACHNUTZUNG", "SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG")
PARTIES = ("KUNDE", "BEREITSTELLER", "ANBIETER")
"""The sides as which an organisation takes part in contracts."""
WAITING = [("waits_for_me", "true")]
"""Contracts that wait for whoever reads."""
CHANGES = [("change_waits", "true")]
"""Those of which a change does."""
RECEIPT = "application/x-ndjson"
DocumentName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,40}\.pdf$")]


STEPS = {
    it.name: it
    for it in (
        Step("sign", function=SIGNING),
        Step("release", function=SIGNING),
        Step("decline", (Ask("reason", Kind.LINE),), SIGNING),
        Step("notice", (Ask("last_day", Kind.DAY, optional=True),), SIGNING),
        Step("accept", function=SIGNING),
        Step("give-up", (Ask("reason", Kind.LINE, optional=True),), SIGNING),
    )
}
SHOWN = {**STEPS, SUB_CONTRACT: Step(SUB_CONTRACT, function=SIGNING)}
"""All steps that the page of a contract offers."""
DONE = frozenset({*SHOWN, SUCCEED, CONTACTS})


class Asked(BaseModel):
    """Which contracts are asked for, over all pages of the list, and from where on; what is no choice narrows nothing."""

    model_config = ConfigDict(extra="ignore")

    q: Annotated[str, Field(max_length=100)] = ""
    state: str = ""
    party: str = ""
    leg: str = ""
    offering_id: str = ""
    ends_before: str = ""
    waits_for_me: bool = False
    change_waits: bool = False
    cursor: str | None = None

    def filters(self, without: str = "") -> list[tuple[str, str]]:
        """Return the filters that are chosen, but for one."""
        chosen = (
            ("q", self.q.strip()),
            ("waits_for_me", "true" if self.waits_for_me else ""),
            ("change_waits", "true" if self.change_waits else ""),
            ("state", self.state if self.state in STATES else ""),
            ("party", self.party if self.party in PARTIES else ""),
            ("leg", self.leg if self.leg in LEGS else ""),
            ("ends_before", self.day),
            ("offering_id", self.offering_id),
        )
        return [(name, value) for name, value in chosen if value and name != without]

    @property
    def day(self) -> str:
        """The day before which they end, empty where none is asked for."""
        try:
            return date.fromisoformat(self.ends_before).isoformat()
        except ValueError:
            return ""

    def address(self, path: str = "/contracts", *, without: str = "", cursor: str | None = None) -> str:
        """Return the address of this list in our pages, from another place on, or without one of its filters."""
        query = [*self.filters(without), *([("cursor", cursor)] if cursor else [])]
        return f"{path}?{urlencode(query)}" if query else path


def contract_routes(pages: Pages, contracts: Contracts, eligibility: Eligibility) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)
    _list_routes(router, pages, contracts)
    join(router, _contract_routes(pages, contracts, eligibility))
    return router


def _list_routes(router: APIRouter, pages: Pages, contracts: Contracts) -> None:
    @router.get("/contracts")
    async def listed(visit: CurrentVisit, asked: Annotated[Asked, Query()]) -> Response:
        access, filters, limit = session_of(visit).access, asked.filters(), ("limit", str(PAGE))
        cursor = [("cursor", asked.cursor)] if asked.cursor else []
        # What waits for whoever reads stands on top of the whole list, whichever page of it it lies on.
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
            all_waiting=f"/contracts?{urlencode(WAITING)}" if waiting is not None and waiting.next is not None else None,
            groups={k: v for k, v in groups.items() if v},
            states=STATES,
            parties=PARTIES,
            legs=LEGS,
            chips=_chips(pages, visit.language, asked, found.items),
            following=None if found.next is None else asked.address(cursor=found.next),
        )

    @router.get("/contracts.csv")
    async def saved(visit: CurrentVisit, asked: Annotated[Asked, Query()]) -> Response:
        return table_file(await contracts.table(session_of(visit).access, asked.filters()))


def _contract_routes(pages: Pages, contracts: Contracts, eligibility: Eligibility) -> APIRouter:
    router = APIRouter(prefix="/contracts", include_in_schema=False)

    @router.get("/{contract_id}")
    async def one(visit: ActingVisit, contract_id: str, done: str = "") -> Response:
        session = session_of(visit)
        contract = (await contracts.contract(session.access, contract_id)).content
        own = session.organisation == contract.customer.id
        steps, lacking = visit.parted(SHOWN[it] for it in contract.allowed_moves if it in SHOWN)
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
            steps=steps,
            lacking=lacking,
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


def _chips(pages: Pages, language: Language, asked: Asked, found: Sequence[Summary]) -> list[Chip]:
    """Return the chosen filters; an offer shows by its title if any contract about it is found."""
    words = pages.words(language)
    title = next((it.offering_title for it in found), None)
    labels = {
        "q": asked.q.strip(),
        "waits_for_me": words("orders.waits_for_me"),
        "change_waits": words("contracts.changes"),
        "state": pages.label(language, "ChainState", asked.state),
        "party": pages.label(language, "OrderParty", asked.party),
        "leg": pages.label(language, "Leg", asked.leg),
        "ends_before": words("contracts.ends_before", day=pages.day(language, date.fromisoformat(asked.day)))
        if asked.day
        else "",
        "offering_id": title or words("orders.one_offer"),
    }
    return [
        Chip(labels[name], asked.address(without=name), german=name == "offering_id" and title is not None)
        for name, _ in asked.filters()
    ]


def _step(name: str) -> Step:
    if name not in STEPS:
        raise NotFoundError(f"There is no step {name}.")
    return STEPS[name]
