"""HTTP API of ordering: translates requests into steps and Vorgänge into answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.ordering import commands, handlers, schemas
from services.ordering.access import party_of, unknown
from services.ordering.commands import bound
from services.ordering.domain import award, clarification, delivery, exits, notice, precheck, steps_back
from services.ordering.domain.checklist import Checklists
from services.ordering.domain.order import Order
from services.ordering.lists_api import list_routes
from services.ordering.reference import Vocabulary
from services.ordering.repository import Offerings, Orders
from services.ordering.views import OrderView, view_of
from shared.aggregate.change import Result
from shared.http.auth import SIGNING, Caller
from shared.http.cached import FRESH_SECONDS, NOT_MODIFIED, public_reply
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch, NeededIdempotencyKey
from shared.http.etag import json_reply
from shared.http.routers import join
from shared.http.steps import Headers, MakingHeaders, StepHeaders
from shared.messages.values import Code, EntityId
from shared.tracing import context


@dataclass(frozen=True, slots=True)
class Backend:
    """What the routes work with."""

    orders: Orders
    offerings: Offerings
    checklists: Checklists
    vocabulary: Vocabulary
    clock: Callable[[], datetime]
    idle_after: timedelta


def routes(backend: Backend) -> APIRouter:
    """Return all routes of the service."""
    router = APIRouter(prefix="/v1", tags=["orders"])
    _reading_routes(router, backend)
    _interest_routes(router, backend)
    steps = APIRouter(prefix="/v1/orders/{order_id}", tags=["orders"])
    _precheck_routes(steps, backend)
    _clarification_routes(steps, backend)
    _award_routes(steps, backend)
    _delivery_routes(steps, backend)
    _ending_routes(steps, backend)
    join(router, steps)
    return router


def _reading_routes(router: APIRouter, backend: Backend) -> None:
    @router.get("/order-vocabulary", response_model=Vocabulary, responses=dict(NOT_MODIFIED))
    async def words(request: Request) -> Response:
        """Words for all codes, German and English, and the transition table (public)."""
        return public_reply(request, backend.vocabulary, FRESH_SECONDS)

    # Before one Vorgang, whose path takes "counts" for an id.
    list_routes(router, backend.orders, backend.offerings, backend.vocabulary, backend.idle_after)

    @router.get("/orders/{order_id}", response_model=OrderView)
    async def read(order_id: EntityId, caller: CurrentCaller) -> Response:
        """One Vorgang in full."""
        context.correlation_id.set(order_id)
        stored = await backend.orders.get(order_id, caller)
        party = party_of(stored.order, caller)
        return json_reply(
            view_of(stored.order, party, backend.clock(), backend.idle_after, stored.refused_events), rev=stored.rev
        )


def _interest_routes(router: APIRouter, backend: Backend) -> None:
    @router.post("/orders", status_code=201, response_model=OrderView)
    async def declare(body: schemas.DeclareInterest, key: NeededIdempotencyKey, _condition: IfMatch) -> Response:
        """Interessensbekundung: begins a Vorgang; the in-house pre-check follows by itself."""
        return await key.run(lambda: _declare(backend, body, key))


def _precheck_routes(router: APIRouter, backend: Backend) -> None:
    @router.post("/recheck", response_model=OrderView)
    async def recheck(order_id: EntityId, headers: Headers) -> Response:
        """Kunde: ask for a new pre-check after mending what was missing."""
        return await take_step(backend, order_id, headers, bound(precheck.recheck))

    @router.post("/channel", response_model=OrderView)
    async def change_channel(order_id: EntityId, body: schemas.ChangeChannel, headers: Headers) -> Response:
        """Kunde: go on through another Anbieter; it is checked anew, and what was settled in the Abstimmung stays."""
        caller = headers.key.caller
        context.correlation_id.set(order_id)

        async def run() -> Response:
            change = await handlers.change_channel(
                backend.orders, backend.offerings, caller, backend.clock(), order_id, body.channel, body.reason
            )
            return _reply(backend, await backend.orders.ledger.apply_one(change, condition=headers.condition), caller)

        return await headers.key.run(run)


def _clarification_routes(router: APIRouter, backend: Backend) -> None:
    post = partial(router.post, response_model=OrderView)

    @post("/clarification", name="clarification")
    async def start_clarification(
        order_id: EntityId, headers: Headers, body: schemas.StartClarification | None = None
    ) -> Response:
        """Bereitsteller: take up the Abstimmung with the list of open points."""
        given = body or schemas.StartClarification()
        further = [point.new() for point in given.points]
        step = bound(clarification.start, backend.checklists, given.anbindungsart, further)
        return await take_step(backend, order_id, headers, step)

    @post("/points", name="points")
    async def add_point(order_id: EntityId, body: schemas.PointBody, headers: MakingHeaders) -> Response:
        """Kunde or Bereitsteller: put a further point on the list."""
        return await take_step(backend, order_id, headers, commands.add_point(body, headers.key.derived_id("point")))

    @post("/points/{point_id}/settle", name="settle")
    async def settle_point(order_id: EntityId, point_id: EntityId, body: schemas.SettlePoint, headers: Headers) -> Response:
        """Owner of the point: settle it with its value."""
        return await take_step(backend, order_id, headers, commands.settle_point(point_id, body))

    @post("/questions", name="questions")
    async def ask(order_id: EntityId, body: schemas.AskQuestion, headers: MakingHeaders) -> Response:
        """Kunde or Bereitsteller: ask the other side."""
        return await take_step(backend, order_id, headers, commands.ask(body, headers.key.derived_id("question")))

    @post("/questions/{question_id}/answer")
    async def answer(order_id: EntityId, question_id: EntityId, body: schemas.AnswerQuestion, headers: Headers) -> Response:
        """The side that was asked: answer."""
        return await take_step(backend, order_id, headers, commands.answer(question_id, body))

    @post("/conditions", name="conditions")
    async def confirm_conditions(order_id: EntityId, body: schemas.ConfirmConditions, headers: Headers) -> Response:
        """Bereitsteller: confirm that and on which conditions reuse is possible."""
        return await take_step(backend, order_id, headers, bound(clarification.confirm_conditions, body.conditions))

    @post("/clarification/reopen", name="reopen")
    async def reopen_clarification(order_id: EntityId, body: schemas.ReopenClarification, headers: Headers) -> Response:
        """Kunde or Bereitsteller: go back to the Abstimmung before anything is ordered; all points stay."""
        return await take_step(backend, order_id, headers, bound(steps_back.reopen_clarification, body.reason))

    @post("/decline")
    async def decline(order_id: EntityId, body: schemas.Decline, headers: Headers) -> Response:
        """Bereitsteller: decline."""
        return await take_step(backend, order_id, headers, bound(exits.decline, body.reason))


def _award_routes(router: APIRouter, backend: Backend) -> None:
    post = partial(router.post, response_model=OrderView)

    @post("/offer", name="offer", openapi_extra=SIGNING)
    async def make_offer(order_id: EntityId, body: schemas.MakeOffer, headers: Headers) -> Response:
        """Anbieter: offer the Nachnutzungsvertrag."""
        return await take_step(backend, order_id, headers, bound(award.make_offer, body.valid_until, body.price_items))

    @post("/offer/amend", name="amend", openapi_extra=SIGNING)
    async def amend_offer(order_id: EntityId, body: schemas.AmendOffer, headers: Headers) -> Response:
        """Anbieter: replace the offer as long as it is not accepted."""
        step = bound(steps_back.amend_offer, body.valid_until, body.price_items, body.reason)
        return await take_step(backend, order_id, headers, step)

    @post("/offer/withdraw", name="withdraw-offer", openapi_extra=SIGNING)
    async def withdraw_offer(order_id: EntityId, body: schemas.WithdrawOffer, headers: Headers) -> Response:
        """Anbieter: take the offer back as long as it is not accepted; another one may follow."""
        return await take_step(backend, order_id, headers, bound(steps_back.withdraw_offer, body.reason))

    @post("/place", openapi_extra=SIGNING)
    async def place(order_id: EntityId, body: schemas.PlaceOrder, headers: Headers) -> Response:
        """Kunde: order (Bestellung); the contract follows by itself if the pre-check leaves the way free."""
        return await take_step(backend, order_id, headers, commands.place(body))


def _delivery_routes(router: APIRouter, backend: Backend) -> None:
    post = partial(router.post, response_model=OrderView)

    @post("/onboarding", name="onboarding")
    async def start_onboarding(order_id: EntityId, headers: Headers, body: schemas.StartOnboarding | None = None) -> Response:
        """Bereitsteller: begin the Anbindung with its milestones."""
        further = [milestone.new() for milestone in (body.milestones if body else ())]
        return await take_step(backend, order_id, headers, bound(delivery.start_onboarding, backend.checklists, further))

    @post("/milestones/{code}/plan", name="plan")
    async def plan_milestone(order_id: EntityId, code: Code, body: schemas.PlanMilestone, headers: Headers) -> Response:
        """Owner of the milestone: set the day by which it is to be reached, or move it with a reason."""
        return await take_step(backend, order_id, headers, bound(delivery.plan_milestone, code, body.day, body.reason))

    @post("/milestones/{code}/reach", name="reach")
    async def reach_milestone(
        order_id: EntityId, code: Code, headers: Headers, body: schemas.ReachMilestone | None = None
    ) -> Response:
        """Owner of the milestone: report it as reached."""
        return await take_step(backend, order_id, headers, commands.reach_milestone(code, body))

    @post("/go-live")
    async def go_live(order_id: EntityId, headers: Headers) -> Response:
        """Bereitsteller: declare productive use."""
        return await take_step(backend, order_id, headers, bound(delivery.go_live))

    @post("/uses")
    async def report_uses(order_id: EntityId, body: schemas.ReportUses, headers: Headers) -> Response:
        """Kunde: report how often the service was used in a month; a new report for the month replaces the one before."""
        return await take_step(backend, order_id, headers, commands.report_uses(body))


def _ending_routes(router: APIRouter, backend: Backend) -> None:
    post = partial(router.post, response_model=OrderView)

    @post("/withdraw", openapi_extra=SIGNING)
    async def withdraw(order_id: EntityId, headers: Headers, body: schemas.Withdraw | None = None) -> Response:
        """Kunde: withdraw; possible until the contract is asked for."""
        return await take_step(backend, order_id, headers, commands.withdraw(body))

    @post("/expire")
    async def expire(order_id: EntityId, headers: Headers) -> Response:
        """Anbieter: let the Vorgang lapse."""
        return await take_step(backend, order_id, headers, bound(exits.expire))

    @post("/terminate", openapi_extra=SIGNING)
    async def terminate(order_id: EntityId, body: schemas.Terminate, headers: Headers) -> Response:
        """Kunde or Anbieter: give notice. The contract decides on it by its agreed period; `notice` shows the answer."""
        return await take_step(backend, order_id, headers, bound(notice.terminate, body.ends_on))

    @post("/end")
    async def end(order_id: EntityId, headers: Headers) -> Response:
        """Anbieter: record the end of use, from the day of the notice on."""
        return await take_step(backend, order_id, headers, bound(notice.end))


async def _declare(backend: Backend, body: schemas.DeclareInterest, key: IdempotencyKey) -> Response:
    change = await commands.declare_interest(
        backend.orders, backend.offerings, key.caller, backend.clock(), body, request_id=key.derived_id("order")
    )
    context.correlation_id.set(change.id)
    result = await backend.orders.ledger.apply_one(change)
    return _reply(backend, result, key.caller, status=201, location=f"/v1/orders/{result.id}")


async def take_step(
    backend: Backend,
    order_id: str,
    headers: StepHeaders,
    step: commands.Step,
    before: Callable[[], Awaitable[None]] | None = None,
) -> Response:
    """Do a step as the caller and return the Vorgang; ``before`` runs first, once the Vorgang is known to be the caller's."""
    caller = headers.key.caller
    context.correlation_id.set(order_id)
    change = handlers.take(order_id, caller, backend.clock(), step)

    async def run() -> Response:
        await backend.orders.require_part(order_id, caller)
        if before is not None:
            await before()
        return _reply(backend, await backend.orders.ledger.apply_one(change, condition=headers.condition), caller)

    return await headers.key.run(run)


def _reply(
    backend: Backend, result: Result[Order], caller: Caller, *, status: int = 200, location: str | None = None
) -> Response:
    order = result.state
    if order is None:
        raise unknown(result.id)
    view = view_of(order, party_of(order, caller), backend.clock(), backend.idle_after)
    return json_reply(view, rev=result.rev, status=status, location=location)
