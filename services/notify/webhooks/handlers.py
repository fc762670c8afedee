"""Use cases of webhooks: what an event brings them, and what their organisation does with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from services.notify.domain.contact import AddressBook
from services.notify.domain.notification import Notification, Occasion, Recipient
from services.notify.domain.parameters import Parameters, Subject, SubjectKind
from services.notify.domain.routing import SWITCHED_OFF, Routing
from services.notify.domain.webhook import Delivery, Secret, Webhook, WebhookBook
from services.notify.handlers import Moments, NotificationPlan, note_id, require_routed
from services.notify.webhooks.addresses import Guard
from services.notify.webhooks.repository import Deliveries, Webhooks
from services.notify.webhooks.signing import WebhookKeys
from shared.aggregate.change import Cause, Change
from shared.aggregate.condition import Condition
from shared.http.auth import Caller
from shared.ids import derived_id
from shared.messages.base import Message
from shared.tracing import context

SWITCHED_OFF_TEXT = "webhook-switched-off"


@dataclass(frozen=True, slots=True)
class WebhookBackend:
    """What the routes of webhooks need."""

    webhooks: Webhooks
    deliveries: Deliveries
    keys: WebhookKeys
    guard: Guard
    routing: Routing
    overlap: timedelta
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class WithSecret:
    """A webhook, and its newest secret in clear."""

    webhook: Webhook
    secret: str


def deliveries_of(
    plan: NotificationPlan, books: Mapping[str, WebhookBook], oldest: datetime, times: Moments, at: datetime
) -> list[Delivery]:
    """Return the deliveries of one event: to each webhook that wanted such events when it happened; they are due from ``at`` on.

    An event that happened before ``oldest`` makes none: its topic is read again.
    """
    event = plan.event
    if event.time < oldest:
        return []
    return [
        Delivery(
            id=Delivery.id_of(event.cause.event_id, webhook.id),
            webhook=webhook.id,
            organisation=organisation,
            event_id=event.cause.event_id,
            event_type=event.message.TYPE,
            content=_content(plan, organisation),
            created_at=times[event.cause.event_id, organisation],
            next_attempt_at=at,
            traceparent=event.cause.traceparent,
        )
        for organisation in plan.templates
        if organisation in books
        for webhook in books[organisation].webhooks
        if webhook.wants(event.message.TYPE, event.time)
    ]


def _content(plan: NotificationPlan, organisation: str) -> str:
    """Return the body: type, timestamp and data, where data say no more than the inbox shows the organisation."""
    subject, matter = plan.facts.subject, plan.facts.matter
    data = {
        "notification_id": note_id(plan, organisation),
        "event_id": plan.event.cause.event_id,
        "organisation": organisation,
        "subject_kind": subject.kind.value,
        "subject_id": subject.id,
        "order_id": matter.order_id,
        "offering_id": matter.offering_id,
    }
    timestamp = plan.event.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return orjson.dumps({"type": plan.event.message.TYPE, "timestamp": timestamp, "data": data}).decode()


async def create(backend: WebhookBackend, caller: Caller, webhook_id: str, url: str, event_types: Sequence[str]) -> WithSecret:
    """Enter a webhook, unless a request before has entered it.

    Raises InvalidError, ConflictError (``too_many_webhooks``), WebhookKeyMissingError.
    """
    _check(backend, url, event_types)
    at = backend.clock()
    first = Secret(key=backend.keys.first().id, generation=1)
    webhook = Webhook(
        id=webhook_id,
        url=url,
        event_types=tuple(sorted(set(event_types))),
        secrets=(first,),
        created_at=at,
        changed_at=at,
        active_since=at,
    )
    entered = await backend.webhooks.change(caller.organisation, caller.organisation_name, lambda book: book.add(webhook))
    return WithSecret(entered, backend.keys.secret_of(webhook_id, entered.secrets[0]))


async def change(
    backend: WebhookBackend,
    caller: Caller,
    webhook_id: str,
    url: str,
    event_types: Sequence[str],
    condition: Condition | None,
    *,
    active: bool,
) -> Webhook:
    """Change a webhook, switch it on or off. Raises InvalidError, NotFoundError, PreconditionFailedError."""
    _check(backend, url, event_types)
    at = backend.clock()

    def changed(webhook: Webhook) -> Webhook:
        return webhook.changed(url, event_types, at, active=active)

    return await backend.webhooks.change(
        caller.organisation, caller.organisation_name, lambda book: book.change(webhook_id, changed, condition)
    )


async def rotate(backend: WebhookBackend, caller: Caller, webhook_id: str, condition: Condition | None) -> WithSecret:
    """Give a webhook a new secret, unless the same request has done so before.

    Raises NotFoundError, PreconditionFailedError, WebhookKeyMissingError.
    """
    at, key = backend.clock(), backend.keys.first()
    request = context.request.get()

    def decide(book: WebhookBook) -> Webhook:
        present = book.get(webhook_id)
        if request is not None and (request.settled or present.has_secret_of(request.id)):
            return present
        name = None if request is None else request.id
        return book.change(webhook_id, lambda it: it.rotated(key.id, at, backend.overlap, name), condition)

    webhook = await backend.webhooks.change(caller.organisation, caller.organisation_name, decide)
    return WithSecret(webhook, backend.keys.secret_of(webhook_id, webhook.secrets[0]))


async def resend(backend: WebhookBackend, caller: Caller, webhook_id: str, delivery_id: str) -> Delivery:
    """Queue a delivery again. Raises NotFoundError."""
    book = await backend.webhooks.book(caller.organisation, caller.organisation_name)
    webhook, at = book.get(webhook_id), backend.clock()
    delivery, _ = await backend.deliveries.change(delivery_id, webhook.id, lambda it: it.resend(at))
    return delivery


def switched_off(
    organisation: str, contacts: AddressBook | None, webhook: Webhook, code: str, at: datetime
) -> list[Change[Notification]]:
    """Return the notices that a webhook was switched off: in the inbox, and by mail to the organisation's contacts.

    Their ids derive from the webhook and its revision, so a repeat finds them there.
    """
    occasion = Occasion(
        derived_id("webhook switched off", webhook.id, str(webhook.rev)),
        SWITCHED_OFF,
        at,
        SWITCHED_OFF_TEXT,
        Parameters(webhook=webhook.url.split("?", 1)[0][:200], code=code),
        Subject(kind=SubjectKind.ORGANISATION, id=organisation),
    )
    people = contacts.subscribers(SWITCHED_OFF, at) if contacts else ()
    recipients = [*(Recipient(organisation, contact.person) for contact in people), Recipient(organisation)]
    cause = Cause(occasion.event_id, SWITCHED_OFF, f"webhooks/{webhook.id}", webhook.rev)
    return [_noted(occasion, recipient, cause, at) for recipient in recipients]


def _noted(occasion: Occasion, recipient: Recipient, cause: Cause, at: datetime) -> Change[Notification]:
    def decide(present: Notification | None) -> tuple[Notification, Sequence[Message]]:
        if present is not None:
            return present, []
        return Notification.note(occasion, recipient, at)

    return Change(recipient.notification_id(occasion.event_id), decide, cause)


def _check(backend: WebhookBackend, url: str, event_types: Sequence[str]) -> None:
    backend.guard.target(url)
    require_routed(backend.routing, event_types)
