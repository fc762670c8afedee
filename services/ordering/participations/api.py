"""HTTP API for Klienten: the Bündler names them in its Vorgang, each of them reads and answers its own part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.ordering import handlers
from services.ordering.access import unknown
from services.ordering.api import Backend, take_step
from services.ordering.commands import bound
from services.ordering.domain import klienten
from services.ordering.domain.order import Order
from services.ordering.participations import schemas
from services.ordering.participations.repository import Participations
from services.ordering.participations.views import ParticipationView
from services.ordering.views import OrderView
from shared.http.auth import SIGNING
from shared.http.caller import Caller
from shared.http.dependencies import CurrentCaller
from shared.http.etag import json_reply
from shared.http.paging import Limit, Page, decode_cursor
from shared.http.steps import Headers
from shared.messages.values import EntityId, OrganisationId, Party
from shared.rights.projection import Rights
from shared.tracing import context

Participation = Annotated[EntityId, Path(description="Id of the Vorgang in which you are named.")]


@dataclass(frozen=True, slots=True)
class KlientenBackend:
    """What the routes work with. ``name_of`` returns the official name of a registered organisation, None for any other."""

    steps: Backend
    participations: Participations
    name_of: Callable[[str], str | None]


def names_of(rights: Rights | None) -> Callable[[str], str | None]:
    """Return who looks up the official name of a registered organisation; where nobody follows the rights none is known."""

    def name_of(organisation: str) -> str | None:
        standing = None if rights is None else rights.standing(organisation)
        return None if standing is None else standing.name

    return name_of


def routes(backend: KlientenBackend) -> APIRouter:
    """Return the routes of Bündler, Anbieter and Klienten."""
    router = APIRouter(prefix="/v1", tags=["participations"])
    _bundler_routes(router, backend)
    _klient_routes(router, backend)
    return router


def _bundler_routes(router: APIRouter, backend: KlientenBackend) -> None:
    post = partial(router.post, response_model=OrderView)

    @post("/orders/{order_id}/klienten", name="name-klient")
    async def name_klient(order_id: EntityId, body: schemas.NameKlient, headers: Headers) -> Response:
        """Bündler: name a Klient for whom you order; it confirms or declines."""
        klient = Party(id=body.klient, name=backend.name_of(body.klient) or body.name or body.klient)
        step = bound(klienten.name_klient, klient, payment=body.payment, return_duty=body.return_duty)
        at = backend.steps.clock()
        return await take_step(
            backend.steps, order_id, headers, step, lambda: backend.participations.ask(order_id, klient.id, at)
        )

    @post("/orders/{order_id}/klienten/recheck", name="check-klienten")
    async def check_klienten(order_id: EntityId, headers: Headers) -> Response:
        """Bündler: ask for a new pre-check of all Klienten that have confirmed; an order needs one of its own day."""
        return await take_step(backend.steps, order_id, headers, bound(klienten.check_klienten))

    @post("/orders/{order_id}/klienten/{klient}/remove", name="remove-klient")
    async def remove_klient(
        order_id: EntityId, klient: OrganisationId, headers: Headers, body: schemas.RemoveKlient | None = None
    ) -> Response:
        """Bündler: order no more for a Klient."""
        step = bound(klienten.remove_klient, klient, body.reason if body else None)
        return await take_step(backend.steps, order_id, headers, step)

    @post("/orders/{order_id}/klienten/{klient}/sign-off", name="sign-off-klient", openapi_extra=SIGNING)
    async def sign_off(order_id: EntityId, klient: OrganisationId, body: schemas.SignOffKlient, headers: Headers) -> Response:
        """Anbieter: answer for the risk in the chain down to a Klient."""
        return await take_step(backend.steps, order_id, headers, bound(klienten.sign_off, klient, body.reason))


def _klient_routes(router: APIRouter, backend: KlientenBackend) -> None:
    post = partial(router.post, response_model=ParticipationView)

    @router.get("/participations", response_model=Page[ParticipationView])
    async def participations(
        caller: CurrentCaller,
        waits_for_me: Annotated[bool, Query(description="Only those that wait for your answer.")] = False,  # noqa: FBT002 - a query parameter
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Response:
        """Klient: the Vorgänge in which a Bündler has named you, newest first; those that wait for you, the longest wait first.

        A page may be shorter than `limit` while `next` says that there is more.
        """
        after = decode_cursor(cursor, (datetime, str))
        found = await backend.participations.page(caller, after, Page.ahead(limit), waiting=waits_for_me)
        page = Page.cut(
            found.named, limit, lambda it: it.place, lambda it: ParticipationView.of(it.order, it.klient), behind=found.rest
        )
        return json_reply(page)

    @router.get("/participations/{participation_id}", response_model=ParticipationView)
    async def participation(participation_id: Participation, caller: CurrentCaller) -> Response:
        """Klient: your part in a Vorgang."""
        context.correlation_id.set(participation_id)
        order, rev = await backend.participations.get(participation_id, caller)
        return _reply(order, rev, caller)

    @post("/participations/{participation_id}/confirm", name="confirm-participation", openapi_extra=SIGNING)
    async def confirm(participation_id: Participation, headers: Headers) -> Response:
        """Klient: have the Bündler order for you; the chain down to you is judged then."""
        person = headers.key.caller.subject
        return await _answer(
            backend, participation_id, headers, lambda order, it, at, klient: klienten.confirm(order, it, at, klient, person)
        )

    @post("/participations/{participation_id}/decline", name="decline-participation", openapi_extra=SIGNING)
    async def decline(participation_id: Participation, body: schemas.DeclineParticipation, headers: Headers) -> Response:
        """Klient: decline, also after you have confirmed, until it is ordered."""
        person = headers.key.caller.subject
        return await _answer(
            backend,
            participation_id,
            headers,
            lambda order, it, at, klient: klienten.decline(order, it, at, klient, person, body.reason),
        )

    @post("/participations/{participation_id}/recheck", name="recheck-participation")
    async def recheck(participation_id: Participation, headers: Headers) -> Response:
        """Klient: ask for a new pre-check after mending what was missing."""
        return await _answer(backend, participation_id, headers, klienten.check_own)


async def _answer(backend: KlientenBackend, order_id: str, headers: Headers, step: handlers.KlientStep) -> Response:
    caller = headers.key.caller
    context.correlation_id.set(order_id)
    change = handlers.answer_klient(order_id, caller, backend.steps.clock(), step)

    async def run() -> Response:
        await backend.participations.require_named(order_id, caller)
        result = await backend.steps.orders.ledger.apply_one(change, condition=headers.condition)
        if result.state is None:
            raise unknown(order_id)
        return _reply(result.state, result.rev, caller)

    return await headers.key.run(run)


def _reply(order: Order, rev: int, caller: Caller) -> Response:
    klient = order.klient(caller.organisation)
    if klient is None:
        raise unknown(order.id)
    return json_reply(ParticipationView.of(order, klient), rev=rev)
