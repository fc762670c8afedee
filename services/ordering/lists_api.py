"""HTTP API of lists of Vorgänge: which there are for a caller, how many, and how many of an offer a withdrawal touches."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.ordering.access import in_charge_of, party_of
from services.ordering.domain.order import Order
from services.ordering.domain.transitions import BEFORE_ORDER, FINAL
from services.ordering.narrowing import OrderFilter
from services.ordering.reference import Vocabulary
from services.ordering.repository import Offerings, Orders
from services.ordering.table import SHEETS, row_of
from services.ordering.views import OfferingCounts, OrderCount, OrderSummary, StateCount, summary_of
from shared.http.dependencies import CurrentCaller
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor, encode_cursor
from shared.http.tables import TABLE, VARY, table_language, table_reply, wants_table
from shared.messages.ordering import OrderParty
from shared.messages.values import EntityId, OrderState
from shared.search.contains import words_of


async def _narrowed(
    *,
    state: OrderState | None = None,
    party: Annotated[OrderParty | None, Query(description="Only those in which you are this side.")] = None,
    offering_id: Annotated[EntityId | None, Query(description="Only those about this offer.")] = None,
    waits_for_me: Annotated[
        bool, Query(description="Only those that wait for an act of your organisation; `waiting` says since when, and for what.")
    ] = False,
    q: Annotated[
        str,
        Query(
            max_length=100,
            description="Words that must all stand in number, offer, Kunde or Bereitsteller, also as parts of longer ones.",
            examples=["Wohngeld Husum"],
        ),
    ] = "",
) -> OrderFilter:
    return OrderFilter(state, party, offering_id, waits_for_me, words_of(q))


Narrowed = Annotated[OrderFilter, Depends(_narrowed)]


def list_routes(router: APIRouter, orders: Orders, offerings: Offerings, words: Vocabulary, idle_after: timedelta) -> None:
    """Add the routes; ``idle_after`` as in the settings, ``words`` those that tables show for codes."""

    @router.get("/orders", name="list", response_model=Page[OrderSummary], responses=TABLE)
    async def list_orders(
        request: Request, caller: CurrentCaller, narrowed: Narrowed, cursor: str | None = None, limit: Limit = 50
    ) -> Response:
        """Vorgänge of your organisation (of your channel, for an Anbieter), newest first.

        Those that wait for you come by how long they do, the longest first. With several filters a page may be shorter than
        `limit` while `next` says that there is more. As text/csv (Accept) it is the whole list, as a table for people.
        """

        def show(order: Order) -> OrderSummary:
            return summary_of(order, party_of(order, caller), idle_after)

        if wants_table(request):
            language = table_language(request)
            rows = (
                (row_of(show(order), words, language) for order in portion) async for portion in orders.whole(caller, narrowed)
            )
            return await table_reply(SHEETS[language], language, rows)
        after = decode_cursor(cursor, (datetime, str))
        found = await orders.page(caller, narrowed, after=after, limit=Page.ahead(limit))
        page = Page.cut(found.orders, limit, narrowed.position_of, show)
        if page.next is None and found.rest is not None:
            page.next = encode_cursor(found.rest)
        return json_reply(page, headers=VARY)

    @router.get("/orders/counts", name="count", response_model=OrderCount)
    async def count_own_orders(caller: CurrentCaller, narrowed: Narrowed) -> Response:
        """How many Vorgänge such a list has for you, all pages together."""
        counted = await orders.count(caller, narrowed)
        return json_reply(OrderCount(count=counted.count, more=counted.more))

    @router.get("/orders/counts/{offering_id}", name="counts", response_model=OfferingCounts)
    async def count_orders(offering_id: EntityId, caller: CurrentCaller) -> Response:
        """Bereitsteller or Anbieter: what a withdrawal of an offer touches, its open Vorgänge by state.

        The Bereitsteller's are those that were forwarded, the Anbieter's those of the own channel.
        """
        side = in_charge_of(await offerings.get(offering_id), caller)
        open_states = [state for state in OrderState if state not in FINAL]
        counts = [await orders.count_of_offering(offering_id, side, caller.organisation, it) for it in open_states]
        states = tuple(
            StateCount(state=state, count=count, may_end=state in BEFORE_ORDER)
            for state, count in zip(open_states, counts, strict=True)
            if count
        )
        return json_reply(OfferingCounts(offering_id=offering_id, your_party=side, states=states))
