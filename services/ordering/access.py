"""For whom a caller acts in a Vorgang. Who has no part in it learns nothing of it."""

from __future__ import annotations

from services.ordering.domain.offering import ListedOffering
from services.ordering.domain.order import Order
from services.ordering.domain.parts import Actor
from shared.errors import ForbiddenError, NotFoundError
from shared.http.auth import Caller
from shared.messages.ordering import OrderParty
from shared.messages.values import Role
from shared.store.port import Document

CUSTOMER_ROLES = (Role.KUNDE, Role.BUENDELNDE_ORGANISATION)
_ROLES = {
    OrderParty.KUNDE: CUSTOMER_ROLES,
    OrderParty.BEREITSTELLER: (Role.BEREITSTELLER,),
    OrderParty.ANBIETER: (Role.ANBIETER,),
}


def unknown(order_id: str) -> NotFoundError:
    """Return the error for a Vorgang that does not exist or is not the caller's."""
    return NotFoundError(f"There is no Vorgang {order_id}.", code="order_not_found", order_id=order_id)


def party_of(order: Order, caller: Caller) -> OrderParty:
    """Return the caller's side. Raises NotFoundError for who has none; a Bereitsteller has one once it is forwarded."""
    party = _side(caller, order.channel, order.customer_id, order.shown_to)
    if party is None:
        raise unknown(order.id)
    return party


def has_part(document: Document, caller: Caller) -> bool:
    """Return whether the caller has a side in a stored Vorgang. A document without parties is a reserved place."""
    parties = (document.get("channel"), document.get("customer_id"), document.get("shown_to"))
    return _side(caller, *parties) is not None


def _side(caller: Caller, channel: str | None, customer: str | None, shown_to: str | None) -> OrderParty | None:
    if Role.ANBIETER in caller.roles and caller.organisation == channel:
        return OrderParty.ANBIETER
    if caller.organisation == customer:
        return OrderParty.KUNDE
    if caller.organisation == shown_to:
        return OrderParty.BEREITSTELLER
    return None


def in_charge_of(offering: ListedOffering, caller: Caller) -> OrderParty:
    """Return as which side the caller may end an offer: its Bereitsteller, or an Anbieter for its own channel.

    Raises ForbiddenError for others: that there is such an offer is public.
    """
    if Role.BEREITSTELLER in caller.roles and caller.organisation == offering.provider_id:
        return OrderParty.BEREITSTELLER
    if Role.ANBIETER in caller.roles:
        return OrderParty.ANBIETER
    raise ForbiddenError("How many Vorgänge an offer has is for its Bereitsteller and its Anbieter to know.")


def actor_of(order: Order, caller: Caller) -> Actor:
    """Return the caller as one who takes a step. Raises NotFoundError, or ForbiddenError without a role of that side."""
    party = party_of(order, caller)
    caller.require(*_ROLES[party])
    return Actor(party, caller.subject)
