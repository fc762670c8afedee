"""How a step is taken: check it by the table, let its method decide, record it.

A method decorated with ``@step`` holds the decision only. It is called while the step is possible, raises before it changes
anything, sets the fields of its own, and returns its event, or None if there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

from services.catalog.domain.statement import Statement
from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from shared.messages.base import Message
from shared.messages.values import OfferingState


class Steppable(Protocol):
    """What a step changes of its own accord."""

    state: OfferingState
    changed_at: datetime
    stated: Statement | None

    def derive(self) -> None:
        """Bring the state in line with what it follows from."""


O = TypeVar("O", bound=Steppable)  # noqa: E741 - an offering
P = ParamSpec("P")
Taken: TypeAlias = Callable[[], Message]
"""The event of a step that takes place, built after it is recorded, to show that state."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The event of a step that takes place beside the offer: nothing that is public changes, nor when it was last changed."""

    event: Taken


Decision: TypeAlias = Callable[Concatenate[O, Actor, datetime, P], Taken | Beside | None]
StepFunction: TypeAlias = Callable[Concatenate[O, Sequence[Actor], datetime, P], Sequence[Message]]
"""A step as others take it: in which capacities, when, and what the step needs; the events come back, none if nothing changes."""


def step(command: Command) -> Callable[[Decision[O, P]], StepFunction[O, P]]:
    """Turn a decision into the step of ``command``: checked before it, recorded after it.

    Of the capacities in which somebody may act, the first counts to which the table gives the command. A step whose state is
    reached already is a repeat and changes nothing. Besides what the decision raises, the step raises ForbiddenError and
    IllegalMoveError.
    """

    def decorate(decision: Decision[O, P]) -> StepFunction[O, P]:
        @wraps(decision)
        def take(
            offering: O, capacities: Sequence[Actor], at: datetime, /, *args: P.args, **kwargs: P.kwargs
        ) -> Sequence[Message]:
            actor = acting_in(command, capacities)
            target = TRANSITIONS.check(command, offering.state, actor)
            event = None if target is None else decision(offering, actor, at, *args, **kwargs)
            if target is None or event is None:
                return []
            if isinstance(event, Beside):
                return [event.event()]
            offering.state, offering.changed_at, offering.stated = target, at, Statement.now(at)
            offering.derive()
            return [event()]

        return take

    return decorate


def acting_in(command: Command, capacities: Sequence[Actor]) -> Actor:
    """Return the first of somebody's capacities to which the table gives the command, or else the first one."""
    allowed = {actor for row in TRANSITIONS.rows if row.command is command for actor in row.actors}
    return next((actor for actor in capacities if actor in allowed), capacities[0])
