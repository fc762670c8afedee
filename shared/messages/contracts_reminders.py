"""Messages about contracts and accessions that end soon."""

from __future__ import annotations

from shared.messages.base import message_type
from shared.messages.contracts_accessions import AccessionEvent
from shared.messages.contracts_chain import ChainEvent


class ContractEndReminder(ChainEvent):
    """Base of the reminders: the contract ends on the day that its head names, in GEKUENDIGT by a notice, else as agreed."""


@message_type("contracts.chain.end-reminded.v1")
class ContractEndReminded(ContractEndReminder):
    """Both sides of a contract have been reminded that it ends soon."""


@message_type("contracts.chain.end-escalated.v1")
class ContractEndEscalated(ContractEndReminder):
    """Both sides of a contract have been reminded again that it ends soon, their deputies too."""


@message_type("contracts.chain.accession-end-reminded.v1")
class AccessionEndReminded(AccessionEvent):
    """The body that has acceded and the one whose contract it uses have been reminded that the accession ends soon."""


@message_type("contracts.chain.accession-end-escalated.v1")
class AccessionEndEscalated(AccessionEvent):
    """Both have been reminded again that the accession ends soon, their deputies too."""
