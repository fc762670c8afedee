"""Whom the parties of a contract can turn to: the own contact persons are named for all four kinds of questions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.contracts import Contracts, NamedContact
from services.portal.fields import Choice, Field, Kind, words_for
from services.portal.pages.asking import BOTH, ETAG, given_at, placed, send_form, show_form
from services.portal.pages.contract_forms import contract_form
from services.portal.rendering import Pages
from services.portal.texts import Words
from services.portal.visits import CurrentVisit, session_of
from shared.errors import InvalidError

CONTACTS: Final = "contacts"
KINDS: Final = ("FACHLICH", "TECHNISCH", "VERTRAGLICH", "RECHNUNG")
_PERSON: Final = ("name", "function", "email", "phone")
_MOST: Final = 10
_BLANK: Final = 2
"""Lines for further persons."""


def contract_contact_routes(pages: Pages, contracts: Contracts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/contracts/{contract_id}", include_in_schema=False)

    @router.api_route(f"/{CONTACTS}", methods=BOTH)
    async def name(request: Request, visit: CurrentVisit, contract_id: str) -> Response:
        given = await given_at(request, visit, f"/contracts/{contract_id}/{CONTACTS}")
        session, words = session_of(visit), pages.words(visit.language)
        contract, known = await asyncio.gather(
            contracts.contract(session.access, contract_id), contracts.contacts(session.access, contract_id)
        )
        own = [it for it in known.content.items if it.party.id == session.organisation]
        fields = _fields(own, words)
        form = contract_form(pages, visit, contract.content, CONTACTS, lambda _: fields, known.etag)
        if given is None:
            return show_form(pages, visit, form)

        async def act(filled: dict[str, Any]) -> str:
            people, places = _people(filled, len(own))
            try:
                await contracts.name_contacts(session.access, contract_id, {CONTACTS: people}, given.one(ETAG) or None)
            except InvalidError as refused:
                raise placed(refused, CONTACTS, places, without="person") from refused
            return f"/contracts/{quote(contract_id)}?done={CONTACTS}"

        return await send_form(pages, visit, form, given, act)

    return router


def _fields(own: Sequence[NamedContact], words: Words) -> tuple[Field, ...]:
    word = words_for(words, f"contract.{CONTACTS}.field")
    choices = tuple(Choice(it, words(f"contract.{CONTACTS}.kind.{it}")) for it in KINDS)
    fields: list[Field] = []
    for place in range(min(len(own) + _BLANK, _MOST)):
        held = own[place] if place < len(own) else None
        heading = words(f"contract.{CONTACTS}.person", number=place + 1)
        kind = Field(
            f"{CONTACTS}.{place}.kind", Kind.SELECT, word("kind"), optional=held is None, choices=choices, heading=heading
        )
        fields.append(kind if held is None else replace(kind, value=(held.kind,)))
        for name in _PERSON:
            value = None if held is None else getattr(held.person, name)
            optional = held is None or name in ("function", "phone")
            shown = () if value is None else (str(value),)
            fields.append(Field(f"{CONTACTS}.{place}.{name}", Kind.LINE, word(name), word(f"{name}_hint"), optional, value=shown))
    return tuple(fields)


def _people(filled: Mapping[str, Any], named: int) -> tuple[list[dict[str, Any]], list[int]]:
    """Return who was filled in, and in which place of the form each stands; a place that was left empty is nobody.

    In the first places stand as many as are ``named`` by now: who is emptied there is gone, whatever they are asked about.
    """
    people: list[dict[str, Any]] = []
    places: list[int] = []
    for place in range(_MOST):
        person = {it: filled[f"{CONTACTS}.{place}.{it}"] for it in _PERSON if f"{CONTACTS}.{place}.{it}" in filled}
        kind = filled.get(f"{CONTACTS}.{place}.kind")
        if person or (kind is not None and place >= named):
            people.append({"person": person, **({} if kind is None else {"kind": kind})})
            places.append(place)
    return people, places
