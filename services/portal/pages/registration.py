"""Registration of an organisation: its entry in the register of public bodies is chosen, then one form asks for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.eligibility import Body, Eligibility
from services.portal.fields import Choice, Field, Kind
from services.portal.forms import read_given
from services.portal.pages.acting import act_for
from services.portal.pages.asking import SEE_OTHER, Form, send_form, show_form
from services.portal.pages.bodies import find_bodies
from services.portal.pages.parts import or_none
from services.portal.pages.stored_files import FIELD_OF as FILE_FIELD_OF
from services.portal.pages.stored_files import TAKES_FILE, require_taken
from services.portal.rendering import Pages, Visit
from services.portal.sessions import Sessions
from services.portal.visits import CurrentVisit, session_of
from shared.errors import GoneError, InvalidError

CAPACITIES = ("VERTRETUNGSBERECHTIGT", "BEVOLLMAECHTIGT")
ROLES = ("KUNDE", "BEREITSTELLER", "BUENDELNDE_ORGANISATION", "KLIENT")
ACCREDITED = ROLES[:3]
VOLLMACHT = "vollmacht"
TEMPLATE = "pages/registering.html"
FIELD_OF = {
    **dict.fromkeys(FILE_FIELD_OF, VOLLMACHT),
    "person/capacity": "capacity",
    "person/vollmacht": VOLLMACHT,
    "person/confirmed": "confirmed",
    "kunde/leitweg_id": "leitweg_id",
    "accreditations/channel": "accreditations",
    "accreditations/role": "accreditations",
}
"""Where the members of a draft are asked for."""


def registration_routes(pages: Pages, eligibility: Eligibility, sessions: Sessions) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/registration", include_in_schema=False)

    @router.get("")
    async def find(visit: CurrentVisit, q: str = "") -> Response:
        session_of(visit)
        found = await find_bodies(eligibility, q, pages.words(visit.language))
        return pages.show(visit, "pages/registration.html", found=found.bodies, note=found.note, q=q)

    @router.get("/{body_id}")
    async def ask(visit: CurrentVisit, body_id: str) -> Response:
        session_of(visit)
        try:
            body = await eligibility.body(body_id)
        except GoneError:
            return _searched(visit, body_id)
        return show_form(
            pages,
            visit,
            await _form(pages, eligibility, visit, body),
            template=TEMPLATE,
            brought=await _held(eligibility, visit, body),
        )

    @router.post("/{body_id}", openapi_extra=TAKES_FILE)
    async def register(request: Request, visit: CurrentVisit, body_id: str) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, f"/registration/{body_id}")
        try:
            body = await eligibility.body(body_id)
        except GoneError:
            return _searched(visit, body_id)
        brought = await _held(eligibility, visit, body)

        async def act(filled: dict[str, object]) -> str:
            access = session.access
            faults = await eligibility.store_draft(access, body.id, draft_of(filled))
            content = given.files.get(VOLLMACHT)
            if content is not None:
                faults = await eligibility.bring_vollmacht(access, body.id, content, require_taken(content))
                brought.append(VOLLMACHT)
            if faults:
                errors = [{"pointer": f"#/{it.field.replace('.', '/')}", "code": it.code} for it in faults]
                raise InvalidError("The registration has faults.", code="registration_incomplete", errors=errors)
            await eligibility.register(access, body.id, given.key)
            if session.organisation is None:
                await act_for(sessions, session, body.id, body.name)
            return f"/organisations/{quote(body.id)}?done=registered"

        form = await _form(pages, eligibility, visit, body)
        return await send_form(pages, visit, form, given, act, field_of=FIELD_OF, template=TEMPLATE, brought=brought)

    return router


async def _form(pages: Pages, eligibility: Eligibility, visit: Visit, body: Body) -> Form:
    words, language = pages.words(visit.language), visit.language
    channels = [it.channel for it in await eligibility.channels()]

    def named(value: str) -> str:
        channel, _, role = value.partition("/")
        return f"{pages.label(language, 'Channel', channel)}: {pages.label(language, 'Role', role)}"

    wishes = tuple(Choice(it, named(it)) for it in (f"{channel}/{role}" for channel in channels for role in ACCREDITED))
    return Form(
        title=words("registration.title"),
        lead=words("registration.lead"),
        quote=f"{body.name} ({pages.label(language, 'OrganisationType', body.type)}, {body.id})",
        action=f"/registration/{body.id}",
        button=words("registration.button"),
        back="/registration",
        back_label=words("registration.title"),
        fields=(
            Field(
                "capacity",
                Kind.RADIOS,
                words("registration.capacity"),
                choices=tuple(Choice(it, words(f"registration.capacities.{it}")) for it in CAPACITIES),
            ),
            Field(
                VOLLMACHT,
                Kind.FILE,
                words("registration.vollmacht"),
                words("registration.vollmacht_hint"),
                optional=True,
            ),
            Field(
                "roles",
                Kind.CHECKS,
                words("registration.roles"),
                choices=tuple(Choice(it, words(f"registration.role.{it}")) for it in ROLES),
            ),
            Field(
                "accreditations",
                Kind.CHECKS,
                words("registration.accreditations"),
                words("registration.accreditations_hint"),
                optional=True,
                choices=wishes,
            ),
            Field(
                "leitweg_id",
                Kind.LINE,
                words("registration.leitweg_id"),
                words("registration.leitweg_id_hint"),
                optional=True,
            ),
            Field("confirmed", Kind.TICK, words("registration.confirmed")),
        ),
    )


def _searched(visit: Visit, body_id: str) -> Response:
    """Return the way to the search, which names what has followed a body that is no more."""
    return RedirectResponse(f"{visit.language.prefix}/registration?{urlencode({'q': body_id})}", SEE_OTHER)


async def _held(eligibility: Eligibility, visit: Visit, body: Body) -> list[str]:
    """Return the names of the files that lie with the draft."""
    draft = await or_none(eligibility.draft(session_of(visit).access, body.id), "registration")
    return [VOLLMACHT] if draft is not None and draft.vollmacht is not None else []


def draft_of(filled: Mapping[str, Any]) -> dict[str, Any]:
    """Return a draft of a registration as it is sent, from the form that it was filled in by."""
    wishes = [it.partition("/") for it in filled.get("accreditations", ())]
    return {
        "person": {"capacity": filled.get("capacity"), "confirmed": filled.get("confirmed")},
        "roles": filled.get("roles", []),
        "kunde": {"leitweg_id": filled.get("leitweg_id")},
        "accreditations": [{"channel": channel, "role": role} for channel, _, role in wishes],
    }
