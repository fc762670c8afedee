"""What the pages read of notify: the inbox of the caller's organisation."""

from __future__ import annotations

from datetime import datetime

from services.portal.apis.client import Access, Api, Parameters, Reply, segment
from services.portal.language import Language


class Notification(Reply):
    """What the organisation has been told. ``subject_kind`` is order, offering, organisation or contract."""

    id: str
    subject_kind: str
    subject_id: str
    subject: str
    body: str
    occurred_at: datetime
    read_at: datetime | None


class Inbox(Reply):
    """A page of the inbox, newest first."""

    items: tuple[Notification, ...]
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
