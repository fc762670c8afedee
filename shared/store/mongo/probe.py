"""What the marketplace relies on in a MongoDB server, tried at start-up: better no start than a lost write."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.errors import DuplicateKeyError, OperationFailure, WriteConcernError

from shared.errors import StoreUnfitError

_TIME = datetime(2026, 11, 24, 13, 5, 7, 123000, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a fit server can do beyond the needful."""

    indexes_with_id: bool
    projects_parts: bool


async def probe(database: Any) -> Findings:  # noqa: ANN401 - two drivers, one behaviour
    """Try the server out in a collection of the probe's own. Raises StoreUnfitError that names everything it lacks."""
    probe_id = secrets.token_hex(8)
    documents = database[f"store_probe_{probe_id}"]
    record = {"_id": probe_id, "rev": 1, "kind": "probe", "at": _TIME, "large": 2**53 + 1, "nested": {"list": [1, {"a": None}]}}

    async def refuses_duplicates() -> bool:
        try:
            await documents.insert_one(dict(record))
        except DuplicateKeyError:
            return True
        return False

    async def replaces_under_guard() -> bool:
        stale = await documents.replace_one({"_id": probe_id, "rev": 7}, {**record, "rev": 8})
        fresh = await documents.replace_one({"_id": probe_id, "rev": 1}, {**record, "rev": 2})
        stored = await documents.find_one({"_id": probe_id})
        return (stale.matched_count, fresh.matched_count, (stored or {}).get("rev")) == (0, 1, 2)

    async def keeps_values() -> bool:
        return bool(await documents.find_one({"_id": probe_id}) == {**record, "rev": 2})

    async def finds_by_index() -> bool:
        await documents.create_index([("kind", 1), ("at", 1)], name="probe")
        condition = {"kind": "probe", "at": {"$gte": _TIME}, "_id": probe_id}
        found = await documents.find(condition).sort([("at", 1), ("_id", 1)]).to_list(None)
        return [document["_id"] for document in found] == [probe_id]

    checks: dict[str, Callable[[], Awaitable[bool]]] = {
        "refusal of a second document with the same _id": refuses_duplicates,
        "replacement of a document under a guard": replaces_under_guard,
        "values as they were written (64-bit integers, UTC datetimes with milliseconds, nested documents)": keeps_values,
        "compound indexes": finds_by_index,
    }
    try:
        await documents.insert_one(dict(record))
        lacking = [name for name, check in checks.items() if not await _holds(check)]
        if not lacking:
            parts = await _projects_parts(documents, probe_id)
            return Findings(indexes_with_id=await _indexes_with_id(documents), projects_parts=parts)
    except WriteConcernError as error:
        raise StoreUnfitError(f"The MongoDB server of {database.name} lacks: majority writes ({error.code}).") from error
    finally:
        await documents.drop()
    raise StoreUnfitError(f"The MongoDB server of {database.name} lacks: {'; '.join(lacking)}.")


async def _holds(check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await check()
    except OperationFailure:
        return False


async def _indexes_with_id(documents: Any) -> bool:  # noqa: ANN401 - two drivers, one behaviour
    """Return whether an index may end in ``_id``, by which pages sort. MongoDB can; some servers refuse every insert then."""
    try:
        await documents.create_index([("kind", 1), ("_id", 1)], name="with_id")
        await documents.insert_one({"_id": secrets.token_hex(8), "kind": "probe"})
    except OperationFailure:
        return False
    return True


async def _projects_parts(documents: Any, probe_id: str) -> bool:  # noqa: ANN401 - two drivers, one behaviour
    """Return whether a query may ask for parts of nested documents. MongoDB can; elsewhere they are cut out here."""
    try:
        found = await documents.find_one({"_id": probe_id}, {"nested.list.a": 1})
    except OperationFailure:
        return False
    return bool(found == {"_id": probe_id, "nested": {"list": [{"a": None}]}})
