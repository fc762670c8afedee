"""HTTP: the contacts of the caller's organisation, the caller's own above all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.notify import handlers
from services.notify.domain.routing import Routing
from services.notify.repository import Contacts, Notifications
from services.notify.schemas import ColleagueReply, ColleaguesReply, ContactForm, ContactReply, KindsReply
from shared.http.auth import ADMINISTRATION, NO_FUNCTION, Caller, needs
from shared.http.dependencies import CurrentCaller, IfMatch
from shared.http.etag import json_reply
from shared.messages.values import EntityId, Role

log = structlog.get_logger()

Member = Annotated[Caller, Depends(needs(*(role for role in Role if role is not Role.BETREIBER)))]


def contact_routes(
    notifications: Notifications, contacts: Contacts, routing: Routing, clock: Callable[[], datetime]
) -> APIRouter:
    """Return the routes of contacts."""
    router = APIRouter(prefix="/v1")

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

    @router.get(
        "/contacts/kinds",
        tags=["contacts"],
        summary="The kinds of events that e-mail can be muted for, or wanted in another rhythm",
        response_model=KindsReply,
    )
    async def kinds(caller: CurrentCaller) -> Response:
        return json_reply(KindsReply.of(routing, caller.roles))

    @router.get("/contacts/me", tags=["contacts"], summary="The caller's contact", response_model=ContactReply)
    async def get_contact(caller: CurrentCaller) -> Response:
        contact = await handlers.my_contact(contacts, caller)
        return json_reply(ContactReply.of(contact), rev=contact.rev)

    @router.put(
        "/contacts/me",
        tags=["contacts"],
        summary="Keep the caller's contact: new, or in place of the one that If-Match names",
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
