"""Binding cost information of an offer in a channel: its versions, and the form by which its Bereitsteller issues a new one.

A version replaces all items of the one before it (IT-Planungsrat 2022/21), so the form holds these and is sent as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.catalog import Catalog, Offering
from services.portal.apis.contracts import Contracts, CostInformation
from services.portal.apis.eligibility import Eligibility
from services.portal.fields import Choice, Field, Kind, day_value, errors_of, words_for
from services.portal.forms import Given
from services.portal.language import Language
from services.portal.pages.asking import BOTH, ETAG, SEE_OTHER, Form, given_at, send_form, show_form
from services.portal.pages.bodies import unsent, with_bodies
from services.portal.pages.offer_drafting import decimal, in_hundredths
from services.portal.pages.standing import ActingVisit
from services.portal.rendering import Pages, Visit
from services.portal.texts import Words
from services.portal.visits import CurrentVisit, session_of
from shared.errors import InvalidError

ISSUE: Final = "cost-information"
MORE: Final = "more"
MOST_LINES: Final = 50
_COUNT: Final = "lines"
_KEYS: Final = ("EINWOHNER", "ZIELGRUPPE", "NUTZUNG", "GLEICH", "KOENIGSTEIN", "FEST", "DIREKT")
_COMBINED: Final = "KOMBINATION"
_OF: Final = {"KOENIGSTEIN": "table", "DIREKT": "participant"}
"""Keys that name something, with the member that names it."""
_ONCE, _FIXED, _PLATFORM = "EINMALIG", "FEST", "PLATTFORMNUTZUNG"
_WHOLE: Final = 10_000
_MEMBERS: Final = {"valid_from": "first", "due_on": "first", **{it: it for it in _OF.values()}}
"""Members of an item, or of its key, that are asked for by a name of their own."""
_RULES: Final = {
    "AMOUNT_INVALID": "amount_cents",
    "COST_KIND_UNKNOWN": "kind",
    "KEY_NOT_ALLOWED": "key",
    "KEY_WEIGHTS_INVALID": "key",
    "PARTICIPANT_UNKNOWN": "participant",
    "PERIOD_INVALID": "valid_to",
    "PERIOD_NOT_ALLOWED": "period",
    "TABLE_UNKNOWN": "table",
}
"""Rules of prices that an item may break, with the field that shows it; any other shows at the name of the item."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The items of the newest version, and the ids of those that the form has a line for each, "" for a new one."""

    items: Sequence[Mapping[str, Any]]
    ids: Sequence[str]
    words: Words
    language: Language
    labels: Callable[[str], Mapping[str, str]]

    def fields(self) -> tuple[Field, ...]:
        """Return all fields of the form."""
        word = words_for(self.words, "costs.field")
        first = Field("effective_from", Kind.DAY, word("effective_from"), word("effective_from_hint"))
        count = Field(_COUNT, Kind.HIDDEN, "", value=(str(len(self.ids)),))
        return (first, *(it for place in range(len(self.ids)) for it in self._line(place)), count)

    def _held(self, place: int) -> Mapping[str, Any]:
        """Return the item that a line is about, nothing for a new one, or one that is gone by now."""
        return next((it for it in self.items if it["id"] == self.ids[place]), {})

    def _line(self, place: int) -> tuple[Field, ...]:
        held = self._held(place)
        word, key = words_for(self.words, "costs.field"), held.get("key", {})
        kinds, periods = self.labels("CostKind"), self.labels("Period")
        keys = (*_KEYS, *((_COMBINED,) if key.get("type") == _COMBINED else ()))
        named = {it: self.words(f"costs.key.{it}") for it in keys}

        def field(name: str, kind: Kind, value: str | None, *, optional: bool = False) -> Field:
            filled = () if value is None else (value,)
            return Field(f"items.{place}.{name}", kind, word(name), word(f"{name}_hint"), optional, value=filled)

        def chosen(name: str, labels: Mapping[str, str], value: str | None) -> Field:
            choices = tuple(Choice(it, label) for it, label in labels.items())
            return replace(field(name, Kind.SELECT, value), choices=choices)

        def day(name: str, value: str | None, *, optional: bool = False) -> Field:
            return replace(field(name, Kind.DAY, None, optional=optional), value=day_value(value))

        heading = self.words("costs.line", number=place + 1) if held else self.words("costs.new_line")
        return (
            replace(field("label", Kind.LINE, held.get("label")), heading=heading),
            chosen("kind", kinds, held.get("kind")),
            replace(field("amount_cents", Kind.LINE, None), value=decimal(held.get("amount_cents"), self.language)),
            chosen("period", periods, held.get("period")),
            chosen("key", named, key.get("type")),
            field("table", Kind.LINE, key.get("table"), optional=True),
            field("participant", Kind.BODY, key.get("participant"), optional=True),
            day("first", held.get("due_on") or held.get("valid_from")),
            day("valid_to", held.get("valid_to"), optional=True),
            field("id", Kind.HIDDEN, self.ids[place]),
            *((field("dropped", Kind.TICK, None),) if held else ()),
        )

    def content(self, filled: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[int]]:
        """Return the items that were filled in, and the place of each in the form."""
        items: list[dict[str, Any]] = []
        places: list[int] = []
        for place in range(len(self.ids)):
            held = self._held(place)
            given = {name: filled.get(f"items.{place}.{name}") for name in ("label", "kind", "amount_cents", "period", "key")}
            left_out = filled.get(f"items.{place}.dropped") if held else not any(given.values())
            if not left_out:
                used = {it["id"] for it in (*self.items, *items)}
                items.append(self._item(place, filled, given, held or _new(used)))
                places.append(place)
        return items, places

    def _item(self, place: int, filled: Mapping[str, Any], given: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
        first, last = filled.get(f"items.{place}.first"), filled.get(f"items.{place}.valid_to")
        kind, key, amount = given["kind"], given["key"], given["amount_cents"]
        once = given["period"] == _ONCE and key != _FIXED
        share = held["efa_share_bp"] if kind == held.get("kind") else _WHOLE if kind == _PLATFORM else None
        named = filled.get(f"items.{place}.{_OF[key]}") if key in _OF else None
        stated = {**given, "key": _key(key, named, held)}
        if amount is not None:
            stated["amount_cents"] = in_hundredths(str(amount), "€", self.language)
        return {
            **{name: value for name, value in held.items() if name not in stated},
            **{name: value for name, value in stated.items() if value is not None},
            "valid_from": None if once else first,
            "valid_to": None if once else last,
            "due_on": first if once else None,
            "efa_share_bp": share,
        }


def cost_information_routes(pages: Pages, catalog: Catalog, contracts: Contracts, eligibility: Eligibility) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/offerings/{offering_id}/costs/{channel}", include_in_schema=False)

    @router.get("")
    async def listed(
        visit: ActingVisit,
        offering_id: str,
        channel: str,
        done: bool = False,  # noqa: FBT001, FBT002 - of the address
        missed: bool = False,  # noqa: FBT001, FBT002 - of the address
    ) -> Response:
        access = session_of(visit).access
        (offering, _), found = await asyncio.gather(
            catalog.form(access, offering_id), contracts.cost_information(access, offering_id, channel)
        )
        return pages.show(
            visit,
            "pages/costs.html",
            offering=offering.content,
            channel=channel,
            versions=found.content.versions,
            issues=ISSUE in found.content.allowed_moves,
            done=done,
            missed=missed,
        )

    @router.api_route("/new", methods=BOTH)
    async def issue(request: Request, visit: CurrentVisit, offering_id: str, channel: str) -> Response:
        here = f"/offerings/{offering_id}/costs/{channel}"
        given = await given_at(request, visit, f"{here}/new")
        access = session_of(visit).access
        (offering, _), found = await asyncio.gather(
            catalog.form(access, offering_id), contracts.cost_information(access, offering_id, channel)
        )
        if given is None and ISSUE not in found.content.allowed_moves:
            return RedirectResponse(f"{visit.language.prefix}{here}?missed=true", SEE_OTHER)
        lines = _lines(pages, visit, found.content, given or visit.held)
        fields = await with_bodies(eligibility, pages.words(visit.language), lines.fields(), given or visit.held, unlisted=True)
        form = _form(pages, visit, offering.content, channel, fields, found.etag)
        if given is None or given.one("action") == MORE:
            if given is not None:
                filled = tuple(it if it.kind is Kind.HIDDEN else it.filled(given) for it in form.fields)
                # It goes on for the state that was read at first.
                form = replace(form, fields=filled, etag=given.one(ETAG) or None)
            return show_form(pages, visit, form, template="pages/new_costs.html")
        if (answer := unsent(pages, visit, form, given, template="pages/new_costs.html")) is not None:
            return answer

        async def act(filled: dict[str, Any]) -> str:
            items, places = lines.content(filled)
            body = {"channel": channel, "effective_from": filled.get("effective_from"), "items": items}
            try:
                await contracts.issue(access, offering_id, key=given.key, body=body, match=given.one(ETAG) or None)
            except InvalidError as refused:
                raise InvalidError(refused.detail, code=refused.code, errors=_placed(refused, items, places)) from refused
            return f"/offerings/{quote(offering_id)}/costs/{quote(channel)}?done=true"

        return await send_form(pages, visit, form, given, act, template="pages/new_costs.html")

    return router


def _lines(pages: Pages, visit: Visit, information: CostInformation, given: Given | None) -> Lines:
    """Return the lines of the form: at first those of the newest version, and one more whenever it is asked for."""
    items = information.versions[-1].items if information.versions else ()
    ids = [str(it["id"]) for it in items] or [""]
    if given is not None:
        stated = given.one(_COUNT)
        count = int(stated) if stated.isdecimal() and stated.isascii() and len(stated) <= len(str(MOST_LINES)) else 1
        ids = [given.one(f"items.{place}.id") for place in range(count)]
        ids = [*ids, *([""] if given.one("action") == MORE else [])][:MOST_LINES]

    def labels(enumeration: str) -> Mapping[str, str]:
        return pages.labels(visit.language, enumeration)

    return Lines(items, ids, pages.words(visit.language), visit.language, labels)


def _form(pages: Pages, visit: Visit, offering: Offering, channel: str, fields: tuple[Field, ...], etag: str | None) -> Form:
    words = pages.words(visit.language)
    return Form(
        title=words("costs.new"),
        lead=words("costs.new_lead"),
        quote=f"{offering.title}, {pages.label(visit.language, 'Channel', channel)}",
        action=f"/offerings/{offering.id}/costs/{channel}/new",
        button=words("costs.issue"),
        back=f"/offerings/{offering.id}/costs/{channel}",
        back_label=words("costs.title"),
        fields=fields,
        etag=etag,
    )


def _new(used: set[Any]) -> dict[str, Any]:
    """Return what an item has that the form does not ask for."""
    number = next(it for it in range(1, len(used) + 2) if f"{it:03d}" not in used)
    plain = {"decision": "UNANIMOUS", "fallback_key": None, "funding": "PARTICIPANTS", "efa_share_bp": None, "cost_object": None}
    return {"id": f"{number:03d}", **plain}


def _key(chosen: str | None, named: str | None, held: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if chosen is None:
        return None
    if chosen == _COMBINED:
        former: Mapping[str, Any] = held.get("key", {})
        return former if former.get("type") == _COMBINED else {"type": chosen, "parts": []}
    return {"type": chosen, **({_OF[chosen]: named or ""} if chosen in _OF else {})}


def _placed(refused: InvalidError, items: Sequence[Mapping[str, Any]], places: Sequence[int]) -> list[dict[str, Any]]:
    """Return what is wrong, each with the field that it is about: lines that were left out shift those after them."""
    if refused.code == "cost_information_refused":
        return [_of_rule(refused, items, places)]
    return [{**it, "pointer": _pointer(str(it.get("pointer", "")), places)} for it in errors_of(refused)]


def _of_rule(refused: InvalidError, items: Sequence[Mapping[str, Any]], places: Sequence[int]) -> dict[str, Any]:
    rule, item = str(refused.context.get("rule")), refused.context.get("item")
    found = next(((it, place) for it, place in zip(items, places, strict=True) if it["id"] == item), None)
    if found is None:
        return {"pointer": "/effective_from", "code": rule.lower()}
    it, place = found
    if it["valid_from"] is None and it["due_on"] is None:
        return {"pointer": f"/items/{place}/first", "code": "missing"}
    return {"pointer": f"/items/{place}/{_RULES.get(rule, 'label')}", "code": rule.lower()}


def _pointer(pointer: str, places: Sequence[int]) -> str:
    _, *parts = pointer.split("/")
    if len(parts) < 3 or parts[0] != "items" or not parts[1].isdecimal() or int(parts[1]) >= len(places):  # noqa: PLR2004 - list, place, member
        return pointer
    member = parts[-1] if parts[-1] in _MEMBERS else parts[2]
    return f"/items/{places[int(parts[1])]}/{_MEMBERS.get(member, member)}"
