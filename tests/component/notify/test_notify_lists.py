"""An inbox of large notifications is read in pages that end by their bytes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notify.repository import NOTIFICATIONS
from shared.http.limits import PAGE_BYTES
from shared.ids import derived_id
from tests.component.notify.test_notify_api import Api
from tests.component.notify.workbench import Bench, open_store
from tests.support.builders.events import CUSTOMER
from tests.support.loading import loaded_from, weight

MANY = 250


@pytest.mark.slow
async def test_a_page_of_large_notifications_ends_by_its_bytes_and_the_next_goes_on() -> None:
    store = await open_store()
    api = Api(Bench(store))
    await api.reported(1)
    (document,) = [it for it in await store.scan(NOTIFICATIONS) if it.get("inbox_of") == CUSTOMER.id]
    large = {**document["parameters"], "reason": "ä" * 8000, "points": ["Punkt"] * 100}
    copies = [
        {**document, "_id": derived_id("copy", str(n)), "parameters": large, "created_at": document["created_at"]}
        for n in range(MANY)
    ]
    for n, copy in enumerate(copies):
        copy["created_at"] -= timedelta(seconds=n // 2 + 1)
    await store.insert_many(NOTIFICATIONS, copies)
    seen: list[str] = []
    pages = 0
    cursor: dict[str, str] = {}
    async with api.of(CUSTOMER.id) as http:
        while True:
            with loaded_from(store) as loaded:
                answer = await http.get("/v1/inbox", params={"limit": 200, **cursor})
            assert sum(map(weight, loaded)) < PAGE_BYTES + 2 * weight(copies[0])
            assert len(answer.content) < PAGE_BYTES + 64 * 1024
            seen += [item["id"] for item in answer.json()["items"]]
            pages += 1
            if answer.json()["next"] is None:
                break
            cursor = {"cursor": answer.json()["next"]}
    await store.close()
    order = sorted(copies, key=lambda it: (it["created_at"], it["_id"]), reverse=True)
    assert seen == [document["_id"], *(copy["_id"] for copy in order)]
    assert pages > MANY * weight(copies[0]) // PAGE_BYTES
