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
from services.portal.pages.notices import by_matter, matter_of, word_of
from services.portal.rendering import Pages, Visit
from services.portal.texts import Words
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PATH: Final = f"{CONTACT}/kinds"
NEVER: Final = "NEVER"
AS_ELSE: Final = "AS_ELSE"
"""What is chosen for a whole matter to differ in nothing from all others."""
_KIND: Final = "kind."
_MATTER: Final = "matter."


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
        found = stored.content
        said = (*found.muted, *found.rhythms)
        asked = [it for it in known if it.concerns_you or it.event_type in said]
        form = _form(pages, visit, found, asked, stored.etag)
        if given is None:
            return show_form(pages, visit, form)

        async def act(filled: dict[str, Any]) -> str:
            chosen = {it.event_type: choice for it in asked if (choice := _chosen(it, filled)) is not None}
            body = _contact(found, [it.event_type for it in asked], chosen)
            await notify.put_contact(access, body, given.one(ETAG) or None)
            return "/inbox?done=contact"

        return await send_form(pages, visit, form, given, act)

    return router


def _chosen(kind: KindOfNotice, filled: Mapping[str, Any]) -> str | None:
    """Return what was chosen for a kind: for its whole matter, where that can be had of this kind, else for it alone."""
    of_all = filled.get(f"{_MATTER}{matter_of(kind.event_type)}")
    if of_all == AS_ELSE:
        return None
    return of_all if of_all in _possible(kind) else filled.get(f"{_KIND}{kind.event_type}")


def _possible(kind: KindOfNotice) -> tuple[str, ...]:
    return (*kind.rhythms, NEVER)


def _contact(found: Contact, asked: Sequence[str], chosen: Mapping[str, str]) -> dict[str, Any]:
    """Return the contact as it is sent: of kinds that the page does not ask for all stays as it was."""
    muted = {it for it in found.muted if it not in asked} | {kind for kind, rhythm in chosen.items() if rhythm == NEVER}
    others = {kind: rhythm for kind, rhythm in found.rhythms.items() if kind not in asked}
    rhythms = others | {kind: rhythm for kind, rhythm in chosen.items() if rhythm != NEVER}
    return found.model_dump(exclude={"muted", "rhythms"}) | {"muted": sorted(muted), "rhythms": rhythms}


def _form(pages: Pages, visit: Visit, found: Contact, asked: Sequence[KindOfNotice], etag: str | None) -> Form:
    words = pages.words(visit.language)
    known = {it.event_type: it for it in asked}
    fields = [
        field
        for matter, kinds in by_matter(known).items()
        for field in _matter(words, found, matter, [known[it] for it in kinds])
    ]
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


def _matter(words: Words, found: Contact, matter: str, kinds: Sequence[KindOfNotice]) -> list[Field]:
    """Return the fields of a matter: one for all its kinds, where there are several, and one for each."""
    rhythms = tuple(dict.fromkeys(rhythm for it in kinds for rhythm in _possible(it)))
    of_all = Field(
        f"{_MATTER}{matter}",
        Kind.SELECT,
        words("contact.kinds.together"),
        words("contact.kinds.together_hint"),
        choices=(Choice(AS_ELSE, words("contact.kinds.as_else")), *_choices(words, rhythms)),
        blank=words("contact.kinds.singly"),
    )
    fields = [*([of_all] if len(kinds) > 1 else []), *(_field(words, found, it) for it in kinds)]
    different = len([it for it in kinds if _held(found, it) is not None])
    state = words.count("contact.kinds.different", different) if different else words.count("contact.kinds.alike", len(kinds))
    return [replace(fields[0], heading=words(f"matter.{matter}"), folded=state), *fields[1:]]


def _field(words: Words, found: Contact, kind: KindOfNotice) -> Field:
    held = _held(found, kind)
    return Field(
        f"{_KIND}{kind.event_type}",
        Kind.SELECT,
        word_of(words, kind.event_type),
        choices=_choices(words, _possible(kind)),
        value=() if held is None else (held,),
        blank=words("contact.kinds.as_else"),
    )


def _choices(words: Words, rhythms: Sequence[str]) -> tuple[Choice, ...]:
    rhythm = words_for(words, "contact.rhythm")
    return tuple(Choice(it, rhythm(it) or it) for it in rhythms)


def _held(found: Contact, kind: KindOfNotice) -> str | None:
    """Return what is chosen for a kind, None where it is as the others."""
    return NEVER if kind.event_type in found.muted else found.rhythms.get(kind.event_type)
