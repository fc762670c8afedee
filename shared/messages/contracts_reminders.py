"""Messages about contracts that end soon."""

from __future__ import annotations

from shared.messages.base import message_type
from shared.messages.contracts_chain import ChainEvent


class ContractEndReminder(ChainEvent):
    """Base of the reminders: the contract ends on the day that its head names, in GEKUENDIGT by a notice, else as agreed."""


@message_type("contracts.chain.end-reminded.v1")
class ContractEndReminded(ContractEndReminder):
    """Both sides of a contract have been reminded that it ends soon."""


@message_type("contracts.chain.end-escalated.v1")
class ContractEndEscalated(ContractEndReminder):
    """Both sides of a contract have been reminded again that it ends soon, their deputies too."""
