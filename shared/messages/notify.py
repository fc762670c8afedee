"""Messages of notify: what was delivered to whom, by reference."""

from __future__ import annotations

from shared.messages.base import Message, message_type
from shared.messages.open_enum import OpenEnum
from shared.messages.values import Code, EntityId, OrganisationId, PersonRef, Time


class DeliveryChannel(OpenEnum):
    """Way by which a notification reaches its recipient."""

    INBOX = "INBOX"
    EMAIL = "EMAIL"


@message_type("notify.notification.delivered.v1")
class NotificationDelivered(Message):
    """One notification reached its channel. ``person`` is a reference; addresses never travel."""

    notification_id: EntityId
    event_id: EntityId
    event_type: str
    organisation: OrganisationId
    person: PersonRef | None = None
    channel: DeliveryChannel
    delivered_at: Time


@message_type("notify.notification.failed.v1")
class NotificationFailed(Message):
    """A notification could not be delivered and is not tried again."""

    notification_id: EntityId
    event_id: EntityId
    event_type: str
    organisation: OrganisationId
    person: PersonRef | None = None
    channel: DeliveryChannel
    code: Code
    attempts: int
    failed_at: Time
