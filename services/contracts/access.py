"""Whom a caller of the API reads as, and what a list is narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from services.contracts.domain.transitions import ContractState
from services.contracts.narrowing import ContractFilter, Viewer
from shared.http.auth import Caller
from shared.http.days import Day
from shared.messages.contracts import Leg
from shared.messages.ordering import OrderParty
from shared.messages.values import Channel, EntityId, Role
from shared.search.contains import words_of


def viewer_of(caller: Caller) -> Viewer:
    """Return the viewer that a caller is: their organisation, for staff of an Anbieter also its channel."""
    return Viewer(caller.organisation, caller.channel if Role.ANBIETER in caller.roles else None)


@dataclass(frozen=True, slots=True)
class Waits:
    """Whether only those are asked for that wait for the caller, by a change or at all."""

    change: bool
    any: bool


async def _waits(
    *,
    change_waits: Annotated[
        bool,
        Query(description="Only those of which a change waits for the caller: to consent, or at the Anbieter to release it."),
    ] = False,
    waits_for_me: Annotated[
        bool,
        Query(description="Only those that wait for you: to sign, release or accept what is offered, or for a change of it."),
    ] = False,
) -> Waits:
    return Waits(change_waits, waits_for_me)


async def _narrowed(
    *,
    state: Annotated[
        ContractState | None, Query(description="Only those in this state; ANGEBOTEN: the Anbieter's work list.")
    ] = None,
    party: Annotated[
        OrderParty | None, Query(description="Only those in which you are this side; who passes on what it uses is a Kunde too.")
    ] = None,
    channel: Annotated[Channel | None, Query(description="Only those through this Anbieter.")] = None,
    offering_id: Annotated[EntityId | None, Query(description="Only those about this offer.")] = None,
    leg: Annotated[Leg | None, Query(description="Only those of this place in the chain.")] = None,
    ends_before: Annotated[Day | None, Query(description="Only those whose last day is known and before this one.")] = None,
    waits: Annotated[Waits, Depends(_waits)],
    q: Annotated[
        str,
        Query(
            max_length=100,
            description="Words that must all stand in the numbers of contract and Vorgang, the offer or the parties, "
            "also as parts of longer ones.",
            examples=["Wohngeld Husum"],
        ),
    ] = "",
) -> ContractFilter:
    return ContractFilter(state, party, channel, offering_id, leg, ends_before, waits.change, waits.any, words_of(q))


Narrowed = Annotated[ContractFilter, Depends(_narrowed)]
