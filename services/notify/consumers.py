"""Events of all services become notifications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from services.notify import handlers
from services.notify.domain.routing import Routing
from services.notify.metrics import OUTCOMES
from services.notify.repository import Contacts, Notifications
from services.notify.settings import Settings
from services.notify.webhooks.handlers import deliveries_of
from services.notify.webhooks.repository import Deliveries, Webhooks
from shared.aggregate.change import Effect
from shared.bus.handling import Consumer, Received, Rejection, in_slices
from shared.messages.base import Message
from shared.messages.eligibility_invitations import InvitationAddressed
from shared.messages.notify import DeliveryChannel
from shared.topics import NOTIFY

_NOTED_AT_ONCE = 1000


def consumers(
    notifications: Notifications,
    contacts: Contacts,
    routing: Routing,
    nudge: Callable[[], None],
    clock: Callable[[], datetime],
    settings: Settings,
    hooks: tuple[Webhooks, Deliveries],
) -> tuple[Consumer, ...]:
    """Return the consumer that erases who has left their organisation, notifies of what has happened, and sends invitations.

    Webhooks are notified as inboxes are; what is due to them is stored before the inboxes.

    One read of contacts and of notes, one write of e-mails and one of notes per slice of a batch, then a nudge to send.
    Events older than ``mail_max_age`` make no e-mail, those older than ``inbox_max_age`` no note either.
    """
    noted_until = datetime.min.replace(tzinfo=UTC)

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        nonlocal noted_until
        at = clock()
        # First: nobody who leaves with this batch gets a mail about what else is in it.
        if departed := handlers.departures(batch):
            await handlers.let_go(contacts, notifications, departed, at)
        purged = at - settings.inbox_max_age
        news = [event for event in batch if type(event.message) in routing.handled and event.time >= purged]
        plans = [handlers.notification_plan(event, routing) for event in news]
        books = await contacts.books(sorted({organisation for plan in plans for organisation in plan.templates}))
        with_people = [(plan, organisation) for plan in plans for organisation in plan.templates if organisation in books]
        known = await notifications.known([handlers.note_id(plan, organisation) for plan, organisation in with_people])
        oldest = at - settings.mail_max_age
        # E-mails first: whoever finds an organisation's note may then take it that its people have their mails.
        planned = [it for plan in plans for it in handlers.mails(plan, books, known, oldest, settings.pace)]
        times = handlers.moments(plans, at, noted_until)
        noted_until = at
        webhooks, deliveries = hooks
        called_from = at - min(settings.mail_max_age, settings.webhook_max_age)
        called = await webhooks.books(sorted({organisation for plan in plans for organisation in plan.templates}))
        await deliveries.note([it for plan in plans for it in deliveries_of(plan, called, called_from, times, at)])
        for channel, changes in (
            (DeliveryChannel.EMAIL, await handlers.mail_changes(notifications, planned, at)),
            (DeliveryChannel.EMAIL, handlers.invitation_mails(batch, at)),
            (DeliveryChannel.INBOX, [it for plan in plans for it in handlers.notes(plan, times)]),
        ):
            for start in range(0, len(changes), _NOTED_AT_ONCE):
                for result in await notifications.ledger.apply(changes[start : start + _NOTED_AT_ONCE]):
                    if result.effect is Effect.APPLIED:
                        OUTCOMES.labels(channel.value, "noted").inc()
        nudge()
        return []

    handled: frozenset[type[Message]] = routing.handled.union(handlers.ORGANISATION_EVENTS, (InvitationAddressed,))
    return (Consumer(NOTIFY, handled, in_slices(handle)),)
