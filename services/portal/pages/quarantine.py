"""Events of partners that were not taken: the operator replays or discards them, who runs the partner sends another."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.ordering import Ordering, Quarantined, Receipt
from services.portal.fields import Kind, words_for
from services.portal.pages.asking import BOTH, ETAG, Ask, Form, Step, given_at, send_form, show_form
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import ConflictError, NotFoundError

TEMPLATE = "pages/quarantined.html"
OPERATORS = (Step("replay"), Step("discard", (Ask("reason", Kind.AREA),)))
PARTNERS = (Step("resubmit", (Ask("event", Kind.AREA),)),)
DONE = frozenset(it.name for it in (*OPERATORS, *PARTNERS))
OPEN = "OPEN"


class EventNotTakenError(ConflictError):
    """An event went its way and was not taken; its receipt says why."""

    code = "event_not_taken"


def quarantine_routes(pages: Pages, ordering: Ordering) -> APIRouter:
    """Return the routes; what is not for whoever asks, ordering refuses."""
    router = APIRouter(include_in_schema=False)

    @router.get("/quarantine/{reference}")
    async def one(visit: ActingVisit, reference: str, done: str = "") -> Response:
        record = (await ordering.quarantined(session_of(visit).access, reference)).content
        steps = [it.name for it in _steps(visit)] if record.state == OPEN else []
        form = _form(pages, visit, record, None, None)
        done = done if done in DONE else ""
        return show_form(pages, visit, form, template=TEMPLATE, record=record, steps=steps, receipts=[], done=done)

    @router.get("/quarantine/{reference}/value")
    async def value(visit: CurrentVisit, reference: str) -> Response:
        content = await ordering.quarantined_value(session_of(visit).access, reference)
        headers = {"Content-Disposition": f'attachment; filename="{quote(reference)}.bin"', "Cache-Control": "no-store"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    @router.api_route("/quarantine/{reference}/{name}", methods=BOTH)
    async def take(request: Request, visit: CurrentVisit, reference: str, name: str) -> Response:
        given = await given_at(request, visit, f"/quarantine/{reference}/{name}")
        access, step = session_of(visit).access, next((it for it in _steps(visit) if it.name == name), None)
        if step is None:
            raise NotFoundError(f"There is no step {name}.")
        stored = await ordering.quarantined(access, reference)
        form = _form(pages, visit, stored.content, step, stored.etag)
        receipts: list[Receipt] = []
        shown = {"template": TEMPLATE, "record": stored.content, "steps": [], "receipts": receipts, "done": ""}
        if given is None:
            return show_form(pages, visit, form, **shown)  # type: ignore[arg-type]

        async def act(body: dict[str, object]) -> str:
            match = given.one(ETAG) or None
            if step.name == "discard":
                await ordering.discard(access, reference, key=given.key, body=body, match=match)
            else:
                decided = await ordering.go_its_way(
                    access, reference, step.name, key=given.key, body=step.content(body), match=match
                )
                if decided.record.state == OPEN:
                    receipts.append(decided.receipt)
                    raise EventNotTakenError("The event was not taken.")
            return f"/quarantine/{quote(reference)}?done={step.name}"

        return await send_form(pages, visit, form, given, act, **shown)  # type: ignore[arg-type]

    return router


def _steps(visit: Visit) -> tuple[Step, ...]:
    return OPERATORS if "BETREIBER" in session_of(visit).roles else PARTNERS


def _form(pages: Pages, visit: Visit, record: Quarantined, step: Step | None, etag: str | None) -> Form:
    words = pages.words(visit.language)
    word = words_for(words, "quarantine" if step is None else f"quarantine.{step.name}")
    operates = "BETREIBER" in session_of(visit).roles
    here = f"/quarantine/{quote(record.reference)}"
    if step is not None:
        back, back_label = here, words("quarantine.title")
    elif operates:
        back, back_label = "/operations", words("operations.title")
    else:
        back, back_label = f"/partners/{quote(record.partner)}", record.partner
    return Form(
        title=word("title"),
        lead="" if step is None else word("lead"),
        action=here if step is None else f"{here}/{step.name}",
        button="" if step is None else word("button"),
        back=back,
        back_label=back_label,
        fields=() if step is None else step.fields(word),
        etag=etag,
    )
