"""Requests and answers of the API of webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from services.notify.domain.webhook import Delivery, DeliveryState, Webhook
from services.notify.webhooks.addresses import URL_LENGTH
from services.notify.webhooks.handlers import WithSecret
from shared.messages.values import EntityId

_TYPE = "ordering.order.offer-made.v1"
_Url = Annotated[
    str,
    Field(
        max_length=URL_LENGTH,
        description="Public address that is called by POST, https on port 443.",
        examples=["https://fachverfahren.kommune.example/marktplatz"],
    ),
]
_Types = Annotated[
    list[str],
    Field(min_length=1, max_length=100, description="Event types that it is called about, as in the inbox.", examples=[[_TYPE]]),
]


class WebhookForm(BaseModel):
    """A webhook to be entered."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    url: _Url
    event_types: _Types


class WebhookChange(WebhookForm):
    """A webhook as it shall be."""

    active: Annotated[bool, Field(description="Whether it is called. Switched on, it begins with events from now on.")] = True


class WebhookReply(BaseModel):
    """A webhook. Its secret is shown when it is made, and never again."""

    id: EntityId
    url: _Url
    event_types: _Types
    active: Annotated[bool, Field(description="Whether it is called.", examples=[True])]
    switched_off_code: Annotated[
        str | None,
        Field(description="Why the marketplace has switched it off; null: it has not.", examples=["webhook_failing"]),
    ]
    failing_since: Annotated[
        datetime | None, Field(description="First of the attempts that have failed since the last success; null: none has.")
    ]
    old_secrets_until: Annotated[
        datetime | None, Field(description="Until when earlier secrets sign along after a rotation; null: none does.")
    ]
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, webhook: Webhook, at: datetime) -> WebhookReply:
        """Return the answer for a webhook."""
        return cls(**_fields(webhook, at))


class WebhookWithSecret(WebhookReply):
    """A webhook with its new secret, shown this once."""

    secret: Annotated[
        str,
        Field(
            description="The secret that signs: whsec_ and the key in base64. It is shown only now.",
            examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="],
        ),
    ]

    @classmethod
    def made(cls, made: WithSecret, at: datetime) -> WebhookWithSecret:
        """Return the answer for a webhook whose secret is new."""
        return cls(**_fields(made.webhook, at), secret=made.secret)


class WebhooksReply(BaseModel):
    """The webhooks of the caller's organisation, oldest first."""

    items: list[WebhookReply]


class AttemptReply(BaseModel):
    """One try to deliver."""

    at: datetime
    status: Annotated[int | None, Field(description="HTTP status of the answer; null: there was none.", examples=[503])]
    code: Annotated[str | None, Field(description="Why it does not count; null: it was taken.", examples=["webhook_refused"])]
    latency_ms: Annotated[int, Field(description="How long it took, in milliseconds.", examples=[82])]


class DeliveryReply(BaseModel):
    """One event for one webhook; ``id`` is the header ``webhook-id`` of every attempt."""

    id: EntityId
    event_id: EntityId
    event_type: Annotated[str, Field(description="Kind of the event.", examples=[_TYPE])]
    state: Annotated[DeliveryState, Field(description="PENDING: due, or between two attempts.", examples=["DELIVERED"])]
    created_at: datetime
    next_attempt_at: Annotated[datetime | None, Field(description="When the next attempt is due; null: none is.")]
    ended_at: Annotated[datetime | None, Field(description="When it was taken or given up; null: neither yet.")]
    attempts: Annotated[list[AttemptReply], Field(description="The newest 50 attempts, oldest first.")]

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryReply:
        """Return the answer for a delivery."""
        return cls(
            id=delivery.id,
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            state=delivery.state,
            created_at=delivery.created_at,
            next_attempt_at=delivery.next_attempt_at,
            ended_at=delivery.ended_at,
            attempts=[
                AttemptReply(at=it.at, status=it.status, code=it.code, latency_ms=it.latency_ms) for it in delivery.attempts
            ],
        )


def _fields(webhook: Webhook, at: datetime) -> dict[str, object]:
    earlier = [secret.until for secret in webhook.signing(at) if secret.until is not None]
    return {
        "id": webhook.id,
        "url": webhook.url,
        "event_types": list(webhook.event_types),
        "active": webhook.active_since is not None,
        "switched_off_code": webhook.switched_off_code,
        "failing_since": webhook.failing_since,
        "old_secrets_until": max(earlier, default=None),
        "created_at": webhook.created_at,
        "changed_at": webhook.changed_at,
    }
