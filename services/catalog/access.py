"""In which capacities a caller may act on an offer. Who has none learns nothing of one that is not public."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from services.catalog.domain.offering import Offering, is_public
from services.catalog.domain.transitions import Actor
from shared.errors import NotFoundError
from shared.http.auth import Caller
from shared.messages.values import Channel, OfferingState, Role


def capacities_of(caller: Caller, provider: str, visible_to: Collection[str], state: OfferingState) -> list[Actor]:
    """Return the capacities in an offer of ``provider`` that these Anbieter may see; none if it is none of their business."""
    found = []
    if caller.organisation == provider and Role.BEREITSTELLER in caller.roles:
        found.append(Actor.BEREITSTELLER)
    if Role.ANBIETER in caller.roles and caller.organisation in visible_to:
        found.append(Actor.ANBIETER)
    if Role.BETREIBER in caller.roles and is_public(state):
        found.append(Actor.SYSTEM)
    return found


def capacities(offering: Offering, caller: Caller) -> list[Actor]:
    """Return in which capacities the caller may act on the offer."""
    return capacities_of(caller, offering.provider.id, offering.visible_to, offering.state)


@dataclass(frozen=True, slots=True)
class Seen:
    """In which capacities somebody sees an offer; an Anbieter as that of ``channel``."""

    actors: tuple[Actor, ...] = ()
    channel: Channel | None = None


def seen_by(offering: Offering, caller: Caller) -> Seen:
    """Return as whom the caller sees the offer."""
    actors = tuple(capacities(offering, caller))
    return Seen(actors, caller.channel if Actor.ANBIETER in actors else None)


def unknown(offering_id: str) -> NotFoundError:
    """Return the error for an offer that does not exist or is not for the caller."""
    return NotFoundError(f"There is no offering {offering_id}.", code="offering_not_found", id=offering_id)
