"""Messages of notify: what was delivered to whom, by reference."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

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

    notification_id: Annotated[
        EntityId,
        Field(
            description="Id of the notification, the record's key. Not personal.",
            examples=["0cb38a9f-0afc-5810-888d-5b8981be3056"],
        ),
    ]
    event_id: Annotated[
        EntityId,
        Field(
            description="The event (ce_id) that it informs about. Not personal.",
            examples=["ccbae884-3557-5d94-8553-7e685f4afe10"],
        ),
    ]
    event_type: Annotated[
        str, Field(description="Type of that event (ce_type). Not personal.", examples=["ordering.order.offer-made.v1"])
    ]
    organisation: Annotated[
        OrganisationId, Field(description="Organisation that is informed. Not personal.", examples=["01054033"])
    ]
    person: Annotated[
        PersonRef | None,
        Field(
            description="Reference to the person who is informed; null or absent: the organisation's mailbox. Personal: a "
            "reference to a person (sub of the token), no address.",
            examples=["3f0c8b7e-sachbearbeitung"],
        ),
    ] = None
    channel: Annotated[DeliveryChannel, Field(description="Way that was used. Not personal.", examples=["EMAIL"])]
    delivered_at: Annotated[
        Time, Field(description="When it was handed over, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]


@message_type("notify.notification.failed.v1")
class NotificationFailed(Message):
    """A notification could not be delivered and is not tried again."""

    notification_id: Annotated[
        EntityId,
        Field(
            description="Id of the notification, the record's key. Not personal.",
            examples=["0cb38a9f-0afc-5810-888d-5b8981be3056"],
        ),
    ]
    event_id: Annotated[
        EntityId,
        Field(
            description="The event (ce_id) that it informs about. Not personal.",
            examples=["ccbae884-3557-5d94-8553-7e685f4afe10"],
        ),
    ]
    event_type: Annotated[
        str, Field(description="Type of that event (ce_type). Not personal.", examples=["ordering.order.offer-made.v1"])
    ]
    organisation: Annotated[
        OrganisationId, Field(description="Organisation that is informed. Not personal.", examples=["01054033"])
    ]
    person: Annotated[
        PersonRef | None,
        Field(
            description="Reference to the person who is informed; null or absent: the organisation's mailbox. Personal: a "
            "reference to a person (sub of the token), no address.",
            examples=["3f0c8b7e-sachbearbeitung"],
        ),
    ] = None
    channel: Annotated[DeliveryChannel, Field(description="Way that was used. Not personal.", examples=["EMAIL"])]
    code: Annotated[Code, Field(description="Stable code of the fault. Not personal.", examples=["smtp_refused"])]
    attempts: Annotated[int, Field(description="Number of attempts that were made. Not personal.", examples=[8])]
    failed_at: Annotated[
        Time, Field(description="When it was given up, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
