"""Which side of a contract a caller is: to read what its sides agree, and to sign for it."""

from __future__ import annotations

from services.contracts.access import viewer_of
from services.contracts.chain.contract import Side
from services.contracts.domain.contract import Contract, Listed
from services.contracts.domain.moves import Standing
from services.contracts.domain.transitions import Actor
from services.contracts.narrowing import Viewer
from shared.errors import ForbiddenError, NotFoundError
from shared.http.auth import Caller
from shared.messages.contracts import Leg
from shared.messages.values import Role

_SIDES: tuple[Side, Side] = ("grantor", "grantee")


def reading_for(contract: Listed, viewer: Viewer) -> Side:
    """Return the side that a viewer reads for; staff of the Anbieter that is none reads as whoever passes the use on.

    Raises NotFoundError for others, such as the Bereitsteller of a Nachnutzungsvertrag.
    """
    for side in _SIDES:
        party = contract.grantor if side == "grantor" else contract.customer
        if party.id == contract.channel.value:
            if viewer.channel is contract.channel:
                return side
        elif party.id == viewer.organisation:
            return side
    if viewer.channel is contract.channel:
        return "grantor"
    raise NotFoundError(f"There is no contract {contract.id}.", id=contract.id)


def acting_for(contract: Listed, caller: Caller) -> tuple[Side, Actor]:
    """Return the side that a caller acts for, and as whom. Raises ForbiddenError (``not_a_side``)."""
    found = acts_for(contract, caller)
    if found is None:
        raise ForbiddenError("This is for the two sides of the contract.", code="not_a_side")
    return found


def acts_for(contract: Listed, caller: Caller) -> tuple[Side, Actor] | None:
    """Return the side that a caller acts for, and as whom, None for who only reads."""
    for side in _SIDES:
        party = contract.grantor if side == "grantor" else contract.customer
        if party.id == contract.channel.value:
            if Role.ANBIETER in caller.roles and caller.channel is contract.channel:
                return side, Actor.ANBIETER
            continue
        role = Role.BEREITSTELLER if contract.leg is Leg.BEREITSTELLUNG else Role.KUNDE
        if party.id == caller.organisation and role in caller.roles:
            return side, Actor(role.value)
    return None


def standing_of(contract: Contract, caller: Caller) -> Standing:
    """Return as whom a caller acts on a contract that they may see."""
    anbieter = Role.ANBIETER in caller.roles and caller.channel is contract.channel
    notice = viewer_of(caller).acts_as(contract, caller.roles)
    return Standing(caller.subject, acts_for(contract, caller), notice, anbieter)
