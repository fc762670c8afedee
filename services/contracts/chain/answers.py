"""The answers to all questions of an input, and the one line that is printed of a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.contracts.chain.agb_change import agb_change
from services.contracts.chain.completeness import complete, timeline
from services.contracts.chain.given import (
    AskAgbChange,
    AskComplete,
    AskNotice,
    AskPriceChange,
    AskTimeline,
    AskViolations,
    AskWrite,
    Question,
    read,
)
from services.contracts.chain.notice import notice
from services.contracts.chain.price_change import price_change
from services.contracts.chain.refusal import RefusedError
from services.contracts.chain.violations import violations
from services.contracts.chain.world import World
from services.contracts.chain.write import write


def answer(world: World, question: Question) -> dict[str, Any]:
    """Return the answer to one question, or the refusal of it as ``error``."""
    try:
        return _answer(world, question)
    except RefusedError as refused:
        return refused.as_json()


def answers(data: object) -> list[dict[str, Any]]:
    """Return the answers to the questions of an input, in their order. Raises RefusedError if it is refused as a whole."""
    given = read(data)
    world = World.of(given)
    return [answer(world, question) for question in given.questions]


def line_of(case: Mapping[str, Any]) -> tuple[dict[str, Any], RefusedError | None]:
    """Return what is printed of a case with ``id`` and ``input``, with the refusal if its input was refused."""
    try:
        return {"case": case["id"], "answers": answers(case["input"])}, None
    except RefusedError as refused:
        return {"case": case["id"], **refused.as_json()}, refused


def _answer(world: World, question: Question) -> dict[str, Any]:
    match question:
        case AskViolations():
            found = {"violations": [violation.as_json() for violation in violations(world)]}
        case AskWrite():
            found = write(world, question.contract)
        case AskComplete():
            found = complete(world, question)
        case AskTimeline():
            found = timeline(world, question)
        case AskNotice():
            found = notice(world, question)
        case AskPriceChange():
            found = price_change(world, question)
        case AskAgbChange():
            found = agb_change(world, question)
    return found
