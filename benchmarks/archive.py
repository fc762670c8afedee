"""What the archive of contracts costs: entries in memory and in a store file, proofs and their size at a million entries."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from benchmarks.figures import BenchError
from services.contracts.archive.entry import Effect, Subject
from services.contracts.archive.tree import Tree, consistency, inclusion, leaf_hash
from services.contracts.archiving.log import BATCH, COLLECTIONS, ArchiveLog
from shared.store.sqlite.store import SqliteStore

LOG = "bench.example/contracts"
ENTRIES = 1_000_000
STORED = 20_000
PROOFS = 200
HASH = 32


@dataclass(frozen=True, slots=True)
class Proof:
    """Median CPU microseconds and bytes of hashes of one kind of proof."""

    microseconds: float
    size: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Entries per second: made and hashed in memory (CPU), and appended to a store file (clock). Proofs at ENTRIES and STORED."""

    made: float
    appended: float
    included: Proof
    consistent: Proof
    stored: Proof


async def measure(folder: Path) -> Figures:
    """Return the figures. Raises BenchError if the store's tree is not the one in memory."""
    seconds = time.process_time()
    tree = Tree(leaf_hash(effect_of(seq).entry(LOG, seq)) for seq in range(ENTRIES))
    made = ENTRIES / (time.process_time() - seconds)
    places = random.Random(1).sample(range(ENTRIES), PROOFS)  # noqa: S311 - the same sample in each run
    included = _proof(lambda place: tree.inclusion(place, ENTRIES), places)
    consistent = _proof(lambda place: tree.consistency(place + 1, ENTRIES), places)
    store = SqliteStore(folder / "archive.db")
    await store.prepare(COLLECTIONS)
    log = ArchiveLog(store, LOG)
    begun = time.perf_counter()
    for first in range(0, STORED, BATCH):
        await log.append({f"k{seq}": effect_of(seq) for seq in range(first, first + BATCH)})
    appended = STORED / (time.perf_counter() - begun)
    if (await log.frontier()).root != tree.root(STORED):
        raise BenchError("the store holds another tree than memory")
    stored = await _stored_proof(log, tree, [place % STORED for place in places])
    await store.close()
    return Figures(made, appended, included, consistent, stored)


def effect_of(seq: int) -> Effect:
    """Return an effect as the archivist makes them."""
    return Effect(
        effect="contracts.contract.concluded.v1",
        effect_id=str(UUID(int=seq)),
        subject=Subject(id=str(UUID(int=ENTRIES + seq)), kind="contract", version=1),
        time=datetime(2026, 11, 24, 10, tzinfo=UTC),
        number=f"FITST/2026/{seq:04d}",
        state="GESCHLOSSEN",
        documents={"contract.json": f"{seq:064x}"},
        commitments={"award.signed_off_by": f"{seq:064x}"},
    )


def report(figures: Figures) -> None:
    """Print the figures."""
    print(f"  made and hashed        {figures.made:10,.0f} entries/s of CPU, {ENTRIES:,} of them")
    print(f"  appended to a store    {figures.appended:10,.0f} entries/s, {BATCH} at once, to a file")
    for name, proof, size in (
        ("inclusion", figures.included, ENTRIES),
        ("consistency", figures.consistent, ENTRIES),
        ("inclusion, from store", figures.stored, STORED),
    ):
        print(f"  {name:22} {proof.microseconds:10,.0f} us, {proof.size:,} bytes, of {size:,} entries")


def _proof(make: Callable[[int], list[bytes]], places: list[int]) -> Proof:
    spent, sizes = [], []
    for place in places:
        seconds = time.process_time()
        proof = make(place)
        spent.append(time.process_time() - seconds)
        sizes.append(HASH * len(proof))
    return Proof(statistics.median(spent) * 1e6, max(sizes))


async def _stored_proof(log: ArchiveLog, tree: Tree, places: list[int]) -> Proof:
    spent, sizes = [], []
    for place in places:
        seconds = time.perf_counter()
        proof = await log.proof(inclusion(place, STORED))
        spent.append(time.perf_counter() - seconds)
        sizes.append(HASH * len(proof))
        if proof != tree.inclusion(place, STORED):
            raise BenchError(f"the store proves entry {place} otherwise than memory")
    if await log.proof(consistency(STORED // 3, STORED)) != tree.consistency(STORED // 3, STORED):
        raise BenchError("the store proves consistency otherwise than memory")
    return Proof(statistics.median(spent) * 1e6, max(sizes))
