"""Ordering in process: its API, its consumers, a clock that the test sets, and what it has published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from services.ordering.app import build
from services.ordering.repository import Orders
from shared.aggregate.change import Cause
from shared.bus.handling import Received, Rejection
from shared.http.app import create_app
from shared.http.idempotency import COLLECTION
from shared.ids import derived_id
from shared.messages.base import Message, message_types
from shared.messages.catalog import Offering, OfferingPublished
from shared.messages.eligibility import Stage, VerdictGiven
from shared.messages.values import Verdict
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.builders.orders import CUSTOMER, OFFERING_ID, T0, concluded, offering, terminated, verdict
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.publisher import RecordingPublisher

KUNDE = f"kai/{CUSTOMER.id}/KUNDE"
BEREITSTELLER = "bea/komm-one/BEREITSTELLER"
ANBIETER = "anna/govdigital/ANBIETER"
STRANGER = "sam/dataport/KUNDE+BEREITSTELLER"
OTHER_ANBIETER = "otto/fitko/ANBIETER"
INTEREST = {"offering_id": OFFERING_ID, "channel": "govdigital"}
PLACE = {"accepts_agb": True, "leitweg_id": "04011000-900X999-08"}


class World:
    """One running ordering service."""

    def __init__(self) -> None:
        self.now = T0
        self.publisher = RecordingPublisher()
        self.store = SqliteStore(None)
        self.resources = Resources(self.store, self.publisher, Path(), clock=self.clock)
        self.service = build(self.resources)
        names = {CUSTOMER.id: CUSTOMER.name}
        self.app = create_app(
            "Ordering",
            self.service.router,
            authenticator=FakeAuthenticator(names),
            store=self.store,
            health=FixedHealth(),
            clock=self.clock,
        )
        self._keys = count(1)
        self._seqs: dict[str, int] = {}

    def clock(self) -> datetime:
        """Return the time that the test has set."""
        return self.now

    async def start(self) -> None:
        """Prepare the store and publish the offer."""
        await self.store.prepare([*self.service.collections, COLLECTION])
        await self.offer(offering())

    def pass_time(self, **delta: float) -> None:
        """Set the clock forward."""
        self.now += timedelta(**delta)

    async def post(self, path: str, who: str, body: Any = None, *, key: str | None = None, **headers: str) -> httpx.Response:
        """Send a POST with a fresh Idempotency-Key, or the given one."""
        async with client(self.app, who) as http:
            sent = {"Idempotency-Key": key or f"key-{next(self._keys)}", **headers}
            return await http.post(path, json=body, headers=sent)

    async def get(self, path: str, who: str | None, **params: Any) -> httpx.Response:
        """Send a GET."""
        async with client(self.app, who) as http:
            return await http.get(path, params=params)

    async def step(self, order_id: str, step: str, who: str, body: Any = None) -> dict[str, Any]:
        """Take a step that must succeed and return the Vorgang after it."""
        answer = await self.post(f"/v1/orders/{order_id}/{step}", who, body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def terminate(self, order_id: str, ends_on: str, who: str = KUNDE) -> dict[str, Any]:
        """Give notice, let the contract end on that day, and return the Vorgang after it."""
        await self.step(order_id, "terminate", who, {"ends_on": ends_on})
        found = await Orders(self.resources).ledger.get(order_id)
        assert found is not None
        told = terminated(found[0], date.fromisoformat(ends_on))
        assert await self.feed(self.received(told, "contract")) == []
        return await self.read(order_id)

    async def read(self, order_id: str, who: str = KUNDE) -> dict[str, Any]:
        """Return a Vorgang as somebody sees it."""
        answer = await self.get(f"/v1/orders/{order_id}", who)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def received(self, message: Message, key: str, seq: int | None = None, source: str | None = None) -> Received:
        """Return an event as the bus hands it over; its place in the source's sequence is the next one unless given."""
        source = source or f"/test/{key}"
        seq = seq or self._seqs.get(source, 0) + 1
        self._seqs[source] = max(seq, self._seqs.get(source, 0))
        event_id = derived_id("event", source, str(seq))
        return Received(message, key, Cause(event_id, message.TYPE, source, seq), self.now)

    async def feed(self, *events: Received) -> Sequence[Rejection]:
        """Hand events to the consumers that handle them."""
        rejected: list[Rejection] = []
        for consumer in self.service.consumers:
            batch = [event for event in events if type(event.message) in consumer.handles]
            if batch:
                rejected += await consumer.handle(batch)
        return rejected

    async def offer(self, state: Offering) -> None:
        """Publish an offer."""
        await self.feed(self.received(OfferingPublished(offering=state), state.id))

    async def judge(
        self, order: dict[str, Any], value: Verdict = Verdict.EXEMPT, signed_off_by: str | None = None
    ) -> VerdictGiven:
        """Give the verdict of the check that the Vorgang waits for."""
        stage = Stage.INTERESSE if order["state"] == "INTERESSE_BEKUNDET" else Stage.BESTELLUNG
        given = verdict(value, stage, order["verdict"]["check"], order_id=order["id"], signed_off_by=signed_off_by)
        assert await self.feed(self.received(given, order["id"], source=f"/eligibility/{order['id']}")) == []
        return given

    async def declare(self, who: str = KUNDE, **changes: Any) -> dict[str, Any]:
        """Declare interest and return the Vorgang."""
        answer = await self.post("/v1/orders", who, {**INTEREST, **changes})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def offered(self, **changes: Any) -> dict[str, Any]:
        """Return a Vorgang with an offer made."""
        order = await self.declare(**changes)
        await self.judge(order)
        order = await self.step(order["id"], "clarification", BEREITSTELLER, {"anbindungsart": "FIT_CONNECT"})
        await self.settle(order)
        await self.step(order["id"], "conditions", BEREITSTELLER, {"conditions": ["1st-Level-Support beim Kunden"]})
        return await self.step(order["id"], "offer", ANBIETER, {"valid_until": "2026-12-31"})

    async def settle(self, order: dict[str, Any]) -> None:
        """Settle all mandatory points, each by its owner."""
        for point in order["points"]:
            if point["mandatory"] and not point["settled"]:
                who = KUNDE if point["owner"] == "KUNDE" else BEREITSTELLER
                await self.step(order["id"], f"points/{point['id']}/settle", who, {"value": point["example"]})

    async def contracted(self) -> dict[str, Any]:
        """Return a Vorgang with its contract."""
        order = await self.step((await self.offered())["id"], "place", KUNDE, PLACE)
        await self.judge(order)
        await self.feed(self.received(concluded(order["id"]), "contract"))
        return await self.read(order["id"])

    def messages(self) -> list[Message]:
        """Return what was published, decoded."""
        return [
            message_types()[event.type].model_validate_json(event.body)
            for event in self.publisher.events
            if event.type in message_types()
        ]
