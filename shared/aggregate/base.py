"""The pure kit of every domain: the base of an aggregate's state and the transition table.

No I/O, no clock, no randomness: time and ids come in as arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from shared.errors import ForbiddenError, IllegalMoveError


class Aggregate(BaseModel):
    """State of one aggregate. Methods check their transition, change the state and return the events.

    A method that returns no event has changed nothing. A method that raises must raise before it changes anything.
    """

    # Errors end up in logs: they do not repeat the values, which may be personal.
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: str


C = TypeVar("C", bound=StrEnum)
S = TypeVar("S", bound=StrEnum)
A = TypeVar("A", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Transition(Generic[C, S, A]):
    """One row of a state machine: ``actors`` may give ``command`` in each of ``sources``; it leads to ``target``.

    ``target`` None: the command is allowed in these states and leaves the state as it is.
    """

    command: C
    sources: frozenset[S]
    target: S | None
    actors: frozenset[A]


class StateMachine(Generic[C, S, A]):
    """A transition table that answers who may do what now."""

    def __init__(self, rows: Iterable[Transition[C, S, A]]) -> None:
        self.rows = tuple(rows)

    def allowed(self, state: S, actor: A | None = None) -> list[C]:
        """Return the commands possible in ``state``, for ``actor`` only if given, in the table's order."""
        commands = [r.command for r in self.rows if state in r.sources and (actor is None or actor in r.actors)]
        return list(dict.fromkeys(commands))

    def check(self, command: C, state: S, actor: A) -> S | None:
        """Return the state that ``command`` leads to, or None if it has been reached already (a repeat: no-op).

        Raises ForbiddenError when no row gives the command to ``actor``, IllegalMoveError when the state does not allow it.
        """
        rows = [row for row in self.rows if row.command == command]
        own = [row for row in rows if actor in row.actors]
        if not own:
            may = sorted({str(a) for row in rows for a in row.actors})
            raise ForbiddenError(
                f"'{command}' is not for {actor}; it is for {', '.join(may) or 'nobody'}.",
                command=str(command),
                actor=str(actor),
                allowed_actors=may,
            )
        for row in own:
            if state in row.sources:
                return state if row.target is None else row.target
        if any(row.target == state for row in own):
            return None
        raise IllegalMoveError(str(command), str(state), [str(c) for c in self.allowed(state, actor)])
