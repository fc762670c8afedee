"""Follows what eligibility has found: contract or change can be signed further, or come to nothing with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.contracts.changes import required
from services.contracts.domain.amending import end_not_exempt, signs_by_two
from services.contracts.domain.awards import AwardCheck
from services.contracts.domain.contract import Contract
from services.contracts.domain.refusal import Refusal, chain_refusal
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import Actor, ContractState
from services.contracts.neighbourhood import above, added_violations, as_if_signed, world_of
from services.contracts.repository import Contracts
from shared.aggregate.change import Change
from shared.bus.handling import Received, Rejection, rejections
from shared.messages.base import Message
from shared.messages.eligibility_awards import AwardsJudged, AwardVerdict
from shared.messages.values import Verdict

NOT_EXEMPT: Final = "successor_not_exempt"
CHANGE_NOT_EXEMPT: Final = "change_not_exempt"


async def take_in(events: Sequence[Received], terms: Terms, contracts: Contracts, at: datetime) -> Sequence[Rejection]:
    """Record the verdicts on awards of one channel's contracts, and refuse what may not be concluded by them.

    Raises StoreUnavailableError, WriteConflictError.
    """
    judged = [(event, event.message) for event in events if isinstance(event.message, AwardsJudged)]
    own = [(event, message) for event, message in judged if message.channel is terms.channel]
    changes = [await _taken(event, message, terms, contracts, at) for event, message in own]
    return rejections([event for event, _ in own], await contracts.ledger.apply(changes))


async def _taken(event: Received, judged: AwardsJudged, terms: Terms, contracts: Contracts, at: datetime) -> Change[Contract]:
    found = (await contracts.of_ids([judged.contract_id])).get(judged.contract_id)
    named = () if found is None else (found.parent, found.continues)
    around = list((await above(contracts, [key for key in named if key is not None])).values())

    def decide(contract: Contract | None) -> tuple[Contract, Sequence[Message]]:
        contract = required(contract, judged.contract_id)
        if judged.change_id is not None:
            return contract, _take_in_change(contract, judged, at)
        if not contract.awaits_check:
            return contract, []
        contract.awards = tuple(_with_verdict(it, judged.awards) for it in contract.awards)
        refusal = _refusal(contract, terms, around)
        if refusal is None or contract.awaits_check:
            return contract, []
        contract.recorded_at = at
        return contract, contract.refuse(refusal, Actor.PROZESSOR)

    return Change(judged.contract_id, decide, event.cause)


def _with_verdict(asked: AwardCheck, judged: Sequence[AwardVerdict]) -> AwardCheck:
    found = next((it for it in judged if (it.awarder, it.contractor) == (asked.awarder, asked.contractor)), None)
    if found is None:
        return asked
    return asked.model_copy(update={"verdict": found.verdict, "as_of": found.as_of, "until": found.until})


def _take_in_change(contract: Contract, judged: AwardsJudged, at: datetime) -> list[Message]:
    proposal = contract.proposal
    if proposal is None or proposal.id != judged.change_id or not proposal.awaits_check:
        return []
    found = proposal.model_copy(update={"awards": tuple(_with_verdict(it, judged.awards) for it in proposal.awards)})
    contract.proposal = found
    refusal = None if found.awaits_check else _not_enough(contract, found.awards, CHANGE_NOT_EXEMPT)
    return [] if refusal is None else end_not_exempt(contract, found, refusal, at)


def _refusal(contract: Contract, terms: Terms, around: Sequence[Contract]) -> Refusal | None:
    if contract.continues is not None and (refusal := _not_enough(contract, contract.awards, NOT_EXEMPT)) is not None:
        return refusal
    bound = as_if_signed(contract)
    violations = added_violations(bound, world_of(around, terms), terms, ContractState.GESCHLOSSEN)
    return chain_refusal(violations[0].code, contract.offering_title) if violations else None


def _not_enough(contract: Contract, awards: Sequence[AwardCheck], code: str) -> Refusal | None:
    """Return the refusal with the first award that is not good enough, None if all are.

    A RISK is answered for by the two persons of the Anbieter, who sign after the check; nobody else can.
    """
    answered = any(signs_by_two(contract, side) for side in ("grantor", "grantee"))
    enough = {Verdict.EXEMPT, Verdict.RISK} if answered else {Verdict.EXEMPT}
    found = next((it for it in awards if it.verdict not in enough), None)
    if found is None:
        return None
    names = {it.id: it.name for it in (contract.anbieter, contract.provider, contract.grantor, contract.customer)}
    return Refusal.of(
        code,
        awarder=names.get(found.awarder, found.awarder),
        contractor=names.get(found.contractor, found.contractor),
        verdict=(found.verdict or Verdict.NO_EVIDENCE).value,
        as_of=found.as_of or contract.valid_from,
    )
