"""A request repeated under its key: one effect, whatever the token may do by then and however much has happened since."""

from __future__ import annotations

import pytest

from shared.http.idempotency import COLLECTION, Holder
from shared.store.port import Query, Save
from tests.component.ordering.ordering_world import ANBIETER, BEREITSTELLER, KUNDE, World

pytestmark = pytest.mark.slow

WIDE = f"{KUNDE}+BEREITSTELLER"


@pytest.mark.parametrize("changes_between", [0, 25])
@pytest.mark.parametrize("repeats", [1, 3])
async def test_a_repeat_with_a_narrower_token_changes_nothing(world: World, changes_between: int, repeats: int) -> None:
    order = await world.declare()
    await world.judge(order)
    order = await world.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
    point = next(point for point in order["points"] if point["owner"] == "KUNDE" and point["mandatory"])
    path = f"/v1/orders/{order['id']}/points/{point['id']}/settle"
    assert (await world.post(path, WIDE, {"value": point["example"]}, key="settle")).status_code == 200
    for number in range(changes_between):
        await world.step(order["id"], "questions", KUNDE, {"text": f"Frage {number}?"})
    before = await world.read(order["id"])
    for _ in range(repeats):
        again = await world.post(path, KUNDE, {"value": point["example"]}, key="settle")
        assert again.status_code == 200, again.text
    assert await world.read(order["id"]) == before


async def test_a_repeat_by_a_token_without_any_right_gets_no_answer(world: World) -> None:
    order = await world.declare()
    await world.judge(order)
    path, body = f"/v1/orders/{order['id']}/clarification", {"anbindungsart": "FIT_CONNECT"}
    assert (await world.post(path, BEREITSTELLER, body, key="begin")).status_code == 200
    narrow = await world.post(path, BEREITSTELLER.replace("/BEREITSTELLER", "/"), body, key="begin")
    assert (narrow.status_code, narrow.json()["code"]) == (403, "role_missing")


async def test_a_kept_refusal_stays_a_refusal_for_a_narrower_token(world: World) -> None:
    order = await world.offered()
    path = f"/v1/orders/{order['id']}/offer"
    wide = ANBIETER + "+KUNDE"
    first = await world.post(path, wide, {"valid_until": "2020-01-01"}, key="offer")
    assert first.status_code >= 400
    before = await world.read(order["id"])
    again = await world.post(path, ANBIETER, {"valid_until": "2020-01-01"}, key="offer")
    assert again.json()["code"] == first.json()["code"]
    assert await world.read(order["id"]) == before


async def unanswered(world: World) -> None:
    """Leave the mark of the key as a process leaves it that was killed before it stored its answer."""
    marks = await world.store.find(COLLECTION, Query("expiry", limit=1000))
    saves = [Save({**mark, "answer": None, "rev": mark["rev"] + 1}, expected_rev=mark["rev"]) for mark in marks]
    await world.store.save_many(COLLECTION, saves)
    world.app.state.idempotency = Holder()


async def test_a_repeat_of_an_unanswered_request_is_recognised_after_many_other_changes(world: World) -> None:
    order = await world.declare()
    await world.judge(order)
    order = await world.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
    point = next(point for point in order["points"] if point["owner"] == "KUNDE" and point["mandatory"])
    path = f"/v1/orders/{order['id']}/points/{point['id']}/settle"
    assert (await world.post(path, KUNDE, {"value": point["example"]}, key="settle")).status_code == 200
    for number in range(40):
        await world.step(order["id"], "questions", KUNDE, {"text": f"Frage {number}?"})
    before = await world.read(order["id"])
    await unanswered(world)
    assert (await world.post(path, KUNDE, {"value": point["example"]}, key="settle")).status_code == 200
    assert await world.read(order["id"]) == before
