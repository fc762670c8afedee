"""What the rule PRICE_CHANGE says of new cost information at a contract."""

from __future__ import annotations

from datetime import date

from services.contracts.chain.given import AskPriceChange
from services.contracts.chain.price_change import price_change
from services.contracts.chain.refusal import RefusedError
from services.contracts.domain.chained import chained
from services.contracts.domain.contract import Contract
from services.contracts.domain.price_changes import PriceChange
from services.contracts.domain.rules import Terms
from services.contracts.neighbourhood import world_of
from shared.calendar import day_of
from shared.errors import ConflictError, InvalidError
from shared.messages.values import PriceItem, Time
from shared.price_sheets import require_plausible


def announced(
    contract: Contract,
    change_id: str,
    effective_from: date,
    items: tuple[PriceItem, ...],
    at: Time,
    terms: Terms,
    issued_on: date | None = None,
) -> PriceChange:
    """Return what new cost information means in the contract where it is announced. ``issued_on`` None: today.

    Raises InvalidError (``cost_info_retroactive``, ``price_without_charge``, ``price_sheet_invalid``,
    ``price_kind_not_allowed``), ConflictError
    (``price_change_not_possible``).
    """
    link, issued = chained(contract, terms), issued_on or day_of(at)
    asked = AskPriceChange(
        type="PRICE_CHANGE", contract=contract.id, issued_on=issued.isoformat(), effective_from=effective_from.isoformat()
    )
    try:
        price_change(world_of([contract], terms), asked)
    except RefusedError as refused:
        if refused.code == "COST_INFO_RETROACTIVE":
            raise InvalidError("New prices never count for days that have passed.", code="cost_info_retroactive") from refused
        text = "The contract does not run on the first day of the new price."
        raise ConflictError(text, code="price_change_not_possible", id=contract.id) from refused
    if items and link.charge == "ENTGELTFREI":
        raise InvalidError("What is passed on free of charge has no prices.", code="price_without_charge")
    require_plausible(items, effective_from)
    for item in items:
        if item.kind not in terms.rules.price_kinds:
            raise InvalidError(
                f"{terms.rules.anbieter.name} has no costs of kind {item.kind.value}.", code="price_kind_not_allowed"
            )
    reach = max(asked.effective_from, link.valid_from)
    return PriceChange.reaching(link, change_id, issued, reach, at, None, items)
