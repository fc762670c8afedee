"""What an invariant finds, and what it must know of the product beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.faults.checker.history import Op


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One breach of an invariant: whose, what, and the operations around it."""

    invariant: str
    key: str
    text: str
    around: tuple[Op, ...]


@dataclass(slots=True)
class Finding:
    """What an invariant has looked at, and the operations at which it does not hold."""

    looked: int = 0
    wrong: list[tuple[Op, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Model:
    """What the product promises in this run.

    ``moves``: per collection, the steps that its state machine allows, None for the state before the first.
    ``audited``: the collections whose events all stand on a topic. ``faults`` must fire. ``quiet_seconds``: how soon after the
    last fault all must have been worked off. ``demanded``: invariants that this run must show; empty: all.
    """

    moves: Mapping[str, frozenset[tuple[str | None, str]]] = field(default_factory=dict)
    audited: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()
    fewest_orders: int = 1
    quiet_seconds: float = 60.0
    demanded: tuple[str, ...] = ()
    order_command: str = "place"
    concluded: str = "GESCHLOSSEN"
    refused: frozenset[str] = frozenset({"ABGELEHNT"})
    pending: frozenset[str] = frozenset({"BESTELLT"})
