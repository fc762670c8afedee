"""The inbox: what the organisation has been told, newest first."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.notify import Notify
from services.portal.forms import read_given
from services.portal.pages.parts import ENTITY_ID, or_none
from services.portal.rendering import Pages
from services.portal.visits import CurrentVisit, session_of

PAGE = 20
READ = "/inbox/read"
READ_ALL = "/inbox/read-all"
DONE = frozenset({"contact", "erased"})
PATHS = {"order": "/orders", "offering": "/offerings", "organisation": "/organisations", "contract": "/contracts"}
"""Where the things are shown that notifications are about; others are named without a link."""


class Asked(BaseModel):
    """Which part of the inbox: only what nobody has read, from where on."""

    model_config = ConfigDict(extra="ignore")

    unread: bool = False
    cursor: str | None = None
    done: str = ""

    def address(self, *, unread: bool, cursor: str | None = None) -> str:
        """Return the address of a part in our pages."""
        query = [*([("unread", "true")] if unread else []), *([("cursor", cursor)] if cursor else [])]
        return f"/inbox?{urlencode(query)}" if query else "/inbox"


def inbox_routes(pages: Pages, notify: Notify) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/inbox")
    async def inbox(visit: CurrentVisit, asked: Annotated[Asked, Query()]) -> Response:
        session = session_of(visit)
        parameters = [("unread", str(asked.unread).lower()), ("limit", str(PAGE))]
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
        back = Asked().address(unread=given.one("unread") == "true")
        return RedirectResponse(f"{visit.language.prefix}{back}", 303)

    @router.post(READ_ALL)
    async def read_all(request: Request, visit: CurrentVisit) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, READ_ALL)
        await notify.read_all(session.access, given.one("until"), given.key)
        return RedirectResponse(f"{visit.language.prefix}/inbox", 303)

    return router
