"""What the pages read of the partner registry: systems that send events for organisations, with keys, quota and history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.portal.apis.client import Access, Api, Parameters, Reply, Stored, segment


class Party(Reply):
    """A public body, by key and official name."""

    id: str
    name: str


class Summary(Reply):
    """A partner system in a list; ``organisations``: for how many it acts."""

    id: str
    name: str
    run_by: Party
    state: str
    organisations: int


class Summaries(Reply):
    """A page of them, in the order of their registration."""

    items: tuple[Summary, ...]
    next: str | None


class Represented(Reply):
    """An organisation that a partner system acts for, and in which roles."""

    id: str
    name: str
    roles: tuple[str, ...]


class Key(Reply):
    """A public key of a partner system. None: no end is set."""

    kid: str
    algorithm: str
    valid_from: datetime
    valid_until: datetime | None

    def standing(self, at: datetime) -> str:
        """Return whether signatures of a moment count: ``valid``, ``later`` or ``ended``."""
        if self.valid_until is not None and self.valid_until <= at:
            return "ended"
        return "valid" if self.valid_from <= at else "later"


class Quota(Reply):
    """How much a partner system may send."""

    records_per_second: int
    bytes_per_second: int
    burst_seconds: int


class Contact(Reply):
    """Where the operator reaches who runs the system."""

    mailbox: str


class Topics(Reply):
    """The topics of a partner system."""

    orders: str
    receipts: str


class Partner(Reply):
    """A partner system. Whom it only acts for sees neither keys nor quota nor contact, and of organisations its own."""

    id: str
    name: str
    run_by: Party
    state: str
    organisations: tuple[Represented, ...]
    keys: tuple[Key, ...] | None
    quota: Quota | None
    contact: Contact | None
    topics: Topics
    registered_at: datetime

    def stated(self) -> dict[str, Any]:
        """Return what the operator has stated of it, as it is sent to be changed."""
        return {
            "name": self.name,
            "run_by": self.run_by.model_dump(),
            "organisations": [{"id": it.id, "name": it.name, "roles": list(it.roles)} for it in self.organisations],
            **({} if self.quota is None else {"quota": self.quota.model_dump()}),
            **({} if self.contact is None else {"contact": self.contact.model_dump()}),
        }


class HistoryLine(Reply):
    """Who did what with a partner system when."""

    at: datetime
    person: str | None
    organisation: str
    command: str
    detail: str | None


class History(Reply):
    """The history of a partner system, oldest first; ``omitted``: lines before it that are not stored any more."""

    items: tuple[HistoryLine, ...]
    omitted: int


class Partners:
    """The registry as the pages ask it: all of it for the operator, else what the caller's organisation runs."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def listed(self, access: Access, parameters: Parameters) -> Summaries:
        """Return a page of partner systems. Raises as ``Api.get``."""
        return await self._api.get("/v1/partners", Summaries, parameters, access=access)

    async def one(self, access: Access, partner_id: str) -> Stored[Partner]:
        """Return a partner system with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(_partner(partner_id), Partner, access=access)

    async def history(self, access: Access, partner_id: str) -> History:
        """Return who changed what of a partner system, for the operator and who runs it. Raises as ``Api.get``."""
        return await self._api.get(f"{_partner(partner_id)}/history", History, access=access)

    async def register(self, access: Access, key: str, body: dict[str, Any]) -> str:
        """Register a partner system and return its id. Raises as ``Api.post``."""
        return (await self._api.make("/v1/partners", Partner, key=key, access=access, body=body)).id

    async def change(self, access: Access, partner_id: str, body: dict[str, Any], match: str | None) -> None:
        """Replace what is stated of a partner system while it is as it was read. Raises as ``Api.put``."""
        await self._api.put(_partner(partner_id), Partner, access=access, body=body, match=match)

    async def act(
        self, access: Access, partner_id: str, step: str, *, key: str, body: dict[str, Any] | None, match: str | None
    ) -> None:
        """Have something done with a partner system, named by its path below it. Raises as ``Api.post``."""
        await self._api.post(f"{_partner(partner_id)}/{step}", key=key, access=access, body=body, match=match)


def _partner(partner_id: str) -> str:
    return f"/v1/partners/{segment(partner_id)}"
