"""Counts the contracts of a channel."""

from __future__ import annotations

from services.contracts.domain.transitions import ContractState
from services.contracts.metrics import CONTRACTS
from services.contracts.repository import Contracts
from shared.messages.values import Channel


class Census:
    """Measures one channel by index entries alone, one per contract in the store."""

    def __init__(self, contracts: Contracts, channel: Channel) -> None:
        self.contracts = contracts
        self.channel = channel

    async def run(self) -> None:
        """Set the metrics. Raises StoreUnavailableError; the last values stand until the next run."""
        concluded, refused = await self.contracts.counts(self.channel)
        CONTRACTS.labels(self.channel.value, ContractState.GESCHLOSSEN.value).set(concluded)
        CONTRACTS.labels(self.channel.value, ContractState.ABGELEHNT.value).set(refused)
