"""Events of all services become notifications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.notify import handlers
from services.notify.domain.routing import Routing
from services.notify.metrics import OUTCOMES
from services.notify.repository import Contacts, Notifications
from shared.ledger import Effect
from shared.service import Consumer, Received, Rejection
from shared.topics import NOTIFY


def dispatch(
    notifications: Notifications,
    contacts: Contacts,
    routing: Routing,
    nudge: Callable[[], None],
    clock: Callable[[], datetime],
) -> Consumer:
    """Return the consumer group: it lets go who has left their organisation and tells what has happened.

    One read of contacts and one write of notifications per batch, then a nudge to send.
    """

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        # First: nobody who leaves with this batch is told by mail of what else is in it.
        if told_of_users := handlers.departures(batch):
            await handlers.let_go(contacts, notifications, told_of_users, at)
        tellings = [handlers.telling(event, routing) for event in batch if type(event.message) in routing.handled]
        books = await contacts.books(sorted({organisation for told in tellings for organisation in told.templates}))
        changes = [change for told in tellings for change in handlers.notifications(told, books, at)]
        for result in await notifications.ledger.apply(changes):
            if result.effect is Effect.APPLIED and result.state is not None:
                OUTCOMES.labels(result.state.channel.value, "noted").inc()
        nudge()
        return []

    return Consumer(NOTIFY, routing.handled | frozenset(handlers.ORGANISATION_EVENTS), handle)
