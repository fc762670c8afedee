"""What the rules of the chain say of a change: WRITE of an amendment, AGB_CHANGE of newer general terms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.contracts.accessions.repository import Accessions
from services.contracts.chain.agb_change import agb_change
from services.contracts.chain.contract import Accession
from services.contracts.chain.given import AskAgbChange
from services.contracts.domain.amending import agreed, other_side, text_of
from services.contracts.domain.contract import Contract
from services.contracts.domain.rules import Terms
from services.contracts.domain.text import PARTS, Consent, Proposal, widens
from services.contracts.domain.violation_codes import code_of
from services.contracts.inhouse.asking import awards_of_change
from services.contracts.neighbourhood import above, added_violations, line_of, world_of
from services.contracts.repository import Contracts
from shared.errors import ConflictError
from shared.messages.contracts import AgbVersion
from shared.messages.values import Time

_PORTION: Final = 500
_UNKNOWN: Final = "unrecorded"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the answers come from."""

    contracts: Contracts
    accessions: Accessions
    terms: Terms


async def with_awards(contract: Contract, proposal: Proposal, asked: Asked) -> Proposal:
    """Return a change with the awards that are to be judged before anybody signs further: none unless it goes further."""
    if not widens(text_of(contract, asked.terms), proposal.text):
        return proposal
    changed = contract.model_copy(update={name: getattr(proposal.text, name) for name in PARTS.values()})
    around = await above(asked.contracts, [] if contract.parent is None else [contract.parent])
    return proposal.model_copy(update={"awards": awards_of_change(changed, around, asked.terms)})


async def require_agreeable(contract: Contract, proposal: Proposal, at: Time, asked: Asked) -> None:
    """Return if a contract may have a proposed change once both sides have consented to it, and its awards are exempt (WRITE).

    Raises ConflictError with the code of the first rule that the contract, or something that rests on it, would break.
    """
    proposal = proposal.as_if_exempt()
    both = proposal.with_consent(_assumed(proposal.consents[0], at))
    if (other := both.of(other_side(proposal.side))) is None:
        other = Consent(side=other_side(proposal.side), by=_UNKNOWN, at=at)
    both = both.with_consent(_assumed(other, at))
    changed = contract.model_copy(update=agreed(contract, both, at, asked.terms))
    line = await line_of(contract, asked.contracts)
    around = line | await above(asked.contracts, {it.parent for it in line.values() if it.parent is not None})
    found: set[str] = set()
    async for resting, acceded in _resting(line, asked):
        world = world_of((around | {it.id: it for it in resting}).values(), asked.terms, acceded)
        found |= {violation.code for violation in added_violations(changed, world, asked.terms, whole=True)}
    if found:
        codes = sorted(code_of(code) for code in found)
        raise ConflictError("The change would break rules of its chain.", code=codes[0], violations=codes)


async def _resting(line: dict[str, Contract], asked: Asked) -> AsyncIterator[tuple[list[Contract], list[Accession]]]:
    """Yield what rests on contracts that follow one another, in portions; the first one is empty."""
    yield [], []
    for contract in line.values():
        async for portion in asked.contracts.resting_on(contract):
            yield portion, []
    acceded: list[Accession] = []
    async for accession in asked.accessions.to_contracts(line):
        acceded.append(accession.linked())
        if len(acceded) == _PORTION:
            yield [], acceded
            acceded = []
    if acceded:
        yield [], acceded


def _assumed(given: Consent, at: Time) -> Consent:
    """Return a consent as if the second person had released it, where one has to."""
    if given.released_by is not None:
        return given
    return given.model_copy(update={"released_by": f"{given.by}.release", "released_at": at})


@dataclass(frozen=True, slots=True)
class AgbChange:
    """Newer general terms for a contract, and the last day that ordinary notice of today would give it (None: open).

    ``waits_for``: the contract above, whose terms are outdated too and come first.
    """

    agb: AgbVersion
    waits_for: str | None
    earliest_end: date | None


async def agb_change_of(contract: Contract, day: date, asked: Asked) -> AgbChange | None:
    """Return which general terms a contract lacks on a day, None if it has those that are in force (AGB_CHANGE)."""
    around = await above(asked.contracts, [contract.parent] if contract.parent is not None else [])
    world = world_of((around | {contract.id: contract}).values(), asked.terms)
    rows = agb_change(world, AskAgbChange(type="AGB_CHANGE", on=day.isoformat()))["agb_change"]
    row = next((it for it in rows if it["contract"] == contract.id), None)
    agb = asked.terms.agb.on(day, contract.leg.value)
    if row is None or agb is None:
        return None
    end = row["earliest_end"]
    return AgbChange(agb, row["waits_for"], None if end is None else date.fromisoformat(end))
