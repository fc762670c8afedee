"""A case: what is sent, what has to come of it, why that matters; and what came."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from efa_partner.conformance.bench import Bench
from efa_partner.receipt import Receipt


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in German and English."""

    de: str
    en: str

    def text(self, language: str) -> str:
        """Return it in a language."""
        return self.de if language == "de" else self.en


class Kind(StrEnum):
    """How a record ended: the three of a receipt, and what ends without one."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    NOT_TAKEN = "not taken by the broker"
    NO_RECEIPT = "no receipt"
    UNTRUSTED = "receipt not to be trusted"
    BROKEN = "the run itself failed"


@dataclass(frozen=True, slots=True)
class Got:
    """What came. ``faults``: what is wrong with it although status and code may be right."""

    kind: Kind
    code: str | None = None
    faults: tuple[str, ...] = ()
    detail: str | None = None

    def __str__(self) -> str:
        return self.kind.value if self.code is None else f"{self.kind.value} ({self.code})"


@dataclass(frozen=True, slots=True)
class Expected:
    """What may come: status and code in one of these pairs."""

    alternatives: tuple[tuple[Kind, str | None], ...]

    def met_by(self, got: Got) -> bool:
        """Whether what came is one of them, and without a fault."""
        return (got.kind, got.code) in self.alternatives and not got.faults

    def __str__(self) -> str:
        return " / ".join(str(Got(kind, code)) for kind, code in self.alternatives)


ACCEPTED = Expected(((Kind.ACCEPTED, None),))


def refused(*codes: str) -> Expected:
    """Return the expectation of a refusal."""
    return Expected(tuple((Kind.REFUSED, code) for code in codes))


def quarantined(*codes: str) -> Expected:
    """Return the expectation of a quarantine."""
    return Expected(tuple((Kind.QUARANTINED, code) for code in codes))


class CannotRunError(Exception):
    """The case cannot be played: the environment was not given what it needs."""


Play: TypeAlias = Callable[[Bench], Awaitable[Got]]


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``attack``: a record that must have no effect, so that several may be on their way at once."""

    id: str
    title: Words
    why: Words
    expected: Expected
    play: Play = field(compare=False)
    attack: bool = True


def outcome(receipt: Receipt, faults: tuple[str, ...] = ()) -> Got:
    """Return what came, from a receipt; what is wrong with the receipt itself comes with it."""
    detail = None if receipt.detail is None else receipt.detail.en
    return Got(Kind(receipt.status.value), receipt.code, (*_faults_of(receipt), *faults), detail)


def _faults_of(receipt: Receipt) -> tuple[str, ...]:
    accepted, quarantine = receipt.status.value == "accepted", receipt.status.value == "quarantined"
    rules = {
        "the receipt names no order": accepted and receipt.order is None,
        "an accepted record has a code": accepted and receipt.code is not None,
        "the receipt names no code": not accepted and receipt.code is None,
        "the receipt gives no reason in German and English": not accepted and receipt.detail is None,
        "the receipt names an order, although nothing was done": not accepted and receipt.order is not None,
        "the receipt names no quarantined record": quarantine and receipt.reference is None,
        "the receipt names a quarantined record, although there is none": not quarantine and receipt.reference is not None,
        "the record was decided on before it was received": receipt.decided_at < receipt.received_at,
    }
    return tuple(text for text, broken in rules.items() if broken)
