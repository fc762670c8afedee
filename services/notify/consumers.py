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
    """Return the consumer group: one read of contacts and one write of notifications per batch, then a nudge to send."""

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        tellings = [handlers.telling(event, routing) for event in batch]
        books = await contacts.books(sorted({organisation for told in tellings for organisation in told.templates}))
        at = clock()
        changes = [change for told in tellings for change in handlers.notifications(told, books, at)]
        for result in await notifications.ledger.apply(changes):
            if result.effect is Effect.APPLIED and result.state is not None:
                OUTCOMES.labels(result.state.channel.value, "noted").inc()
        nudge()
        return []

    return Consumer(NOTIFY, routing.handled, handle)
