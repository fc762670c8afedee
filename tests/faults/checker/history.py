"""What happened in a run, as one append-only list of operations: clients, taps, the mail server, stores, faults.

An operation that may or may not have taken effect (a time-out, a broken connection, an answer 5xx) is ``info``, never ``fail``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    """Phase of an operation. ``fault`` is what the run did to the product."""

    INVOKE = "invoke"
    OK = "ok"
    FAIL = "fail"
    INFO = "info"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Op:
    """One operation: number, process, phase, function, key, values, seconds on one monotonic clock."""

    i: int
    p: str
    t: Kind
    f: str
    k: str
    v: dict[str, Any] = field(default_factory=dict)
    mono: float = 0.0

    def line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True)
class History:
    """A finished run with its seed. The views group its operations; ``ops`` stand in the order in which they were seen."""

    seed: int
    ops: tuple[Op, ...]

    def of(self, function: str, *kinds: Kind) -> list[Op]:
        """Return the operations of a function, of these phases only if any are given."""
        return [op for op in self._by_function.get(function, ()) if not kinds or op.t in kinds]

    @cached_property
    def _by_function(self) -> dict[str, list[Op]]:
        found: dict[str, list[Op]] = defaultdict(list)
        for op in self.ops:
            found["fault" if op.t is Kind.FAULT else op.f].append(op)
        return dict(found)

    def documents(self, collection: str) -> list[Op]:
        """Return what lay in a collection at the end."""
        return [op for op in self.of("document") if op.v["collection"] == collection]

    def around(self, op: Op, reach: int = 2) -> tuple[Op, ...]:
        """Return the operations on the same key next to one, and the faults between the first and the last of them."""
        same = [other for other in self.ops if other.k == op.k]
        place = same.index(op)
        near = same[max(0, place - reach) : place + reach + 1]
        faults = [fault for fault in self.of("fault") if near[0].mono <= fault.mono <= near[-1].mono]
        return tuple(sorted((*near, *faults), key=lambda other: other.i))


def completed(history: History, name: str) -> Iterator[tuple[Op, Op | None]]:
    """Return each command of a name with its completion, None for one that never came back."""
    open_: dict[str, Op] = {}
    for op in history.of("command"):
        if op.t is Kind.INVOKE:
            left = open_.pop(op.p, None)
            if left is not None and left.v["name"] == name:
                yield left, None
            open_[op.p] = op
        else:
            begun = open_.pop(op.p)
            if begun.v["name"] == name:
                yield begun, op
    yield from ((op, None) for op in open_.values() if op.v["name"] == name)


class Recorder:
    """Writes a history while it happens; with a file, each operation is on disk before the next."""

    def __init__(self, seed: int, path: Path | None = None) -> None:
        self.seed = seed
        self.ops: list[Op] = []
        self._file = None if path is None else path.open("w", encoding="utf-8", buffering=1)

    def add(self, process: str, kind: Kind, function: str, key: str, /, mono: float = 0.0, **values: Any) -> Op:
        """Append one operation and return it."""
        op = Op(len(self.ops), process, kind, function, key, values, round(mono, 6))
        self.ops.append(op)
        if self._file is not None:
            self._file.write(op.line() + "\n")
        return op

    def history(self) -> History:
        """Return what has been written so far."""
        return History(self.seed, tuple(self.ops))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def read(seed: int, lines: Iterable[str]) -> History:
    """Return the history that was written as lines of JSON."""
    rows = (json.loads(line) for line in lines)
    return History(seed, tuple(Op(**{**row, "t": Kind(row["t"])}) for row in rows))
