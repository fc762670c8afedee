"""The built image in operation: main flow, probes, drain under load, kill -9, restarts, broker restart; nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import httpx
import pytest

from marktplatz.demo import flow
from marktplatz.demo.people import Json, Person, eventually
from tests.deploy.images.conftest import Market
from tests.deploy.images.stack import ROLES, Stack

ORDERS = 8
TALKS = 3


async def until_accepted(person: Person, path: str, body: Json, key: str) -> Json:
    """Send one request again and again under one Idempotency-Key, as a client does whose server goes away and comes back."""

    async def attempt() -> Json | None:
        with contextlib.suppress(httpx.TransportError):
            response = await person.send("POST", "ordering", path, body, key)
            if response.is_success:
                answer: Json = response.json()
                return answer
            assert response.status_code in (409, 503), response.text
        return None

    return await eventually(f"{path} is accepted", attempt, 90)


async def place(market: Market, order_id: str) -> Json:
    return await until_accepted(market.people.husum, f"/v1/orders/{order_id}/place", {"accepts_agb": True}, f"order-{order_id}")


class Talk:
    """Load: the Bereitsteller asks one question after the other until stopped. Nothing that was answered may be lost."""

    def __init__(self, market: Market, pause: float = 0) -> None:
        self.market = market
        self.pause = pause
        self.order_id = ""
        self.asked: list[str] = []
        self.over = asyncio.Event()

    async def begin(self, title: str) -> None:
        people, offer = self.market.people, await self.market.publish(title)
        order = await flow.declare(people.husum, offer["id"], "govdigital")
        self.order_id = order["id"]
        await flow.reaches(people.husum, self.order_id, "WEITERGELEITET")
        await people.komm_one.post("ordering", f"/v1/orders/{self.order_id}/clarification", {"anbindungsart": flow.FIT_CONNECT})

    async def go_on(self) -> None:
        while not self.over.is_set():
            text = f"Frage {len(self.asked) + 1}?"
            path = f"/v1/orders/{self.order_id}/questions"
            await until_accepted(self.market.people.komm_one, path, {"text": text}, f"{self.order_id}-{len(self.asked)}")
            self.asked.append(text)
            await asyncio.sleep(self.pause)

    async def is_complete(self) -> bool:
        """Return whether each question that was accepted stands there once, in order."""
        order = await self.market.people.husum.get("ordering", f"/v1/orders/{self.order_id}")
        return [question["text"] for question in order["questions"]] == self.asked


async def every_order_has_one_contract(market: Market, orders: list[str]) -> None:
    """Check that each Vorgang reached its contract, each contract has its own number, and the register has no gap."""
    husum, govdigital = market.people.husum, market.people.govdigital
    await asyncio.gather(*(flow.reaches(husum, order, "VERTRAG_GESCHLOSSEN", seconds=90) for order in orders))
    found = await asyncio.gather(*(flow.contracts_of(husum, order) for order in orders))
    assert [len(contracts) for contracts in found] == [1] * len(orders)
    numbers = [contracts[0]["number"] for contracts in found]
    assert len(set(numbers)) == len(orders)
    register = await govdigital.get("contracts", f"/v1/registers/govdigital/{datetime.now(UTC).year}")
    assert register["gaps"] == []


@pytest.mark.parametrize("name", ROLES)
async def test_every_role_answers_its_probes(stack: Stack, name: str) -> None:
    assert [await stack.probe(name, path) for path in ("livez", "readyz", "metrics")] == [200, 200, 200]


async def test_from_interest_to_productive_over_http_against_containers(market: Market) -> None:
    people = market.people
    order_id = await market.ready_to_order("Fahrgastbeförderung")
    placed = await flow.place(people.husum, order_id, key="first")
    again = await flow.place(people.husum, order_id, key="first")
    assert placed == again
    contracted = await flow.reaches(people.husum, order_id, "VERTRAG_GESCHLOSSEN")
    assert [item["number"] for item in await flow.contracts_of(people.husum, order_id)] == [contracted["contract"]["number"]]
    live = await flow.deliver(people.husum, people.komm_one, order_id)
    assert live["state"] == "PRODUKTIV"
    inbox = await eventually("Husum has been notified", lambda: unread(market))
    assert inbox


async def unread(market: Market) -> list[Json]:
    answer = await market.people.husum.get("notify", "/v1/inbox", {"limit": 10})
    items: list[Json] = answer["items"]
    return items


async def test_sigterm_under_load_drains_within_the_grace_period_and_loses_nothing(market: Market) -> None:
    stack = market.stack
    orders = [await market.ready_to_order(f"Drain {number}") for number in range(ORDERS)]
    talks = [Talk(market) for _ in range(TALKS)]
    for number, talk in enumerate(talks):
        await talk.begin(f"Gespräch {number}")
    talking = [asyncio.create_task(talk.go_on()) for talk in talks]
    load = [asyncio.create_task(place(market, order)) for order in orders]
    await asyncio.wait(load, return_when=asyncio.FIRST_COMPLETED)
    stopped = ("ordering", "ordering-worker", "contracts-govdigital")
    codes = await asyncio.gather(*(stack.stop(name) for name in stopped))
    assert dict(zip(stopped, codes, strict=True)) == dict.fromkeys(stopped, 0)
    for name in stopped:
        events = stack.events(name)
        assert events[-1] == "stopped", events[-5:]
        assert "drain_timeout" not in events
    await asyncio.gather(*(stack.start(name) for name in stopped))
    await asyncio.gather(*(stack.ready(name) for name in stopped), *load)
    for talk in talks:
        talk.over.set()
    await asyncio.gather(*talking)
    assert [await talk.is_complete() for talk in talks] == [True] * TALKS
    await every_order_has_one_contract(market, orders)


async def test_after_kill_9_in_the_middle_of_orders_each_has_exactly_one_contract(market: Market) -> None:
    """The request that was cut off is taken up again when the lease of its Idempotency-Key has run out, a minute later."""
    stack = market.stack
    orders = [await market.ready_to_order(f"Kill {number}") for number in range(ORDERS)]
    load = [asyncio.create_task(place(market, order)) for order in orders]
    await asyncio.wait(load, return_when=asyncio.FIRST_COMPLETED)
    killed = ("ordering", "ordering-worker", "contracts-govdigital")
    codes = await asyncio.gather(*(stack.kill(name) for name in killed))
    assert codes == [137] * len(killed)
    await asyncio.gather(*(stack.start(name) for name in killed))
    await asyncio.gather(*(stack.ready(name) for name in killed), *load)
    await every_order_has_one_contract(market, orders)


async def test_orders_taken_while_the_broker_is_away_get_their_contracts_when_it_is_back(market: Market) -> None:
    stack = market.stack
    orders = [await market.ready_to_order(f"Broker {number}") for number in range(3)]
    await stack.stop("kafka")
    placed = await asyncio.gather(*(place(market, order) for order in orders))
    assert {order["state"] for order in placed} == {"BESTELLT"}

    async def not_ready() -> bool:
        return await stack.probe("ordering-worker", "readyz") == httpx.codes.SERVICE_UNAVAILABLE

    await eventually("the worker says that it is not ready", not_ready, 60)
    assert await stack.probe("ordering-worker", "livez") == httpx.codes.OK
    assert await stack.probe("ordering", "readyz") == httpx.codes.OK
    await stack.start("kafka")
    await asyncio.gather(*(stack.ready(name) for name in ROLES))
    await every_order_has_one_contract(market, orders)


async def test_a_stopped_processor_leaves_the_other_ready(market: Market) -> None:
    stack = market.stack
    assert await stack.stop("contracts-fitko") == 0
    order_id = await market.ready_to_order("Ohne FITKO")
    await flow.place(market.people.husum, order_id)
    await every_order_has_one_contract(market, [order_id])
    assert await stack.probe("contracts-govdigital", "readyz") == httpx.codes.OK
    await stack.start("contracts-fitko")
    await stack.ready("contracts-fitko")
