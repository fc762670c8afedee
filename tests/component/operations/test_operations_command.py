"""``marktplatz dlq replay`` settles dead letters in the turn of the group, as the API does."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest

from marktplatz import operations
from shared.bus.dead_letter_operations import Replayed
from shared.bus.settings import KafkaSettings
from shared.errors import NotFoundError, WriteConflictError
from shared.operations.turns import Turns
from shared.retry import RetryPolicy
from shared.store.sqlite.store import SqliteStore

GROUP = "ordering.verdicts"
AT_ONCE = RetryPolicy(timedelta(0), timedelta(0))


async def test_a_replay_holds_the_turn_of_its_group_in_the_store_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ordering.sqlite"
    monkeypatch.setenv("MARKTPLATZ_STORE_URLS", json.dumps({"ordering": f"sqlite:///{file}"}))
    monkeypatch.setattr(operations, "kafka_settings", lambda: KafkaSettings(bootstrap_servers="nowhere:9092"))
    replayed: list[str] = []

    async def replay(_settings: KafkaSettings, group: str, *, ids: Collection[str] | None = None) -> Replayed:
        assert ids is None
        store = SqliteStore(file)
        with pytest.raises(WriteConflictError):
            async with Turns(store, lambda: 0.0, AT_ONCE).of(group):
                pass
        async with Turns(store, lambda: 0.0, AT_ONCE).of("ordering.offerings"):
            replayed.append(group)
        await store.close()
        return Replayed("topic")

    monkeypatch.setattr(operations, "replay_dead_letters", replay)
    for _ in range(2):
        assert await operations.replay(GROUP, None) == 0
    assert replayed == [GROUP, GROUP], "the turn is free again"


async def test_a_group_that_there_is_not_has_no_turn() -> None:
    with pytest.raises(NotFoundError):
        await operations.replay("no.such.group", None)
