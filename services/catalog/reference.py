"""Reference data of the catalog: topics, OZG, LeiKa, checklist and known offerings, from their files into the store.

The store is what counts: every process reads the same state. A manifest per file carries the file's SHA-256, so that a
load of an unchanged file does nothing and a reader notices a changed one by a single get.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.catalog.rows import KnownOffering, LeikaService, OzgService, OzgTopic, Requirement
from shared.csv_rows import read_csv
from shared.errors import InvalidError, RetryableError
from shared.messages.catalog import KnownServiceId
from shared.store.paging import documents_of
from shared.store.port import Collection, Document, Index, Query, Store
from shared.store.upsert import upsert

R = TypeVar("R")
Progress = Callable[[str, int, int], None]

EVERY = Query("by_key", limit=500)
MANIFEST = Collection("catalog_reference_files")


@dataclass(frozen=True, slots=True)
class Source(Generic[R]):
    """One file and the collection it goes to. ``key`` names the column that identifies a row; rows without it are left out."""

    name: str
    file: str
    row_type: type[R]
    key: str
    collection: Collection
    key_type: Any = str

    def documents(self, data_dir: Path) -> Iterator[Document]:
        """Yield the file's rows as documents. Raises InvalidError (``reference_row``) for a key that is none."""
        keys = TypeAdapter(self.key_type)
        for row in read_csv(data_dir / self.file, self.row_type):
            fields: dict[str, Any] = asdict(row)  # type: ignore[call-overload]
            if fields[self.key]:
                try:
                    keys.validate_python(fields[self.key])
                except ValidationError as error:
                    reason = error.errors()[0]["msg"]
                    detail = f"{self.file}, {self.key} {fields[self.key][:80]!r}: {reason}."
                    raise InvalidError(detail, code="reference_row", file=self.file, column=self.key) from error
                yield {"_id": fields[self.key], "rev": 1, **fields}


def _source(name: str, file: str, row_type: type[R], key: str, key_type: Any = str) -> Source[R]:  # noqa: ANN401 - an annotation
    return Source(name, file, row_type, key, Collection(f"catalog_{name}", (Index("by_key", (key,)),)), key_type)


TOPICS = _source("topics", "ozg_topics.csv", OzgTopic, "topic_id")
OZG = _source("ozg", "ozg_services.csv", OzgService, "ozg_id")
LEIKA = _source("leika", "leika_services.csv", LeikaService, "leika_key")
KNOWN = _source("known_offerings", "efa_offerings.csv", KnownOffering, "id", KnownServiceId)
REQUIREMENTS = _source("requirements", "requirements.csv", Requirement, "id")
SOURCES: tuple[Source[Any], ...] = (TOPICS, OZG, LEIKA, KNOWN, REQUIREMENTS)

COLLECTIONS: tuple[Collection, ...] = (MANIFEST, *(source.collection for source in SOURCES))


class ReferenceNotLoadedError(RetryableError):
    """The store holds no reference data yet: the operator has still to load them."""

    code = "reference_not_loaded"


async def load_reference(store: Store, data_dir: Path, progress: Progress) -> dict[str, int]:
    """Load the files of ``data_dir`` into the store and return the number of entries by name.

    May run again and from several processes: what is there is left alone, what differs replaced, what left the file
    removed. ``progress`` is called with (name, done, total) after each batch.
    Raises InvalidError for a row that breaks the format.
    """
    counts: dict[str, int] = {}
    for source in SOURCES:
        counts[source.name] = await _load(store, source, data_dir, progress)
    return counts


async def _load(store: Store, source: Source[Any], data_dir: Path, progress: Progress) -> int:
    content = await asyncio.to_thread((data_dir / source.file).read_bytes)
    digest = hashlib.sha256(content).hexdigest()
    manifest = await store.get(MANIFEST, source.file)
    if manifest is not None and manifest["sha256"] == digest:
        progress(source.name, manifest["rows"], manifest["rows"])
        return int(manifest["rows"])
    documents = await asyncio.to_thread(lambda: list(source.documents(data_dir)))
    await upsert(store, source.collection, documents, partial(progress, source.name))
    await _delete_others(store, source.collection, {document["_id"] for document in documents})
    # Last: a load that breaks off before begins again.
    await upsert(store, MANIFEST, [{"_id": source.file, "rev": 1, "sha256": digest, "rows": len(documents)}])
    return len(documents)


async def _delete_others(store: Store, collection: Collection, present: set[str]) -> None:
    gone = [document["_id"] async for document in documents_of(store, collection, EVERY) if document["_id"] not in present]
    if gone:
        await store.delete(collection, gone)


async def read_source(store: Store, source: Source[R]) -> list[R]:
    """Return the records of one file as the store holds them, in the order of their keys."""
    adapter = TypeAdapter(source.row_type)
    return [adapter.validate_python(document) async for document in documents_of(store, source.collection, EVERY)]


async def digests(store: Store) -> tuple[tuple[str, str], ...]:
    """Return file names with the digests of what is loaded. Raises ReferenceNotLoadedError unless every file is."""
    manifests = await store.get_many(MANIFEST, [source.file for source in SOURCES])
    missing = [source.file for source in SOURCES if source.file not in manifests]
    if missing:
        raise ReferenceNotLoadedError(f"The reference data are not loaded yet: {', '.join(missing)}.", missing=missing)
    return tuple((name, manifests[name]["sha256"]) for name in sorted(manifests))
