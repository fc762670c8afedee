"""The inbox: what the organisation has been told, newest first."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.notify import Notify
from services.portal.forms import Given, read_given
from services.portal.pages.asking import SEE_OTHER
from services.portal.pages.lists import Chip
from services.portal.pages.parts import ENTITY_ID, or_none
from services.portal.rendering import Pages, Visit
from services.portal.texts import Words, every_key
from services.portal.visits import CurrentVisit, session_of

PAGE = 20
READ = "/inbox/read"
READ_ALL = "/inbox/read-all"
DONE = frozenset({"contact", "erased"})
PATHS = {"order": "/orders", "offering": "/offerings", "organisation": "/organisations", "contract": "/contracts"}
"""Where the things are shown that notifications are about; others are named without a link."""
NARROWING = ("event_type", "order_id", "offering_id")
"""Filters by which notify narrows the inbox, and what of it is marked as read at once."""
_WORDS = "notice."


class Asked(BaseModel):
    """Which part of the inbox: of which kind, about what, only what nobody has read, from where on."""

    model_config = ConfigDict(extra="ignore")

    unread: bool = False
    event_type: str = ""
    order_id: str = ""
    offering_id: str = ""
    cursor: str | None = None
    done: str = ""

    def narrowing(self, without: str = "") -> dict[str, str]:
        """Return the filters that are chosen, but for one."""
        return {name: value for name in NARROWING if (value := getattr(self, name)) and name != without}

    def address(self, *, unread: bool, cursor: str | None = None, without: str = "", **chosen: str) -> str:
        """Return the address of a part in our pages: without one of the filters, or with others."""
        query = [*([("unread", "true")] if unread else []), *(self.narrowing(without) | chosen).items()]
        query += [("cursor", cursor)] if cursor else []
        return f"/inbox?{urlencode(query)}" if query else "/inbox"

    @classmethod
    def given(cls, given: Given) -> Asked:
        """Return the part that a form was sent from."""
        return cls(unread=given.one("unread") == "true", **{name: given.one(name) for name in NARROWING})


def inbox_routes(pages: Pages, notify: Notify) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/inbox")
    async def inbox(visit: CurrentVisit, asked: Annotated[Asked, Query()]) -> Response:
        session, words = session_of(visit), pages.words(visit.language)
        parameters = [("unread", str(asked.unread).lower()), *asked.narrowing().items(), ("limit", str(PAGE))]
        parameters += [("cursor", asked.cursor)] if asked.cursor else []
        found, unread = await asyncio.gather(
            notify.inbox(session.access, visit.language, parameters), or_none(notify.unread(session.access), "inbox")
        )
        links = {it.id: f"{PATHS[it.subject_kind]}/{it.subject_id}" for it in found.items if it.subject_kind in PATHS}
        following = None if found.next is None else asked.address(unread=asked.unread, cursor=found.next)
        return pages.show(
            visit,
            "pages/inbox.html",
            inbox=found,
            number=unread,
            asked=asked,
            chips=_chips(words, asked),
            kinds=_kinds(words),
            links=links,
            following=following,
            read=READ,
            read_all=READ_ALL,
            done=asked.done if asked.done in DONE else "",
        )

    @router.post(READ)
    async def read(request: Request, visit: CurrentVisit) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, READ)
        if ENTITY_ID.fullmatch(given.one("id")):
            await notify.read(session.access, given.one("id"), given.key)
        return _back(visit, Asked.given(given))

    @router.post(READ_ALL)
    async def read_all(request: Request, visit: CurrentVisit) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, READ_ALL)
        asked = Asked.given(given)
        await notify.read_all(session.access, given.one("until"), asked.narrowing(), given.key)
        return _back(visit, asked.model_copy(update={"unread": False}))

    return router


def _back(visit: Visit, asked: Asked) -> Response:
    return RedirectResponse(f"{visit.language.prefix}{asked.address(unread=asked.unread)}", SEE_OTHER)


def _kinds(words: Words) -> dict[str, list[str]]:
    """Return the kinds of notifications that have words, by the service that they come from."""
    kinds = [key.removeprefix(_WORDS) for key in every_key(words, _WORDS)]
    return {service: list(found) for service, found in groupby(kinds, lambda it: it.partition(".")[0])}


def _chips(words: Words, asked: Asked) -> list[Chip]:
    """Return the chosen filters."""
    kind = f"{_WORDS}{asked.event_type}"
    labels = {
        "event_type": words(kind) if words.has(kind) else asked.event_type,
        "order_id": words("inbox.one_order"),
        "offering_id": words("inbox.one_offering"),
    }
    return [Chip(labels[name], asked.address(unread=asked.unread, without=name)) for name in asked.narrowing()]
