"""Who may move an offer where: the one table that handlers, API and tests go by."""

from __future__ import annotations

from enum import StrEnum

from shared.aggregate.base import StateMachine, Transition
from shared.messages.values import OfferingState as S


class Actor(StrEnum):
    """In what capacity somebody acts on one offer.

    BEREITSTELLER: the organisation whose offer it is. ANBIETER: one of those through whom it is or shall be ordered.
    SYSTEM: the operator of the marketplace.
    """

    BEREITSTELLER = "BEREITSTELLER"
    ANBIETER = "ANBIETER"
    SYSTEM = "SYSTEM"


class Command(StrEnum):
    """What can be done with an offer that exists; the last part of the path in the API."""

    EDIT = "edit"
    SUBMIT = "submit"
    RETURN = "return"
    ACCEPT = "accept"
    BEREITSTELLUNGSVERTRAG = "bereitstellungsvertrag"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"


def _row(command: Command, sources: set[S], target: S | None, *actors: Actor) -> Transition[Command, S, Actor]:
    return Transition(command, frozenset(sources), target, frozenset(actors))


_PUBLIC = {S.VEROEFFENTLICHT, S.AUSGESETZT}
_BEFORE = {S.ENTWURF, S.EINGEREICHT, S.BEREITSTELLUNGSVERTRAG_OFFEN}

TRANSITIONS: StateMachine[Command, S, Actor] = StateMachine(
    (
        _row(Command.EDIT, {S.ENTWURF, *_PUBLIC}, None, Actor.BEREITSTELLER),
        _row(Command.SUBMIT, {S.ENTWURF}, S.EINGEREICHT, Actor.BEREITSTELLER),
        # What was given back goes to its Anbieter again, as it is.
        _row(Command.SUBMIT, _PUBLIC, None, Actor.BEREITSTELLER),
        # Of the own channel alone (``examinations``): the form while others go on with it, later the new version.
        _row(Command.RETURN, {S.EINGEREICHT, S.BEREITSTELLUNGSVERTRAG_OFFEN}, S.ENTWURF, Actor.ANBIETER),
        _row(Command.RETURN, _PUBLIC, None, Actor.ANBIETER),
        _row(Command.ACCEPT, {S.EINGEREICHT}, S.BEREITSTELLUNGSVERTRAG_OFFEN, Actor.ANBIETER),
        _row(Command.ACCEPT, {S.BEREITSTELLUNGSVERTRAG_OFFEN, *_PUBLIC}, None, Actor.ANBIETER),
        # Asks for the contract: what makes the offer public is its conclusion, which contracts tells (``provisioning``).
        _row(Command.BEREITSTELLUNGSVERTRAG, {S.BEREITSTELLUNGSVERTRAG_OFFEN, *_PUBLIC}, None, Actor.ANBIETER),
        _row(Command.SUSPEND, _PUBLIC, S.AUSGESETZT, Actor.BEREITSTELLER, Actor.SYSTEM),
        _row(Command.RESUME, _PUBLIC, S.VEROEFFENTLICHT, Actor.BEREITSTELLER, Actor.SYSTEM),
        # Of the own channel alone (``channel_states``); the state of the offer follows.
        _row(Command.SUSPEND, _PUBLIC, None, Actor.ANBIETER),
        _row(Command.RESUME, _PUBLIC, None, Actor.ANBIETER),
        _row(Command.WITHDRAW, _PUBLIC, None, Actor.ANBIETER),
        _row(Command.WITHDRAW, _BEFORE, S.ZURUECKGEZOGEN, Actor.BEREITSTELLER),
        _row(Command.WITHDRAW, _PUBLIC, S.ZURUECKGEZOGEN, Actor.BEREITSTELLER, Actor.SYSTEM),
    )
)
