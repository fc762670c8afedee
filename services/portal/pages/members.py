"""Who acts for an organisation: its members with their functions, invitations, and how an invitation is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.client import Access, Stored, segment
from services.portal.apis.eligibility import Eligibility, Members, Organisation
from services.portal.fields import Choice, Field, Kind, words_for
from services.portal.forms import Given, read_given
from services.portal.language import Language
from services.portal.pages.acting import act_for
from services.portal.pages.asking import BOTH, ETAG, Form, given_at, send_form, show_form
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.sessions import Sessions
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

FUNCTIONS = ("BEARBEITUNG", "ZEICHNUNG", "VERWALTUNG")
DONE = frozenset({"invite", "revoke", "change"})
OPEN = "OPEN"


def member_routes(pages: Pages, eligibility: Eligibility) -> APIRouter:
    """Return the routes of the members of an organisation, for these alone."""
    router = APIRouter(prefix="/organisations/{organisation_id}/members", include_in_schema=False)
    desk = _Desk(pages, eligibility)

    @router.get("")
    async def listed(visit: ActingVisit, organisation_id: str, done: str = "") -> Response:
        access = session_of(visit).access
        organisation, found = await desk.read(access, organisation_id)
        return pages.show(
            visit,
            "pages/members.html",
            organisation=organisation.content,
            members=found.members,
            invitations=[it for it in found.invitations if it.state == OPEN],
            authorised=found.authorised_person,
            me=session_of(visit).person,
            done=done if done in DONE else "",
        )

    @router.api_route("/invite", methods=BOTH)
    async def invite(request: Request, visit: CurrentVisit, organisation_id: str) -> Response:
        given = await given_at(request, visit, f"/organisations/{organisation_id}/members/invite")
        return await desk.invite(visit, organisation_id, given)

    @router.api_route("/invitations/{invitation_id}", methods=BOTH)
    async def revoke(request: Request, visit: CurrentVisit, organisation_id: str, invitation_id: str) -> Response:
        given = await given_at(request, visit, f"/organisations/{organisation_id}/members/invitations/{invitation_id}")
        return await desk.revoke(visit, organisation_id, invitation_id, given)

    @router.api_route("/persons/{person}", methods=BOTH)
    async def change(request: Request, visit: CurrentVisit, organisation_id: str, person: str) -> Response:
        given = await given_at(request, visit, f"/organisations/{organisation_id}/members/persons/{segment(person)}")
        return await desk.change(visit, organisation_id, person, given)

    return router


@dataclass(frozen=True, slots=True)
class _Desk:
    """Shows the forms about members, and sends those that were filled in."""

    pages: Pages
    eligibility: Eligibility

    async def read(self, access: Access, organisation_id: str) -> tuple[Stored[Organisation], Members]:
        """Return an organisation with its members. Raises NotFoundError for any but one's own."""
        stored = await self.eligibility.organisation(access, organisation_id)
        return stored, await self.eligibility.members(access, organisation_id)

    async def invite(self, visit: Visit, organisation_id: str, given: Given | None) -> Response:
        """Ask whom to invite, and show the link of an invitation that leaves by no mail: this once, and in no address."""
        access = session_of(visit).access
        organisation, _ = await self.read(access, organisation_id)
        word = words_for(self.pages.words(visit.language), "members.invite")
        languages = tuple(Choice(it.value, self.pages.words(it)("site.language_name")) for it in Language)
        form = self._form(
            visit,
            organisation,
            "invite",
            "invite",
            (
                Field("email", Kind.LINE, word("field.email"), word("field.email_hint"), optional=True),
                self._functions(visit, "invite", ()),
                Field("language", Kind.RADIOS, word("field.language"), choices=languages, value=(visit.language.value,)),
            ),
        )
        if given is None:
            return show_form(self.pages, visit, form)
        secrets: list[str] = []

        async def act(body: dict[str, object]) -> str:
            secret = await self.eligibility.invite(access, organisation_id, given.key, body)
            secrets.extend([secret] if secret else [])
            return f"/organisations/{quote(organisation_id)}/members?done=invite"

        answer = await send_form(self.pages, visit, form, given, act)
        if not secrets:
            return answer
        return self.pages.show(visit, "pages/invited.html", organisation=organisation.content, secret=secrets[0])

    async def revoke(self, visit: Visit, organisation_id: str, invitation_id: str, given: Given | None) -> Response:
        access = session_of(visit).access
        organisation, found = await self.read(access, organisation_id)
        if invitation_id not in {it.id for it in found.invitations}:
            raise NotFoundError(f"There is no invitation {invitation_id}.")
        form = self._form(visit, organisation, "revoke", f"invitations/{invitation_id}", ())
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(_: dict[str, object]) -> str:
            await self.eligibility.revoke(access, organisation_id, invitation_id, given.one(ETAG) or None)
            return f"/organisations/{quote(organisation_id)}/members?done=revoke"

        return await send_form(self.pages, visit, form, given, act)

    async def change(self, visit: Visit, organisation_id: str, person: str, given: Given | None) -> Response:
        """Ask what a member may do; the second button removes them."""
        access = session_of(visit).access
        organisation, found = await self.read(access, organisation_id)
        member = next((it for it in found.members if it.person == person), None)
        if member is None:
            raise NotFoundError("There is no such member.")
        fields = (self._functions(visit, "change", member.functions),)
        form = self._form(visit, organisation, "change", f"persons/{segment(person)}", fields, quoted=person)
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(body: dict[str, object]) -> str:
            changes = (
                {"remove_users": [person]} if given.one("action") == "remove" else {"functions": {person: body["functions"]}}
            )
            await self.eligibility.amend(access, organisation_id, changes, given.one(ETAG) or None)
            return f"/organisations/{quote(organisation_id)}/members?done=change"

        return await send_form(self.pages, visit, form, given, act)

    def _functions(self, visit: Visit, form: str, held: tuple[str, ...]) -> Field:
        words = self.pages.words(visit.language)
        word = words_for(words, f"members.{form}")
        choices = tuple(
            Choice(it, self.pages.label(visit.language, "Function", it), words(f"members.function.{it}")) for it in FUNCTIONS
        )
        return Field("functions", Kind.CHECKS, word("field.functions"), word("field.functions_hint"), True, choices, held)

    def _form(
        self, visit: Visit, stored: Stored[Organisation], name: str, path: str, fields: tuple[Field, ...], *, quoted: str = ""
    ) -> Form:
        words, organisation = self.pages.words(visit.language), stored.content
        word = words_for(words, f"members.{name}")
        return Form(
            title=word("title"),
            lead=word("lead"),
            quote=quoted,
            action=f"/organisations/{organisation.id}/members/{path}",
            button=word("button"),
            back=f"/organisations/{organisation.id}/members",
            back_label=words("members.title"),
            fields=fields,
            remove=word("remove"),
            etag=stored.etag,
        )


def invitation_routes(pages: Pages, eligibility: Eligibility, sessions: Sessions) -> APIRouter:
    """Return the routes of the link in an invitation: its secret stands behind ``#``, which no server sees before it is sent."""
    router = APIRouter(prefix="/invitations/{organisation_id}", include_in_schema=False)

    def form_of(visit: Visit, organisation_id: str) -> Form:
        word = words_for(pages.words(visit.language), "members.accept")
        return Form(
            title=word("title"),
            lead=word("lead"),
            action=f"/invitations/{organisation_id}",
            button=word("button") if visit.session is not None else "",
            back="/",
            back_label=pages.words(visit.language)("site.name"),
            fields=(Field("secret", Kind.LINE, word("field.secret"), word("field.secret_hint")),),
        )

    @router.get("")
    async def ask(visit: CurrentVisit, organisation_id: str) -> Response:
        return show_form(pages, visit, form_of(visit, organisation_id), template="pages/invitation.html")

    @router.post("")
    async def accept(request: Request, visit: CurrentVisit, organisation_id: str) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, f"/invitations/{organisation_id}")

        async def act(body: dict[str, object]) -> str:
            # Who copies the whole link out of the mail has copied the secret, too.
            secret = str(body.get("secret", "")).rpartition("#")[2]
            accepted = await eligibility.accept(Access(session.access.token), organisation_id, secret, given.key)
            await act_for(sessions, session, accepted.id, accepted.name)
            return f"/organisations/{quote(accepted.id)}"

        return await send_form(pages, visit, form_of(visit, organisation_id), given, act, template="pages/invitation.html")

    return router
