"""Use cases of passing on: offer a contract below one's own, or ask for one; what both sides have signed is concluded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.contracts.chain.contract import Side
from services.contracts.domain import prices
from services.contracts.domain.agreed import Charge, Signature, Territory
from services.contracts.domain.bodies import body_of
from services.contracts.domain.chained import chained
from services.contracts.domain.contract import BELOW, Contract
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import ContractState
from services.contracts.domain.violation_codes import PASSING_NOT_ALLOWED
from services.contracts.inhouse.asking import with_awards
from services.contracts.neighbourhood import above, require_possible, world_of
from services.contracts.repository import Contracts
from shared.aggregate.change import Change
from shared.calendar import day_of
from shared.errors import ConflictError, InvalidError
from shared.messages.base import Message
from shared.messages.contracts_sub import SubContractOffered
from shared.messages.values import Line, Party, PriceItem
from shared.price_sheets import require_plausible


@dataclass(frozen=True, slots=True)
class Passed:
    """What is passed on to whom: the side that signs it first, with its person, and what both sides agree.

    None: as the file of the channel states it for the leg. ``last`` None: as long as the contract above runs, as far as is known.
    """

    id: str
    grantee: Party
    signer: Side
    person: str
    at: datetime
    first: date
    last: date | None = None
    territory: Territory | None = None
    charge: Charge | None = None
    price_items: tuple[PriceItem, ...] = ()
    order_reference: Line | None = None


def draft(passed: Passed, parent: Contract, terms: Terms) -> Contract:
    """Return the contract below ``parent`` as one side has signed it.

    Raises ConflictError (``passing_not_allowed``, ``no_agb_in_force``), InvalidError (``price_without_charge``,
    ``price_sheet_invalid``).
    """
    leg = BELOW.get(parent.leg)
    agreed = None if leg is None else terms.agreed.get(leg)
    if leg is None or agreed is None:
        raise ConflictError("This contract is not passed on.", code=PASSING_NOT_ALLOWED, id=parent.id)
    charge = passed.charge or agreed.charge
    if passed.price_items and charge == "ENTGELTFREI":
        raise InvalidError("What is passed on free of charge has no prices.", code="price_without_charge")
    require_plausible(passed.price_items, passed.first)
    today = day_of(passed.at)
    agb = terms.agb.on(today, leg.value)
    if agb is None:
        raise ConflictError(f"No general terms are in force for this leg on {today.isoformat()}.", code="no_agb_in_force")
    link = chained(parent, terms)
    ars = body_of(passed.grantee.id).ars
    title = terms.rules.contract_names[leg]
    return Contract(
        id=passed.id,
        state=ContractState.ANGEBOTEN,
        leg=leg,
        title=title,
        channel=parent.channel,
        offering_id=parent.offering_id,
        offering_title=parent.offering_title,
        offering_version=parent.offering_version,
        anbieter=parent.anbieter,
        customer=passed.grantee,
        provider=parent.provider,
        agb=agb,
        documents=(title, agb.name),
        price_items=passed.price_items,
        totals=prices.totals(passed.price_items),
        order_reference=passed.order_reference,
        requested_at=passed.at,
        recorded_at=passed.at,
        grantor=parent.customer,
        parent=parent.id,
        valid_from=passed.first,
        valid_to=passed.last or parent.last_day,
        services=link.services,
        territory=passed.territory or ((ars,) if ars is not None else link.territory),
        **(agreed.model_dump(exclude={"territory"}) | {"charge": charge, "parametrisation": link.parametrisation}),
        signatures=(Signature(side=passed.signer, by=passed.person, on=today),),
    )


async def possible(passed: Passed, parent: Contract, terms: Terms, contracts: Contracts) -> Contract:
    """Return the contract below ``parent`` as one side would sign it; the rules of the chain are asked (WRITE).

    Raises InvalidError (``contract_date_invalid``), ConflictError with the code of the first rule that it would break, and as
    ``draft``.
    """
    if passed.first < day_of(passed.at):
        raise InvalidError(f"{passed.first.isoformat()} has passed.", code="contract_date_invalid", day=passed.first.isoformat())
    around = await above(contracts, [parent.id])
    drafted = with_awards(draft(passed, parent, terms), around, terms)
    require_possible(drafted, world_of(around.values(), terms), terms)
    return drafted


async def offer(passed: Passed, parent: Contract, terms: Terms, contracts: Contracts) -> Change[Contract]:
    """Return the change by which one side signs a contract below ``parent``. Raises as ``possible``."""
    drafted = await possible(passed, parent, terms, contracts)
    by = drafted.grantor if passed.signer == "grantor" else drafted.customer

    def decide(stored: Contract | None) -> tuple[Contract, Sequence[Message]]:
        if stored is not None:
            return stored, []
        offered = SubContractOffered(contract=drafted.head(), at=passed.at, offered_by=by)
        return drafted, [offered, *drafted.ask_check(passed.at)]

    return Change(drafted.id, decide)
