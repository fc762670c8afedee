"""The words in which people read the codes of offers, in both languages, and the table of moves."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Self

from pydantic import BaseModel

from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from services.catalog.rows import Area, Kind, LandId, Level, Orderable, Reifegrad
from shared.labels import Labels
from shared.messages.catalog import Fulfilment, KnownStatus
from shared.messages.catalog_operation import FaultClass, SupportLevel, Weekday
from shared.messages.values import Anbindungsart, Channel, CostKind, DistributionKey, OfferingState, Period

_COMMANDS: Final = "OfferingCommand"
_ACTORS: Final = "OfferingActor"
_ENUMERATIONS: Final[Mapping[str, type[StrEnum]]] = {
    "states": OfferingState,
    "kinds": Kind,
    "statuses": KnownStatus,
    "channels": Channel,
    "anbindungsarten": Anbindungsart,
    "reifegrade": Reifegrad,
    "orderable": Orderable,
    "cost_kinds": CostKind,
    "periods": Period,
    "keys": DistributionKey,
    "fulfilments": Fulfilment,
    "levels": Level,
    "areas": Area,
    "laender": LandId,
    "support_levels": SupportLevel,
    "weekdays": Weekday,
    "fault_classes": FaultClass,
}


class Word(BaseModel):
    """The words for one code."""

    de: str
    en: str


class Move(BaseModel):
    """One row of the table of moves; ``target`` null leaves the state as it is."""

    command: Command
    sources: tuple[OfferingState, ...]
    target: OfferingState | None
    actors: tuple[Actor, ...]


class Vocabulary(BaseModel):
    """The words for all codes of offers and known services, code by code, and who may do what in which state."""

    states: dict[str, Word]
    commands: dict[str, Word]
    actors: dict[str, Word]
    kinds: dict[str, Word]
    statuses: dict[str, Word]
    channels: dict[str, Word]
    anbindungsarten: dict[str, Word]
    reifegrade: dict[str, Word]
    orderable: dict[str, Word]
    cost_kinds: dict[str, Word]
    periods: dict[str, Word]
    keys: dict[str, Word]
    fulfilments: dict[str, Word]
    levels: dict[str, Word]
    areas: dict[str, Word]
    laender: dict[str, Word]
    support_levels: dict[str, Word]
    weekdays: dict[str, Word]
    fault_classes: dict[str, Word]
    moves: tuple[Move, ...]

    @classmethod
    def of(cls, de: Labels, en: Labels) -> Self:
        """Return the vocabulary in the words of two languages. Raises KeyError for a code without words."""
        words = {
            name: {it.value: Word(de=de.of(it), en=en.of(it)) for it in enumeration}
            for name, enumeration in _ENUMERATIONS.items()
        }
        return cls(
            **words,
            commands=_named(_COMMANDS, Command, de, en),
            actors=_named(_ACTORS, Actor, de, en),
            moves=tuple(
                Move(
                    command=row.command,
                    sources=tuple(sorted(row.sources)),
                    target=row.target,
                    actors=tuple(sorted(row.actors)),
                )
                for row in TRANSITIONS.rows
            ),
        )


def _named(name: str, enumeration: type[StrEnum], de: Labels, en: Labels) -> dict[str, Word]:
    return {it.value: Word(de=de.words[name][it.value], en=en.words[name][it.value]) for it in enumeration}
