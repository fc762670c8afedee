"""Loads the reference data into the services that own them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from marktplatz.console import make_console, progress_bars
from marktplatz.embedded import data_folder
from marktplatz.silent import Silent
from services.catalog.reference import load_reference as load_catalog
from services.catalog.repository import COLLECTIONS as CATALOG
from services.eligibility.fact_store.fact_file import file_decision, read_fact_file
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.state import State
from services.eligibility.reference import load_reference as load_eligibility
from services.eligibility.repository import COLLECTIONS as ELIGIBILITY
from shared.clock import now
from shared.http import idempotency
from shared.ids import person_ref
from shared.process.files import shipped
from shared.process.service import Builder, Resources
from shared.process.settings import ProcessSettings
from shared.process.stores import opened
from shared.store.port import Collection, Store

log = structlog.get_logger()

ASSUMED_FACTS = shipped("data", "demo", "assumed_facts.json")
"""What the demonstration assumes, and nobody has examined."""

Loader = Callable[[Store, Path, Callable[[str, int, int], None]], Awaitable[dict[str, int]]]

LOADERS: dict[str, tuple[tuple[Collection, ...], Loader]] = {
    "catalog": (tuple(CATALOG), load_catalog),
    "eligibility": (tuple(ELIGIBILITY), load_eligibility),
}


async def migrate(settings: ProcessSettings, service: str, build: Builder) -> None:
    """Bring one service's store to what this version needs: collections, indexes, reference data. Only adds; safe to repeat."""
    async with opened(service, settings) as store:
        built = build(Resources(store=store, publisher=Silent(), data_dir=settings.data))
        await store.prepare([*built.collections, idempotency.COLLECTION])
        log.info("collections_ready", service=service, collections=[collection.name for collection in built.collections])
        if service in LOADERS:
            counts = await LOADERS[service][1](store, settings.data, lambda _kind, _done, _total: None)
            log.info("reference_data_loaded", service=service, **counts)


async def load_reference_data(settings: ProcessSettings, progress: Callable[[str, int, int], None]) -> dict[str, int]:
    """Load everything and return how many records of each kind the stores hold now. Safe to repeat."""
    counts: dict[str, int] = {}
    for service, (collections, load) in LOADERS.items():
        async with opened(service, settings) as store:
            await store.prepare(collections)
            counts |= await load(store, settings.data, progress)
    return counts


async def load_assumed_facts(settings: ProcessSettings) -> int:
    """Record the facts that the demonstration assumes, for a marketplace on this machine; return how many records it took."""
    return await load_facts(settings, ASSUMED_FACTS, "demo")


async def load_facts(settings: ProcessSettings, path: Path, person: str) -> int:
    """Record what a file of facts says and the store does not yet, in the name of a person; return how many records it took.

    Raises InvalidError or ConflictError for a file that is malformed or contradicts what is recorded: then nothing is.
    """
    file = read_fact_file(path)
    async with opened("eligibility", settings) as store:
        await store.prepare(ELIGIBILITY)
        facts = Facts(store)
        before = await facts.current()
        after = await facts.record(file_decision(file, now().date(), person_ref(person)))
        return _records(after) - _records(before)


def _records(state: State) -> int:
    return sum(len(revisions) for held in (state.facts, state.documents) for revisions in held.values())


async def load_with_progress(settings: ProcessSettings) -> None:
    """Load with progress bars on the terminal. Raises InfrastructureError if the data folder cannot be written."""
    data_folder(settings)
    with progress_bars(make_console()) as progress:
        await load_reference_data(settings, progress)
