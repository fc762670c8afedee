"""Standard lists of open points and delivery milestones. They are data: an operator may bring others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal, Self, TypeVar

from pydantic import model_validator

from services.ordering.domain.formats import Format, checked
from shared.errors import InvalidError
from shared.messages.base import Value
from shared.messages.ordering import OrderParty
from shared.messages.values import Anbindungsart, Code, EntityId, Line


class Label(Value):
    """What people read, in both languages."""

    de: Line
    en: Line

    def of(self, language: Literal["de", "en"]) -> str:
        """Return it in one language."""
        return self.en if language == "en" else self.de


class Entry(Value):
    """One line of a list. It is for the Anbindungsarten and offers named, all if none, from ``valid_from`` to ``valid_to``."""

    code: Code
    label: Label
    owner: OrderParty
    mandatory: bool = True
    anbindungsarten: tuple[Anbindungsart, ...] = ()
    offerings: tuple[EntityId, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    note: str | None = None

    def applies(self, anbindungsart: Anbindungsart, offering_id: str, day: date) -> bool:
        """Return whether the entry is for such a Vorgang."""
        return (
            (not self.anbindungsarten or anbindungsart in self.anbindungsarten)
            and (not self.offerings or offering_id in self.offerings)
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


class PointEntry(Entry):
    """An open point of the Abstimmung; ``format`` is what its value must look like, ``example`` one for this very point.

    Raises ValueError for an example that has not the format.
    """

    format: Format = Format.TEXT
    example: Line | None = None

    @model_validator(mode="after")
    def _example_fits(self) -> Self:
        if self.example is not None:
            try:
                checked(self.format, self.example)
            except InvalidError as error:
                raise ValueError(f"the example of {self.code} has not its format") from error
        return self


class MilestoneEntry(Entry):
    """A milestone of the Anbindung."""


E = TypeVar("E", bound=Entry)


class Checklists(Value):
    """Both lists, in the order in which the work is done."""

    points: tuple[PointEntry, ...]
    milestones: tuple[MilestoneEntry, ...]

    def points_for(self, anbindungsart: Anbindungsart, offering_id: str, day: date) -> list[PointEntry]:
        """Return the open points of such a Vorgang."""
        return _applying(self.points, anbindungsart, offering_id, day)

    def milestones_for(self, anbindungsart: Anbindungsart, offering_id: str, day: date) -> list[MilestoneEntry]:
        """Return the milestones of such a Vorgang."""
        return _applying(self.milestones, anbindungsart, offering_id, day)


def _applying(entries: Iterable[E], anbindungsart: Anbindungsart, offering_id: str, day: date) -> list[E]:
    """Return the entries that apply; of several with one code the first counts, so that an exception stands before its rule."""
    chosen: dict[str, E] = {}
    for entry in entries:
        if entry.applies(anbindungsart, offering_id, day):
            chosen.setdefault(entry.code, entry)
    return list(chosen.values())
