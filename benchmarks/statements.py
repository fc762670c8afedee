"""What yearly statements cost: an offer that all Kommunen use, joined on one day or through the year; no broker, no store."""

from __future__ import annotations

import resource
import statistics
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.figures import BenchError
from services.contracts.chain.days import Interval
from services.contracts.costs.information import CostVersion, participant
from services.contracts.costs.inputs import statement_input
from services.contracts.costs.reference import ReferenceData
from services.contracts.pricing.statement import statement
from services.contracts.statements.contents import Packed
from shared.canonical_json import canonical
from shared.process.files import shipped

YEAR = Interval("2026-01-01", "2026-12-31")
ITEMS = (("BETRIEB_INFRASTRUKTUR", "EINWOHNER"), ("BETRIEB_ONLINEDIENST", "FEST"), ("WEITERENTWICKLUNG", "GLEICH"))
SMALL = 100


@dataclass(frozen=True, slots=True)
class One:
    """CPU seconds of a statement, of storing it, and its bytes."""

    computed: float
    packed: float
    size: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Statements of so many participants: all from the first day, joined in twelve months, and small ones per CPU second."""

    participants: int
    together: One
    joined: One
    small: float
    memory: int


def measure(rounds: int) -> Figures:
    """Return the figures. Raises BenchError if the lines of a statement do not sum to what it costs."""
    reference = ReferenceData.read(shipped("data"))
    kommunen = sorted(id_ for id_, body in reference.bodies.items() if body.type == "KOMMUNE")
    together = _measured(_given(reference, kommunen, joined=False), rounds)
    joined = _measured(_given(reference, kommunen, joined=True), rounds)
    small = _measured(_given(reference, kommunen[:SMALL], joined=True), rounds)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Figures(len(kommunen), together, joined, 1 / small.computed, memory)


def report(figures: Figures) -> None:
    """Print the figures."""
    for name, one in (("all from the first day", figures.together), ("joined in twelve months", figures.joined)):
        print(
            f"{figures.participants:,} participants, {len(ITEMS)} items, {name}: {one.computed:.2f} s of CPU, "
            f"{one.packed:.2f} s to write, {one.size / 2**20:.1f} MiB"
        )
    print(f"{figures.small:.0f} statements of {SMALL} participants per second of CPU; at most {figures.memory / 1024:.0f} MiB")


def given_of(count: int) -> dict[str, Any]:
    """Return the input of a statement of so many Kommunen, joined in twelve months."""
    reference = ReferenceData.read(shipped("data"))
    kommunen = sorted(id_ for id_, body in reference.bodies.items() if body.type == "KOMMUNE")
    return _given(reference, kommunen[:count], joined=True)


def _given(reference: ReferenceData, ids: list[str], *, joined: bool) -> dict[str, Any]:
    bodies = [
        participant(reference, id_, [{"from": f"2026-{number % 12 + 1:02d}-01" if joined else YEAR.first, "to": None}], [])
        for number, id_ in enumerate(ids)
    ]
    items = tuple(_item(str(number), kind, key) for number, (kind, key) in enumerate(ITEMS, start=1))
    head = {"version": 1, "issued_on": "2025-10-01", "effective_from": YEAR.first}
    version = CostVersion.model_validate(head | {"items": items})
    return statement_input(YEAR, [version], bodies, reference)


def _item(id_: str, kind: str, key: str) -> dict[str, Any]:
    return {
        "id": id_,
        "kind": kind,
        "label": kind,
        "amount_cents": 1_234_567_89,
        "period": "JAHR",
        "valid_from": "2026-01-01",
        "valid_to": None,
        "due_on": None,
        "key": {"type": key},
        "decision": "UNANIMOUS",
        "fallback_key": None,
        "funding": "PARTICIPANTS",
        "efa_share_bp": None,
        "cost_object": None,
    }


def _measured(given: dict[str, Any], rounds: int) -> One:
    computed, packed, size = [], [], 0
    for _ in range(rounds):
        begun = time.process_time()
        result = statement(given)
        computed.append(time.process_time() - begun)
        if sum(row["total_cents"] for row in result["payers"]) != sum(item["total_cents"] for item in result["items"]):
            raise BenchError("the lines of the statement do not sum to what it costs")
        begun = time.process_time()
        size = Packed(canonical(result)).content.size
        packed.append(time.process_time() - begun)
    return One(statistics.median(computed), statistics.median(packed), size)
