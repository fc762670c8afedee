"""Gap-free numbers per channel and year: the pure part. ``repository.Registers`` keeps the registers, ``handlers`` drives them.

A register holds which number is promised to which contract. A processor reads the register *first*, then the contracts it asks
about and those in ``allotted``; it settles and allots; it saves the register under its revision (if another processor was
faster it starts over, with both reads); only then it inserts the contracts.

Why no contract gets two numbers: a promise is dropped only by a processor that saw the contract in the store. Whoever read the
register after that also finds the contract; whoever read it before can no longer save it. Why there is no gap: a promise lives
on through a crash until the contract exists, and the redelivered request gets the same number. Should the contract come into
being without the promised number (two processors with different rules in a rolling update: one refuses what the other
numbered), no other insert under its id can ever succeed, so the number is free and goes to the next contract.

The year of a number is that of the request event's own time, in German local time. The processor's clock would not do: the
redelivery of a request after midnight on New Year's Eve would ask another register than the first attempt did.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared.messages.values import Channel

_WHOLE = re.compile(r"(0[0-9]{1,2})?d?")


@dataclass(frozen=True, slots=True)
class Number:
    """The n-th contract of a year; channel and format are known from the context. ``sequence`` counts from 1."""

    year: int
    sequence: int


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How an Anbieter writes its numbers: a format string like ``FITST/{year}/{sequence:04d}``.

    Raises ValueError for a pattern from which two numbers could come out alike.
    """

    pattern: str

    def __post_init__(self) -> None:
        fields = [part[1:] for part in string.Formatter().parse(self.pattern) if part[1] is not None]
        if sorted(str(name) for name, _, _ in fields) != ["sequence", "year"]:
            raise ValueError(f"number format {self.pattern!r} must name {{year}} and {{sequence}}, each once")
        if any(conversion or not _WHOLE.fullmatch(spec or "") for _, spec, conversion in fields):
            raise ValueError(f"number format {self.pattern!r} may only fill up with zeros, as in {{sequence:04d}}")
        if self.pattern != self.pattern.strip():
            raise ValueError(f"number format {self.pattern!r} begins or ends with a blank")

    def write(self, number: Number) -> str:
        """Return the number as it stands on the contract."""
        return self.pattern.format(year=number.year, sequence=number.sequence)

    def read(self, text: str) -> Number | None:
        """Return the number that is written so, None if this format writes none so."""
        parts = (
            re.escape(literal) + (f"(?P<{name}>[0-9]+)" if name else "")
            for literal, name, _, _ in string.Formatter().parse(self.pattern)
        )
        found = re.fullmatch("".join(parts), text)
        number = None if found is None else Number(int(found["year"]), int(found["sequence"]))
        return number if number is not None and number.sequence > 0 and self.write(number) == text else None


@dataclass(frozen=True, slots=True)
class Register:
    """Numbers of one channel in one year, as of revision ``rev`` (0: not stored yet).

    ``last`` is the highest number ever promised, ``allotted`` holds the promises whose contract was not seen yet,
    ``free`` the numbers whose contract came into being without them.
    """

    channel: Channel
    year: int
    rev: int = 0
    last: int = 0
    allotted: Mapping[str, int] = field(default_factory=dict)
    free: tuple[int, ...] = ()
    unknown_fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields that a later version has added to the document: saved as they were."""

    @property
    def id(self) -> str:
        """Id of the register's document."""
        return f"{self.channel.value}-{self.year}"

    def settle(self, existing: Mapping[str, Number | None]) -> Register:
        """Drop the promises to contracts that exist. ``existing``: contract id to its number, None for one without (refused)."""
        allotted: dict[str, int] = {}
        free = list(self.free)
        for contract_id, sequence in self.allotted.items():
            if contract_id not in existing:
                allotted[contract_id] = sequence
            elif existing[contract_id] != Number(self.year, sequence):
                free.append(sequence)
        return replace(self, allotted=allotted, free=tuple(sorted(free)))

    def allot(self, contract_ids: Iterable[str]) -> Register:
        """Promise each contract a number: the one it was promised before, a free one, or the next."""
        allotted = dict(self.allotted)
        free = list(self.free)
        last = self.last
        for contract_id in contract_ids:
            if contract_id in allotted:
                continue
            if free:
                allotted[contract_id] = free.pop(0)
            else:
                last += 1
                allotted[contract_id] = last
        return replace(self, last=last, allotted=allotted, free=tuple(free))

    def reserve(self, promised: Mapping[str, int]) -> Register:
        """Promise contracts the very numbers that they are known to have had, for a register that was restored from a backup.

        A number that another contract is promised stays with that one. Numbers that are passed over show as gaps.
        """
        taken = set(self.allotted.values())
        new = {
            contract_id: sequence
            for contract_id, sequence in promised.items()
            if contract_id not in self.allotted and sequence not in taken
        }
        free = tuple(sequence for sequence in self.free if sequence not in new.values())
        return replace(self, last=max([self.last, *new.values()]), allotted={**self.allotted, **new}, free=free)

    def number_of(self, contract_id: str) -> Number:
        """Return the number promised to a contract. Raises KeyError if there is none."""
        return Number(self.year, self.allotted[contract_id])
