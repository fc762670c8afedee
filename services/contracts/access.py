"""Whom a caller of the API reads as, and what a list is narrowed to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from services.contracts.domain.transitions import ContractState
from services.contracts.repository import Filter, Viewer
from shared.http.auth import Caller
from shared.http.days import Day
from shared.http.dependencies import CurrentCaller
from shared.messages.contracts import Leg
from shared.messages.values import Channel, EntityId, Role


def viewer_of(caller: Caller) -> Viewer:
    """Return the viewer that a caller is: their organisation, for staff of an Anbieter also its channel."""
    return Viewer(caller.organisation, caller.channel if Role.ANBIETER in caller.roles else None)


async def _narrowed(
    *,
    caller: CurrentCaller,
    state: Annotated[
        ContractState | None, Query(description="Only those in this state; ANGEBOTEN: the Anbieter's work list.")
    ] = None,
    channel: Annotated[Channel | None, Query(description="Only those through this Anbieter.")] = None,
    offering_id: Annotated[EntityId | None, Query(description="Only those about this offer.")] = None,
    leg: Annotated[Leg | None, Query(description="Only those of this place in the chain.")] = None,
    ends_before: Annotated[Day | None, Query(description="Only those whose last day is known and before this one.")] = None,
    change_waits: Annotated[
        bool,
        Query(description="Only those of which a change waits for the caller: to consent, or at the Anbieter to release it."),
    ] = False,
) -> Filter:
    return Filter(state, channel, offering_id, leg, ends_before, viewer_of(caller) if change_waits else None)


Narrowed = Annotated[Filter, Depends(_narrowed)]
