"""How often mail comes about single kinds of notifications, or never, where that is to differ from what is chosen for all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.notify import Contact, KindOfNotice, Notify
from services.portal.fields import Choice, Field, Kind, words_for
from services.portal.pages.asking import BOTH, ETAG, SEE_OTHER, Form, given_at, send_form, show_form
from services.portal.pages.contact import PATH as CONTACT
from services.portal.rendering import Pages, Visit
from services.portal.texts import Words
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PATH: Final = f"{CONTACT}/kinds"
TEMPLATE: Final = "pages/kinds.html"
NEVER: Final = "NEVER"
_KIND: Final = "kind."


def contact_kind_routes(pages: Pages, notify: Notify) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.api_route(PATH, methods=BOTH)
    async def kinds(request: Request, visit: CurrentVisit) -> Response:
        access = session_of(visit).access
        given = await given_at(request, visit, PATH)
        try:
            stored, known = await asyncio.gather(notify.contact(access), notify.kinds(access))
        except NotFoundError:
            # Where mail goes is stated first.
            return RedirectResponse(f"{visit.language.prefix}{CONTACT}", SEE_OTHER)
        form = _form(pages, visit, stored.content, known, stored.etag)
        if given is None:
            return show_form(pages, visit, form, template=TEMPLATE)

        async def act(filled: dict[str, Any]) -> str:
            asked = [it.name.removeprefix(_KIND) for it in form.fields]
            chosen = {it: filled[f"{_KIND}{it}"] for it in asked if f"{_KIND}{it}" in filled}
            await notify.put_contact(access, _contact(stored.content, asked, chosen), given.one(ETAG) or None)
            return "/inbox?done=contact"

        return await send_form(pages, visit, form, given, act, template=TEMPLATE)

    return router


def _contact(found: Contact, asked: Sequence[str], chosen: Mapping[str, str]) -> dict[str, Any]:
    """Return the contact as it is sent: of kinds that the page does not ask for all stays as it was."""
    muted = {it for it in found.muted if it not in asked} | {kind for kind, rhythm in chosen.items() if rhythm == NEVER}
    others = {kind: rhythm for kind, rhythm in found.rhythms.items() if kind not in asked}
    rhythms = others | {kind: rhythm for kind, rhythm in chosen.items() if rhythm != NEVER}
    return found.model_dump(exclude={"muted", "rhythms"}) | {"muted": sorted(muted), "rhythms": rhythms}


def _form(pages: Pages, visit: Visit, found: Contact, known: Sequence[KindOfNotice], etag: str | None) -> Form:
    words = pages.words(visit.language)
    said = (*found.muted, *found.rhythms)
    shown = [it for it in known if it.concerns_you or it.event_type in said]
    fields: list[Field] = []
    services: set[str] = set()
    for it in shown:
        service = it.event_type.partition(".")[0]
        heading = words(f"inbox.group.{service}") if service not in services and words.has(f"inbox.group.{service}") else ""
        services.add(service)
        fields.append(replace(_field(words, found, it), heading=heading))
    return Form(
        title=words("contact.kinds.title"),
        lead=words("contact.kinds.lead", rhythm=words_for(words, "contact.rhythm")(found.rhythm) or found.rhythm),
        action=PATH,
        button=words("contact.button"),
        back=CONTACT,
        back_label=words("contact.title"),
        fields=tuple(fields),
        etag=etag,
    )


def _field(words: Words, found: Contact, kind: KindOfNotice) -> Field:
    name = f"notice.{kind.event_type}"
    rhythm = words_for(words, "contact.rhythm")
    choices = tuple(Choice(it, rhythm(it) or it) for it in (*kind.rhythms, NEVER))
    held = NEVER if kind.event_type in found.muted else found.rhythms.get(kind.event_type)
    return Field(
        f"{_KIND}{kind.event_type}",
        Kind.SELECT,
        words(name) if words.has(name) else kind.event_type,
        choices=choices,
        value=() if held is None else (held,),
        blank=words("contact.kinds.as_else"),
    )
