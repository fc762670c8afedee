"""Events of all services become notifications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

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
    mail_max_age: timedelta,
) -> Consumer:
    """Return the consumer group: it lets go who has left their organisation and tells what has happened.

    One read of contacts and of notes, one write of e-mails and one of notes per batch, then a nudge to send. Events older than
    ``mail_max_age`` are not told by e-mail.
    """

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        # First: nobody who leaves with this batch is told by mail of what else is in it.
        if told_of_users := handlers.departures(batch):
            await handlers.let_go(contacts, notifications, told_of_users, at)
        tellings = [handlers.telling(event, routing) for event in batch if type(event.message) in routing.handled]
        books = await contacts.books(sorted({organisation for told in tellings for organisation in told.templates}))
        with_people = [(told, organisation) for told in tellings for organisation in told.templates if organisation in books]
        known = await notifications.known([handlers.note_id(told, organisation) for told, organisation in with_people])
        oldest = at - mail_max_age
        # E-mails first: whoever finds an organisation's note may then take it that its people were told.
        for changes in (
            [change for told in tellings for change in handlers.mails(told, books, known, oldest, at)],
            [change for told in tellings for change in handlers.notes(told, at)],
        ):
            for result in await notifications.ledger.apply(changes) if changes else ():
                if result.effect is Effect.APPLIED and result.state is not None:
                    OUTCOMES.labels(result.state.channel.value, "noted").inc()
        nudge()
        return []

    return Consumer(NOTIFY, routing.handled | frozenset(handlers.ORGANISATION_EVENTS), handle)
