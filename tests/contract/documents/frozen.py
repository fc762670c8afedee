"""``python -m tests.contract.documents.frozen FOLDER``: freeze what this version stores, at a release.

``released/<version>/<service>/<collection>.json`` holds the documents as they were stored, in MongoDB's extended JSON, and the
fields of the collection's indexes. A folder is made once and never changed: it stands for the data that installations have.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bson import json_util

from shared.clock import now
from shared.http import idempotency
from shared.store.port import Collection, Document
from tests.support import scenario
from tests.support.marketplace import Marketplace, collections_of

RELEASED = Path(__file__).parent / "released"
CREATED = 201
TAKEN = "taken_at.txt"
_OPTIONS = json_util.JSONOptions(json_mode=json_util.JSONMode.RELAXED, tz_aware=True, tzinfo=UTC)
_REFERENCE = ("bodies", "body_names", "relations", "catalog_topics", "catalog_ozg", "catalog_leika", "catalog_known_offerings")
LIMITS = {**dict.fromkeys(_REFERENCE, 3), "notifications": 12}
"""Where a few examples say as much as all."""


async def freeze(folder: Path) -> None:
    """Play the scenario and write what it has stored into a folder."""
    async with Marketplace() as market:
        await scenario.play(market)
        for name, service in market.services.items():
            for collection in collections_of(service):
                documents = await market.stores[name].scan(collection, limit=LIMITS.get(collection.name, 1000))
                if collection == idempotency.COLLECTION:
                    documents = [mark for mark in documents if mark["answer"]["status"] == CREATED]
                file = folder / name / f"{collection.name}.json"
                file.parent.mkdir(exist_ok=True)
                file.write_text(_text(collection, documents), "utf-8")
    (folder / TAKEN).write_text(now().isoformat() + "\n", "utf-8")


def read(folder: Path) -> dict[str, dict[str, list[Document]]]:
    """Return the frozen documents of a release by service and collection."""
    found: dict[str, dict[str, list[Document]]] = {}
    for file in sorted(folder.glob("*/*.json")):
        content = json_util.loads(file.read_text("utf-8"), json_options=_OPTIONS)
        found.setdefault(file.parent.name, {})[file.stem] = content["documents"]
    return found


def indexes(folder: Path, service: str, collection: str) -> dict[str, list[str]]:
    """Return the fields of each index that a collection had at a release."""
    found: dict[str, list[str]] = json.loads((folder / service / f"{collection}.json").read_text("utf-8"))["indexes"]
    return found


def taken_at(folder: Path) -> datetime:
    """Return when a release's documents were written."""
    return datetime.fromisoformat((folder / TAKEN).read_text("utf-8").strip())


def _text(collection: Collection, documents: list[Document]) -> str:
    content: dict[str, Any] = {
        "indexes": {index.name: list(index.fields) for index in collection.indexes},
        "documents": documents,
    }
    return json_util.dumps(content, json_options=_OPTIONS, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    new = Path(sys.argv[1])
    new.mkdir(parents=True)  # a release is frozen once
    asyncio.run(freeze(new))
