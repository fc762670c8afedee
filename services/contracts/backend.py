"""What the routes work with by which sides of contracts act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.contracts.access import viewer_of
from services.contracts.domain.rules import Terms
from services.contracts.repository import Contracts, Stored
from shared.errors import NotFoundError
from shared.http.auth import Caller
from shared.messages.values import Channel


@dataclass(frozen=True, slots=True)
class Backend:
    """Contracts with the terms of their channels, and the time."""

    contracts: Contracts
    terms: Mapping[Channel, Terms]
    clock: Callable[[], datetime]

    async def found(self, caller: Caller, contract_id: str) -> tuple[Stored, Terms]:
        """Return a contract that the caller may see, and the terms of its channel. Raises NotFoundError."""
        stored = await self.contracts.find(viewer_of(caller), contract_id)
        if stored is None or stored.contract.channel not in self.terms:
            raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
        return stored, self.terms[stored.contract.channel]
