"""Facts about notifications, for reconciliation with the topics: which of them must exist once notify has read an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.notify.domain.routing import Routing
from services.notify.handlers import note_id, notification_plan
from services.notify.settings import LEAST_INBOX_AGE
from shared.bus.handling import Received


@dataclass(frozen=True, slots=True)
class ExpectedNotification:
    """A notification that notify makes of an event for an organisation's inbox. ``key`` is that of the event."""

    notification_id: str
    event_id: str
    event_type: str
    organisation: str
    key: str


def expected_notifications(event: Received, routing: Routing, at: datetime) -> list[ExpectedNotification]:
    """Return the notifications that must exist at ``at`` once the event was read.

    None for an event that is no news, and none for one whose notifications may have been purged by their age.
    """
    if type(event.message) not in routing.handled or event.time < at - LEAST_INBOX_AGE:
        return []
    plan, cause = notification_plan(event, routing), event.cause
    return [
        ExpectedNotification(note_id(plan, organisation), cause.event_id, cause.type, organisation, event.key)
        for organisation in plan.templates
    ]
