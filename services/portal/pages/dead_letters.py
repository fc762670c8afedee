"""Events that a consumer group could not process: the operator sees each, sends it back or discards it."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.operations import Operations, WholeLetter
from services.portal.fields import Kind, words_for
from services.portal.pages.asking import BOTH, Ask, Form, Step, given_at, send_form, show_form
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError

PAGE = 50
TEMPLATE = "pages/dead_letter.html"
STEPS = tuple(Step(name, (Ask("reason", Kind.AREA),)) for name in ("replay", "discard"))
DONE = frozenset(it.name for it in STEPS)


def dead_letter_routes(pages: Pages, operations: Operations) -> APIRouter:
    """Return the routes; whoever is no operator gets what the services answer them."""
    router = APIRouter(prefix="/operations/groups", include_in_schema=False)

    @router.get("/{group}")
    async def of_group(visit: CurrentVisit, group: str, settled: str = "", cursor: str | None = None) -> Response:
        also = [("settled", "true")] if settled else []
        parameters = [("limit", str(PAGE)), *also, *([("cursor", cursor)] if cursor else [])]
        found = await operations.letters(session_of(visit).access, group, parameters)
        asked = [*([("settled", "1")] if settled else []), *([("cursor", found.next)] if found.next else [])]
        following = None if found.next is None else f"{_list_of(group)}?{urlencode(asked)}"
        return pages.show(
            visit, "pages/dead_letters.html", group=group, items=found.items, settled=bool(settled), following=following
        )

    @router.get("/{group}/{letter_id}")
    async def one(visit: ActingVisit, group: str, letter_id: str, done: str = "") -> Response:
        letter = await operations.letter(session_of(visit).access, group, letter_id)
        done = done if done in DONE else ""
        form = _form(pages, visit, letter, None)
        return show_form(pages, visit, form, template=TEMPLATE, letter=letter, steps=_possible(letter), done=done)

    @router.api_route("/{group}/{letter_id}/{name}", methods=BOTH)
    async def take(request: Request, visit: CurrentVisit, group: str, letter_id: str, name: str) -> Response:
        given = await given_at(request, visit, f"{_page_of(group, letter_id)}/{name}")
        access, step = session_of(visit).access, next((it for it in STEPS if it.name == name), None)
        if step is None:
            raise NotFoundError(f"There is no step {name}.")
        letter = await operations.letter(access, group, letter_id)
        form = _form(pages, visit, letter, step)
        if given is None:
            return show_form(pages, visit, form, template=TEMPLATE, letter=letter, steps=[], done="")

        async def act(body: dict[str, object]) -> str:
            await operations.decide(access, group, letter_id, step.name, key=given.key, body=body)
            return f"{_page_of(group, letter_id)}?done={step.name}"

        return await send_form(pages, visit, form, given, act, template=TEMPLATE, letter=letter, steps=[], done="")

    return router


def _possible(letter: WholeLetter) -> list[str]:
    return [] if letter.settled else [it.name for it in STEPS if letter.replayable or it.name != "replay"]


def _list_of(group: str) -> str:
    return f"/operations/groups/{quote(group, safe='')}"


def _page_of(group: str, letter_id: str) -> str:
    return f"{_list_of(group)}/{quote(letter_id, safe=':')}"


def _form(pages: Pages, visit: Visit, letter: WholeLetter, step: Step | None) -> Form:
    words = pages.words(visit.language)
    word = words_for(words, "letters" if step is None else f"letters.{step.name}")
    here = _page_of(letter.group, letter.id)
    return Form(
        title=words("letters.title", id=letter.id) if step is None else word("title"),
        lead="" if step is None else word("lead"),
        action=here if step is None else f"{here}/{step.name}",
        button="" if step is None else word("button"),
        back=_list_of(letter.group) if step is None else here,
        back_label=letter.group if step is None else words("letters.title", id=letter.id),
        fields=() if step is None else step.fields(word),
    )
