"""The kit computes what the published test vectors of the fold hold, value by value and record by record."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from efa_portal.canonical import canonical
from efa_portal.checkpoint import Checkpoint
from efa_portal.fold import entry_digest, state_of
from efa_portal.following import Following
from efa_portal.health import TopicState
from efa_portal.record import CatalogRecord
from efa_portal.store.writer import Store
from efa_portal.topics import CATALOG

VECTORS: dict[str, list[dict[str, Any]]] = json.loads((Path(__file__).parent / "vectors/fold.json").read_text(encoding="utf-8"))
ENTRIES = [pytest.param(entry, id=entry["name"]) for entry in VECTORS["entries"]]
FOLDS = [pytest.param(fold, id=fold["name"]) for fold in VECTORS["folds"]]


def decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


@pytest.mark.parametrize("vector", ENTRIES)
def test_the_digest_of_an_entry(vector: dict[str, Any]) -> None:
    value = decoded(vector["value"])
    assert value is not None
    assert entry_digest(value, vector["member"]) == (vector["sha256"], vector["canonical"] is not None)
    if vector["canonical"] is not None:
        assert canonical(state_of(value, vector["member"])) == vector["canonical"].encode()


@pytest.mark.parametrize("vector", FOLDS)
async def test_a_store_that_follows_the_records_is_verified_by_the_checkpoint_of_the_vector(
    vector: dict[str, Any], tmp_path: Path
) -> None:
    (topic,) = (topic for topic in CATALOG if topic.member == vector["member"])
    ends = {part["partition"]: part["offset"] for part in vector["partitions"]}
    store = Store(tmp_path / "store.sqlite")
    following = Following(store, topic)
    following.resume(dict.fromkeys(ends, 0), ends)
    for record in vector["records"]:
        taken = CatalogRecord(record["partition"], record["offset"], record["key"].encode(), decoded(record["value"]))
        following.apply([taken], {record["partition"]: record["offset"] + 1})
    following.apply([], ends)  # past offsets that hold nothing, as the client names them
    following.announce(Checkpoint.model_validate({**vector, "topic": topic.name, "taken_at": "2999-01-01T00:00:00Z"}))
    assert await following.check() is None
    health = following.health()
    assert health.state is TopicState.IN_STEP
    assert (health.live, health.sha256) == (vector["live"], vector["sha256"])
    store.close()
