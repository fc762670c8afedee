"""What can go wrong, each with a stable code: the text states the fact and what to do next."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command, the same for every subcommand."""

    WELL = 0
    REFUSED = 1
    USAGE = 2
    FILE = 3
    BROKER = 4
    WAITING = 5
    UNTRUSTED = 6


class PartnerError(Exception):
    """Base of the errors of this package. ``code`` is stable; ``exit`` is what the command ends with."""

    exit = Exit.USAGE

    def __init__(self, detail: str, *, code: str) -> None:
        super().__init__(detail)
        self.code = code


class SettingsError(PartnerError):
    """What was given does not fit together, or is no valid value."""


class KeyFileError(PartnerError):
    """A key cannot be read, written or used."""

    exit = Exit.FILE


class JournalError(PartnerError):
    """The journal cannot be used, or holds another event under the same id."""

    exit = Exit.FILE


class EventIdReusedError(JournalError):
    """Another event has this jti."""

    exit = Exit.USAGE


class BrokerError(PartnerError):
    """The broker cannot be reached, or refuses what the partner asks."""

    exit = Exit.BROKER


class RecordTooLargeError(BrokerError):
    """The record is larger than the broker takes in."""


class ReceiptMissingError(PartnerError):
    """No receipt came in time. The event stays in the journal: await it again, or send the same bytes again."""

    exit = Exit.WAITING


class ReceiptUntrustedError(PartnerError):
    """What lies on the topic of receipts is no receipt of the marketplace for this partner."""

    exit = Exit.UNTRUSTED


class JwksError(PartnerError):
    """The marketplace's public keys cannot be had."""

    exit = Exit.UNTRUSTED
