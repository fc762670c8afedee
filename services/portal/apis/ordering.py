"""What the pages read of ordering: the Vorgänge of the caller's organisation."""

from __future__ import annotations

from datetime import date, datetime

from services.portal.apis.catalog import Party, PriceItem
from services.portal.apis.client import Api, Parameters, Reply, segment


class Waiting(Reply):
    """Who holds the ball, since when; ``what`` is to be done."""

    party: str
    since: datetime
    what: str


class OfferingRef(Reply):
    """The offer, at the version that the Vorgang has pinned."""

    id: str
    title: str
    version: int


class Summary(Reply):
    """A Vorgang in a list. ``your_party`` is the side of the caller."""

    id: str
    number: str
    state: str
    state_since: datetime
    channel: str
    offering: OfferingRef
    customer: Party
    provider: Party
    declared_at: datetime
    your_party: str
    waiting: Waiting | None


class Summaries(Reply):
    """A page of Vorgänge, newest first."""

    items: tuple[Summary, ...]
    next: str | None


class Refusal(Reply):
    """Why a Vorgang was refused, and what may help."""

    reason: str
    remedy: str | None


class Verdict(Reply):
    """The in-house pre-check, as far as it is for the side that asks."""

    pending: bool
    verdict: str | None
    as_of: date | None
    reason: str | None
    remedy: str | None


class Point(Reply):
    """An open or settled point."""

    id: str
    label: str
    label_en: str | None
    owner: str
    since: datetime
    mandatory: bool
    settled: bool
    settled_at: datetime | None
    value: str | None
    note: str | None


class ContractRef(Reply):
    """The contract in the register of its channel."""

    id: str
    number: str


class Step(Reply):
    """An entry of the timeline."""

    at: datetime
    state: str


class Order(Summary):
    """A Vorgang in full."""

    message: str | None
    anbindungsart: str | None
    verdict: Verdict
    refusal: Refusal | None
    points: tuple[Point, ...]
    price_items: tuple[PriceItem, ...]
    contract: ContractRef | None
    valid_until: date | None
    placed_at: datetime | None
    order_reference: str | None
    timeline: tuple[Step, ...]
    timeline_omitted: int


class Ordering:
    """Ordering as the pages ask it, with the token of whoever is logged in."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def orders(self, token: str, parameters: Parameters) -> Summaries:
        """Return a page of Vorgänge. Raises as ``Api.get``."""
        return await self._api.get("/v1/orders", Summaries, parameters, token=token)

    async def order(self, token: str, order_id: str) -> Order:
        """Return one Vorgang. Raises NotFoundError, and as ``Api.get``."""
        return await self._api.get(f"/v1/orders/{segment(order_id)}", Order, token=token)
