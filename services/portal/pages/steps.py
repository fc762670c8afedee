"""The steps of a Vorgang, one page each. Which are open, and what they ask for, ordering decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date, datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.client import Access, segment
from services.portal.apis.contracts import AgbInForce, Contracts
from services.portal.apis.eligibility import Eligibility
from services.portal.apis.ordering import Klient, Milestone, Order, Ordering, Point, Question
from services.portal.fields import LEITWEG_FAULTS, Choice, Field, Kind, words_for
from services.portal.forms import Given
from services.portal.functions import EDITING, SIGNING
from services.portal.language import Language
from services.portal.pages.asking import BOTH, ETAG, SEE_OTHER, Act, Form, given_at, placed, send_form, show_form
from services.portal.pages.bodies import names_in, unsent, with_bodies
from services.portal.pages.offered_prices import FREE, LINES, price_fields, stated_prices
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages, Visit
from services.portal.texts import Words
from services.portal.visits import CurrentVisit, session_of
from shared.calendar import day_of
from shared.errors import InvalidError, NotFoundError
from shared.messages.values import Channel, Function

AGB = "agb_version"
SIDES = ("KUNDE", "BEREITSTELLER")
Label = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Asked:
    """The Vorgang that a step is taken in, with the words for its fields. ``names``: of the bodies that can be chosen, by key."""

    order: Order
    word: Callable[[str], str]
    label: Label
    words: Words
    language: Language
    today: date
    names: Mapping[str, str] = dataclass_field(default_factory=dict)

    def field(self, name: str, kind: Kind, *, optional: bool = False, choices: tuple[Choice, ...] = ()) -> Field:
        """Return a field with its words."""
        return Field(name, kind, self.word(name), self.word(f"{name}_hint"), optional, choices)

    def whole_number(self, name: str) -> Field:
        """Return a field of a whole number with its words."""
        return replace(self.field(name, Kind.LINE), whole=True)

    def choices(self, enumeration: str, values: tuple[str, ...]) -> tuple[Choice, ...]:
        """Return values of an enumeration to choose from."""
        return tuple(Choice(value, self.label(enumeration, value)) for value in values)


Fields = Callable[[Asked], tuple[Field, ...]]
Part = Point | Question | Milestone | Klient
Sent = Callable[[Asked, Mapping[str, object]], tuple[dict[str, object], list[int]]]
"""Makes what is sent of what was filled in, with the place in the form of each line of prices."""
Find = Callable[[Order, str], Part]
"""Finds a part of a Vorgang by its id or code. Raises NotFoundError."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step: the command in the state machine of ordering, its path there, and what it asks for.

    ``binds``: it is taken on the state that was read only. ``field_of``: the field that a refusal is about. ``here``: the path
    of its page where that is another one. ``seen``: what of the Vorgang as it was read goes along. ``find``: finds what of the
    Vorgang it is about, which both paths name by ``{part}``; None for all of it. ``sent``: makes what is sent of what was
    filled in, None: it goes as it is. ``function``: the one that it needs.
    """

    command: str
    path: str
    fields: Fields = lambda _: ()
    binds: bool = True
    template: str = "pages/form.html"
    field_of: tuple[tuple[str, str], ...] = ()
    here: str = ""
    seen: tuple[str, ...] = ()
    find: Find | None = None
    sent: Sent | None = None
    function: Function = EDITING

    @property
    def page(self) -> str:
        """The path of its page below that of the Vorgang."""
        return self.here or self.path


def _clarification(asked: Asked) -> tuple[Field, ...]:
    arts = asked.choices("Anbindungsart", asked.order.anbindungsarten)
    chosen = asked.field("anbindungsart", Kind.RADIOS, choices=arts)
    wish = asked.order.anbindungsart
    return (Field(chosen.name, chosen.kind, chosen.label, chosen.hint, choices=arts, value=(wish,) if wish else ()),)


def _points(asked: Asked) -> tuple[Field, ...]:
    return (
        asked.field("label", Kind.LINE),
        asked.field("owner", Kind.RADIOS, choices=asked.choices("OrderParty", SIDES)),
        Field("mandatory", Kind.TICK, asked.word("mandatory"), value=("true",)),
    )


def _offered(asked: Asked) -> tuple[Field, ...]:
    lines = price_fields(asked.order, asked.words, asked.language, asked.label, asked.today)
    return (asked.field("valid_until", Kind.DAY), *lines, asked.field(FREE, Kind.TICK))


def _prices(asked: Asked, filled: Mapping[str, object]) -> tuple[dict[str, object], list[int]]:
    rest = {name: value for name, value in filled.items() if name != FREE and not name.startswith(f"{LINES}.")}
    stated, places = stated_prices(asked.order, filled, asked.language, asked.today)
    return rest | ({} if stated is None else {LINES: stated}), places


def _amended(asked: Asked) -> tuple[Field, ...]:
    return (*_offered(asked), asked.field("reason", Kind.AREA, optional=True))


def _klient(asked: Asked) -> tuple[Field, ...]:
    return (
        asked.field("klient", Kind.BODY),
        Field("payment", Kind.TICK, asked.word("payment"), value=("true",)),
    )


def _named(asked: Asked, filled: Mapping[str, object]) -> tuple[dict[str, object], list[int]]:
    name = asked.names.get(str(filled.get("klient")))
    return {**filled, **({} if name is None else {"name": name})}, []


def _planned(asked: Asked) -> tuple[Field, ...]:
    return (asked.field("day", Kind.DAY), asked.field("reason", Kind.AREA, optional=True))


def _place(asked: Asked) -> tuple[Field, ...]:
    return (
        asked.field("order_reference", Kind.LINE, optional=True),
        asked.field("leitweg_id", Kind.LINE, optional=True),
        asked.field("accepts_agb", Kind.TICK),
        Field(AGB, Kind.HIDDEN, ""),
    )


def _found(parts: Iterable[Part]) -> Part:
    found = next(iter(parts), None)
    if found is None:
        raise NotFoundError("The Vorgang has no such part.")
    return found


def _milestone(order: Order, part: str) -> Part:
    return _found(it for it in order.milestones if it.code == part)


def _klient_of(order: Order, part: str) -> Part:
    return _found(it for it in order.klienten if it.klient.id == part)


def _channel(asked: Asked) -> tuple[Field, ...]:
    others = tuple(it.value for it in Channel if it.value != asked.order.channel)
    return (
        asked.field("channel", Kind.RADIOS, choices=asked.choices("Channel", others)),
        asked.field("reason", Kind.AREA, optional=True),
    )


STEPS = (
    Step("recheck", "recheck"),
    Step("change_channel", "channel", _channel, field_of=(("channel_not_offered", "channel"),)),
    Step("start_clarification", "clarification", _clarification),
    Step("add_point", "points", _points, binds=False),
    Step("ask", "questions", lambda it: (it.field("text", Kind.AREA),), binds=False),
    Step("confirm_conditions", "conditions", lambda it: (it.field("conditions", Kind.LINES, optional=True),)),
    Step("reopen_clarification", "clarification/reopen", lambda it: (it.field("reason", Kind.AREA),), here="reopen"),
    Step("decline", "decline", lambda it: (it.field("reason", Kind.AREA),)),
    Step(
        "make_offer",
        "offer",
        _offered,
        template="pages/place.html",
        field_of=(("offer_without_price", FREE),),
        sent=_prices,
        function=SIGNING,
    ),
    Step(
        "amend_offer",
        "offer/amend",
        _amended,
        template="pages/place.html",
        field_of=(("offer_without_price", FREE),),
        here="amend-offer",
        sent=_prices,
        function=SIGNING,
    ),
    Step(
        "withdraw_offer",
        "offer/withdraw",
        lambda it: (it.field("reason", Kind.AREA),),
        here="withdraw-offer",
        function=SIGNING,
    ),
    Step("name_klient", "klienten", _klient, binds=False, here="name-klient", sent=_named),
    Step("check_klienten", "klienten/recheck", here="check-klienten"),
    Step(
        "place",
        "place",
        _place,
        template="pages/place.html",
        field_of=(("agb_not_accepted", "accepts_agb"), *((code, "leitweg_id") for code in LEITWEG_FAULTS)),
        seen=("offer_number",),
        function=SIGNING,
    ),
    Step("start_onboarding", "onboarding"),
    Step("go_live", "go-live"),
    Step("report_uses", "uses", lambda it: (it.field("period", Kind.LINE), it.whole_number("count")), binds=False),
    Step("withdraw", "withdraw", lambda it: (it.field("reason", Kind.AREA, optional=True),), function=SIGNING),
    Step("terminate", "terminate", lambda it: (it.field("ends_on", Kind.DAY),), function=SIGNING),
    Step("expire", "expire"),
    Step("end", "end"),
)
PARTS = (
    Step(
        "settle_point",
        "points/{part}/settle",
        lambda it: (it.field("value", Kind.AREA), it.field("note", Kind.AREA, optional=True)),
        binds=False,
        field_of=(("value_malformed", "value"),),
        here="points/{part}",
        find=lambda order, part: _found(it for it in order.points if it.id == part),
    ),
    Step(
        "answer",
        "questions/{part}/answer",
        lambda it: (it.field("text", Kind.AREA),),
        binds=False,
        here="questions/{part}",
        find=lambda order, part: _found(it for it in order.questions if it.id == part),
    ),
    Step(
        "reach_milestone",
        "milestones/{part}/reach",
        lambda it: (it.field("note", Kind.AREA, optional=True),),
        binds=False,
        here="milestones/{part}",
        find=_milestone,
    ),
    Step(
        "plan_milestone",
        "milestones/{part}/plan",
        _planned,
        field_of=(("target_day_past", "day"), ("reason_missing", "reason")),
        find=_milestone,
    ),
    Step(
        "remove_klient",
        "klienten/{part}/remove",
        lambda it: (it.field("reason", Kind.AREA, optional=True),),
        binds=False,
        here="klienten/{part}",
        find=_klient_of,
    ),
    Step(
        "sign_off_klient",
        "klienten/{part}/sign-off",
        lambda it: (it.field("reason", Kind.AREA),),
        binds=False,
        find=_klient_of,
        function=SIGNING,
    ),
)
"""Steps about a part of a Vorgang, each from the page of that part."""
COMMANDS = {it.command: it for it in (*STEPS, *PARTS)}


def ways_on(order: Order) -> list[Step]:
    """Return the steps that whoever reads a Vorgang can take on a page of its own, in the order of the table."""
    return [it for it in STEPS if it.command in order.allowed_moves]


def step_routes(
    pages: Pages, ordering: Ordering, contracts: Contracts, eligibility: Eligibility, clock: Callable[[], datetime]
) -> APIRouter:
    """Return the routes: each step has a page, and its form is sent to the address of the page."""
    router = APIRouter(prefix="/orders/{order_id}", include_in_schema=False)
    shown = _Shown(pages, ordering, contracts, eligibility, clock)

    def with_whole(step: Step) -> None:
        @router.api_route(f"/{step.page}", methods=BOTH)
        async def take(request: Request, visit: CurrentVisit, order_id: str) -> Response:
            return await shown.answer(request, visit, order_id, step, "")

    def with_part(step: Step) -> None:
        @router.api_route(f"/{step.page}", methods=BOTH)
        async def take(request: Request, visit: CurrentVisit, order_id: str, part: str) -> Response:
            return await shown.answer(request, visit, order_id, step, part)

    for step in STEPS:
        with_whole(step)
    for step in PARTS:
        with_part(step)
    return router


@dataclass(frozen=True, slots=True)
class _Shown:
    """Shows and sends the forms of steps. ``part``: id or code of what of the Vorgang a step is about."""

    pages: Pages
    ordering: Ordering
    contracts: Contracts
    eligibility: Eligibility
    clock: Callable[[], datetime]

    async def _beside(self, access: Access, order: Order, step: Step) -> dict[str, Any]:
        """Return what stands beside the form of a step: for who orders, what they will pay, and under which AGB."""
        if step.command != "place":
            return {"order": order, "costs": None, "agb": None}
        costs, agb = await asyncio.gather(
            or_none(self.contracts.own_costs(access, order.offering.id, order.channel), "place"),
            or_none(self.contracts.agb(order.channel), "place"),
        )
        return {"order": order, "costs": costs, "agb": agb}

    async def answer(self, request: Request, visit: Visit, order_id: str, step: Step, part: str) -> Response:
        """Show the form of a step, or send the one that was filled in."""
        given = await given_at(request, visit, f"/orders/{order_id}/{_filled(step.page, part)}")
        return await (self.page(visit, order_id, step, part) if given is None else self.send(visit, order_id, step, part, given))

    async def page(self, visit: Visit, order_id: str, step: Step, part: str) -> Response:
        stored = await self.ordering.stored(session_of(visit).access, order_id)
        order = stored.content
        if step.command not in order.allowed_moves:
            return RedirectResponse(f"{visit.language.prefix}/orders/{quote(order.id)}?missed=true", SEE_OTHER)
        beside = await self._beside(session_of(visit).access, order, step)
        form = _with_agb(await self._form(visit, order, step, part, stored.etag, visit.held), beside["agb"])
        return show_form(self.pages, visit, form, (), template=step.template, **beside)

    async def send(self, visit: Visit, order_id: str, step: Step, part: str, given: Given) -> Response:
        access = session_of(visit).access
        stored = await self.ordering.stored(access, order_id)
        order = stored.content
        form = await self._form(visit, order, step, part, stored.etag, given)
        if (answer := unsent(self.pages, visit, form, given)) is not None:
            return answer
        target = _filled(step.path, part)
        seen = {name: value for name in step.seen if (value := getattr(order, name)) is not None}
        asked = replace(self._asked(visit, order, step), names=names_in(form.fields))
        act = self._act(access, asked, step, target, given.key, given.one(ETAG) or None, seen if form.fields else None)
        field_of = dict(step.field_of)
        beside = await self._beside(access, order, step)
        form = _with_agb(form, beside["agb"])
        if step.command == "place" and given.one(AGB) != form.fields[-1].text:
            # Another version is in force by now than the one that was read, or none can be shown: that one is to be read first.
            filled = tuple(it if it.name == AGB else it.filled(given) for it in form.fields)
            return show_form(
                self.pages,
                visit,
                replace(form, fields=filled, changed=beside["agb"] is not None),
                template=step.template,
                status=HTTPStatus.PRECONDITION_FAILED,
                **beside,
            )
        return await send_form(self.pages, visit, form, given, act, field_of=field_of, template=step.template, **beside)

    def _act(
        self, access: Access, asked: Asked, step: Step, target: str, key: str, match: str | None, seen: dict[str, Any] | None
    ) -> Act:
        """Return what takes a step; ``seen`` goes along with the fields, None: the step has no body."""

        async def act(body: dict[str, object]) -> str:
            order_id = asked.order.id
            sent, places = (body, []) if step.sent is None else step.sent(asked, body)
            content = None if seen is None else sent | seen
            try:
                await self.ordering.take(access, order_id, target, key=key, body=content, match=match if step.binds else None)
            except InvalidError as refused:
                raise placed(refused, LINES, places, without="amount") from refused
            return f"/orders/{quote(order_id)}?done={step.command}"

        return act

    def _asked(self, visit: Visit, order: Order, step: Step) -> Asked:
        words, label = self.pages.words(visit.language), partial(self.pages.label, visit.language)
        word = words_for(words, f"step.{step.command}.field")
        return Asked(order, word, label, words, visit.language, day_of(self.clock()))

    async def _form(self, visit: Visit, order: Order, step: Step, part: str, etag: str | None, given: Given | None) -> Form:
        about = None if step.find is None else step.find(order, part)
        words = self.pages.words(visit.language)
        word = words_for(words, f"step.{step.command}")
        fields = await with_bodies(self.eligibility, words, step.fields(self._asked(visit, order, step)), given)
        if isinstance(about, Point):
            example = words("step.settle_point.example", example=about.example)
            fields = (Field("value", Kind.AREA, fields[0].label, example), *fields[1:])
        return Form(
            title=word("title"),
            lead=word("lead"),
            quote=_quoted(about),
            action=f"/orders/{order.id}/{_filled(step.page, part)}",
            button=word("button"),
            back=f"/orders/{order.id}",
            back_label=words("step.back", number=order.number),
            fields=fields,
            etag=etag if step.binds else None,
        )


def _with_agb(form: Form, agb: AgbInForce | None) -> Form:
    """Return the form of an order with the version of the AGB that its page shows; without one there is nothing to send."""
    if not any(it.name == AGB for it in form.fields):
        return form
    if agb is None:
        return replace(form, button="")
    return replace(form, fields=(*form.fields[:-1], replace(form.fields[-1], value=(agb.version,))))


def _filled(path: str, part: str) -> str:
    """Return a path with the part that it is about."""
    return path.replace("{part}", segment(part))


def _quoted(part: Part | None) -> str:
    """Return the words of what a form is about."""
    match part:
        case None:
            return ""
        case Question():
            return part.text
        case Klient():
            return part.klient.name
        case _:
            return part.label
