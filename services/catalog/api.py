"""The catalog's API: the form and its way to publication, for those in charge. Only translates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from services.catalog import handlers
from services.catalog.access import capacities
from services.catalog.catalogue import ReferenceReader
from services.catalog.domain.offering import Offering
from services.catalog.repository import Offerings
from services.catalog.schemas.offering import (
    BereitstellungsvertragRequest,
    FormRequest,
    MyOffering,
    OfferingReply,
    ReasonRequest,
    RemarksRequest,
)
from services.catalog.search import Schaufenster
from shared.aggregate.change import Change
from shared.aggregate.condition import Condition
from shared.http.auth import Caller, needs
from shared.http.etag import condition_of, json_reply
from shared.http.idempotency import Idempotency
from shared.http.paging import Limit, Page, decode_cursor
from shared.http.problem import RefusedRequestError
from shared.messages.values import OfferingState, Role


@dataclass(frozen=True, slots=True)
class Catalog:
    """What the routes work with."""

    offerings: Offerings
    reference: ReferenceReader
    schaufenster: Schaufenster
    clock: Callable[[], datetime]


class View(StrEnum):
    """Whose work list: one's own offers, or those handed in to one's channel."""

    BEREITSTELLER = "bereitsteller"
    ANBIETER = "anbieter"


Bereitsteller = Annotated[Caller, Depends(needs(Role.BEREITSTELLER))]
InCharge = Annotated[Caller, Depends(needs(Role.BEREITSTELLER, Role.ANBIETER, Role.BETREIBER))]
AtWork = Annotated[Caller, Depends(needs(Role.BEREITSTELLER, Role.ANBIETER))]
Conditional = Annotated[Condition | None, Depends(condition_of)]
Once = Annotated[Idempotency, Depends()]


def build_router(catalog: Catalog) -> APIRouter:
    """Return the routes on which offers are made and moved."""
    router = APIRouter(prefix="/v1", tags=["offerings"])
    _form(router, catalog)
    _review(router, catalog)
    _life(router, catalog)
    _work_list(router, catalog)
    return router


async def _move(catalog: Catalog, change: Change[Offering], caller: Caller, condition: Condition | None) -> Response:
    # Before the revision is compared: a stranger gets 404, never a 412 that tells there is something.
    await catalog.offerings.require_visible(change.id, caller)
    result = await catalog.offerings.ledger.apply_one(change, condition=condition)
    assert result.state is not None  # noqa: S101 - a change that is not refused leaves a state
    return _reply(result.state, result.rev, caller)


def _form(router: APIRouter, catalog: Catalog) -> None:
    @router.post("/offerings", status_code=201, response_model=OfferingReply)
    async def create_offering(body: FormRequest, caller: Bereitsteller, once: Once) -> Response:
        """Begin an offer with the standard form, as a draft that only the own organisation sees."""
        once.required()

        async def create() -> Response:
            change = handlers.create_draft(body.form(), caller, once.derived_id("offering"), catalog.clock())
            result = await catalog.offerings.ledger.apply_one(change)
            assert result.state is not None  # noqa: S101 - as above
            location = f"/v1/offerings/{result.id}"
            return _reply(result.state, result.rev, caller, status=201, location=location)

        return await once.run(create)

    @router.put("/offerings/{offering_id}", response_model=OfferingReply)
    async def edit_offering(offering_id: str, body: FormRequest, caller: Bereitsteller, condition: Conditional) -> Response:
        """Replace the form of a draft; of a public offer, publish a new version. Needs If-Match."""
        if condition is None or condition.revision is None:
            raise RefusedRequestError(
                "This request needs an If-Match header with the ETag as it was read.", status=428, code="if_match_missing"
            )
        snapshot = await catalog.reference.current()
        change = handlers.edit(offering_id, body.form(), snapshot.catalogue, caller, catalog.clock())
        return await _move(catalog, change, caller, condition)


def _review(router: APIRouter, catalog: Catalog) -> None:
    @router.post("/offerings/{offering_id}/submit", response_model=OfferingReply)
    async def submit(offering_id: str, caller: InCharge, condition: Conditional, once: Once) -> Response:
        """Hand the form in to the Anbieter. A form that is not complete is refused, every failing point named."""

        async def run() -> Response:
            snapshot = await catalog.reference.current()
            return await _move(
                catalog, handlers.submit(offering_id, snapshot.catalogue, caller, catalog.clock()), caller, condition
            )

        return await once.run(run)

    @router.post("/offerings/{offering_id}/return", response_model=OfferingReply)
    async def send_back(offering_id: str, body: RemarksRequest, caller: InCharge, condition: Conditional, once: Once) -> Response:
        """Return the form to the Bereitsteller with remarks."""
        return await once.run(
            lambda: _move(catalog, handlers.send_back(offering_id, body.remarks, caller, catalog.clock()), caller, condition)
        )

    @router.post("/offerings/{offering_id}/accept", response_model=OfferingReply)
    async def accept(offering_id: str, caller: InCharge, condition: Conditional, once: Once) -> Response:
        """Find the form in order; the Bereitstellungsvertrag comes next."""
        return await once.run(lambda: _move(catalog, handlers.accept(offering_id, caller, catalog.clock()), caller, condition))

    @router.post("/offerings/{offering_id}/bereitstellungsvertrag", response_model=OfferingReply)
    async def bereitstellungsvertrag(
        offering_id: str, body: BereitstellungsvertragRequest, caller: InCharge, condition: Conditional, once: Once
    ) -> Response:
        """Record the signed Bereitstellungsvertrag of the own channel; the first one publishes the offer."""
        return await once.run(
            lambda: _move(
                catalog,
                handlers.record_bereitstellungsvertrag(offering_id, body.number, body.signed_at, caller, catalog.clock()),
                caller,
                condition,
            )
        )


def _life(router: APIRouter, catalog: Catalog) -> None:
    @router.post("/offerings/{offering_id}/suspend", response_model=OfferingReply)
    async def suspend(offering_id: str, body: ReasonRequest, caller: InCharge, condition: Conditional, once: Once) -> Response:
        """Take no new interest for the time being."""
        return await once.run(
            lambda: _move(catalog, handlers.suspend(offering_id, body.reason, caller, catalog.clock()), caller, condition)
        )

    @router.post("/offerings/{offering_id}/resume", response_model=OfferingReply)
    async def resume(offering_id: str, caller: InCharge, condition: Conditional, once: Once) -> Response:
        """Take interest again; for whoever has suspended the offer, and the operator."""
        return await once.run(lambda: _move(catalog, handlers.resume(offering_id, caller, catalog.clock()), caller, condition))

    @router.post("/offerings/{offering_id}/withdraw", response_model=OfferingReply)
    async def withdraw(offering_id: str, body: ReasonRequest, caller: InCharge, condition: Conditional, once: Once) -> Response:
        """End the offer for good; contracts that exist go on."""
        return await once.run(
            lambda: _move(catalog, handlers.withdraw(offering_id, body.reason, caller, catalog.clock()), caller, condition)
        )


def _work_list(router: APIRouter, catalog: Catalog) -> None:
    @router.get("/my/offerings")
    async def my_offerings(
        caller: AtWork,
        view: View | None = None,
        state: OfferingState | None = None,
        cursor: Annotated[str | None, Query()] = None,
        limit: Limit = 50,
    ) -> Page[MyOffering]:
        """List the own offers, or those handed in to one's channel (``view``; an Anbieter's default), last changed first."""
        after = decode_cursor(cursor, (datetime, str))
        chosen = view or (View.ANBIETER if Role.ANBIETER in caller.roles else View.BEREITSTELLER)
        if chosen is View.ANBIETER:
            found = await catalog.offerings.of_channel(caller.channel, state, after, Page.ahead(limit))
        else:
            caller.require(Role.BEREITSTELLER)
            found = await catalog.offerings.of_provider(caller.organisation, state, after, Page.ahead(limit))

        def show(entry: tuple[Offering, int]) -> MyOffering:
            offering, rev = entry
            return MyOffering.of(offering, rev, capacities(offering, caller))

        return Page.cut(found, limit, lambda entry: (entry[0].changed_at, entry[0].id), show)


def _reply(offering: Offering, rev: int, caller: Caller | None, status: int = 200, location: str | None = None) -> Response:
    actors = [] if caller is None else capacities(offering, caller)
    return json_reply(OfferingReply.of(offering, actors), rev=rev, status=status, location=location)
