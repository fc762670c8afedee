"""What an audit may find, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

LATE: Final = timedelta(minutes=15)
"""How long a change may wait for its entry."""


class Fault(StrEnum):
    """Kinds of findings. The handbook (docs/betrieb/betrieb.md) has the meaning of each in German."""

    NUMBER_MISSING = "number_missing"
    NUMBER_TWICE = "number_twice"
    NUMBER_BEYOND_REGISTER = "number_beyond_register"
    CONTRACT_UNREADABLE = "contract_unreadable"
    CONTRACT_DIFFERS = "contract_differs"
    ACCESSION_UNREADABLE = "accession_unreadable"
    ACCESSION_DIFFERS = "accession_differs"
    CHAIN_BROKEN = "chain_broken"
    EFFECT_WAITING = "effect_waiting"
    EFFECT_MISSING = "effect_missing"
    EFFECT_TWICE = "effect_twice"
    ENTRY_MISSING = "entry_missing"
    ENTRY_DAMAGED = "entry_damaged"
    ENTRY_WITHOUT_CONTRACT = "entry_without_contract"
    ENTRY_WITHOUT_ACCESSION = "entry_without_accession"
    TREE_DIFFERS = "tree_differs"
    CHECKPOINT_INVALID = "checkpoint_invalid"
    DOCUMENT_MISSING = "document_missing"
    DOCUMENT_DIFFERS = "document_differs"
    RECORD_MISSING = "record_missing"
    RECORD_DIFFERS = "record_differs"


_RESTORE: Final = "Somebody changed the store: stop the processors, compare with backups and with published checkpoints."
_UNREADABLE: Final = "Compare the version of the product with that which wrote it; else bring it back from a backup."
_LOST: Final = "Bring the {} back from a backup; its document in the archive says what it was."
_DOCUMENT: Final = "Bring the document back from a backup: its hash proves that it is the one."
REMEDIES: Final = {
    Fault.NUMBER_MISSING: "Document the loss; look for the contract in the backups.",
    Fault.NUMBER_TWICE: "Stop the processor of the channel and report the fault.",
    Fault.NUMBER_BEYOND_REGISTER: "Stop the processor of the channel; run: marktplatz topics rebuild.",
    Fault.CONTRACT_UNREADABLE: _UNREADABLE,
    Fault.CONTRACT_DIFFERS: _RESTORE,
    Fault.ACCESSION_UNREADABLE: _UNREADABLE,
    Fault.ACCESSION_DIFFERS: _RESTORE,
    Fault.CHAIN_BROKEN: "The Anbieter amends, ends or continues the contract; docs/architecture/contract-chain.md has the rules.",
    Fault.EFFECT_WAITING: "See to the processor of the channel: it archives.",
    Fault.EFFECT_MISSING: "Start the processor of the channel anew: it archives what has no entry.",
    Fault.EFFECT_TWICE: "Report the fault; the earlier entry counts.",
    Fault.ENTRY_MISSING: _RESTORE,
    Fault.ENTRY_DAMAGED: _RESTORE,
    Fault.ENTRY_WITHOUT_CONTRACT: _LOST.format("contract"),
    Fault.ENTRY_WITHOUT_ACCESSION: _LOST.format("accession"),
    Fault.TREE_DIFFERS: _RESTORE,
    Fault.CHECKPOINT_INVALID: "Stop signing (CONTRACTS_ARCHIVE_KEY), tell those who verify; compare with published checkpoints.",
    Fault.DOCUMENT_MISSING: _DOCUMENT,
    Fault.DOCUMENT_DIFFERS: _DOCUMENT,
    Fault.RECORD_MISSING: "If it was to be erased: marktplatz archive erase; else bring it back from a backup.",
    Fault.RECORD_DIFFERS: "Bring the record and its salt back from a backup.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding. ``text`` is a sentence without its full stop: what was found where."""

    fault: Fault
    text: str

    @property
    def line(self) -> str:
        """The finding in one line, with what to do."""
        return f"{self.fault.value}: {self.text}. {REMEDIES[self.fault]}"


@dataclass(slots=True)
class Examined:
    """How much an audit has read."""

    contracts: int = 0
    accessions: int = 0
    registers: int = 0
    entries: int = 0
    checkpoints: int = 0
    documents: int = 0
    records: int = 0
