"""What documents of contracts cost: a thousand contracts typeset one after the other, and the memory that it takes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import BenchError
from services.contracts.documents.rendering import Renderer
from services.contracts.documents.sheets import contract_sheets
from services.contracts.schemas import ContractDetail

DOCUMENTS = 1000
WARM = 100
GROWTH = 16
"""Megabytes that may be added after the first hundred."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Documents per second of CPU, bytes of one, megabytes resident after the first hundred and after all."""

    made: float
    size: int
    warm: float
    after: float


def measure() -> Figures:
    """Return the figures. Raises BenchError if memory grows with the documents made."""
    example = ContractDetail.model_config["json_schema_extra"]
    if (
        not isinstance(example, dict)
        or not isinstance(examples := example["examples"], list)
        or not isinstance(examples[0], dict)
    ):
        raise BenchError("the API shows no example of a contract")
    renderer, size, warm = Renderer(), 0, 0.0
    seconds = time.process_time()
    for place in range(DOCUMENTS):
        data = examples[0] | {"number": f"FITST/2026/{place:04d}", "order_number": f"V-2026-{place:06d}"}
        size = len(renderer.render(contract_sheets(data)[0]).content)
        if place == WARM:
            warm = _megabytes()
    made = DOCUMENTS / (time.process_time() - seconds)
    after = _megabytes()
    if after - warm > GROWTH:
        raise BenchError(f"memory grew from {warm:.0f} MB to {after:.0f} MB over {DOCUMENTS - WARM} documents")
    return Figures(made, size, warm, after)


def report(figures: Figures) -> None:
    """Print the figures."""
    print(f"  contracts typeset      {figures.made:10,.0f} PDF/A per second of CPU, {figures.size:,} bytes each")
    print(f"  memory                 {figures.warm:10,.0f} MB after {WARM}, {figures.after:,.0f} MB after {DOCUMENTS:,}")


def _megabytes() -> float:
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
