"""HTTP API of the catalog: the form and its way to publication, for those in charge. Only translates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count
from typing import Annotated, ParamSpec

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.catalog import handlers
from services.catalog.access import capacities, seen_by, unknown
from services.catalog.accreditations import Accreditations
from services.catalog.catalogue import ReferenceReader
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import Offering
from services.catalog.domain.steps import StepFunction
from services.catalog.domain.transitions import Actor
from services.catalog.lists import OfferingList, View
from services.catalog.public_api import public_routes
from services.catalog.repository import Offerings
from services.catalog.reuse import Reuses
from services.catalog.schemas.listing import FacetWords
from services.catalog.schemas.offering import (
    BereitstellungsvertragRequest,
    FormRequest,
    MyOffering,
    OfferingReply,
    ReasonRequest,
    RemarksRequest,
    WithdrawalRequest,
)
from services.catalog.schemas.table import SHEETS, row_of
from services.catalog.search import Schaufenster
from services.catalog.versions.api import version_routes
from services.catalog.versions.repository import Versions
from services.catalog.vocabulary import Vocabulary
from shared.aggregate.change import Change, Result
from shared.aggregate.condition import Condition
from shared.errors import PreconditionFailedError
from shared.http.auth import SIGNING, Caller, needs
from shared.http.dependencies import NeededIdempotencyKey, NeededIfMatch
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.http.routers import join
from shared.http.steps import StepHeaders, step_headers
from shared.http.tables import TABLE, VARY, table_language, table_reply, wants_table
from shared.messages.values import OfferingState, Role
from shared.search.contains import words_of


@dataclass(frozen=True, slots=True)
class Backend:
    """What the routes work with."""

    offerings: Offerings
    reference: ReferenceReader
    schaufenster: Schaufenster
    accreditations: Accreditations
    words: FacetWords
    vocabulary: Vocabulary
    versions: Versions
    reuses: Reuses
    clock: Callable[[], datetime]


P = ParamSpec("P")
ATTEMPTS = 5
"""How often a change is tried that others overtake."""


Bereitsteller = Annotated[Caller, Depends(needs(Role.BEREITSTELLER))]
InCharge = Annotated[Caller, Depends(needs(Role.BEREITSTELLER, Role.ANBIETER, Role.BETREIBER))]
Sought = Annotated[
    str,
    Query(
        max_length=100,
        description="Words that must all stand in title, keys, Bereitsteller or id, also as parts of longer ones.",
        examples=["Führerschein komm"],
    ),
]
AtWork = Annotated[Caller, Depends(needs(Role.BEREITSTELLER, Role.ANBIETER, Role.BETREIBER))]


async def _headers(_caller: InCharge, headers: Annotated[StepHeaders, Depends(step_headers)]) -> StepHeaders:
    return headers


Headers = Annotated[StepHeaders, Depends(_headers)]
"""The headers of a step of those who have to do with an offer; 403 for everybody else."""


def routes(backend: Backend) -> APIRouter:
    """Return all routes of the service."""
    router = APIRouter(prefix="/v1", tags=["offerings"])
    _form_routes(router, backend)
    steps = APIRouter(prefix="/v1/offerings/{offering_id}", tags=["offerings"])
    _review_routes(steps, backend)
    _suspension_routes(steps, backend)
    join(router, steps)
    _work_list_routes(router, backend)
    public = public_routes(
        backend.offerings,
        backend.reference,
        backend.schaufenster,
        backend.words,
        backend.vocabulary,
        backend.versions,
        backend.reuses,
    )
    join(router, public)
    join(router, version_routes(backend.offerings, backend.versions))
    return router


def _form_routes(router: APIRouter, backend: Backend) -> None:
    @router.post("/offerings", status_code=201, response_model=OfferingReply)
    async def create_offering(body: FormRequest, caller: Bereitsteller, key: NeededIdempotencyKey) -> Response:
        """Begin an offer with the standard form, as a draft that only the own organisation sees."""
        return await key.run(lambda: _create(backend, body.form(), caller, key.derived_id("offering")))

    @router.put("/offerings/{offering_id}", response_model=OfferingReply)
    async def edit_offering(offering_id: str, body: FormRequest, caller: Bereitsteller, condition: NeededIfMatch) -> Response:
        """Replace the form of a draft, or of a public offer. Needs If-Match.

        There a change of texts, contact or channels is published at once. Any other, of price, keys, requirements or Anbindung
        above all, is a version that the Anbieter of each channel examines: `workflow.pending` holds it, and the published one
        stays in force until all have accepted it. A change replaces what waits, the published form takes it back.
        """
        snapshot = await backend.reference.current()
        await _record_version(backend, offering_id, caller)
        change = handlers.edit(offering_id, caller, backend.clock(), body.form(), snapshot.catalogue)
        return await _apply(backend, change, caller, condition)


def _review_routes(router: APIRouter, backend: Backend) -> None:
    post = partial(router.post, response_model=OfferingReply)

    @post("/submit", openapi_extra=SIGNING)
    async def submit(offering_id: str, headers: Headers) -> Response:
        """Hand the form in to the Anbieter. A form that is not complete is refused, every failing point named.

        So is an offer of a Bereitsteller who is not registered, or not accredited at the Anbieter of each channel wished.
        Handing in is the Bereitsteller's signature of the Bereitstellungsverträge.
        Of a public offer, what an Anbieter has given back is handed in again as it is.
        """
        snapshot = await backend.reference.current()
        standing_of, person = backend.accreditations.of, headers.caller.subject
        return await _take(backend, offering_id, headers, Offering.submit, snapshot.catalogue, standing_of, person)

    @post("/return")
    async def send_back(offering_id: str, body: RemarksRequest, headers: Headers) -> Response:
        """Give the form, or the new version, back to the Bereitsteller with remarks, as Anbieter of one channel.

        The other Anbieter go on with a form that comes for the first time; it is a draft again once all have given it back. A
        Bereitstellungsvertrag that is asked for is withdrawn. A version that one has given back waits for its Bereitsteller, and
        the published one stays in force.
        """
        return await _change(backend, handlers.send_back(offering_id, headers.caller, backend.clock(), body.remarks), headers)

    @post("/accept", openapi_extra=SIGNING)
    async def accept(offering_id: str, headers: Headers) -> Response:
        """Find the form, or the new version, in order, as Anbieter of one channel.

        A form that comes for the first time asks for the Bereitstellungsvertrag of the own channel. Its conclusion makes the
        offer public; a contract that is declined returns the form to the Bereitsteller with the reason. The Bereitsteller must
        be accredited at the caller's. A new version is in force once the Anbieter of every channel has accepted it.
        """
        change = handlers.accept(offering_id, headers.caller, backend.clock(), backend.accreditations.of)
        return await headers.key.run(lambda: _settle(backend, change, headers))

    @post("/bereitstellungsvertrag", openapi_extra=SIGNING)
    async def bereitstellungsvertrag(
        offering_id: str, headers: Headers, _body: BereitstellungsvertragRequest | None = None
    ) -> Response:
        """Ask for the Bereitstellungsvertrag of the own channel, for an offer that another Anbieter has accepted, or again.

        Its conclusion adds the channel. ``contracts`` gives the number: one in the body is ignored.
        The Bereitsteller must be accredited at the caller's.
        """
        change = handlers.ask_bereitstellungsvertrag(offering_id, headers.caller, backend.clock(), backend.accreditations.of)
        return await _change(backend, change, headers)


def _suspension_routes(router: APIRouter, backend: Backend) -> None:
    post = partial(router.post, response_model=OfferingReply)

    @post("/suspend")
    async def suspend(offering_id: str, body: ReasonRequest, headers: Headers) -> Response:
        """Stop new interest for the time being: an Anbieter through their channel, its Bereitsteller and the operator at all."""
        change = handlers.suspend(offering_id, headers.caller, backend.clock(), body.reason)
        return await headers.key.run(lambda: _apply(backend, change, headers.caller, headers.condition))

    @post("/resume")
    async def resume(offering_id: str, headers: Headers) -> Response:
        """Allow interest again; for whoever has suspended the offer or the channel, and the operator."""
        change = handlers.resume(offering_id, headers.caller, backend.clock())
        return await headers.key.run(lambda: _apply(backend, change, headers.caller, headers.condition))

    @post("/withdraw")
    async def withdraw(offering_id: str, body: WithdrawalRequest, headers: Headers) -> Response:
        """End the offer for good, as Anbieter one's channel; contracts that exist go on, those asked for are withdrawn.

        With its last channel the offer ends. Vorgänge in which something is ordered go on; those before an order may go on or end
        with the offer (`ends_open_orders`). Their Kunden are told.
        """
        change = handlers.withdraw(
            offering_id, headers.caller, backend.clock(), body.reason, ends_open_orders=body.ends_open_orders
        )
        return await headers.key.run(lambda: _settle(backend, change, headers))


def _work_list_routes(router: APIRouter, backend: Backend) -> None:
    @router.get("/my/offerings", response_model=Page[MyOffering], responses=TABLE)
    async def my_offerings(
        request: Request,
        caller: AtWork,
        view: View | None = None,
        state: OfferingState | None = None,
        q: Sought = "",
        cursor: Annotated[str | None, Query()] = None,
        limit: Limit = 50,
    ) -> Response:
        """List the own offers, or those handed in to one's channel (``view``; an Anbieter's default), last changed first.

        ``view=versions``: public offers with a new version that waits for the decision of one's channel. ``view=public``, the
        operator's: all offers that are or were public. As text/csv (Accept) it is the whole list, as a table for people.
        """
        chosen = OfferingList.of(caller, view, state, words_of(q))

        def show(entry: tuple[Offering, int]) -> MyOffering:
            offering, rev = entry
            return MyOffering.of(offering, rev, seen_by(offering, caller))

        if wants_table(request):
            language = table_language(request)
            words = backend.words.of_language(language)
            rows = ((row_of(show(entry), words) for entry in offers) async for offers in backend.offerings.whole(chosen))
            return await table_reply(SHEETS[language], language, rows)
        found = await backend.offerings.listed(chosen, decode_cursor(cursor, (datetime, str)), Page.ahead(limit))
        page = Page.cut(found.offers, limit, lambda entry: (entry[0].changed_at, entry[0].id), show, behind=found.behind)
        return json_reply(page, headers=VARY)


async def _create(backend: Backend, form: OfferingForm, caller: Caller, offering_id: str) -> Response:
    change = handlers.create_draft(form, caller, offering_id, backend.clock())
    result = await backend.offerings.ledger.apply_one(change)
    return _reply(result, caller, status=201, location=f"/v1/offerings/{result.id}")


async def _take(
    backend: Backend,
    offering_id: str,
    headers: StepHeaders,
    step: StepFunction[Offering, P],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Response:
    return await _change(backend, handlers.take(offering_id, headers.caller, backend.clock(), step, *args, **kwargs), headers)


async def _change(backend: Backend, change: Change[Offering], headers: StepHeaders) -> Response:
    return await headers.key.run(lambda: _apply(backend, change, headers.caller, headers.condition))


async def _settle(backend: Backend, change: Change[Offering], headers: StepHeaders) -> Response:
    """Apply a change that may put a version in force: the one that it replaces is recorded before, under the revision read."""
    for attempt in count(1):
        found = await backend.offerings.find(change.id, headers.caller)
        if found is None:
            raise unknown(change.id)
        offering, rev = found
        if headers.condition is not None:
            headers.condition.require(change.id, rev)
        if offering.pending is not None and capacities(offering, headers.caller):
            await backend.versions.record(offering)
        try:
            return await _apply(backend, change, headers.caller, Condition(revision=rev))
        except PreconditionFailedError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError


async def _record_version(backend: Backend, offering_id: str, caller: Caller) -> None:
    """Record the version that a change by the Bereitsteller may replace: If-Match holds it to the revision read by then."""
    found = await backend.offerings.find(offering_id, caller)
    if found is not None and Actor.BEREITSTELLER in capacities(found[0], caller):
        await backend.versions.record(found[0])


async def _apply(backend: Backend, change: Change[Offering], caller: Caller, condition: Condition | None) -> Response:
    # Before the revision is compared: a stranger gets 404, never a 412 that shows there is something.
    await backend.offerings.require_visible(change.id, caller)
    return _reply(await backend.offerings.ledger.apply_one(change, condition=condition), caller)


def _reply(result: Result[Offering], caller: Caller, *, status: int = 200, location: str | None = None) -> Response:
    offering = result.state
    assert offering is not None  # noqa: S101 - a change that is not refused leaves a state
    reply = OfferingReply.of(offering, seen_by(offering, caller))
    return json_reply(reply, rev=result.rev, status=status, location=location)
