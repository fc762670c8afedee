"""HTTP: the webhooks of the caller's organisation, for those who administer it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Query
from starlette.responses import Response

from services.notify.domain.webhook import DeliveryState
from services.notify.webhooks import handlers
from services.notify.webhooks.handlers import WebhookBackend
from services.notify.webhooks.repository import position_of
from services.notify.webhooks.schemas import (
    DeliveryReply,
    WebhookChange,
    WebhookForm,
    WebhookReply,
    WebhooksReply,
    WebhookWithSecret,
)
from shared.http.auth import ADMINISTRATION
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch, NeededIfMatch
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.values import EntityId

CREATED = 201
log = structlog.get_logger()

Cursor = Annotated[str | None, Query(description="`next` of the page before.")]
State = Annotated[DeliveryState | None, Query(description="Only deliveries in this state.")]


def webhook_routes(backend: WebhookBackend) -> APIRouter:
    """Return the routes of webhooks."""
    router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
    _of_webhooks(router, backend)
    _of_deliveries(router, backend)
    return router


def _of_webhooks(router: APIRouter, backend: WebhookBackend) -> None:
    @router.get(
        "",
        summary="The webhooks of the caller's organisation",
        openapi_extra=ADMINISTRATION,
        response_model=WebhooksReply,
    )
    async def list_webhooks(caller: CurrentCaller) -> Response:
        book = await backend.webhooks.book(caller.organisation, caller.organisation_name)
        at = backend.clock()
        return json_reply(WebhooksReply(items=[WebhookReply.of(webhook, at) for webhook in book.webhooks]))

    @router.post(
        "",
        status_code=CREATED,
        summary="Enter a webhook; its secret is shown this once",
        openapi_extra=ADMINISTRATION,
        response_model=WebhookWithSecret,
    )
    async def create_webhook(caller: CurrentCaller, form: WebhookForm, key: IdempotencyKey) -> Response:
        async def created() -> Response:
            made = await handlers.create(backend, caller, key.derived_id("webhook"), form.url, form.event_types)
            log.info("webhook_created", organisation=caller.organisation, webhook=made.webhook.id, by=caller.subject)
            return json_reply(WebhookWithSecret.made(made, backend.clock()), rev=made.webhook.rev, status=CREATED)

        return await key.run(created, secret=True)

    @router.get("/{webhook_id}", summary="One webhook", openapi_extra=ADMINISTRATION, response_model=WebhookReply)
    async def get_webhook(caller: CurrentCaller, webhook_id: EntityId) -> Response:
        book = await backend.webhooks.book(caller.organisation, caller.organisation_name)
        webhook = book.get(webhook_id)
        return json_reply(WebhookReply.of(webhook, backend.clock()), rev=webhook.rev)

    @router.put(
        "/{webhook_id}",
        summary="Change a webhook, switch it on or off",
        openapi_extra=ADMINISTRATION,
        response_model=WebhookReply,
    )
    async def put_webhook(caller: CurrentCaller, webhook_id: EntityId, form: WebhookChange, condition: NeededIfMatch) -> Response:
        webhook = await handlers.change(backend, caller, webhook_id, form.url, form.event_types, condition, active=form.active)
        return json_reply(WebhookReply.of(webhook, backend.clock()), rev=webhook.rev)

    @router.delete(
        "/{webhook_id}",
        status_code=204,
        summary="Remove a webhook; what waits for it is not delivered",
        openapi_extra=ADMINISTRATION,
    )
    async def delete_webhook(caller: CurrentCaller, webhook_id: EntityId, condition: NeededIfMatch) -> Response:
        await backend.webhooks.change(
            caller.organisation, caller.organisation_name, lambda book: book.remove(webhook_id, condition)
        )
        log.info("webhook_removed", organisation=caller.organisation, webhook=webhook_id, by=caller.subject)
        return Response(status_code=204)

    @router.post(
        "/{webhook_id}/rotate",
        summary="Give a webhook a new secret, shown this once; the one before signs along for a time",
        openapi_extra=ADMINISTRATION,
        response_model=WebhookWithSecret,
    )
    async def rotate_secret(caller: CurrentCaller, webhook_id: EntityId, key: IdempotencyKey, condition: IfMatch) -> Response:
        async def rotated() -> Response:
            made = await handlers.rotate(backend, caller, webhook_id, condition)
            log.info("webhook_secret_rotated", organisation=caller.organisation, webhook=webhook_id, by=caller.subject)
            return json_reply(WebhookWithSecret.made(made, backend.clock()), rev=made.webhook.rev)

        return await key.run(rotated, secret=True)


def _of_deliveries(router: APIRouter, backend: WebhookBackend) -> None:
    @router.get(
        "/{webhook_id}/deliveries",
        summary="What was or is to be delivered to a webhook, newest first, with the attempts",
        openapi_extra=ADMINISTRATION,
        response_model=Page[DeliveryReply],
    )
    async def list_deliveries(
        caller: CurrentCaller, webhook_id: EntityId, state: State = None, cursor: Cursor = None, limit: Limit = 50
    ) -> Response:
        after = decode_cursor(cursor, (datetime, str))
        book = await backend.webhooks.book(caller.organisation, caller.organisation_name)
        webhook = book.get(webhook_id)
        found, more = await backend.deliveries.page(webhook.id, state, after, Page.ahead(limit))
        return json_reply(Page.cut(found, limit, position_of, DeliveryReply.of, more=more))

    @router.post(
        "/{webhook_id}/deliveries/{delivery_id}/resend",
        summary="Deliver once more, with the same webhook-id",
        openapi_extra=ADMINISTRATION,
        response_model=DeliveryReply,
    )
    async def resend(caller: CurrentCaller, webhook_id: EntityId, delivery_id: EntityId, key: IdempotencyKey) -> Response:
        async def resent() -> Response:
            return json_reply(DeliveryReply.of(await handlers.resend(backend, caller, webhook_id, delivery_id)))

        return await key.run(resent)
