"""Routes of the quarantine: for the operator all records, for who runs a partner those of that partner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.ordering.domain.quarantine import QuarantineActor, QuarantineCommand, Quarantined
from services.ordering.partners import handlers, schemas
from services.ordering.partners.access import Operator, is_operator, runs
from services.ordering.partners.intake import Intake, Issued, ReceiptStatus
from services.ordering.partners.quarantine import Original, Quarantine
from services.ordering.partners.repository import Partners
from services.ordering.partners.views import Decided, OriginalView, QuarantineView, ReceiptView
from shared.aggregate.change import Change
from shared.aggregate.condition import Condition
from shared.errors import ConflictError, ForbiddenError, InvalidError
from shared.http.auth import Caller
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.ordering_partners import PartnerId, PartnerState, QuarantineState
from shared.messages.values import EntityId, Role
from shared.store.port import Document

Reference = Annotated[EntityId, Path(description="Reference of the record, as its receipt has it.")]
_DOWNLOAD = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class QuarantineBackend:
    """What the routes work with."""

    partners: Partners
    quarantine: Quarantine
    intake: Intake
    clock: Callable[[], datetime]

    async def visible(self, caller: Caller) -> Callable[[Document], bool]:
        """Return what decides whether a stored record is for the caller."""
        if is_operator(caller):
            return lambda _: True
        own = await self.partners.run_by(caller.organisation)
        return lambda record: record["partner"] in own


def routes(backend: QuarantineBackend) -> APIRouter:
    """Return the routes of the quarantine."""
    router = APIRouter(prefix="/v1", tags=["orders", "partner quarantine"])
    _reading_routes(router, backend)
    _deciding_routes(router, backend)
    return router


def _reading_routes(router: APIRouter, backend: QuarantineBackend) -> None:
    @router.get("/partner-quarantine", response_model=Page[QuarantineView])
    async def list_records(
        caller: CurrentCaller,
        partner: Annotated[PartnerId | None, Query(description="Only of this partner; all, for the operator.")] = None,
        state: QuarantineState | None = None,
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Response:
        """Records that could not be taken, newest first; each is deleted 90 days after it came."""
        after = decode_cursor(cursor, (datetime, str))
        if partner is None:
            caller.require(Role.BETREIBER)
        elif not is_operator(caller):
            await backend.partners.find(partner, lambda document: runs(document, caller))
        found = await backend.quarantine.page(partner=partner, state=state, after=after, limit=Page.ahead(limit))
        page = Page.cut(found, limit, lambda it: (it.quarantined_at, it.id), lambda it: QuarantineView.of(it, caller))
        return json_reply(page)

    @router.get("/partner-quarantine/{reference}", response_model=QuarantineView)
    async def read_record(reference: Reference, caller: CurrentCaller) -> Response:
        """One record: where it stood, why it lies here, and what became of it."""
        record, rev = await backend.quarantine.get(reference, await backend.visible(caller))
        return json_reply(QuarantineView.of(record, caller), rev=rev)

    @router.get("/partner-quarantine/{reference}/original", response_model=OriginalView)
    async def read_original(reference: Reference, caller: CurrentCaller) -> Response:
        """The record as it stood on the topic: key, value and headers, in base64."""
        await backend.quarantine.get(reference, await backend.visible(caller))
        return json_reply(OriginalView.of(await backend.quarantine.original(reference)))

    @router.get(
        "/partner-quarantine/{reference}/value",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}, "description": "The bytes of the value."}},
    )
    async def download(reference: Reference, caller: CurrentCaller) -> Response:
        """The value of the record, byte by byte, as a file; nothing for a null value."""
        await backend.quarantine.get(reference, await backend.visible(caller))
        original = await backend.quarantine.original(reference)
        headers = {**_DOWNLOAD, "Content-Disposition": f'attachment; filename="{reference}.bin"'}
        return Response(original.value or b"", headers=headers, media_type="application/octet-stream")


def _deciding_routes(router: APIRouter, backend: QuarantineBackend) -> None:
    @router.post("/partner-quarantine/{reference}/resubmit", response_model=Decided)
    async def resubmit(
        reference: Reference, body: schemas.Event, caller: CurrentCaller, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        """Who runs the partner: send a corrected event instead, signed anew; it goes the same way as one from the topic."""

        async def run() -> Response:
            own = await backend.partners.run_by(caller.organisation)
            record, rev = await backend.quarantine.get(reference, lambda it: is_operator(caller) or it["partner"] in own)
            if record.partner not in own:
                raise ForbiddenError("Only who runs the partner sends its events.", code="partner_not_own")
            await _require_ready(backend, record, rev, QuarantineCommand.RESUBMIT, QuarantineActor.PARTNER, condition)
            place = await backend.quarantine.original(reference)
            event = replace(place, appended_at=backend.clock(), key=None, value=body.event.encode(), headers=(), shortened=False)
            issued = await backend.intake.take(record.partner, event)
            if issued.status is not ReceiptStatus.ACCEPTED:
                return json_reply(Decided(record=QuarantineView.of(record, caller), receipt=ReceiptView.of(issued)), rev=rev)
            change = handlers.resubmitted(reference, issued.id, caller.subject, backend.clock())
            return await _decided(backend, change, issued, caller)

        return await key.run(run)

    @router.post("/partner-quarantine/{reference}/replay", response_model=Decided)
    async def replay(reference: Reference, operator: Operator, key: IdempotencyKey, condition: IfMatch) -> Response:
        """Operator: have the same bytes go their way once more, after a fault on our side was put right."""

        async def run() -> Response:
            record, rev = await backend.quarantine.get(reference, await backend.visible(operator))
            await _require_ready(backend, record, rev, QuarantineCommand.REPLAY, QuarantineActor.OPERATOR, condition)
            issued = await backend.intake.take(record.partner, await _whole(backend, reference))
            if issued.status is ReceiptStatus.QUARANTINED:
                return json_reply(Decided(record=QuarantineView.of(record, operator), receipt=ReceiptView.of(issued)), rev=rev)
            change = handlers.replayed(reference, issued.id, operator.subject, backend.clock())
            return await _decided(backend, change, issued, operator)

        return await key.run(run)

    @router.post("/partner-quarantine/{reference}/discard", response_model=QuarantineView)
    async def discard(
        reference: Reference, body: schemas.WithReason, operator: Operator, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        """Operator: state that nothing is to come of the record. It is deleted at its time all the same."""
        change = handlers.discard(reference, body.reason, operator.subject, backend.clock())

        async def run() -> Response:
            result = await backend.quarantine.ledger.apply_one(change, condition=condition)
            assert result.state is not None  # noqa: S101 - a change that is not refused leaves a state
            return json_reply(QuarantineView.of(result.state, operator), rev=result.rev)

        return await key.run(run)


async def _require_ready(
    backend: QuarantineBackend,
    record: Quarantined,
    rev: int,
    command: QuarantineCommand,
    actor: QuarantineActor,
    condition: Condition | None,
) -> None:
    """Return if an event may go its way for a record now. Raises ConflictError, IllegalMoveError, PreconditionFailedError."""
    if condition is not None:
        condition.require(record.id, rev)
    record.require_open(command, actor)
    partner, _ = await backend.partners.get(record.partner)
    if partner.state is not PartnerState.ACTIVE:
        raise ConflictError(
            f"The partner {partner.id} is {partner.state}: none of its events is taken.",
            code="partner_not_active",
            partner=partner.id,
        )


async def _whole(backend: QuarantineBackend, reference: str) -> Original:
    original = await backend.quarantine.original(reference)
    if original.shortened:
        raise InvalidError(
            "The record was too large to be stored as a whole, so it cannot go its way again. The partner must send another.",
            code="record_shortened",
            reference=reference,
        )
    return original


async def _decided(backend: QuarantineBackend, change: Change[Quarantined], issued: Issued, caller: Caller) -> Response:
    result = await backend.quarantine.ledger.apply_one(change)
    assert result.state is not None  # noqa: S101 - a change that is not refused leaves a state
    view = Decided(record=QuarantineView.of(result.state, caller), receipt=ReceiptView.of(issued))
    return json_reply(view, rev=result.rev)
