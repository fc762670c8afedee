"""HTTP API of ordering: translates requests into use cases and Vorgänge into answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from services.ordering import handlers, schemas
from services.ordering.access import party_of, unknown
from services.ordering.domain.checklist import Checklists
from services.ordering.domain.order import Order
from services.ordering.reference import Vocabulary
from services.ordering.repository import Offerings, Orders
from services.ordering.views import OrderSummary, OrderView, summary_of, view_of
from shared.aggregate.change import Change, Result
from shared.aggregate.condition import Condition
from shared.http.auth import Caller, authenticated
from shared.http.etag import condition_of, json_reply
from shared.http.idempotency import Idempotency
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.ordering import OrderParty
from shared.messages.values import Code, EntityId, OrderState
from shared.tracing import context


class Call:
    """What every changing request carries: who asks, its Idempotency-Key, and the condition it sets."""

    def __init__(
        self,
        idempotency: Annotated[Idempotency, Depends()],
        condition: Annotated[Condition | None, Depends(condition_of)],
    ) -> None:
        self.idempotency = idempotency
        self.caller = idempotency.caller
        self.condition = condition


Changing = Annotated[Call, Depends()]
Reading = Annotated[Caller, Depends(authenticated)]


@dataclass(frozen=True, slots=True)
class OrderApi:
    """The operations, bound to their parts."""

    orders: Orders
    offerings: Offerings
    checklists: Checklists
    vocabulary: Vocabulary
    clock: Callable[[], datetime]

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(tags=["orders"])
        router.add_api_route("/v1/order-vocabulary", self.words, methods=["GET"], response_model=Vocabulary)
        router.add_api_route("/v1/orders", self.list, methods=["GET"], response_model=Page[OrderSummary])
        router.add_api_route("/v1/orders/{order_id}", self.read, methods=["GET"], response_model=OrderView)
        router.add_api_route("/v1/orders", self.declare, methods=["POST"], status_code=201, response_model=OrderView)
        steps: dict[str, Callable[..., Any]] = {
            "recheck": self.recheck,
            "clarification": self.clarification,
            "points": self.points,
            "points/{point_id}/settle": self.settle,
            "questions": self.questions,
            "questions/{question_id}/answer": self.answer,
            "conditions": self.conditions,
            "decline": self.decline,
            "offer": self.offer,
            "place": self.place,
            "onboarding": self.onboarding,
            "milestones/{code}/reach": self.reach,
            "go-live": self.go_live,
            "withdraw": self.withdraw,
            "expire": self.expire,
            "terminate": self.terminate,
            "end": self.end,
        }
        for path, operation in steps.items():
            router.add_api_route(f"/v1/orders/{{order_id}}/{path}", operation, methods=["POST"], response_model=OrderView)
        return router

    async def words(self) -> Response:
        """Words for all codes, German and English, and the transition table (public)."""
        return json_reply(self.vocabulary)

    async def list(
        self,
        caller: Reading,
        state: OrderState | None = None,
        party: Annotated[OrderParty | None, Query(description="Only those in which you are this side.")] = None,
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Response:
        """Vorgänge of your organisation (of your channel, for an Anbieter), newest first."""
        after = decode_cursor(cursor, (datetime, str))
        orders = await self.orders.page(caller, state=state, party=party, after=after, limit=Page.ahead(limit))
        page = Page.cut(orders, limit, lambda it: (it.declared_at, it.id), lambda it: summary_of(it, party_of(it, caller)))
        return json_reply(page)

    async def read(self, order_id: EntityId, caller: Reading) -> Response:
        """One Vorgang in full."""
        context.correlation_id.set(order_id)
        stored = await self.orders.get(order_id, caller)
        party = party_of(stored.order, caller)
        return json_reply(view_of(stored.order, party, self.clock(), stored.refused_events), rev=stored.rev)

    async def declare(self, body: schemas.DeclareInterest, call: Changing) -> Response:
        """Interessensbekundung: begins a Vorgang; the in-house pre-check follows by itself."""
        call.idempotency.required()

        async def operation() -> Response:
            change = await handlers.declare_interest(
                self.orders,
                self.offerings,
                call.caller,
                self.clock(),
                request_id=call.idempotency.derived_id("order"),
                offering_id=body.offering_id,
                channel=body.channel,
                message=body.message,
                anbindungsart=body.anbindungsart,
            )
            context.correlation_id.set(change.id)
            return self._reply(await self.orders.ledger.apply_one(change), call.caller, created=True)

        return await call.idempotency.run(operation)

    async def recheck(self, order_id: EntityId, call: Changing) -> Response:
        """Kunde: ask for a new pre-check after mending what was missing."""
        return await self._apply(handlers.recheck(order_id, call.caller, self.clock()), call)

    async def clarification(self, order_id: EntityId, call: Changing, body: schemas.StartClarification | None = None) -> Response:
        """Bereitsteller: take up the Abstimmung with the list of open points."""
        given = body or schemas.StartClarification()
        points = [point.new() for point in given.points]
        change = handlers.start_clarification(order_id, call.caller, self.clock(), self.checklists, given.anbindungsart, points)
        return await self._apply(change, call)

    async def points(self, order_id: EntityId, body: schemas.PointBody, call: Changing) -> Response:
        """Kunde or Bereitsteller: put a further point on the list."""
        call.idempotency.required()
        point_id = call.idempotency.derived_id("point")
        return await self._apply(handlers.add_point(order_id, call.caller, self.clock(), point_id, body.new()), call)

    async def settle(self, order_id: EntityId, point_id: EntityId, body: schemas.SettlePoint, call: Changing) -> Response:
        """Owner of the point: settle it with its value."""
        change = handlers.settle_point(order_id, call.caller, self.clock(), point_id, body.value, body.note)
        return await self._apply(change, call)

    async def questions(self, order_id: EntityId, body: schemas.AskQuestion, call: Changing) -> Response:
        """Kunde or Bereitsteller: ask the other side."""
        call.idempotency.required()
        question_id = call.idempotency.derived_id("question")
        return await self._apply(handlers.ask(order_id, call.caller, self.clock(), question_id, body.text), call)

    async def answer(self, order_id: EntityId, question_id: EntityId, body: schemas.AnswerQuestion, call: Changing) -> Response:
        """The side that was asked: answer."""
        return await self._apply(handlers.answer(order_id, call.caller, self.clock(), question_id, body.text), call)

    async def conditions(self, order_id: EntityId, body: schemas.ConfirmConditions, call: Changing) -> Response:
        """Bereitsteller: confirm that and on which conditions reuse is possible."""
        change = handlers.confirm_conditions(order_id, call.caller, self.clock(), body.conditions)
        return await self._apply(change, call)

    async def decline(self, order_id: EntityId, body: schemas.Decline, call: Changing) -> Response:
        """Bereitsteller: decline."""
        return await self._apply(handlers.decline(order_id, call.caller, self.clock(), body.reason), call)

    async def offer(self, order_id: EntityId, body: schemas.MakeOffer, call: Changing) -> Response:
        """Anbieter: offer the Nachnutzungsvertrag."""
        change = handlers.make_offer(order_id, call.caller, self.clock(), body.valid_until, body.price_items)
        return await self._apply(change, call)

    async def place(self, order_id: EntityId, body: schemas.PlaceOrder, call: Changing) -> Response:
        """Kunde: order (Bestellung); the contract follows by itself if the pre-check leaves the way free."""
        change = handlers.place(
            order_id,
            call.caller,
            self.clock(),
            accepts_agb=body.accepts_agb,
            leitweg_id=body.leitweg_id,
            order_reference=body.order_reference,
        )
        return await self._apply(change, call)

    async def onboarding(self, order_id: EntityId, call: Changing, body: schemas.StartOnboarding | None = None) -> Response:
        """Bereitsteller: begin the Anbindung with its milestones."""
        milestones = [milestone.new() for milestone in (body.milestones if body else ())]
        change = handlers.start_onboarding(order_id, call.caller, self.clock(), self.checklists, milestones)
        return await self._apply(change, call)

    async def reach(self, order_id: EntityId, code: Code, call: Changing, body: schemas.ReachMilestone | None = None) -> Response:
        """Owner of the milestone: report it as reached."""
        return await self._apply(
            handlers.reach_milestone(order_id, call.caller, self.clock(), code, body.note if body else None), call
        )

    async def go_live(self, order_id: EntityId, call: Changing) -> Response:
        """Bereitsteller: declare productive use."""
        return await self._apply(handlers.go_live(order_id, call.caller, self.clock()), call)

    async def withdraw(self, order_id: EntityId, call: Changing, body: schemas.Withdraw | None = None) -> Response:
        """Kunde: withdraw; possible until the contract is asked for."""
        return await self._apply(handlers.withdraw(order_id, call.caller, self.clock(), body.reason if body else None), call)

    async def expire(self, order_id: EntityId, call: Changing) -> Response:
        """Anbieter: let the Vorgang lapse."""
        return await self._apply(handlers.expire(order_id, call.caller, self.clock()), call)

    async def terminate(self, order_id: EntityId, body: schemas.Terminate, call: Changing) -> Response:
        """Kunde or Anbieter: give notice."""
        return await self._apply(handlers.terminate(order_id, call.caller, self.clock(), body.ends_on), call)

    async def end(self, order_id: EntityId, call: Changing) -> Response:
        """Anbieter: record the end of use, from the day of the notice on."""
        return await self._apply(handlers.end(order_id, call.caller, self.clock()), call)

    async def _apply(self, change: Change[Order], call: Call) -> Response:
        context.correlation_id.set(change.id)

        async def operation() -> Response:
            await self.orders.require_part(change.id, call.caller)
            result = await self.orders.ledger.apply_one(change, condition=call.condition)
            return self._reply(result, call.caller)

        return await call.idempotency.run(operation)

    def _reply(self, result: Result[Order], caller: Caller, *, created: bool = False) -> Response:
        order = result.state
        if order is None:
            raise unknown(result.id)
        view = view_of(order, party_of(order, caller), self.clock())
        if created:
            return json_reply(view, rev=result.rev, status=201, location=f"/v1/orders/{order.id}")
        return json_reply(view, rev=result.rev)
