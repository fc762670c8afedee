"""Routes by which a named person decides beside a verdict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from services.eligibility import handlers, schemas, views
from services.eligibility.access import viewer_of
from services.eligibility.repository import Verdicts
from shared.errors import ForbiddenError
from shared.http.auth import SIGNING, Caller
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch
from shared.http.etag import json_reply
from shared.messages.eligibility import Decision, Override
from shared.messages.values import EntityId, Role, Verdict
from shared.tracing import context


def override_routes(verdicts: Verdicts, clock: Callable[[], datetime]) -> APIRouter:
    """Return the routes; only the Anbieter of the order's channel decides."""
    router = APIRouter(prefix="/v1")

    @router.post(
        "/verdicts/{order_id}/overrides",
        response_model=views.VerdictView,
        tags=["verdicts"],
        openapi_extra=SIGNING,
        summary="Decide beside the verdict: let the award go on, or stop it (a named person of the Anbieter)",
    )
    async def override(
        order_id: EntityId, request: schemas.OverrideRequest, caller: CurrentCaller, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        context.correlation_id.set(order_id)

        async def run() -> Response:
            viewer = viewer_of(caller)
            state, _ = await verdicts.get(order_id, viewer)
            if caller.channel is not state.channel:
                raise ForbiddenError("Only the Anbieter of the order's channel decides.", code="other_channel")
            decided = _override(request, caller, state.last.assessment.verdict, clock())
            result = await verdicts.ledger.apply_one(handlers.override(order_id, decided), condition=condition)
            return json_reply(views.VerdictView.of(result.state or state, viewer), rev=result.rev)

        return await key.run(run)

    return router


def _override(request: schemas.OverrideRequest, caller: Caller, verdict: Verdict, at: datetime) -> Override:
    return Override(
        check=request.check,
        verdict=verdict,
        verdict_hash=request.verdict_hash,
        decision=Decision(request.decision),
        by=caller.subject,
        role=Role.ANBIETER,
        at=at,
        reason=request.reason,
        valid_until=request.valid_until,
        evidence=tuple(request.evidence),
    )
