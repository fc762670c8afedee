"""Reads the data that ordering goes by: standard lists and the words for its codes."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Self

from pydantic import model_validator

from services.ordering.domain.checklist import Checklists, Label, MilestoneEntry, PointEntry
from services.ordering.domain.parts import Task
from services.ordering.domain.reminders import Schedule
from services.ordering.domain.transitions import TRANSITIONS, Command
from shared.messages.base import Value
from shared.messages.ordering import OrderParty
from shared.messages.values import OrderState
from shared.reminders import read_schedule


class _Clarification(Value):
    source: str
    points: tuple[PointEntry, ...]


class _Delivery(Value):
    source: str
    milestones: tuple[MilestoneEntry, ...]


class _Labels(Value):
    states: dict[OrderState, Label]
    commands: dict[Command, Label]
    tasks: dict[Task, Label]
    parties: dict[OrderParty, Label]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for labels, codes in (
            (self.states, OrderState),
            (self.commands, Command),
            (self.tasks, Task),
            (self.parties, OrderParty),
        ):
            if missing := [str(code) for code in codes if code not in labels]:
                raise ValueError(f"labels are missing: {', '.join(missing)}")
        return self


class Move(Value):
    """One row of the transition table; ``target`` None leaves the state as it is."""

    command: Command
    sources: tuple[OrderState, ...]
    target: OrderState | None
    actors: tuple[OrderParty, ...]


class Vocabulary(_Labels):
    """The words for all codes of a Vorgang, and its transition table."""

    moves: tuple[Move, ...]


def load_checklists(clarification: Path | None = None, delivery: Path | None = None) -> Checklists:
    """Return the standard lists, from the files given or those built in. Raises OSError, or ValueError for a malformed file."""
    points = _Clarification.model_validate_json(_text(clarification, "clarification.json")).points
    return Checklists(points=points, milestones=_Delivery.model_validate_json(_text(delivery, "delivery.json")).milestones)


def load_schedule(file: Path | None = None) -> Schedule:
    """Return who is reminded when, from the file given or built in. Raises OSError, or ValueError for a malformed file."""
    return read_schedule(Schedule, file, "services.ordering")


def load_vocabulary() -> Vocabulary:
    """Return the words and the table."""
    labels = _Labels.model_validate_json(_text(None, "labels.json"))
    moves = tuple(
        Move(
            command=row.command,
            sources=tuple(sorted(row.sources)),
            target=row.target,
            actors=tuple(sorted(row.actors)),
        )
        for row in TRANSITIONS.rows
    )
    return Vocabulary(**dict(labels), moves=moves)


def _text(path: Path | None, built_in: str) -> str:
    if path is not None:
        return path.read_text(encoding="utf-8")
    return resources.files("services.ordering").joinpath("data", built_in).read_text(encoding="utf-8")
