"""Facts about stored contracts and number registers, for reconciliation with the stores of other services.

Nobody else reads fields of these documents: who compares stores compares these facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from services.contracts.accessions.repository import ACCESSIONS
from services.contracts.domain.transitions import BINDING, PENDING, ContractState
from services.contracts.repository import CONTRACTS, REGISTERS
from services.contracts.statements.maker import OWED
from shared.messages.contracts import Leg
from shared.messages.values import Channel
from shared.store.port import Collection, Document


@dataclass(frozen=True, slots=True)
class ReuseFact:
    """That a body reuses an offer by a contract or accession, or has: whether the contract ``runs``.

    ``last_day``: of an accession, YYYY-MM-DD, whose end is a matter of the calendar alone.
    """

    offering_id: str
    organisation: str
    runs: bool
    last_day: str | None = None


@dataclass(frozen=True, slots=True)
class ContractFact:
    """A contract from an order, concluded or refused.

    ``sequence`` is its place in the register of the year; a refusal has none. ``last_day`` (ISO 8601) None: it is open.
    ``reuse`` None: no body reuses an offer by it. ``awaits_check``: a change of it waits for the verdicts on awards.
    """

    id: str
    order_id: str | None
    order_number: str | None
    channel: Channel
    concluded: bool
    number: str | None
    year: int | None
    sequence: int | None
    reuse: ReuseFact | None = None
    state: ContractState = ContractState.GESCHLOSSEN
    last_day: str | None = None
    awaits_check: bool = False


@dataclass(frozen=True, slots=True)
class ProvisionFact:
    """A contract that no order asked for, such as a Bereitstellungsvertrag, decided.

    Without ``sequence`` it is in no register. ``last_day`` and ``awaits_check`` are as in ``ContractFact``; ``continues``: the
    contract that it follows, ``order_id``: the Vorgang that goes on with it, ``first_day`` as ``last_day``.
    """

    id: str
    channel: Channel
    year: int | None
    sequence: int | None
    reuse: ReuseFact | None = None
    leg: str = Leg.BEREITSTELLUNG.value
    offering_id: str = ""
    state: ContractState = ContractState.GESCHLOSSEN
    number: str | None = None
    continues: str | None = None
    last_day: str | None = None
    awaits_check: bool = False
    order_id: str | None = None
    first_day: str | None = None

    @property
    def concluded(self) -> bool:
        """Whether it binds, or has."""
        return self.state in BINDING


@dataclass(frozen=True, slots=True)
class OfferedFact:
    """A contract that is not decided yet. ``awaits_check``: it waits for the verdicts on awards."""

    id: str
    awaits_check: bool = False


@dataclass(frozen=True, slots=True)
class AccessionFact:
    """An accession, by which a body reuses an offer."""

    id: str
    reuse: ReuseFact


@dataclass(frozen=True, slots=True)
class RegisterFact:
    """A number register of a channel and year. ``allotted`` maps contract ids to the numbers that they are promised."""

    channel: Channel
    year: int
    last: int
    allotted: Mapping[str, int]
    free: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PapersFact:
    """Documents that were made of a contract or statement: the id of that by the SHA-256 of each file."""

    documents: Mapping[str, str]


def _papers(document: Document) -> PapersFact | None:
    papers = document.get("papers")
    return PapersFact({paper["sha256"]: document["_id"] for paper in papers}) if papers else None


def _contract(document: Document) -> ContractFact | ProvisionFact | OfferedFact:
    if document["state"] in PENDING:
        return OfferedFact(document["_id"], _awaits_check(document.get("awards", ())))
    if document["order_id"] is None:
        return ProvisionFact(
            id=document["_id"],
            channel=Channel.read(document["channel"]),
            year=document["year"],
            sequence=document["sequence"],
            reuse=_reuse(document),
            leg=document["leg"],
            offering_id=document["offering_id"],
            state=ContractState(document["state"]),
            number=document["number"],
            continues=document.get("continues"),
            last_day=_last_day(document),
            awaits_check=_awaits_check((document.get("proposal") or {}).get("awards", ())),
            order_id=document.get("order_continued"),
            first_day=document.get("valid_from"),
        )
    return ContractFact(
        id=document["_id"],
        order_id=document["order_id"],
        order_number=document["order_number"],
        channel=Channel.read(document["channel"]),
        concluded=document["state"] in BINDING,
        number=document["number"],
        year=document["year"],
        sequence=document["sequence"],
        reuse=_reuse(document),
        state=ContractState(document["state"]),
        last_day=_last_day(document),
        awaits_check=_awaits_check((document.get("proposal") or {}).get("awards", ())),
    )


def _awaits_check(awards: Iterable[Document]) -> bool:
    return any(award["verdict"] is None for award in awards)


def _last_day(document: Document) -> str | None:
    return min((day for day in (document.get("valid_to"), document.get("ends_on")) if day is not None), default=None)


def _reuse(document: Document) -> ReuseFact | None:
    if document["leg"] == Leg.BEREITSTELLUNG or document["state"] not in BINDING:
        return None
    return ReuseFact(document["offering_id"], document["customer"]["id"], document["state"] != ContractState.BEENDET)


def _accession(document: Document) -> AccessionFact:
    organisation, last_day = document["organisation"]["id"], document["valid_to"]
    return AccessionFact(document["_id"], ReuseFact(document["offering_id"], organisation, runs=True, last_day=last_day))


def _register(document: Document) -> RegisterFact:
    return RegisterFact(
        channel=Channel.read(document["channel"]),
        year=document["year"],
        last=document["last"],
        allotted=document["allotted"],
        free=tuple(document["free"]),
    )


CONTENTS: Mapping[Collection, Callable[[Document], PapersFact | None]] = {CONTRACTS: _papers, OWED: _papers}
FACTS: Mapping[
    Collection, Callable[[Document], ContractFact | ProvisionFact | OfferedFact | AccessionFact | RegisterFact | None]
] = {
    CONTRACTS: _contract,
    ACCESSIONS: _accession,
    REGISTERS: _register,
}
