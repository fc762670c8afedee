"""Follows what eligibility has found: the contract can be signed further, or is refused with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.contracts.changes import required
from services.contracts.domain.amending import signs_by_two
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


def _refusal(contract: Contract, terms: Terms, around: Sequence[Contract]) -> Refusal | None:
    if contract.continues is not None:
        # A RISK is answered for by the two persons of the Anbieter, who sign after the check; nobody else can.
        answered = any(signs_by_two(contract, side) for side in ("grantor", "grantee"))
        enough = {Verdict.EXEMPT, Verdict.RISK} if answered else {Verdict.EXEMPT}
        if (bad := next((it for it in contract.awards if it.verdict not in enough), None)) is not None:
            return _not_exempt(contract, bad)
    bound = as_if_signed(contract)
    violations = added_violations(bound, world_of(around, terms), terms, ContractState.GESCHLOSSEN)
    return chain_refusal(violations[0].code, contract.offering_title) if violations else None


def _not_exempt(contract: Contract, found: AwardCheck) -> Refusal:
    names = {it.id: it.name for it in (contract.anbieter, contract.provider, contract.grantor, contract.customer)}
    return Refusal.of(
        NOT_EXEMPT,
        awarder=names.get(found.awarder, found.awarder),
        contractor=names.get(found.contractor, found.contractor),
        verdict=(found.verdict or Verdict.NO_EVIDENCE).value,
        as_of=found.as_of or contract.valid_from,
    )
