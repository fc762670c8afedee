"""What the pages read of notify: the inbox of the caller's organisation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

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
    """A kind of notification: whether the caller's organisation can be told of it, and in which rhythms mail can be wanted."""

    event_type: str
    concerns_you: bool
    rhythms: tuple[str, ...]


class Kinds(Reply):
    """All kinds of notifications."""

    items: tuple[KindOfNotice, ...]


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
