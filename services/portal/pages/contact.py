"""One's own contact: where mail about the marketplace goes, how often, or not at all. Every mail leads here."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.notify import Contact, Notify
from services.portal.fields import Choice, Field, Kind, words_for
from services.portal.language import Language
from services.portal.pages.asking import BOTH, ETAG, Form, given_at, send_form, show_form
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PATH = "/contacts/me"
TEMPLATE = "pages/contact.html"
RHYTHMS = ("IMMEDIATE", "DAILY", "WEEKLY")


def contact_routes(pages: Pages, notify: Notify) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.api_route(PATH, methods=BOTH)
    async def contact(request: Request, visit: CurrentVisit) -> Response:
        access = session_of(visit).access
        given = await given_at(request, visit, PATH)
        try:
            stored = await notify.contact(access)
            found, etag = stored.content, stored.etag
        except NotFoundError:
            found, etag = None, None
        form = _form(pages, visit, found, etag)
        if given is None:
            return show_form(pages, visit, form, template=TEMPLATE, known=found is not None)

        async def act(body: dict[str, object]) -> str:
            if given.one("action") == "remove":
                await notify.erase_contact(access)
                return "/inbox?done=erased"
            # What this page does not ask for stays as it was.
            unasked = {} if found is None else {"muted": list(found.muted), "rhythms": found.rhythms}
            await notify.put_contact(access, {**unasked, **body}, given.one(ETAG) or None)
            return "/inbox?done=contact"

        return await send_form(pages, visit, form, given, act, template=TEMPLATE, known=found is not None)

    return router


def _form(pages: Pages, visit: Visit, found: Contact | None, etag: str | None) -> Form:
    words = pages.words(visit.language)
    word = words_for(words, "contact")
    session = session_of(visit)
    at_first = {"name": session.name, "language": visit.language.value, "email_enabled": "true", "rhythm": RHYTHMS[0]}

    def field(name: str, kind: Kind, choices: tuple[Choice, ...] = ()) -> Field:
        value = at_first.get(name, "") if found is None else getattr(found, name)
        shown = ("true",) if value is True else (str(value),) if value else ()
        return Field(name, kind, word(f"field.{name}"), word(f"field.{name}_hint"), choices=choices, value=shown)

    form = Form(
        title=word("title"),
        lead=word("lead"),
        action=PATH,
        button=word("button"),
        back="/inbox",
        back_label=words("inbox.title"),
        fields=(
            field("name", Kind.LINE),
            field("email", Kind.LINE),
            field("language", Kind.RADIOS, tuple(Choice(it.value, pages.words(it)("site.language_name")) for it in Language)),
            field("email_enabled", Kind.TICK),
            field("rhythm", Kind.RADIOS, tuple(Choice(it, words(f"contact.rhythm.{it}")) for it in RHYTHMS)),
            field("deputy", Kind.TICK),
        ),
        etag=etag,
    )
    return form if found is None else replace(form, remove=word("remove"))
