"""What may be done with a partner in which state, and by whom, as a table."""

from __future__ import annotations

from enum import StrEnum

from shared.aggregate.base import StateMachine, Transition
from shared.messages.ordering_partners import PartnerState


class PartnerCommand(StrEnum):
    """What can be done with a partner."""

    REGISTER = "register"
    CHANGE = "change"
    ADD_KEY = "add_key"
    RETIRE_KEY = "retire_key"
    ROTATE_KEY = "rotate_key"
    SUSPEND = "suspend"
    RESUME = "resume"
    REMOVE = "remove"


class PartnerActor(StrEnum):
    """Who acts on a partner: the operator of the marketplace, or the partner itself with one of its keys."""

    OPERATOR = "OPERATOR"
    PARTNER = "PARTNER"


S = PartnerState
_OPERATOR = frozenset({PartnerActor.OPERATOR})
_LIVING = frozenset({S.ACTIVE, S.SUSPENDED})


PARTNER_TRANSITIONS: StateMachine[PartnerCommand, PartnerState, PartnerActor] = StateMachine(
    (
        Transition(PartnerCommand.REGISTER, frozenset(), S.ACTIVE, _OPERATOR),
        Transition(PartnerCommand.CHANGE, _LIVING, None, _OPERATOR),
        Transition(PartnerCommand.ADD_KEY, _LIVING, None, _OPERATOR),
        Transition(PartnerCommand.RETIRE_KEY, _LIVING, None, _OPERATOR),
        # Not of a suspended one: it may have been suspended because its key was stolen.
        Transition(PartnerCommand.ROTATE_KEY, frozenset({S.ACTIVE}), None, frozenset({PartnerActor.PARTNER})),
        Transition(PartnerCommand.SUSPEND, frozenset({S.ACTIVE}), S.SUSPENDED, _OPERATOR),
        Transition(PartnerCommand.RESUME, frozenset({S.SUSPENDED}), S.ACTIVE, _OPERATOR),
        Transition(PartnerCommand.REMOVE, _LIVING, S.REMOVED, _OPERATOR),
    )
)
