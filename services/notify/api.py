"""HTTP: the organisation's inbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from services.notify import handlers
from services.notify.domain.contact import Language
from services.notify.domain.routing import Routing
from services.notify.repository import COUNTED, Contacts, Notifications, position_of
from services.notify.schemas import InboxItem, MarkedReply, ReadForm, UnreadReply
from services.notify.texts import Texts
from shared.http.auth import NO_FUNCTION, Caller
from shared.http.dependencies import CurrentCaller
from shared.http.etag import json_reply
from shared.http.languages import find_language
from shared.http.paging import Limit, Page, decode_cursor, encode_cursor
from shared.messages.values import EntityId

AcceptLanguage = Annotated[
    str | None, Header(description="Language of the texts, de or en; without it, that of the caller's contact, else German.")
]
OrderId = Annotated[EntityId | None, Query(description="Only what belongs to this Vorgang, its contract included.")]
OfferingId = Annotated[EntityId | None, Query(description="Only what belongs to this offer, its Vorgänge included.")]
EventType = Annotated[
    str | None,
    Query(description="Only what such an event brought.", examples=["ordering.order.offer-made.v1"]),
]
Cursor = Annotated[str | None, Query(description="`next` of the page before.")]


def routes(
    notifications: Notifications,
    contacts: Contacts,
    texts: Texts,
    routing: Routing,
    clock: Callable[[], datetime],
) -> APIRouter:
    """Return the routes of the inbox."""
    router = APIRouter(prefix="/v1")

    async def language_of(caller: Caller, header: str | None) -> Language:
        asked = find_language(header, tuple(Language))
        if asked is not None:
            return Language(asked)
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
        order_id: OrderId = None,
        offering_id: OfferingId = None,
        event_type: EventType = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        after = decode_cursor(cursor, (datetime, str))
        language = await language_of(caller, accept_language)
        narrowed = handlers.inbox_filter(routing, order_id, offering_id, event_type, unread=unread)
        found = await notifications.inbox(caller.organisation, narrowed, after=after, limit=Page.ahead(limit))
        page = Page.cut(found.notifications, limit, position_of, lambda it: InboxItem.of(it, texts, language))
        if page.next is None and found.rest is not None:
            page.next = encode_cursor(found.rest)
        return _in(language, json_reply(page))

    @router.get(
        "/inbox/unread", tags=["inbox"], summary="How many notifications lie unread in the inbox", response_model=UnreadReply
    )
    async def count_unread(caller: CurrentCaller) -> Response:
        count = await notifications.count_unread(caller.organisation)
        return json_reply(UnreadReply(count=min(count, COUNTED), more=count > COUNTED))

    @router.post(
        "/inbox/read",
        tags=["inbox"],
        summary="Mark all as read, or what one Vorgang, offer or kind brought",
        openapi_extra=NO_FUNCTION,
        response_model=MarkedReply,
    )
    async def read_all(caller: CurrentCaller, form: ReadForm) -> Response:
        at = clock()
        narrowed = handlers.inbox_filter(routing, form.order_id, form.offering_id, form.event_type, unread=True)
        marked = await notifications.read_all(caller.organisation, narrowed, min(form.until or at, at), at)
        return json_reply(MarkedReply(marked=marked))

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

    return router


def _in(language: Language, reply: Response) -> Response:
    reply.headers["Content-Language"] = language.value
    reply.headers["Vary"] = "Accept-Language, Authorization"
    return reply
