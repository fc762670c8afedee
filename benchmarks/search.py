"""How well search finds what is meant, what its indexes cost, and what a search costs after many offers came at once."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.figures import BenchError
from services.catalog.catalogue import ReferenceReader
from services.catalog.reference import load_reference
from services.catalog.repository import COLLECTIONS, OFFERINGS, Offerings
from services.catalog.search import Schaufenster
from services.catalog.search_index import Search
from shared.aggregate.record import Record
from shared.clock import now
from shared.messages.values import OfferingState
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.builders.offerings import offering_in
from tests.support.publisher import RecordingPublisher
from tests.support.search.relevance import Figures, Outcome, Searches, figures, judged_queries

DATA = Path(__file__).parents[1] / "data"
OFFERS = 600
SEARCHES = 100
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """Outcomes of the judged queries; CPU seconds and bytes for all indexes; milliseconds per search, median and most."""

    outcomes: Sequence[Outcome]
    building: float
    memory: int
    median: float
    most: float


async def measure(folder: Path) -> Measured:
    """Build the indexes, ask every judged query, search while many offers are new. Raises BenchError if offers are not found."""
    gc.collect()
    before = _resident()
    began = time.process_time()
    searches = Searches(DATA)
    building, memory = time.process_time() - began, _resident() - before
    outcomes = [searches.outcome(judged) for judged in judged_queries()]
    times = await _fresh_offers(folder)
    return Measured(outcomes, building, memory, statistics.median(times), max(times))


async def _fresh_offers(folder: Path) -> list[float]:
    """Return the milliseconds of searches right after many offers were published together."""
    store = SqliteStore(folder / "catalog.sqlite")
    await store.prepare(COLLECTIONS)
    await load_reference(store, DATA, lambda *_: None)
    offerings = Offerings(Resources(store, RecordingPublisher(), DATA))
    published, at = offering_in(OfferingState.VEROEFFENTLICHT), now()
    offers = [
        published.model_copy(update={"id": f"00000000-0000-5000-8000-{number:012}", "changed_at": at}) for number in range(OFFERS)
    ]
    await store.insert_many(OFFERINGS, [Record(it.id, rev=1, seq=1, state=it).document() for it in offers])
    window, reference = timedelta(seconds=30), ReferenceReader(store, DATA)
    schaufenster = Schaufenster(offerings, reference, overlap=window, reload_every=timedelta(minutes=10), clock=now)
    found, _ = await schaufenster.search(Search("Führerschein"))
    if found.total < OFFERS:
        raise BenchError(f"{found.total} of {OFFERS} offers were found.")
    times = []
    for _ in range(SEARCHES):
        start = time.perf_counter()
        await schaufenster.search(Search("Wohngeld"))
        times.append(1000 * (time.perf_counter() - start))
    await store.close()
    return times


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096


def report(measured: Measured) -> None:
    """Print the figures: by what is searched, by the way of writing, and by when the query was written."""
    print(f"{'':24}{'queries':>8}{'MRR':>8}{'recall@5':>10}{'ms':>8}")
    for title, group in _groups(measured.outcomes):
        it: Figures = figures(group)
        print(f"{title:24}{it.count:>8}{it.mrr:>8.3f}{it.recall:>10.3f}{it.milliseconds:>8.2f}")
    print(f"all indexes: {measured.building:.2f} s of CPU, {measured.memory / MIB:.0f} MiB with the rows")
    print(f"search after {OFFERS} offers came together: {measured.median:.1f} ms, at most {measured.most:.1f} ms")
    for outcome in measured.outcomes:
        if outcome.rank is None:
            print(f"not among the first ten: {outcome.judged.corpus} {outcome.judged.query!r}")


def _groups(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        judged = outcome.judged
        for title in (judged.corpus, f"written {judged.kind}", f"judged {judged.written} the list", "all"):
            groups.setdefault(title, []).append(outcome)
    return sorted(groups.items())
