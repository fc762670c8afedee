"""What the pages read of the facts that in-house checks rest on: those about a body, each with who has recorded what and why."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from services.portal.apis.client import Access, Api, Parameters, Reply, Stored, segment

_NO_STATEMENT = frozenset({"id", "rev", "withdrawn", "recorded_at"})


class FactRevision(Reply):
    """A revision of a fact: from where (``origin``), by whom for which organisation, why, from which source, and what it says."""

    recorded_at: datetime
    withdrawn: bool
    origin: str
    organisation: str | None
    by: str | None
    reason: str
    source: str | None
    content: dict[str, Any]


class BodyFact(Reply):
    """A fact in its newest revision, in the shape of its kind, and all revisions, the oldest first."""

    id: str
    withdrawn: bool
    fact: dict[str, Any]
    history: tuple[FactRevision, ...]

    @property
    def kind(self) -> str:
        """What kind of fact it is."""
        return str(self.fact.get("kind", ""))

    @property
    def statement(self) -> dict[str, Any]:
        """What it says, as it is sent to be corrected."""
        return {name: value for name, value in self.fact.items() if name not in _NO_STATEMENT}

    @property
    def evidence(self) -> list[str]:
        """The documents that carry it."""
        return [str(it) for it in self.fact.get("evidence") or ()]

    @property
    def valid_from(self) -> date | None:
        """First day on which it holds, None: since ever."""
        return _day(self.fact.get("valid_from"))

    @property
    def valid_to(self) -> date | None:
        """First day on which it holds no more, None: no end is known."""
        return _day(self.fact.get("valid_to"))


class BodyFacts(Reply):
    """A page of the facts that name a body."""

    items: tuple[BodyFact, ...]
    next: str | None


class Facts:
    """The facts as the pages ask for them, by the token of who is logged in; who sees and states what, eligibility decides."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def about(self, access: Access, body_id: str, parameters: Parameters) -> BodyFacts:
        """Return a page of the facts that name a body, as far as they are for the reader. Raises as ``Api.get``."""
        return await self._api.get("/v1/facts", BodyFacts, [("organisation", body_id), *parameters], access=access)

    async def one(self, access: Access, fact_id: str) -> Stored[BodyFact]:
        """Return a fact with its entity tag. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.find(_fact(fact_id), BodyFact, access=access)

    async def record(self, access: Access, key: str, body: dict[str, Any]) -> str:
        """Record a fact and return its id. Raises as ``Api.post``."""
        return (await self._api.make("/v1/facts", BodyFact, key=key, access=access, body=body)).id

    async def correct(self, access: Access, fact_id: str, body: dict[str, Any], match: str | None) -> None:
        """Record a further revision of a fact while it is as it was read. Raises as ``Api.put``."""
        await self._api.put(_fact(fact_id), BodyFact, access=access, body=body, match=match)

    async def withdraw(self, access: Access, fact_id: str, key: str, body: dict[str, Any], match: str | None) -> None:
        """Withdraw a fact. Raises as ``Api.post``."""
        await self._api.post(f"{_fact(fact_id)}/withdrawal", key=key, access=access, body=body, match=match)


def _fact(fact_id: str) -> str:
    return f"/v1/facts/{segment(fact_id)}"


def _day(text: object) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) else None
