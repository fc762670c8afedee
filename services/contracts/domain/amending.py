"""Steps by which both sides of a running contract agree a change of its text. Who is the Anbieter signs by two persons."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from services.contracts.chain.contract import Side
from services.contracts.domain.agreed import LegTerms, Signature
from services.contracts.domain.awards import with_newer
from services.contracts.domain.contract import Contract, Listed
from services.contracts.domain.refusal import Refusal
from services.contracts.domain.rules import Terms
from services.contracts.domain.text import PARTS, AgreedText, Amendment, Consent, Proposal, signatures_of
from services.contracts.domain.transitions import TRANSITIONS, Actor, Command
from services.contracts.domain.violation_codes import FOUR_EYES
from shared.errors import ConflictError, NotFoundError
from shared.messages.base import Message
from shared.messages.contracts_changes import (
    AgbOffered,
    AmendmentOffered,
    ChangeFailed,
    ChangeRefused,
    ChangeSigned,
    ContractAmended,
)
from shared.messages.values import Line, Party, Time


def text_of(contract: Contract, terms: Terms) -> AgreedText:
    """Return the agreed text of a contract; what was not recorded is what the channel's data assume."""
    agreed = terms.agreed[contract.leg]
    held: Contract | LegTerms = agreed if contract.territory is None else contract
    return AgreedText.model_validate(
        {
            "valid_to": contract.valid_to,
            "services": contract.services or (contract.offering_id,),
            "parametrisation": held.parametrisation,
            "territory": contract.territory or terms.territory_of(contract.leg, contract.customer),
            "passing_on": held.passing_on,
            "charge": held.charge,
            "notice": held.notice,
            "price_notice": held.price_notice,
            "agb": contract.agb,
            "annexes": held.annexes,
        }
    )


def recorded_signatures(contract: Contract) -> tuple[Signature, ...]:
    """Return the signatures of a contract; of one that records neither scope nor signatures those of its conclusion."""
    if contract.territory is not None or contract.concluded_at is None:
        return contract.signatures
    return Signature(side="grantee", on=contract.valid_from), Signature(side="grantor", on=contract.valid_from)


def party_of(contract: Listed, side: Side) -> Party:
    """Return the organisation on a side."""
    return contract.grantor if side == "grantor" else contract.customer


def other_side(side: Side) -> Side:
    """Return the side across."""
    return "grantee" if side == "grantor" else "grantor"


def signs_by_two(contract: Listed, side: Side) -> bool:
    """Return whether a side is the Anbieter, for whom one person signs and another one releases."""
    return party_of(contract, side).id == contract.channel.value


def is_offered(contract: Listed, proposal: Proposal) -> bool:
    """Return whether the side that proposes a change has signed it for good, so that the other one may consent."""
    return _complete(contract, proposal.of(proposal.side))


def waits_for(contract: Listed, proposal: Proposal) -> tuple[Side, Literal["RELEASE", "CONSENT"]]:
    """Return which side has to act next, and what it has to do."""
    for given in proposal.consents:
        if not _complete(contract, given):
            return given.side, "RELEASE"
    return other_side(proposal.side), "CONSENT"


def knows(contract: Contract, change_id: str) -> bool:
    """Return whether a change was proposed of a contract and not refused."""
    proposed = contract.proposal is not None and contract.proposal.id == change_id
    return proposed or any(it.id == change_id for it in contract.amendments)


def propose(contract: Contract, proposal: Proposal, actor: Actor, earliest_end: date | None = None) -> list[Message]:
    """Propose a change. ``earliest_end``: what ``AgbOffered`` states. Raises ConflictError (``change_pending``)."""
    TRANSITIONS.check(Command.PROPOSE_CHANGE, contract.state, actor)
    if knows(contract, proposal.id):
        return []
    if contract.proposal is not None:
        raise ConflictError("Another change waits for an answer.", code="change_pending", id=contract.proposal.id)
    contract.proposal = proposal
    at = proposal.proposed_at
    return [_offered_event(contract, proposal, at, earliest_end), *contract.ask_change_check(at)]


def release(
    contract: Contract, change_id: str, person: str, at: Time, actor: Actor, terms: Terms, earliest_end: date | None = None
) -> list[Message]:
    """Release as a second person of the Anbieter what the first one has signed.

    Raises ConflictError (``not_signed``; ``four_eyes`` for the person who signed; ``check_pending``), NotFoundError.
    """
    TRANSITIONS.check(Command.RELEASE_CHANGE, contract.state, actor)
    proposal = _proposed(contract, change_id)
    if proposal is None:
        return []
    signed = next((it for it in proposal.consents if signs_by_two(contract, it.side)), None)
    if signed is None:
        raise ConflictError("Nobody has signed it yet.", code="not_signed", id=contract.id)
    if signed.by == person:
        raise ConflictError("Who has signed cannot release it; another person must.", code=FOUR_EYES, id=contract.id)
    if signed.released_by is not None:
        return []
    _require_judged(contract, proposal)
    released = signed.model_copy(update={"released_by": person, "released_at": at})
    return _taken(contract, proposal.with_consent(released), at, terms, earliest_end)


def consent(contract: Contract, change_id: str, given: Consent, actor: Actor, terms: Terms) -> list[Message]:
    """Consent as the side that has not proposed the change.

    Raises ConflictError (``already_signed``; ``change_not_offered`` before it is released; ``check_pending``), NotFoundError.
    """
    TRANSITIONS.check(Command.CONSENT_TO_CHANGE, contract.state, actor)
    proposal = _proposed(contract, change_id)
    if proposal is None:
        return []
    found = proposal.of(given.side)
    if found is not None:
        if found.by == given.by and given.side != proposal.side:
            return []
        raise ConflictError("This side has signed.", code="already_signed", id=contract.id)
    if not is_offered(contract, proposal):
        raise ConflictError("A second person of the Anbieter has not released it.", code="change_not_offered", id=contract.id)
    _require_judged(contract, proposal)
    return _taken(contract, proposal.with_consent(given), given.at, terms)


def refuse(contract: Contract, change_id: str, side: Side, reason: Line | None, at: Time, actor: Actor) -> list[Message]:
    """Turn a proposed change down, or take back one's own. Raises ConflictError (``already_agreed``), NotFoundError."""
    TRANSITIONS.check(Command.REFUSE_CHANGE, contract.state, actor)
    proposal = _proposed(contract, change_id)
    if proposal is None:
        raise ConflictError("Both sides have agreed it.", code="already_agreed", id=contract.id)
    contract.proposal = None
    return [
        ChangeRefused(
            contract=contract.head(),
            at=at,
            change_id=proposal.id,
            version=contract.version + 1,
            parts=proposal.parts,
            agb=proposal.new_agb,
            refused_by=party_of(contract, side),
            offered=is_offered(contract, proposal),
            reason=reason,
        )
    ]


def end_not_exempt(contract: Contract, proposal: Proposal, refusal: Refusal, at: Time) -> list[Message]:
    """End a proposed change that the in-house check has found not to be exempt; the contract stays as it is."""
    contract.proposal = None
    return [
        ChangeFailed(
            contract=contract.head(),
            at=at,
            change_id=proposal.id,
            version=contract.version + 1,
            parts=proposal.parts,
            offered=is_offered(contract, proposal),
            **refusal.model_dump(),
        )
    ]


def agreed(contract: Contract, proposal: Proposal, at: Time, terms: Terms) -> dict[str, Any]:
    """Return the fields that a contract has once both sides have agreed a change.

    Newer general terms are signed anew: they must be in force on the day of the last signature. All else leaves the signatures of
    the conclusion as they are.
    """
    before, text = text_of(contract, terms), proposal.text
    signatures = signatures_of(proposal.consents)
    amendment = Amendment(
        id=proposal.id,
        version=contract.version + 1,
        agreed_at=at,
        reason=proposal.reason,
        parts=proposal.parts,
        before=before,
        signatures=signatures,
    )
    fields: dict[str, Any] = {name: getattr(text, name) for name in PARTS.values()}
    if proposal.new_agb is not None and before.agb is not None:
        fields["documents"] = (
            tuple(text.agb.name if it == before.agb.name else it for it in contract.documents) if text.agb else ()
        )
    if text.charge == "ENTGELTFREI":
        fields |= {"price_items": (), "totals": ()}
    return fields | {
        "version": contract.version + 1,
        "signatures": recorded_signatures(contract) if proposal.new_agb is None else signatures,
        "amendments": (*contract.amendments, amendment),
        "awards": with_newer(contract.awards, proposal.awards),
        "proposal": None,
    }


def _require_judged(contract: Contract, proposal: Proposal) -> None:
    """Return if nobody has to wait for the in-house check. Raises ConflictError (``check_pending``)."""
    if proposal.awaits_check:
        raise ConflictError("The in-house check has no result yet; try again in a moment.", code="check_pending", id=contract.id)


def _proposed(contract: Contract, change_id: str) -> Proposal | None:
    """Return the proposed change, None for one that was agreed. Raises NotFoundError."""
    if contract.proposal is not None and contract.proposal.id == change_id:
        return contract.proposal
    if knows(contract, change_id):
        return None
    raise NotFoundError(f"There is no change {change_id}.", code="change_not_found", id=change_id)


def _taken(contract: Contract, proposal: Proposal, at: Time, terms: Terms, earliest_end: date | None = None) -> list[Message]:
    """Store what a side has done; once both have consented, the contract has its new version."""
    if not all(_complete(contract, proposal.of(side)) for side in ("grantor", "grantee")):
        contract.proposal = proposal
        return [_offered_event(contract, proposal, at, earliest_end)]
    for name, value in agreed(contract, proposal, at, terms).items():
        setattr(contract, name, value)
    return [
        ContractAmended(
            contract=contract.head(),
            at=at,
            change_id=proposal.id,
            version=contract.version,
            parts=proposal.parts,
            agb=proposal.new_agb,
        )
    ]


def _offered_event(contract: Contract, proposal: Proposal, at: Time, earliest_end: date | None) -> Message:
    common = {
        "contract": contract.head(),
        "at": at,
        "change_id": proposal.id,
        "version": contract.version + 1,
        "parts": proposal.parts,
        "agb": proposal.new_agb,
    }
    if any(not _complete(contract, it) for it in proposal.consents):
        return ChangeSigned.model_validate(common)
    offered = {"offered_by": party_of(contract, proposal.side), "reason": proposal.reason}
    if proposal.new_agb is None:
        return AmendmentOffered.model_validate(common | offered)
    return AgbOffered.model_validate(common | offered | {"earliest_end": earliest_end})


def _complete(contract: Listed, given: Consent | None) -> bool:
    return given is not None and (given.released_by is not None or not signs_by_two(contract, given.side))
