"""A stored contract as the rules of the chain see it."""

from __future__ import annotations

from datetime import date

from services.contracts.chain.contract import Contract as Link
from services.contracts.domain.agreed import LegTerms, Notice, Signature
from services.contracts.domain.contract import Contract
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import ContractState
from shared.ids import derived_id

_UNRECORDED: tuple[str | None, str | None] = ("unrecorded", "unrecorded.release")
"""Stand for the two persons of a signature whose persons are not recorded."""


def chained(contract: Contract, terms: Terms, state: ContractState | None = None) -> Link:
    """Return the contract as the chain's rules see it, in another ``state`` if given.

    What version 0.1.0 did not record is what the channel's data assume.
    """
    recorded = contract.territory is not None
    agreed = terms.agreed[contract.leg]
    held = _recorded(contract) if recorded else agreed
    return Link.model_validate(
        {
            "id": contract.id,
            "version": contract.version,
            "leg": contract.leg.value,
            "channel": contract.channel.value,
            "grantor": contract.grantor.id,
            "grantee": contract.customer.id,
            "parent": contract.parent,
            "continues": contract.continues,
            "state": (state or contract.state).value,
            "valid_from": contract.valid_from.isoformat(),
            "valid_to": _text(contract.valid_to),
            "ends_on": _text(contract.ends_on),
            "services": contract.services or (contract.offering_id,),
            "parametrisation": held.parametrisation,
            "territory": contract.territory or terms.territory_of(contract.leg, contract.customer),
            "passing_on": held.passing_on.model_dump(),
            "charge": held.charge,
            "notice": None if held.notice is None else held.notice.model_dump(),
            "price_notice": held.price_notice.model_dump(by_alias=True),
            "agb_version": None if contract.agb is None else contract.agb.version,
            "annexes": held.annexes,
            "signatures": [_signature(signature) for signature in _signatures(contract, recorded=recorded)],
        }
    )


def agreed_notice(contract: Contract, terms: Terms) -> Notice | None:
    """Return the period of an ordinary notice of a contract, None if none is agreed."""
    return contract.notice if contract.territory is not None else terms.agreed[contract.leg].notice


def _recorded(contract: Contract) -> LegTerms:
    """Return what the contract itself records. Raises ValidationError for one that records only a part."""
    return LegTerms.model_validate({name: getattr(contract, name) for name in LegTerms.model_fields})


def _signatures(contract: Contract, *, recorded: bool) -> tuple[Signature, ...]:
    if recorded or contract.concluded_at is None:
        return contract.signatures
    return Signature(side="grantee", on=contract.valid_from), Signature(side="grantor", on=contract.valid_from)


def _signature(signature: Signature) -> dict[str, str | None]:
    by, released_by = _UNRECORDED
    if signature.by is not None:
        by, released_by = _mark(signature.by), _mark(signature.released_by)
    return {"side": signature.side, "by": by, "released_by": released_by, "on": signature.on.isoformat()}


def _mark(person: str | None) -> str | None:
    return None if person is None else derived_id("person", person)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
