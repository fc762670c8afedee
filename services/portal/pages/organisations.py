"""An organisation: who it is, what it states about its in-house relation, its accreditations, and the decisions on them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.client import segment
from services.portal.apis.eligibility import Accreditation, Eligibility, Organisation
from services.portal.apis.notify import Notify
from services.portal.apis.ordering import Ordering
from services.portal.fields import LEITWEG_FAULTS, Choice, Field, Kind, words_for
from services.portal.forms import Given
from services.portal.functions import SIGNING
from services.portal.pages.asking import BOTH, ETAG, Ask, Form, Step, given_at, send_form, show_form
from services.portal.pages.bodies import SEARCH, unsent
from services.portal.pages.invoice_address import REMOVED, STATED, invoice_address_routes
from services.portal.pages.names import names_of_bodies
from services.portal.pages.parts import nothing, or_none
from services.portal.pages.registration import ROLES
from services.portal.pages.relation_form import FIELD_OF, after_search, relation_fields, stated
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError
from shared.http.routers import join

PAGE = 50
BODIES = 20
"""As many bodies on the way to an Anbieter are asked for their names."""

DECISIONS = {
    it.name: it
    for it in (
        Step("review"),
        Step("grant", (Ask("valid_to", Kind.DAY, optional=True), Ask("reason", Kind.AREA, optional=True)), SIGNING),
        Step("query", (Ask("question", Kind.AREA),)),
        Step("answer", (Ask("answer", Kind.AREA),)),
        Step("refuse", (Ask("reason", Kind.AREA),), SIGNING),
        Step("revoke", (Ask("reason", Kind.AREA),), SIGNING),
    )
}
DONE = frozenset(
    {*DECISIONS, "relations", "request", "registered", "evidence", "vollmacht", "details", "taken_back", STATED, REMOVED}
)


def organisation_routes(pages: Pages, eligibility: Eligibility, ordering: Ordering, notify: Notify) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/organisations/{organisation_id}", include_in_schema=False)
    asking = _Asking(pages, eligibility)

    @router.get("")
    async def one(visit: ActingVisit, organisation_id: str, done: str = "") -> Response:
        session = session_of(visit)
        stored = await eligibility.organisation(session.access, organisation_id)
        own = stored.content.users is not None
        names = await _names(eligibility, stored.content)
        partners, webhooks = await asyncio.gather(
            or_none(ordering.partners(session.access, [("limit", str(PAGE))]), "organisation") if own else nothing(),
            # Whoever does not administer the organisation has none to see.
            or_none(notify.webhooks(session.access), "organisation") if own else nothing(),
        )
        return pages.show(
            visit,
            "pages/organisation.html",
            organisation=stored.content,
            own=own,
            names=names,
            partners=() if partners is None else partners.items,
            webhooks=webhooks,
            decisions=tuple(DECISIONS.values()),
            done=done if done in DONE else "",
        )

    @router.api_route("/relations", methods=BOTH)
    async def state(request: Request, visit: CurrentVisit, organisation_id: str) -> Response:
        given = await given_at(request, visit, f"/organisations/{organisation_id}/relations")
        return await asking.relation(visit, organisation_id, given)

    @router.api_route("/relations/{statement_id}", methods=BOTH)
    async def take_back(request: Request, visit: CurrentVisit, organisation_id: str, statement_id: str) -> Response:
        given = await given_at(request, visit, f"/organisations/{organisation_id}/relations/{segment(statement_id)}")
        return await asking.take_back(visit, organisation_id, statement_id, given)

    @router.api_route("/details", methods=BOTH)
    async def details(request: Request, visit: CurrentVisit, organisation_id: str) -> Response:
        given = await given_at(request, visit, f"/organisations/{organisation_id}/details")
        return await asking.details(visit, organisation_id, given)

    @router.api_route("/accreditations", methods=BOTH)
    async def request_one(request: Request, visit: CurrentVisit, organisation_id: str) -> Response:
        given = await given_at(request, visit, f"/organisations/{organisation_id}/accreditations")
        return await asking.request(visit, organisation_id, given)

    @router.api_route("/accreditations/{channel}/{role}/{step}", methods=BOTH)
    async def decide(request: Request, visit: CurrentVisit, organisation_id: str, channel: str, role: str, step: str) -> Response:
        below = f"{segment(channel)}/{segment(role)}"
        given = await given_at(request, visit, f"/organisations/{organisation_id}/accreditations/{below}/{step}")
        return await asking.decision(visit, organisation_id, below, step, given)

    join(router, invoice_address_routes(pages, eligibility))
    return router


async def _names(eligibility: Eligibility, organisation: Organisation) -> dict[str, str]:
    """Return the names of the bodies that statements lead through, by key; a body without one here is named by its key."""
    keys = sorted({key for statement in organisation.statements for key in statement.path} - {organisation.id})
    return {organisation.id: organisation.name, **await names_of_bodies(eligibility, keys[:BODIES], "organisation")}


@dataclass(frozen=True, slots=True)
class _Asking:
    """Shows the forms of an organisation, and sends those that were filled in."""

    pages: Pages
    eligibility: Eligibility

    async def decision(self, visit: Visit, organisation_id: str, below: str, step: str, given: Given | None) -> Response:
        access = session_of(visit).access
        stored = await self.eligibility.organisation(access, organisation_id)
        record = next(
            (it for it in stored.content.accreditations if f"{it.channel}/{it.role}" == below and step in DECISIONS), None
        )
        if record is None:
            raise NotFoundError(f"There is no such step with an accreditation {below}.")
        decision = DECISIONS[step]
        form = self._decision_form(visit, stored.content, record, decision, stored.etag)
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(body: dict[str, object]) -> str:
            path = f"accreditations/{below}/{step}"
            match = given.one(ETAG) or None
            await self.eligibility.change(access, organisation_id, path, key=given.key, body=decision.content(body), match=match)
            return f"/organisations/{quote(organisation_id)}?done={step}"

        return await send_form(self.pages, visit, form, given, act)

    def _decision_form(
        self, visit: Visit, organisation: Organisation, record: Accreditation, decision: Step, etag: str | None
    ) -> Form:
        language = visit.language
        word = words_for(self.pages.words(language), f"organisation.{decision.name}")
        role, channel = (
            self.pages.label(language, "Role", record.role),
            self.pages.label(language, "Channel", record.channel),
        )
        return Form(
            title=word("title"),
            lead=word("lead"),
            quote=f"{organisation.name}: {role}, {channel}" + (f"\n{record.question}" if decision.name == "answer" else ""),
            action=f"/organisations/{organisation.id}/accreditations/{record.channel}/{record.role}/{decision.name}",
            button=word("button"),
            back=f"/organisations/{organisation.id}",
            back_label=organisation.name,
            fields=decision.fields(word),
            etag=etag,
        )

    async def request(self, visit: Visit, organisation_id: str, given: Given | None) -> Response:
        access = session_of(visit).access
        organisation = (await self.eligibility.organisation(access, organisation_id)).content
        word = words_for(self.pages.words(visit.language), "organisation.request")
        channels = self._labels(visit, "Channel", [it.channel for it in await self.eligibility.channels()])
        form = Form(
            title=word("title"),
            lead=word("lead"),
            action=f"/organisations/{organisation.id}/accreditations",
            button=word("button"),
            back=f"/organisations/{organisation.id}",
            back_label=organisation.name,
            fields=(
                Field("channel", Kind.RADIOS, word("field.channel"), choices=channels),
                Field("role", Kind.RADIOS, word("field.role"), choices=self._labels(visit, "Role", ROLES)),
            ),
        )
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(body: dict[str, object]) -> str:
            await self.eligibility.change(access, organisation_id, "accreditations", key=given.key, body=body, match=None)
            return f"/organisations/{quote(organisation_id)}?done=request"

        return await send_form(self.pages, visit, form, given, act)

    async def take_back(self, visit: Visit, organisation_id: str, statement_id: str, given: Given | None) -> Response:
        access = session_of(visit).access
        stored = await self.eligibility.organisation(access, organisation_id)
        organisation = stored.content
        statement = next((it for it in organisation.statements if it.id == statement_id), None)
        if statement is None or organisation.users is None:
            raise NotFoundError(f"The organisation states nothing with the id {statement_id}.")
        form = self._form(
            visit, organisation, "taken_back", f"relations/{segment(statement_id)}", (Ask("reason", Kind.AREA, optional=True),)
        )
        form = replace(form, etag=stored.etag, quote="; ".join(it.title for it in statement.evidence))
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(body: dict[str, object]) -> str:
            reason = str(body["reason"]) if "reason" in body else None
            await self.eligibility.take_back(access, organisation_id, statement_id, reason, given.one(ETAG) or None)
            return f"/organisations/{quote(organisation_id)}?done=taken_back"

        return await send_form(self.pages, visit, form, given, act)

    async def details(self, visit: Visit, organisation_id: str, given: Given | None) -> Response:
        """Ask for the Leitweg-ID and for roles that the organisation has not got yet."""
        access = session_of(visit).access
        stored = await self.eligibility.organisation(access, organisation_id)
        organisation = stored.content
        if organisation.users is None:
            raise NotFoundError("Only its own people change an organisation.")
        form = self._form(
            visit,
            organisation,
            "details",
            "details",
            (Ask("leitweg_id", Kind.LINE, optional=True), Ask("add_roles", Kind.CHECKS, optional=True)),
        )
        held = (organisation.leitweg_id,) if organisation.leitweg_id else ()
        further = self._labels(visit, "Role", [it for it in ROLES if it not in organisation.roles])
        leitweg, roles = form.fields
        fields = (replace(leitweg, value=held), *((replace(roles, choices=further),) if further else ()))
        form = replace(form, fields=fields, etag=stored.etag)
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(body: dict[str, object]) -> str:
            # One that was emptied is removed.
            changes = {"leitweg_id": None, **body}
            await self.eligibility.amend(access, organisation_id, changes, given.one(ETAG) or None)
            return f"/organisations/{quote(organisation_id)}?done=details"

        return await send_form(self.pages, visit, form, given, act, field_of=dict.fromkeys(LEITWEG_FAULTS, "leitweg_id"))

    def _form(self, visit: Visit, organisation: Organisation, name: str, path: str, asked: tuple[Ask, ...]) -> Form:
        word = words_for(self.pages.words(visit.language), f"organisation.{name}")
        return Form(
            title=word("title"),
            lead=word("lead"),
            action=f"/organisations/{organisation.id}/{path}",
            button=word("button"),
            back=f"/organisations/{organisation.id}",
            back_label=organisation.name,
            fields=Step(name, asked).fields(word),
        )

    async def relation(self, visit: Visit, organisation_id: str, given: Given | None) -> Response:
        access = session_of(visit).access
        organisation = (await self.eligibility.organisation(access, organisation_id)).content
        searched = given is not None and given.one("action") == SEARCH
        held = after_search(given) if given is not None and searched else given or visit.held
        form = self._form(visit, organisation, "relations", "relations", ())
        words, label = self.pages.words(visit.language), partial(self.pages.label, visit.language)
        fields = await relation_fields(self.eligibility, access, organisation.id, held, words, label)
        form = replace(form, fields=fields)
        if given is None or held is None:
            return show_form(self.pages, visit, form)
        if (answer := unsent(self.pages, visit, form, held)) is not None:
            return answer

        async def act(body: dict[str, object]) -> str:
            await self.eligibility.change(
                access, organisation_id, "relations", key=given.key, body=stated(organisation.id, body), match=None
            )
            return f"/organisations/{quote(organisation_id)}?done=relations"

        return await send_form(self.pages, visit, form, given, act, field_of=FIELD_OF)

    def _labels(self, visit: Visit, enumeration: str, values: Sequence[str]) -> tuple[Choice, ...]:
        return tuple(Choice(it, self.pages.label(visit.language, enumeration, it)) for it in values)
