"""Where partners lie and how they are found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.ordering.domain.partner.partner import Partner
from services.ordering.repository import SERVICE
from shared.aggregate.ledger import aggregate_collection
from shared.errors import NotFoundError
from shared.messages.ordering_partners import PartnerState
from shared.process.service import Resources
from shared.store.port import Document, Index, Query, Scalar

PARTNERS = aggregate_collection(
    "partners",
    Index("registered", ("registered_at",)),
    Index("state", ("state", "registered_at")),
    Index("run_by", ("run_by_id", "registered_at")),
    Index("run_by_state", ("run_by_id", "state", "registered_at")),
)
MOST_RUN = 200
"""As many partners of one body are looked at where it asks for what lies in quarantine."""
_LISTED_WITHOUT = ("inbox", "outbox", "refusals", "requests", "senders", "history")


def unknown(partner_id: str) -> NotFoundError:
    """Return the error for a partner that does not exist or is not the caller's."""
    return NotFoundError(f"There is no partner {partner_id}.", code="partner_not_found", partner=partner_id)


def position_of(partner: Partner) -> tuple[datetime, str]:
    """Return the place of a partner in the lists."""
    return partner.registered_at, partner.id


class Partners:
    """All partners, removed ones among them: their ids stay taken."""

    def __init__(self, resources: Resources) -> None:
        self.ledger = resources.ledger(Partner, PARTNERS, service=SERVICE, restate=Partner.restate)

    async def get(self, partner_id: str) -> tuple[Partner, int]:
        """Return a partner and its revision. Raises NotFoundError (``partner_not_found``)."""
        return await self.find(partner_id, lambda _: True)

    async def find(self, partner_id: str, visible: Callable[[Document], bool]) -> tuple[Partner, int]:
        """Return a partner that is for the caller, and its revision. Raises NotFoundError (``partner_not_found``)."""
        found = await self.ledger.find(partner_id, visible)
        if found is None:
            raise unknown(partner_id)
        return found

    async def page(
        self,
        *,
        run_by: str | None = None,
        state: PartnerState | None = None,
        after: tuple[Scalar, ...] | None = None,
        limit: int,
    ) -> list[Partner]:
        """Return partners in the order of their registration, from after the position (registered_at, id) on.

        For lists: without their histories.
        """
        equals: dict[str, Scalar] = {}
        names = []
        if run_by is not None:
            equals["run_by_id"] = run_by
            names.append("run_by")
        if state is not None:
            equals["state"] = state.value
            names.append("state")
        query = Query("_".join(names) or "registered", equals, after=after, limit=limit, without=_LISTED_WITHOUT)
        return [self.ledger.state_of(document) for document in await self.ledger.store.find(PARTNERS, query)]

    async def run_by(self, organisation: str) -> set[str]:
        """Return the ids of the partners that a body runs."""
        query = Query("run_by", {"run_by_id": organisation}, limit=MOST_RUN, only=("registered_at",))
        return {document["_id"] for document in await self.ledger.store.find(PARTNERS, query)}

    async def in_state(self, *states: PartnerState, page: int = 100) -> list[Partner]:
        """Return all partners in these states, without their histories: those whose records a worker reads, for one."""
        found: list[Partner] = []
        for state in states:
            after: tuple[datetime, str] | None = None
            while partners := await self.page(state=state, after=after, limit=page):
                found += partners
                after = position_of(partners[-1])
        return found
