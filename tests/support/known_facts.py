"""Facts and documents that a test records itself, as the parts of eligibility that give verdicts read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.eligibility.engine.world import World

CASES = Path(__file__).parents[1] / "contract" / "eligibility" / "cases"


@dataclass
class TestedFacts:
    """All that is recorded; it is its own state. ``record`` adds at an instant."""

    __test__ = False

    facts: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    instant: str | None = None
    seq: int = 0

    @classmethod
    def of_case(cls, name: str) -> TestedFacts:
        """Return the facts of a golden case, by the beginning of its file name."""
        (file,) = CASES.glob(f"{name}-*.json")
        case = json.loads(file.read_text("utf-8"))
        return cls(case["facts"], case["evidence"], "2026-01-01T00:00:00Z", 1)

    @property
    def world(self) -> World:
        """All revisions."""
        return World.of(self.facts, self.evidence)

    async def current(self) -> TestedFacts:
        """Return all that is recorded now."""
        return self

    def record(self, instant: str, *facts: Mapping[str, Any], evidence: Iterable[Mapping[str, Any]] = ()) -> None:
        """Add facts and documents at an instant."""
        self.facts += [{**fact, "recorded_at": instant} for fact in facts]
        self.evidence += [{**document, "recorded_at": instant} for document in evidence]
        self.instant = instant
        self.seq += 1

    def fact(self, fact_id: str) -> dict[str, Any]:
        """Return the newest revision of a fact."""
        return max((fact for fact in self.facts if fact["id"] == fact_id), key=lambda fact: int(fact.get("rev", 1)))
