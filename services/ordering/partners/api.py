"""Routes of the partner registry: they translate, the handlers decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.ordering.domain.partner.partner import Partner
from services.ordering.domain.partner.transitions import PartnerActor
from services.ordering.partners import handlers, schemas
from services.ordering.partners.access import Operator, acting, capacity_of, is_operator, may_see, runs
from services.ordering.partners.repository import Partners, position_of
from services.ordering.partners.rotation import RotationReader
from services.ordering.partners.stated import key_stated
from services.ordering.partners.views import History, HistoryItem, PartnerSummary, PartnerView
from shared.aggregate.change import Change
from shared.aggregate.condition import Condition
from shared.http.auth import Caller
from shared.http.dependencies import CurrentCaller, IdempotencyKey, IfMatch, NeededIfMatch
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.messages.ordering_partners import KeyId, PartnerId, PartnerState

Id = Annotated[PartnerId, Path(description="Id of the partner.", examples=["nord"])]
Kid = Annotated[KeyId, Path(description="Id of the key.")]


@dataclass(frozen=True, slots=True)
class Registry:
    """What the routes work with."""

    partners: Partners
    clock: Callable[[], datetime]
    read_rotation: RotationReader
    key_overlap: timedelta


def routes(registry: Registry) -> APIRouter:
    """Return the routes of the partner registry."""
    router = APIRouter(prefix="/v1", tags=["orders", "partners"])
    _reading_routes(router, registry)
    _operators_routes(router, registry)
    _key_routes(router, registry)
    return router


def _reading_routes(router: APIRouter, registry: Registry) -> None:
    @router.get("/partners", response_model=Page[PartnerSummary])
    async def list_partners(
        caller: CurrentCaller, state: PartnerState | None = None, cursor: str | None = None, limit: Limit = 50
    ) -> Response:
        """Partner systems in the order of their registration: all for the operator, else those that your organisation runs."""
        after = decode_cursor(cursor, (datetime, str))
        run_by = None if is_operator(caller) else caller.organisation
        found = await registry.partners.page(run_by=run_by, state=state, after=after, limit=Page.ahead(limit))
        return json_reply(Page.cut(found, limit, position_of, PartnerSummary.of))

    @router.get("/partners/{partner_id}", response_model=PartnerView)
    async def read_partner(partner_id: Id, caller: CurrentCaller) -> Response:
        """One partner system, as far as it is yours: whole if you run it, else that it may act for your organisation."""
        partner, rev = await registry.partners.find(partner_id, partial(may_see, caller=caller))
        return json_reply(PartnerView.of(partner, caller, capacity_of(partner, caller)), rev=rev)

    @router.get("/partners/{partner_id}/history", response_model=History)
    async def read_history(partner_id: Id, caller: CurrentCaller) -> Response:
        """Who changed what of a partner system when; for the operator and for who runs it."""
        visible = partial(runs, caller=caller)
        partner, rev = await registry.partners.find(partner_id, lambda it: is_operator(caller) or visible(it))
        items = [HistoryItem.of(line, caller) for line in partner.history]
        return json_reply(History(items=items, omitted=partner.history_omitted), rev=rev)


def _operators_routes(router: APIRouter, registry: Registry) -> None:
    post = partial(router.post, response_model=PartnerView)

    @post("/partners", status_code=201)
    async def register(body: schemas.RegisterPartner, operator: Operator, key: IdempotencyKey, condition: IfMatch) -> Response:
        """Operator: register a partner system. Its topics and its Kafka user are made beside it: `marktplatz partners topics`."""
        change = handlers.register(body.id, body.profile(), acting(operator, PartnerActor.OPERATOR), registry.clock())
        location = f"/v1/partners/{body.id}"
        return await key.run(lambda: _apply(registry, change, operator, condition, status=201, location=location))

    @router.put("/partners/{partner_id}", response_model=PartnerView)
    async def change(
        partner_id: Id, body: schemas.ChangePartner, operator: Operator, key: IdempotencyKey, condition: NeededIfMatch
    ) -> Response:
        """Operator: replace what is stated of a partner system."""
        change = handlers.change(partner_id, body.profile(), acting(operator, PartnerActor.OPERATOR), registry.clock())
        return await key.run(lambda: _apply(registry, change, operator, condition))

    @post("/partners/{partner_id}/suspend")
    async def suspend(
        partner_id: Id, body: schemas.WithReason, operator: Operator, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        """Operator: stop reading the partner's events; its records wait on its topic as long as that holds them."""
        change = handlers.suspend(partner_id, body.reason, acting(operator, PartnerActor.OPERATOR), registry.clock())
        return await key.run(lambda: _apply(registry, change, operator, condition))

    @post("/partners/{partner_id}/resume")
    async def resume(partner_id: Id, operator: Operator, key: IdempotencyKey, condition: IfMatch) -> Response:
        """Operator: read the partner's events again, from where the reading stopped."""
        change = handlers.resume(partner_id, acting(operator, PartnerActor.OPERATOR), registry.clock())
        return await key.run(lambda: _apply(registry, change, operator, condition))

    @post("/partners/{partner_id}/remove")
    async def remove(
        partner_id: Id, body: schemas.WithReason, operator: Operator, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        """Operator: end the partner for good; its id stays taken, its contact is deleted, its topics may go."""
        change = handlers.remove(partner_id, body.reason, acting(operator, PartnerActor.OPERATOR), registry.clock())
        return await key.run(lambda: _apply(registry, change, operator, condition))


def _key_routes(router: APIRouter, registry: Registry) -> None:
    post = partial(router.post, response_model=PartnerView)

    @post("/partners/{partner_id}/keys")
    async def add_key(
        partner_id: Id, body: schemas.AddKey, operator: Operator, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        """Operator: add a public key of the partner, handed over on a way that proves whose it is."""
        at = registry.clock()
        added = key_stated(body.jwk, body.kid, body.valid_from or at, body.valid_until)
        change = handlers.add_key(partner_id, added, acting(operator, PartnerActor.OPERATOR), at)
        return await key.run(lambda: _apply(registry, change, operator, condition))

    @post("/partners/{partner_id}/key-rotations")
    async def rotate_key(
        partner_id: Id, body: schemas.Event, caller: CurrentCaller, key: IdempotencyKey, condition: IfMatch
    ) -> Response:
        """Who runs the partner: replace its key, by an event `partner.key.rotation-requested.v1` that a valid key has signed.

        Its `data` holds `jwk`, the new public key, and may hold its `kid`. The key that has signed ends after an overlap.
        """

        async def run() -> Response:
            at = registry.clock()
            partner, _ = await registry.partners.find(partner_id, partial(runs, caller=caller))
            asked = registry.read_rotation(body.event.encode(), partner, at)
            added = key_stated(asked.jwk, asked.kid, at, None)
            by = acting(caller, PartnerActor.PARTNER)
            change = handlers.rotate_key(partner_id, asked.signed_with, added, at + registry.key_overlap, by, at)
            return await _apply(registry, change, caller, condition)

        return await key.run(run)

    @post("/partners/{partner_id}/keys/{kid}/retire")
    async def retire_key(
        partner_id: Id,
        kid: Kid,
        operator: Operator,
        key: IdempotencyKey,
        condition: IfMatch,
        body: schemas.RetireKey | None = None,
    ) -> Response:
        """Operator: set the end of a key. What the broker appended from then on is not believed any more."""
        at = registry.clock()
        until = (body.until if body else None) or at
        change = handlers.retire_key(partner_id, kid, until, acting(operator, PartnerActor.OPERATOR), at)
        return await key.run(lambda: _apply(registry, change, operator, condition))


async def _apply(
    registry: Registry,
    change: Change[Partner],
    caller: Caller,
    condition: Condition | None,
    *,
    status: int = 200,
    location: str | None = None,
) -> Response:
    result = await registry.partners.ledger.apply_one(change, condition=condition)
    assert result.state is not None  # noqa: S101 - a change that is not refused leaves a state
    view = PartnerView.of(result.state, caller, capacity_of(result.state, caller))
    return json_reply(view, rev=result.rev, status=status, location=location)
