"""The change of a contract that must exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.contracts.domain.contract import Contract
from shared.aggregate.change import Cause, Change
from shared.errors import NotFoundError
from shared.messages.base import Message


def change_of(
    contract_id: str,
    step: Callable[[Contract], Sequence[Message]],
    cause: Cause | None = None,
    *,
    correlation_id: str | None = None,
) -> Change[Contract]:
    """Return the change by which ``step`` is taken on a contract. It raises NotFoundError if there is no such contract."""

    def decide(contract: Contract | None) -> tuple[Contract, Sequence[Message]]:
        contract = required(contract, contract_id)
        return contract, step(contract)

    return Change(contract_id, decide, cause, correlation_id=correlation_id)


def required(contract: Contract | None, contract_id: str) -> Contract:
    """Return a contract that is there. Raises NotFoundError."""
    if contract is None:
        raise NotFoundError(f"There is no contract {contract_id}.", id=contract_id)
    return contract
