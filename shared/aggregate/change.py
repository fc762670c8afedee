"""A change of an aggregate: the decision, the event that asks for it, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from shared.aggregate.base import Aggregate
from shared.aggregate.outgoing import OutgoingEvent
from shared.errors import RejectedError
from shared.messages.base import Message

S = TypeVar("S", bound=Aggregate)


@dataclass(frozen=True, slots=True)
class Cause:
    """The event that asks for a change: its place in the source aggregate's sequence decides whether it was applied before."""

    event_id: str
    type: str
    source: str
    seq: int
    correlation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """A decision about one aggregate. ``decide`` gets its state, None if it does not exist, and returns the state and the events.

    Pure: it may run again on a fresh state. Without ``cause``, no events means no change.
    """

    id: str
    decide: Callable[[S | None], tuple[S, Sequence[Message]]]
    cause: Cause | None = None
    correlation_id: str | None = None
    request: str | None = None
    """Name of the change in a request that may be repeated (``shared.spans.context.Request``): a repeat changes nothing more."""
    repeat: bool = False
    """The request ran before, without an answer: where its name could have been forgotten since, the change is refused."""
    settled: bool = False
    """The request was answered before: the decision is asked only whether the caller may still know, nothing changes."""


class Effect(StrEnum):
    """What became of a change."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Result(Generic[S]):
    """Outcome of one change. ``error`` is set when refused; ``events`` were added.

    ``state`` and ``rev`` are those that the batch left. ``state`` is None if the aggregate does not ``exist``: it was refused;
    and in batches of more than one portion (``PORTION_BYTES``), whose states together are too large to be kept.
    """

    id: str
    effect: Effect
    state: S | None
    rev: int
    events: tuple[OutgoingEvent, ...] = ()
    error: RejectedError | None = None
    exists: bool = True
