"""HTTP API of ordering together: one act for several Vorgänge, by the step that orders a single one."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from services.ordering import commands, handlers
from services.ordering.access import CUSTOMER_ROLES, party_of
from services.ordering.api import Backend
from services.ordering.placements.schemas import (
    Outcome,
    PlacedEntry,
    PlacementProblem,
    PlacementResult,
    PlacementView,
    PlaceTogether,
    TogetherView,
)
from services.ordering.views import summary_of
from shared.aggregate.condition import Condition
from shared.errors import NotFoundError, OutcomeUnknownError, RejectedError
from shared.http.auth import SIGNING, Caller
from shared.http.dependencies import CurrentCaller, NeededIdempotencyKey
from shared.http.etag import json_reply
from shared.http.faults import language_of
from shared.http.german import detail_in
from shared.messages.values import EntityId


def routes(backend: Backend) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/orders/placements", tags=["orders"])

    @router.post("", name="place-together", response_model=PlacementView, openapi_extra=SIGNING)
    async def place_together(body: PlaceTogether, key: NeededIdempotencyKey) -> Response:
        """Kunde: order several Vorgänge in one act.

        Each is ordered or refused by itself, by the rules of its own `place`; `results` says of each what became of it. If one of
        them is not yours, none is ordered.
        """
        return await key.run(lambda: _place(backend, body, key))

    @router.get("/{placement_id}", name="placement", response_model=TogetherView)
    async def read_placement(placement_id: EntityId, caller: CurrentCaller) -> Response:
        """Read which of your Vorgänge were ordered in one act."""
        found = await backend.orders.placed_together(placement_id, caller)
        if not found:
            raise NotFoundError(f"There is no placement {placement_id}.", code="placement_not_found", id=placement_id)
        orders = tuple(summary_of(it, party_of(it, caller), backend.idle_after) for it in found)
        return json_reply(TogetherView(id=placement_id, orders=orders))

    return router


async def _place(backend: Backend, body: PlaceTogether, key: NeededIdempotencyKey) -> Response:
    # Before anything is ordered: who names a Vorgang that is not theirs learns nothing of any.
    for entry in body.orders:
        await backend.orders.require_part(entry.order_id, key.caller)
    key.caller.require(*CUSTOMER_ROLES)
    placement_id, at = key.derived_id("placement"), backend.clock()
    language = language_of(key.request)
    results = [await _placed(backend, entry, placement_id, key.caller, at, language) for entry in body.orders]
    return json_reply(PlacementView(id=placement_id, results=tuple(results)))


async def _placed(
    backend: Backend, entry: PlacedEntry, placement_id: str, caller: Caller, at: datetime, language: str
) -> PlacementResult:
    """Order one Vorgang and return what became of it, a refusal in the language of the reader.

    Raises RetryableError: the same request may then be sent again.
    """
    change = handlers.take(entry.order_id, caller, at, commands.place(entry, placement_id))
    condition = None if entry.revision is None else Condition(revision=entry.revision)
    try:
        result = await backend.orders.ledger.apply_one(change, condition=condition)
        if result.state is None or result.state.placement_id != placement_id:
            # A repeat that only asks what had become of it: the Vorgang itself says whether it was ordered in this act.
            raise OutcomeUnknownError("It was not ordered in this act; the first answer to this request said why.")
    except RejectedError as error:
        detail = detail_in(language, error.code, error.detail)
        problem = PlacementProblem(status=error.status, code=error.code, detail=detail)
        return PlacementResult(order_id=entry.order_id, outcome=Outcome.REFUSED, problem=problem)
    return PlacementResult(order_id=entry.order_id, outcome=Outcome.PLACED, state=result.state.state, revision=result.rev)
