"""The awards behind a contract, or a change of it, that must be in-house: by its leg, its charge and the rules of its channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from services.contracts.channels import chain_channel
from services.contracts.domain.awards import AwardCheck
from services.contracts.domain.bodies import body_of
from services.contracts.domain.contract import SUB_LEGS, Contract
from services.contracts.domain.rules import Terms
from shared.messages.contracts import Leg

_MUNICIPAL = frozenset({"KREIS", "VERBAND", "KOMMUNE"})


def with_awards(contract: Contract, around: Mapping[str, Contract], terms: Terms) -> Contract:
    """Return an offered contract with the awards that are to be judged before it is signed further.

    ``around``: what it rests on. Of one that follows another contract it is each award that it makes anew: of the Anbieter to the
    Bereitsteller, of the Kunde to the Anbieter, of whoever pays for what is passed on. Of one that passes on for money it is what
    the rule CHARGE_NOT_ALLOWED asks: whether whoever passes on is in-house to the Nachnutzer above and to the body.
    """
    own = () if contract.continues is None else _own_awards(contract)
    return contract.model_copy(update={"awards": _checks((*own, *_of_common_body(contract, around, terms)))})


def awards_of_change(changed: Contract, around: Mapping[str, Contract], terms: Terms) -> tuple[AwardCheck, ...]:
    """Return the awards that are to be judged for a running contract whose text is ``changed`` so that it goes further.

    ``around``: what it rests on. They are those that the contract itself made, and what the rule CHARGE_NOT_ALLOWED asks.
    """
    return _checks((*_own_awards(changed), *_of_common_body(changed, around, terms)))


def _checks(pairs: Iterable[tuple[str, str]]) -> tuple[AwardCheck, ...]:
    return tuple(AwardCheck(awarder=awarder, contractor=to) for awarder, to in dict.fromkeys(pairs) if awarder != to)


def _own_awards(contract: Contract) -> Iterator[tuple[str, str]]:
    if contract.leg in SUB_LEGS:
        if contract.charge == "ENTGELTLICH":
            yield contract.customer.id, contract.grantor.id
        return
    yield contract.anbieter.id, contract.provider.id
    if contract.leg is Leg.NACHNUTZUNG:
        yield contract.customer.id, contract.anbieter.id


def _of_common_body(contract: Contract, around: Mapping[str, Contract], terms: Terms) -> Iterator[tuple[str, str]]:
    free = contract.charge != "ENTGELTLICH" or contract.leg not in SUB_LEGS
    if free or chain_channel(terms).charge_rule == "ALLOWED" or body_of(contract.customer.id).type not in _MUNICIPAL:
        return
    above = contract
    while above.leg is not Leg.NACHNUTZUNG:
        if above.parent is None or above.parent not in around:
            return
        above = around[above.parent]
    for authority in (above.customer.id, contract.customer.id):
        yield authority, contract.grantor.id
