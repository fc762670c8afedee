"""What the pages read of notify: the inbox of the caller's organisation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from services.portal.apis.client import Access, Api, Parameters, Reply, Stored, segment
from services.portal.language import Language


class Notification(Reply):
    """What the organisation has been told. ``subject_kind`` is order, offering, organisation or contract.

    ``order_id`` and ``offering_id``: the Vorgang and the offer that it belongs to, None if it belongs to none.
    """

    id: str
    event_type: str
    order_id: str | None = None
    offering_id: str | None = None
    subject_kind: str
    subject_id: str
    subject: str
    body: str
    occurred_at: datetime
    created_at: datetime
    read_at: datetime | None


class Inbox(Reply):
    """A page of the inbox, newest first."""

    items: tuple[Notification, ...]
    next: str | None


class Unread(Reply):
    """How many notifications nobody has read; ``more``: there are more than were counted."""

    count: int
    more: bool


class Marked(Reply):
    """How many notifications were marked as read."""

    marked: int


class Contact(Reply):
    """Where and how often a person gets mail. ``muted``: kinds of events that bring none; ``rhythms``: another rhythm for some.

    ``deputy``: mail comes only where nobody has acted in time.
    """

    name: str
    email: str
    language: str
    email_enabled: bool
    muted: tuple[str, ...]
    rhythm: str
    rhythms: dict[str, str]
    deputy: bool


class KindOfNotice(Reply):
    """A kind of notification: whether the caller's organisation can be told of it, and in which rhythms mail can be wanted.

    ``for_webhooks``: whether a webhook can be called about it; a notify that does not say so yet has no other kinds.
    """

    event_type: str
    concerns_you: bool
    rhythms: tuple[str, ...]
    for_webhooks: bool = True


class Kinds(Reply):
    """All kinds of notifications."""

    items: tuple[KindOfNotice, ...]


class Webhook(Reply):
    """An address that is called about kinds of events. ``old_secrets_until``: until when earlier secrets sign along.

    ``switched_off_code``: why the marketplace has switched it off; ``failing_since``: the first attempt since the last success.
    """

    id: str
    url: str
    event_types: tuple[str, ...]
    active: bool
    switched_off_code: str | None
    failing_since: datetime | None
    old_secrets_until: datetime | None
    created_at: datetime


class Webhooks(Reply):
    """The webhooks of the caller's organisation, oldest first."""

    items: tuple[Webhook, ...]


class NewSecret(Reply):
    """A webhook with its new secret, which is shown this once."""

    id: str
    secret: str = Field(repr=False)
    old_secrets_until: datetime | None


class Attempt(Reply):
    """One try to deliver; ``code``: why it does not count, None for one that was taken."""

    at: datetime
    status: int | None
    code: str | None
    latency_ms: int


class Delivery(Reply):
    """One event for one webhook, with its attempts, the oldest first."""

    id: str
    event_type: str
    state: str
    created_at: datetime
    next_attempt_at: datetime | None
    attempts: tuple[Attempt, ...]


class Deliveries(Reply):
    """A page of them, newest first."""

    items: tuple[Delivery, ...]
    next: str | None


class Notify:
    """Notify as the pages ask it, with the token of whoever is logged in."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def inbox(self, access: Access, language: Language, parameters: Parameters) -> Inbox:
        """Return a page of the inbox. Raises as ``Api.get``."""
        return await self._api.get("/v1/inbox", Inbox, parameters, access=access, language=language)

    async def read(self, access: Access, notification_id: str, key: str) -> None:
        """Mark a notification as read. Raises as ``Api.post``."""
        await self._api.post(f"/v1/inbox/{segment(notification_id)}/read", key=key, access=access)

    async def read_all(self, access: Access, until: str, narrowed: dict[str, str], key: str) -> int:
        """Mark notifications up to a moment as read, those alone that filters leave, and return how many.

        Raises as ``Api.post``.
        """
        return (await self._api.make("/v1/inbox/read", Marked, key=key, access=access, body={"until": until, **narrowed})).marked

    async def unread(self, access: Access) -> Unread:
        """Return how many notifications nobody has read. Raises as ``Api.get``."""
        return await self._api.get("/v1/inbox/unread", Unread, access=access)

    async def contact(self, access: Access) -> Stored[Contact]:
        """Return one's own contact with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find("/v1/contacts/me", Contact, access=access)

    async def kinds(self, access: Access) -> tuple[KindOfNotice, ...]:
        """Return all kinds of notifications. Raises as ``Api.get``."""
        return (await self._api.get("/v1/contacts/kinds", Kinds, access=access)).items

    async def put_contact(self, access: Access, body: dict[str, Any], match: str | None) -> None:
        """Store one's own contact. Raises as ``Api.put``."""
        await self._api.put("/v1/contacts/me", Contact, access=access, body=body, match=match)

    async def erase_contact(self, access: Access) -> None:
        """Erase one's own contact. Raises as ``Api.post``."""
        await self._api.delete("/v1/contacts/me", access=access)

    async def webhooks(self, access: Access) -> tuple[Webhook, ...]:
        """Return the webhooks of the caller's organisation, for who administers it. Raises as ``Api.get``."""
        return (await self._api.get("/v1/webhooks", Webhooks, access=access)).items

    async def webhook(self, access: Access, webhook_id: str) -> Stored[Webhook]:
        """Return a webhook with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(_webhook(webhook_id), Webhook, access=access)

    async def create_webhook(self, access: Access, key: str, body: dict[str, Any]) -> NewSecret:
        """Enter a webhook and return it with its secret. Raises as ``Api.post``."""
        return await self._api.make("/v1/webhooks", NewSecret, key=key, access=access, body=body)

    async def change_webhook(self, access: Access, webhook_id: str, body: dict[str, Any], match: str | None) -> None:
        """Change a webhook while it is as it was read. Raises as ``Api.put``."""
        await self._api.put(_webhook(webhook_id), Webhook, access=access, body=body, match=match)

    async def rotate_secret(self, access: Access, webhook_id: str, key: str, match: str | None) -> NewSecret:
        """Give a webhook a new secret and return it. Raises as ``Api.post``."""
        path = f"{_webhook(webhook_id)}/rotate"
        return await self._api.make(path, NewSecret, key=key, access=access, body=None, match=match)

    async def remove_webhook(self, access: Access, webhook_id: str, match: str | None) -> None:
        """Remove a webhook while it is as it was read. Raises as ``Api.post``."""
        await self._api.delete(_webhook(webhook_id), access=access, match=match)

    async def deliveries(self, access: Access, webhook_id: str, parameters: Parameters) -> Deliveries:
        """Return a page of what was or is to be delivered to a webhook. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"{_webhook(webhook_id)}/deliveries", Deliveries, parameters, access=access)

    async def resend(self, access: Access, webhook_id: str, delivery_id: str, key: str) -> None:
        """Have an event delivered once more. Raises NotFoundError, and as ``Api.post``."""
        await self._api.post(f"{_webhook(webhook_id)}/deliveries/{segment(delivery_id)}/resend", key=key, access=access)


def _webhook(webhook_id: str) -> str:
    return f"/v1/webhooks/{segment(webhook_id)}"
