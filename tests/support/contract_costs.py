"""A world of contracts with offers, cost information, uses and an API, over a store in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from services.contracts.app import build, processor
from services.contracts.settings import Settings
from shared.aggregate.change import Cause
from shared.bus.handling import Received, Rejection
from shared.http.app import create_app
from shared.http.idempotency import COLLECTION as IDEMPOTENCY
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.catalog import ChannelListing, Offering, OfferingChanged, OfferingPublished
from shared.messages.ordering import OrderHead, OrderParty, OrderTerminated, UsesReported
from shared.messages.values import Channel, OrderState, Party, PriceItem
from shared.process.service import Resources, Service
from shared.store.sqlite.store import SqliteStore
from tests.support.builders import orders
from tests.support.contract_requests import order_id, price, received, request
from tests.support.http import FakeAuthenticator, FixedHealth, client
from tests.support.publisher import RecordingPublisher

DATA = Path(__file__).parents[2] / "data"
OFFERING = derived_id("offering", "einbuergerung")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SIGNED = datetime(2025, 12, 1, 9, tzinfo=UTC)
"""Day of the Bereitstellungsverträge: no contract that rests on one begins before it."""
PROVIDER = Party(id="komm-one", name="Komm.ONE")
HUSUM = Party(id="010540056056", name="Husum, Stadt")
HEIDE = Party(id="010510044044", name="Heide, Stadt")
KIEL = Party(id="010020000000", name="Kiel, Landeshauptstadt")
POPULATION = {HUSUM.id: 24_090, HEIDE.id: 22_002, KIEL.id: 252_668}
PROVIDER_TOKEN = "u1/komm-one/BEREITSTELLER"
HUSUM_TOKEN = f"u2/{HUSUM.id}/KUNDE"
HEIDE_TOKEN = f"u3/{HEIDE.id}/KUNDE"
GOVDIGITAL_TOKEN = "u4/govdigital/ANBIETER"
FITKO_TOKEN = "u5/fitko/ANBIETER"


class Ticking:
    """A steady clock that tests move on."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class CostWorld:
    """The service's processors and API, with a clock that tests set."""

    def __init__(self, store: SqliteStore | None = None) -> None:
        self.store = store or SqliteStore(None)
        self.now = NOW
        self.steady = Ticking()
        self.resources = Resources(self.store, RecordingPublisher(), DATA, clock=lambda: self.now, steady=self.steady)
        self.app = create_app(
            "contracts", self.built().router, authenticator=FakeAuthenticator(), store=self.store, health=FixedHealth()
        )
        self._seq = 0

    def built(self, settings: Settings | None = None) -> Service:
        """Return the service as its API runs it."""
        return build(self.resources, settings)

    async def prepare(self) -> None:
        """Create the collections."""
        await self.store.prepare([*self.built().collections, IDEMPOTENCY])

    async def handle(self, channel: Channel, place: int, *events: Received) -> Sequence[Rejection]:
        """Let one of the channel's consumers handle events: its requests, its offers, its uses."""
        return await processor(channel)(self.resources).consumers[place].handle(events)

    async def publish(self, *items: PriceItem, channels: Iterable[Channel] = (Channel.GOVDIGITAL,), **changes: Any) -> Offering:
        """Publish the offer, or another state of it, with these price lines."""
        listings = tuple(ChannelListing(channel=it, bereitstellungsvertrag=f"BV-{it}", signed_at=SIGNED) for it in channels)
        fields = {"id": OFFERING, "provider": PROVIDER, "channels": listings, "price_items": items or (price(),)}
        offering = orders.offering(**{**fields, "published_at": NOW, "changed_at": self.now, **changes})
        self._seq += 1
        message = OfferingPublished if self._seq == 1 else OfferingChanged
        for channel in Channel:
            assert not await self.handle(channel, 1, self.event(message(offering=offering), OFFERING, self._seq))
        return offering

    async def contract(self, name: str, customer: Party, at: datetime | None = None, **changes: Any) -> None:
        """Conclude a Nachnutzungsvertrag through govdigital."""
        asked = request(name, Channel.GOVDIGITAL, customer=customer, provider=PROVIDER, **changes)
        assert not await self.handle(Channel.GOVDIGITAL, 0, received(asked, time=at or self.now))

    async def report(self, name: str, customer: Party, month: str, count: int, seq: int) -> None:
        """Report the uses of a month for the order ``name``; ``seq``: its place among the events of the order."""
        message = UsesReported(order=self.head(name, customer), at=self.now, period=month, count=count)
        assert not await self.handle(Channel.GOVDIGITAL, 2, self.event(message, order_id(name), seq))

    async def terminate(self, name: str, customer: Party, ends_on: date, seq: int) -> None:
        """Give notice of the order ``name``."""
        message = OrderTerminated(order=self.head(name, customer), at=self.now, ends_on=ends_on, by=OrderParty.KUNDE)
        assert not await self.handle(Channel.GOVDIGITAL, 2, self.event(message, order_id(name), seq))

    def head(self, name: str, customer: Party) -> OrderHead:
        """Return what events say of the order ``name``."""
        asked = request(name, Channel.GOVDIGITAL, customer=customer, provider=PROVIDER)
        return asked.order.model_copy(update={"state": OrderState.PRODUKTIV})

    def event(self, message: Message, source: str, seq: int) -> Received:
        """Return a message as a consumer gets it."""
        id_ = derived_id("event", source, message.TYPE, str(seq))
        return Received(message, source, Cause(id_, message.TYPE, source, seq), self.now)

    async def get(self, path: str, token: str = HUSUM_TOKEN) -> httpx.Response:
        """Ask the API."""
        async with client(self.app, token) as http:
            return await http.get(path)

    async def post(self, path: str, body: dict[str, Any], token: str = PROVIDER_TOKEN, key: str = "1") -> httpx.Response:
        """Ask the API for a change."""
        async with client(self.app, token) as http:
            return await http.post(path, json=body, headers={"Idempotency-Key": key})

    def later(self, **passed: float) -> None:
        """Let time pass."""
        self.now += timedelta(**passed)


def item(id_: str = "betrieb", key: str | dict[str, Any] = "EINWOHNER", **changes: Any) -> dict[str, Any]:
    """Return an item of cost information."""
    return {
        "id": id_,
        "kind": "BETRIEB_ONLINEDIENST",
        "label": "Betrieb und Support",
        "amount_cents": 10_000_000,
        "period": "JAHR",
        "valid_from": "2026-01-01",
        "valid_to": None,
        "due_on": None,
        "key": {"type": key} if isinstance(key, str) else key,
        "decision": "UNANIMOUS",
        "fallback_key": None,
        "funding": "PARTICIPANTS",
        "efa_share_bp": None,
        "cost_object": None,
    } | changes
