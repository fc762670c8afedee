"""HTTP: the organisation's inbox, the caller's own contact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response

from services.notify import handlers
from services.notify.domain.contact import Language
from services.notify.domain.routing import Routing
from services.notify.repository import Contacts, Notifications, position_of
from services.notify.schemas import ColleagueReply, ColleaguesReply, ContactForm, ContactReply, InboxItem
from services.notify.texts import Texts
from shared.http.auth import ADMINISTRATION, NO_FUNCTION, Caller, needs
from shared.http.dependencies import CurrentCaller, IfMatch
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.values import EntityId, Role

log = structlog.get_logger()

Member = Annotated[Caller, Depends(needs(*(role for role in Role if role is not Role.BETREIBER)))]
AcceptLanguage = Annotated[
    str | None, Header(description="Language of the texts, de or en; without it, that of the caller's contact, else German.")
]
Cursor = Annotated[str | None, Query(description="`next` of the page before.")]


def routes(
    notifications: Notifications,
    contacts: Contacts,
    texts: Texts,
    routing: Routing,
    clock: Callable[[], datetime],
) -> APIRouter:
    """Return the routes of notify."""
    router = APIRouter(prefix="/v1")

    async def language_of(caller: Caller, header: str | None) -> Language:
        asked = preferred(header)
        if asked is not None:
            return asked
        book = await contacts.book(caller.organisation)
        contact = book.find(caller.subject) if book else None
        return contact.language if contact else Language.DE

    @router.get(
        "/inbox", tags=["inbox"], summary="What the organisation has been told, newest first", response_model=Page[InboxItem]
    )
    async def inbox(
        caller: CurrentCaller,
        accept_language: AcceptLanguage = None,
        unread: Annotated[bool, Query(description="Only what nobody has marked as read.")] = False,  # noqa: FBT002 - a query parameter
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        after = decode_cursor(cursor, (datetime, str))
        language = await language_of(caller, accept_language)
        found, more = await notifications.inbox(caller.organisation, unread=unread, after=after, limit=Page.ahead(limit))
        page = Page.cut(found, limit, position_of, lambda it: InboxItem.of(it, texts, language), more=more)
        return _in(language, json_reply(page))

    @router.post(
        "/inbox/{notification_id}/read",
        tags=["inbox"],
        summary="Mark as read",
        openapi_extra=NO_FUNCTION,
        response_model=InboxItem,
    )
    async def read(caller: CurrentCaller, notification_id: EntityId, accept_language: AcceptLanguage = None) -> Response:
        notification = await notifications.read(caller.organisation, notification_id, clock())
        language = await language_of(caller, accept_language)
        return _in(language, json_reply(InboxItem.of(notification, texts, language)))

    @router.get(
        "/contacts", tags=["contacts"], summary="The contacts of the caller's organisation", response_model=ColleaguesReply
    )
    async def colleagues(caller: Member) -> Response:
        book, people = await handlers.colleagues(contacts, caller)
        return json_reply(
            ColleaguesReply(
                items=[ColleagueReply.of(contact, book.mark_of(contact.person), caller.subject) for contact in people]
            )
        )

    @router.get("/contacts/me", tags=["contacts"], summary="The caller's contact", response_model=ContactReply)
    async def get_contact(caller: CurrentCaller) -> Response:
        contact = await handlers.my_contact(contacts, caller)
        return json_reply(ContactReply.of(contact), rev=contact.rev)

    @router.put(
        "/contacts/me",
        tags=["contacts"],
        summary="Keep the caller's contact",
        openapi_extra=NO_FUNCTION,
        response_model=ContactReply,
    )
    async def put_contact(caller: CurrentCaller, form: ContactForm, condition: IfMatch) -> Response:
        contact = form.contact(caller.subject, clock())
        stored = await handlers.put_my_contact(contacts, routing, caller, contact, condition)
        return json_reply(ContactReply.of(stored), rev=stored.rev)

    @router.delete(
        "/contacts/me",
        tags=["contacts"],
        summary="Erase the caller's contact and the e-mails waiting for them",
        status_code=204,
        openapi_extra=NO_FUNCTION,
    )
    async def erase_contact(caller: CurrentCaller, condition: IfMatch) -> Response:
        await handlers.erase_my_contact(contacts, notifications, caller, clock(), condition)
        return Response(status_code=204)

    @router.delete(
        "/contacts/{contact_id}",
        tags=["contacts"],
        summary="Erase a contact of the caller's organisation, such as that of somebody who has left",
        status_code=204,
        openapi_extra=ADMINISTRATION,
    )
    async def erase_colleague(caller: Member, contact_id: EntityId, condition: IfMatch) -> Response:
        await handlers.erase_colleague(contacts, notifications, caller, contact_id, clock(), condition)
        log.info("contact_erased_by_colleague", organisation=caller.organisation, by=caller.subject)
        return Response(status_code=204)

    return router


def preferred(header: str | None) -> Language | None:
    """Return the language that an Accept-Language header (RFC 9110, 12.5.4) likes best of ours, None if it names neither."""
    ranked: list[tuple[float, int, Language]] = []
    for position, part in enumerate((header or "").split(",")):
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        primary = tag.partition("-")[0]
        quality = next((_quality(parameter[2:]) for parameter in parameters if parameter.startswith("q=")), 1.0)
        if primary in list(Language) and quality > 0:
            ranked.append((-quality, position, Language(primary)))
    return min(ranked)[2] if ranked else None


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _in(language: Language, reply: Response) -> Response:
    reply.headers["Content-Language"] = language.value
    reply.headers["Vary"] = "Accept-Language, Authorization"
    return reply
