"""What is particular to the MongoDB adapter: exact reports in spite of counting results, the start-up probe, error mapping."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    WriteConcernError,
    WTimeoutError,
)

from shared.errors import StoreUnavailableError, StoreUnfitError
from shared.store.mongo.probe import probe
from shared.store.mongo.store import MongoStore
from shared.store.port import Collection, Save
from tests.contract.store.samples import THINGS, thing


class OvertakenStore(MongoStore):
    """Somebody else writes between this store's bulk write and its look at what it wrote."""

    overtake: Callable[[], Any]

    async def _conflicts(self, collection: Collection, guarded: Mapping[str, Save], token: str, matched: int) -> set[str]:
        await self.overtake()
        return await super()._conflicts(collection, guarded, token, matched)


async def overtaken(url: str, *, later: Save, others: list[Save]) -> tuple[OvertakenStore, MongoStore]:
    store, other = OvertakenStore(url), MongoStore(url)
    await store.prepare([THINGS])
    await other.insert_many(THINGS, [thing("mine"), *(thing(save.document["_id"]) for save in others)])
    await other.save_many(THINGS, others)
    store.overtake = lambda: other.save_many(THINGS, [later])
    return store, other


async def test_a_write_that_was_overtaken_at_once_still_counts_as_done(mongodb_url: str) -> None:
    later = Save({"_id": "mine", "rev": 3, "by": "other"}, 2)
    store, other = await overtaken(mongodb_url, later=later, others=[])
    saves = [Save({"_id": "mine", "rev": 2, "by": "me"}, 1), Save({"_id": "absent", "rev": 2}, 1)]
    assert await store.save_many(THINGS, saves) == {"absent"}
    assert await store.get(THINGS, "mine") == {"_id": "mine", "rev": 3, "by": "other"}
    await store.close()
    await other.close()


async def test_an_outcome_that_cannot_be_told_is_reported_as_unknown(mongodb_url: str) -> None:
    later = Save({"_id": "mine", "rev": 3, "by": "other"}, 2)
    store, other = await overtaken(mongodb_url, later=later, others=[Save({"_id": "theirs", "rev": 2, "by": "other"}, 1)])
    saves = [Save({"_id": "mine", "rev": 2, "by": "me"}, 1), Save({"_id": "theirs", "rev": 2, "by": "me"}, 1)]
    with pytest.raises(StoreUnavailableError, match="other writers were faster"):
        await store.save_many(THINGS, saves)
    await store.close()
    await other.close()


async def test_the_token_of_a_write_is_never_shown(mongodb_url: str) -> None:
    store = MongoStore(mongodb_url)
    await store.prepare([THINGS])
    await store.insert_many(THINGS, [thing("a", number=1)])
    await store.save_many(THINGS, [Save({"_id": "a", "rev": 2, "number": 1}, 1)])
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url)
    raw = await client.get_default_database()["things"].find_one({"_id": "a"})
    assert raw is not None
    assert raw["_w"]
    assert await store.get(THINGS, "a") == {"_id": "a", "rev": 2, "number": 1}
    await client.close()
    await store.close()


async def test_the_probe_leaves_nothing_behind(mongodb_url: str) -> None:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url, tz_aware=True)
    database = client.get_default_database()
    await probe(database)
    assert [name for name in await database.list_collection_names() if name.startswith("store_probe")] == []
    await client.close()


class Defective:
    """A collection or database of a real server with one behaviour replaced."""

    def __init__(self, inner: Any, **replaced: Any) -> None:
        self._inner = inner
        self._replaced = replaced

    def __getitem__(self, name: str) -> Defective:
        return Defective(self._inner[name], **self._replaced)

    def __getattr__(self, name: str) -> Any:
        replacement = self._replaced.get(name)
        return getattr(self._inner, name) if replacement is None else lambda *args, **kw: replacement(self._inner, *args, **kw)


async def swallow_duplicates(inner: Any, document: dict[str, Any]) -> None:
    try:
        await inner.insert_one(document)
    except DuplicateKeyError:
        return


async def ignore_guard(inner: Any, condition: dict[str, Any], document: dict[str, Any]) -> Any:
    return await inner.replace_one({"_id": condition["_id"]}, document)


async def cut_to_seconds(inner: Any, condition: dict[str, Any]) -> Any:
    document = await inner.find_one(condition)
    return {**document, "at": document["at"].replace(microsecond=0)}


async def refuse(*_: Any, **__: Any) -> None:
    raise OperationFailure("not implemented", 59)


async def lose_majority(*_: Any, **__: Any) -> None:
    raise WriteConcernError("majority is not supported", 79)


@pytest.mark.parametrize(
    ("defect", "named"),
    [
        pytest.param({"insert_one": swallow_duplicates}, "refusal of a second document with the same _id", id="duplicates"),
        pytest.param({"replace_one": ignore_guard}, "replacement of a document under a guard", id="guards"),
        pytest.param({"replace_one": refuse}, "replacement of a document under a guard", id="no replacement at all"),
        pytest.param({"find_one": cut_to_seconds}, "UTC datetimes with milliseconds", id="milliseconds"),
        pytest.param({"create_index": refuse}, "compound indexes", id="indexes"),
        pytest.param({"insert_one": lose_majority}, "majority writes", id="majority"),
    ],
)
async def test_the_probe_names_what_the_server_lacks(mongodb_url: str, defect: dict[str, Any], named: str) -> None:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url, tz_aware=True)
    with pytest.raises(StoreUnfitError, match="lacks") as caught:
        await probe(Defective(client.get_default_database(), **defect))
    assert named in caught.value.detail
    await client.close()


async def test_a_datetime_without_zone_is_a_lack(mongodb_url: str) -> None:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url, tz_aware=False)
    with pytest.raises(StoreUnfitError, match="UTC datetimes"):
        await probe(client.get_default_database())
    await client.close()


class FailingClient:
    """A driver whose every operation raises the error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getitem__(self, _: str) -> FailingClient:
        return self

    async def insert_many(self, *_: object, **__: object) -> None:
        raise self._error

    async def close(self) -> None:
        return


def bulk_error(*failures: int, concern: int | None = None) -> BulkWriteError:
    concerns = [] if concern is None else [{"code": concern, "errmsg": "waiting for replication timed out"}]
    return BulkWriteError(
        {
            "writeErrors": [{"index": n, "code": code, "errmsg": ""} for n, code in enumerate(failures)],
            "writeConcernErrors": concerns,
        }
    )


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(AutoReconnect("connection closed"), id="connection lost"),
        pytest.param(NotPrimaryError("not primary"), id="no longer the primary"),
        pytest.param(ExecutionTimeout("time limit", 50), id="time limit"),
        pytest.param(WTimeoutError("no majority in time", 64), id="no majority in time"),
        pytest.param(OperationFailure("shutting down", 11600), id="shutting down"),
        pytest.param(OperationFailure("retry", 1, {"errorLabels": ["RetryableWriteError"]}), id="labelled as retryable"),
        pytest.param(bulk_error(concern=64), id="bulk without majority in time"),
        pytest.param(bulk_error(11000, concern=64), id="bulk with a duplicate and without majority in time"),
        pytest.param(bulk_error(14031), id="disk full"),
    ],
)
async def test_an_unknown_outcome_is_reported_as_unavailable(error: Exception) -> None:
    store = MongoStore("mongodb://host/test", client_factory=lambda *_, **__: FailingClient(error))
    with pytest.raises(StoreUnavailableError, match="test") as caught:
        await store.insert_many(THINGS, [thing("a"), thing("b")])
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [OperationFailure("not authorised", 13), bulk_error(121), bulk_error(11000, 121)])
async def test_what_repeating_cannot_mend_is_not_called_an_outage(error: Exception) -> None:
    store = MongoStore("mongodb://host/test", client_factory=lambda *_, **__: FailingClient(error))
    with pytest.raises(type(error)):
        await store.insert_many(THINGS, [thing("a"), thing("b")])


def client_options(url: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def factory(_: str, **options: Any) -> FailingClient:
        seen.update(options)
        return FailingClient(OSError())

    MongoStore(url, client_factory=factory)._database()
    return seen


def test_a_url_cannot_weaken_durability_but_set_limits() -> None:
    options = client_options("mongodb://host/test?w=1&journal=false&maxPoolSize=7&servernselectiontimeoutms=1")
    assert (options["w"], options["journal"], options["readConcernLevel"]) == ("majority", True, "majority")
    assert "maxPoolSize" not in options
    assert options["serverSelectionTimeoutMS"] == 5000


def test_no_error_tells_the_password() -> None:
    password = os.urandom(8).hex()
    store = MongoStore(f"mongodb://user:{password}@host/test")
    assert password not in repr(store)
    with pytest.raises(ValueError, match="database name") as caught:
        MongoStore(f"mongodb://user:{password}@host/")
    assert password not in str(caught.value)
