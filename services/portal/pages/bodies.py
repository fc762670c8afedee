"""Public bodies are found by name or key and chosen from what was found, on every page that asks for one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from services.portal.apis.client import ApiUnavailableError
from services.portal.apis.eligibility import Body, Eligibility
from services.portal.fields import Choice, Fault, Field, Kind
from services.portal.forms import Given
from services.portal.pages.asking import ETAG, Form, show_form
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages, Visit
from services.portal.texts import Words
from shared.errors import GoneError, NotFoundError

SEARCH: Final = "search"
"""What the button of a search is sent for."""
FOUND_AT_MOST: Final = 10
LONGEST: Final = 100
"""As many characters are searched for."""
NAMED_AT_MOST: Final = 20
"""Regional keys of a territory whose names are looked up for a page; those beyond show as keys."""
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""The key of a body; people search for anything."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to. ``note``: what is to be said of it; ``missing``: what may be a key that the register lacks."""

    bodies: tuple[Body, ...] = ()
    note: str = ""
    missing: str = ""


async def find_bodies(eligibility: Eligibility, text: str, words: Words) -> Found:
    """Return the bodies that have a name or key, in place of one that a reform has given up its successor.

    Raises as ``Api.get``.
    """
    asked = text.strip()[:LONGEST]
    if not asked:
        return Found()
    found = await eligibility.bodies(asked, FOUND_AT_MOST + 1)
    key = "".join(asked.split())
    known = any((it.ars or it.id).startswith(key) for it in found) if key.isdecimal() else bool(found)
    # What is found by the key of a body that is no more is another one, and nobody is to take it for that.
    by_key = Found() if known or not _KEY.fullmatch(key) else await _by_key(eligibility, key, words)
    if by_key.bodies or not found:
        return by_key if by_key != Found() else Found(note=words("find.none"))
    more = len(found) > FOUND_AT_MOST
    return Found(found[:FOUND_AT_MOST], words("find.more", number=FOUND_AT_MOST) if more else "")


async def with_bodies(
    eligibility: Eligibility, words: Words, fields: Sequence[Field], given: Given | None, *, unlisted: bool = False
) -> tuple[Field, ...]:
    """Return the fields of a form, those of bodies with what is chosen and what was found, to choose from.

    What a field has to choose from before stays. ``unlisted``: a body may be one that the register lacks, and is chosen by its
    key. A choice that cannot be sent is an error of its field: a body that is no more, or is not to be looked up just now.
    """
    asked = [it for it in fields if it.names_bodies]
    completed = await asyncio.gather(*(_completed(eligibility, words, it, given, unlisted=unlisted) for it in asked))
    found = {it.name: it for it in completed}
    return tuple(found.get(it.name, it) for it in fields)


def names_in(fields: Sequence[Field]) -> dict[str, str]:
    """Return the names of the bodies that a form offers to choose, by key."""
    return {choice.value: choice.label for it in fields if it.names_bodies for choice in it.choices}


def unsent(
    pages: Pages, visit: Visit, form: Form, given: Given, *, template: str = "pages/form.html", **values: object
) -> Response | None:
    """Return the page of a form that goes nowhere yet, with all that was filled in; None for one that is to be sent.

    A search was asked for, or a body is chosen that cannot be sent. The form goes on for the state that was read at first.
    """
    fields = tuple(it if it.kind is Kind.HIDDEN else it.filled(given) for it in form.fields)
    searches = given.one("action") == SEARCH
    faults = [Fault(f"{it.label.rstrip('?.')}: {it.error}", it.place) for it in fields if it.error and not searches]
    if not searches and not faults:
        return None
    shown = replace(form, fields=fields, etag=given.one(ETAG) or None)
    status = HTTPStatus.OK if searches else HTTPStatus.UNPROCESSABLE_ENTITY
    return show_form(pages, visit, shown, faults, template=template, status=status, **values)


async def _by_key(eligibility: Eligibility, key: str, words: Words) -> Found:
    try:
        return Found((await eligibility.body(key),))
    except GoneError as gone:
        return await _followed(eligibility, gone, words)
    except NotFoundError:
        return Found(note=words("find.none"), missing=key)


async def _followed(eligibility: Eligibility, gone: GoneError, words: Words) -> Found:
    """Return what has followed a body that is no more, and words for it."""
    former, successor = str(gone.context.get("name") or gone.context.get("body")), gone.context.get("successor")
    body = None if successor is None else await or_none(eligibility.body(str(successor)), "find")
    if body is None:
        return Found(note=words("find.dissolved", name=former))
    return Found((body,), words("find.superseded", name=former, successor=body.name))


async def _completed(eligibility: Eligibility, words: Words, field: Field, given: Given | None, *, unlisted: bool) -> Field:
    held = field if given is None else field.filled(given)
    listed = {it.value: it for it in field.choices}
    asked = [it for it in held.value if it not in listed]
    found, chosen = await asyncio.gather(
        _searched(eligibility, held.query, words),
        _regions(eligibility, asked, words) if field.regions else _bodies(eligibility, asked, words, unlisted=unlisted),
    )
    choices = listed | {choice.value: choice for it in chosen for choice in it.choices}
    for body in found.bodies:
        key = body.ars if field.regions else body.id
        if key is not None and key not in choices:
            choices[key] = _choice(body, key, words)
    if unlisted and found.missing and found.missing not in choices:
        choices[found.missing] = _unlisted(found.missing, words)
    if choices and field.optional and field.kind is Kind.BODY:
        choices[""] = Choice("", words("find.nobody"))
    errors = dict.fromkeys(it.error for it in chosen if it.error)
    note = "" if found.note in errors else found.note
    return replace(held, choices=tuple(choices.values()), note=note, error=" ".join(errors))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What stands for a key that is chosen; ``error``: why it cannot be sent."""

    choices: tuple[Choice, ...] = ()
    error: str = ""


async def _bodies(eligibility: Eligibility, keys: Sequence[str], words: Words, *, unlisted: bool) -> list[_Chosen]:
    return await asyncio.gather(*(_chosen(eligibility, it, words, unlisted=unlisted) for it in keys))


async def _chosen(eligibility: Eligibility, key: str, words: Words, *, unlisted: bool) -> _Chosen:
    if not _KEY.fullmatch(key):
        return _Chosen(error=words("find.unknown", id=key))
    try:
        return _Chosen((_choice(await eligibility.body(key), key, words),))
    except GoneError as gone:
        found = await _followed(eligibility, gone, words)
        return _Chosen(tuple(_choice(it, it.id, words) for it in found.bodies), found.note)
    except NotFoundError:
        return _Chosen((_unlisted(key, words),)) if unlisted else _Chosen(error=words("find.unknown", id=key))
    except ApiUnavailableError:
        return _Chosen((Choice(key, key),), words("form.away"))


async def _regions(eligibility: Eligibility, keys: Sequence[str], words: Words) -> list[_Chosen]:
    """Return what stands for regional keys: the first of them by the names of the bodies that cover exactly that."""
    asked = keys[:NAMED_AT_MOST]
    found = await asyncio.gather(*(or_none(eligibility.bodies(it, 1), "find") for it in asked))
    exact = {key: body for key, bodies in zip(asked, found, strict=True) for body in bodies or () if body.ars == key}
    return [_Chosen((_choice(exact[it], it, words) if it in exact else Choice(it, it),)) for it in keys]


async def _searched(eligibility: Eligibility, text: str, words: Words) -> Found:
    try:
        return await find_bodies(eligibility, text, words)
    except ApiUnavailableError:
        return Found(note=words("find.away"))


def _choice(body: Body, key: str, words: Words) -> Choice:
    """Return a body to choose by a key; towns of one name are told apart by Land and key."""
    land = f"land.DE-{body.state_code}"
    return Choice(key, body.name, ", ".join((*((words(land),) if words.has(land) else ()), key)))


def _unlisted(key: str, words: Words) -> Choice:
    return Choice(key, key, words("find.unlisted"))
