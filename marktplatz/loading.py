"""Loads the reference data into the services that own them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.progress import Progress

from marktplatz.demo.story import Story
from services.catalog.reference import load_reference as load_catalog
from services.catalog.repository import COLLECTIONS as CATALOG
from services.eligibility.reference import load_reference as load_eligibility
from services.eligibility.repository import COLLECTIONS as ELIGIBILITY
from shared.runtime import opened
from shared.settings import ProcessSettings
from shared.store.port import Collection, Store

Loader = Callable[[Store, Path, Callable[[str, int, int], None]], Awaitable[dict[str, int]]]

LOADERS: dict[str, tuple[tuple[Collection, ...], Loader]] = {
    "catalog": (tuple(CATALOG), load_catalog),
    "eligibility": (tuple(ELIGIBILITY), load_eligibility),
}


async def load_reference_data(settings: ProcessSettings, progress: Callable[[str, int, int], None]) -> dict[str, int]:
    """Load everything and return how many records of each kind the stores hold now. Safe to repeat."""
    counts: dict[str, int] = {}
    for service, (collections, load) in LOADERS.items():
        async with opened(service, settings) as store:
            await store.prepare(collections)
            counts |= await load(store, settings.data, progress)
    return counts


def bars_of(progress: Progress) -> Callable[[str, int, int], None]:
    """Return a progress callback that keeps one bar per kind of record."""
    tasks: dict[str, int] = {}

    def show(kind: str, done: int, total: int) -> None:
        if kind not in tasks:
            tasks[kind] = progress.add_task(kind, total=total)
        progress.update(tasks[kind], completed=done, total=total)  # type: ignore[arg-type]

    return show


async def load_with_progress(settings: ProcessSettings) -> None:
    """Load with progress bars on the terminal."""
    settings.var.mkdir(parents=True, exist_ok=True)
    with Story().progress() as progress:
        await load_reference_data(settings, bars_of(progress))
