"""A later version beside this one: whatever is stored or sent gets fields of its own, at every depth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared.bus.record import RawRecord
from shared.store.port import Collection, Document, Portion, Query, Save
from shared.store.sqlite.store import SqliteStore

FIELD = "field_of_a_later_version"
ADDED = {"any": ["thing"]}
_MAPS = frozenset({"inbox", "allotted"})
"""Maps by id, not records: an entry more there is no field."""


def extended(value: Any) -> Any:
    """Return the value with the field added to each object inside it, also to those that lie in it as JSON text."""
    match value:
        case dict():
            inside = {name: found if name in _MAPS else extended(found) for name, found in value.items() if name != FIELD}
            return {**inside, FIELD: ADDED}
        case list() | tuple():
            return [extended(item) for item in value]
        case str() if value[:1] in ("{", "["):
            return "\n".join(json.dumps(extended(json.loads(line)), ensure_ascii=False) for line in value.splitlines())
        case _:
            return value


def extended_record(record: RawRecord) -> RawRecord:
    """Return a record on the bus with the field added at every depth of its body."""
    return replace(record, value=json.dumps(extended(json.loads(record.value or b"{}"))).encode())


class SharedStore(SqliteStore):
    """A store on which a later version works too: what is read has its field, at every depth.

    It counts in ``saved``, per collection, what this version has saved after having read it, in ``lost`` what lacked the field.
    """

    def __init__(self, saved: Counter[str], lost: Counter[str]) -> None:
        super().__init__(None)
        self.saved = saved
        self.lost = lost

    async def get_many(self, collection: Collection, ids: Sequence[str]) -> dict[str, Document]:
        return {name: extended(document) for name, document in (await super().get_many(collection, ids)).items()}

    async def get_portion(
        self, collection: Collection, ids: Sequence[str], most_bytes: int, only: tuple[str, ...] = ()
    ) -> tuple[dict[str, Document], list[str]]:
        found, left = await super().get_portion(collection, ids, most_bytes, only)
        return {name: extended(document) for name, document in found.items()}, left

    async def find_portion(self, collection: Collection, query: Query, most_bytes: int) -> Portion:
        portion = await super().find_portion(collection, query, most_bytes)
        return Portion([extended(document) for document in portion.documents], portion.cut)

    async def find(self, collection: Collection, query: Query) -> list[Document]:
        return [extended(document) for document in await super().find(collection, query)]

    async def save_many(self, collection: Collection, saves: Sequence[Save]) -> set[str]:
        # The first revision is saved again, with an empty outbox, by whoever has made it: nobody has read it before.
        for document in (save.document for save in saves if save.expected_rev > 1 or save.document["rev"] > 1):
            self.saved[collection.name] += 1
            self.lost[collection.name] += document.get(FIELD) != ADDED
        return await super().save_many(collection, saves)
