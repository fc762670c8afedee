"""What a consumer group's work is: events as it gets them, and those that can never be processed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.aggregate.change import Cause, Effect, Result
from shared.errors import SequenceJumpError
from shared.messages.base import Message

SLICE = 50
"""Events that a consumer handles at once if it reads other documents for each: as many large ones fit into memory."""


@dataclass(frozen=True, slots=True)
class Received:
    """One event as a consumer gets it: decoded, validated, with its place in the sequence of its source aggregate."""

    message: Message
    key: str
    cause: Cause
    time: datetime


@dataclass(frozen=True, slots=True)
class Rejection:
    """A received event that can never be processed: it goes to the dead-letter topic of the group with code and reason."""

    event: Received
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer group's work: ``handle`` gets the batch's events of the types in ``handles``; others are passed over.

    It returns those that can never be processed. A RetryableError repeats the batch in place; any other exception repeats
    its events one by one, and those that fail again go to the dead-letter topic.
    """

    group: str
    handles: frozenset[type[Message]]
    handle: Callable[[Sequence[Received]], Awaitable[Sequence[Rejection]]]


def in_slices(
    handle: Callable[[Sequence[Received]], Awaitable[Sequence[Rejection]]], size: int = SLICE
) -> Callable[[Sequence[Received]], Awaitable[Sequence[Rejection]]]:
    """Return a handler that takes a batch some events at a time, for one that reads large documents beside the aggregates.

    An error ends it: the batch is repeated then, and what was done is recognised.
    """

    async def handle_slices(batch: Sequence[Received]) -> Sequence[Rejection]:
        found: list[Rejection] = []
        for start in range(0, len(batch), size):
            found += await handle(batch[start : start + size])
        return found

    return handle_slices


def rejections(events: Sequence[Received], results: Sequence[Result[Any]]) -> list[Rejection]:
    """Return the events that belong to the dead letters: those that were refused where no aggregate could show the refusal.

    And those that claim a number which their source cannot have reached: nothing of them is kept.
    """
    return [
        Rejection(event, result.error.code, result.error.detail)
        for event, result in zip(events, results, strict=True)
        if result.effect is Effect.REFUSED
        and result.error is not None
        and (not result.exists or isinstance(result.error, SequenceJumpError))
    ]
