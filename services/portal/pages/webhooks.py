"""Webhooks of one's own organisation: its administrators enter them, change them, give them new secrets, see what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.notify import NewSecret, Notify, Webhook
from services.portal.fields import Choice, Field, Kind, words_for
from services.portal.forms import Given, read_given
from services.portal.pages.asking import BOTH, ETAG, SEE_OTHER, Form, given_at, send_form, show_form
from services.portal.pages.notices import MATTERS, by_matter, word_of
from services.portal.pages.parts import ENTITY_ID
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.http.routers import join

LIST: Final = "/webhooks"
RESEND: Final = f"{LIST}/deliveries/resend"
PAGE: Final = 20
FAILED: Final = "FAILED"
DONE: Final = frozenset({"change", "remove", "resend"})
WHOLE: Final = "*"
"""What is chosen for all kinds of a matter."""
_TYPES: Final = "event_types"


def webhook_routes(pages: Pages, notify: Notify) -> APIRouter:
    """Return the routes; whoever does not administer the organisation gets what the service answers them."""
    router = APIRouter(prefix=LIST, include_in_schema=False)
    desk = _Desk(pages, notify)

    @router.get("")
    async def listed(visit: CurrentVisit, done: str = "") -> Response:
        found = await notify.webhooks(session_of(visit).access)
        return pages.show(visit, "pages/webhooks.html", webhooks=found, done=done if done in DONE else "")

    @router.api_route("/new", methods=BOTH)
    async def create(request: Request, visit: CurrentVisit) -> Response:
        return await desk.create(visit, await given_at(request, visit, f"{LIST}/new"))

    @router.post("/deliveries/resend")
    async def resend(request: Request, visit: CurrentVisit) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, RESEND)
        webhook, delivery = given.one("webhook"), given.one("delivery")
        if not ENTITY_ID.fullmatch(webhook) or not ENTITY_ID.fullmatch(delivery):
            return RedirectResponse(f"{visit.language.prefix}{LIST}", SEE_OTHER)
        await notify.resend(session.access, webhook, delivery, given.key)
        return RedirectResponse(f"{visit.language.prefix}{LIST}/{webhook}?done=resend", SEE_OTHER)

    join(router, _single_routes(pages, notify, desk))
    return router


def _single_routes(pages: Pages, notify: Notify, desk: _Desk) -> APIRouter:
    router = APIRouter(prefix=f"{LIST}/{{webhook_id}}", include_in_schema=False)

    @router.get("")
    async def one(visit: CurrentVisit, webhook_id: str, state: str = "", cursor: str | None = None, done: str = "") -> Response:
        access = session_of(visit).access
        narrowed = [("state", FAILED)] if state == FAILED else []
        parameters = [*narrowed, ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        stored, found = await asyncio.gather(
            notify.webhook(access, webhook_id), notify.deliveries(access, webhook_id, parameters)
        )
        following = None if found.next is None else f"{_page_of(webhook_id)}?{urlencode([*narrowed, ('cursor', found.next)])}"
        words = pages.words(visit.language)
        return pages.show(
            visit,
            "pages/webhook.html",
            webhook=stored.content,
            matters=by_matter(stored.content.event_types),
            deliveries=found.items,
            kinds={it.event_type: word_of(words, it.event_type) for it in found.items}
            | {it: word_of(words, it) for it in stored.content.event_types},
            narrowed=bool(narrowed),
            following=following,
            resend=RESEND,
            done=done if done in DONE else "",
        )

    @router.api_route("/change", methods=BOTH)
    async def change(request: Request, visit: CurrentVisit, webhook_id: str) -> Response:
        return await desk.change(visit, webhook_id, await given_at(request, visit, f"{LIST}/{webhook_id}/change"))

    @router.api_route("/secret", methods=BOTH)
    async def rotate(request: Request, visit: CurrentVisit, webhook_id: str) -> Response:
        return await desk.rotate(visit, webhook_id, await given_at(request, visit, f"{LIST}/{webhook_id}/secret"))

    @router.api_route("/remove", methods=BOTH)
    async def remove(request: Request, visit: CurrentVisit, webhook_id: str) -> Response:
        return await desk.remove(visit, webhook_id, await given_at(request, visit, f"{LIST}/{webhook_id}/remove"))

    return router


@dataclass(frozen=True, slots=True)
class _Desk:
    """Shows the forms about webhooks, and sends those that were filled in."""

    pages: Pages
    notify: Notify

    async def create(self, visit: Visit, given: Given | None) -> Response:
        """Ask where to call about what, and show the secret of the new webhook: this once, and in no address."""
        access = session_of(visit).access
        offered = by_matter(it.event_type for it in await self.notify.kinds(access) if it.concerns_you and it.for_webhooks)
        word = words_for(self.pages.words(visit.language), "webhooks.new")
        form = Form(
            title=word("title"),
            lead=word("lead"),
            action=f"{LIST}/new",
            button=word("button"),
            back=LIST,
            back_label=self.pages.words(visit.language)("webhooks.title"),
            fields=self._fields(visit, offered, None),
        )
        if given is None:
            return show_form(self.pages, visit, form)
        made: list[NewSecret] = []

        async def act(filled: dict[str, Any]) -> str:
            made.append(await self.notify.create_webhook(access, given.key, _content(filled, offered)))
            return LIST

        return self._with_secret(visit, made, await send_form(self.pages, visit, form, given, act, field_of=_field_of(offered)))

    async def change(self, visit: Visit, webhook_id: str, given: Given | None) -> Response:
        """Ask where to call about what from now on, and whether at all."""
        access = session_of(visit).access
        stored, known = await asyncio.gather(self.notify.webhook(access, webhook_id), self.notify.kinds(access))
        webhook = stored.content
        # What it is called about already can be chosen on, whatever roles the organisation has by now.
        held = webhook.event_types
        offered = by_matter(it.event_type for it in known if (it.concerns_you and it.for_webhooks) or it.event_type in held)
        word = words_for(self.pages.words(visit.language), "webhooks.field")
        active = Field("active", Kind.TICK, word("active"), word("active_hint"), value=("true",) if webhook.active else ())
        address, *kinds = self._fields(visit, offered, webhook)
        form = self._form(visit, webhook, "change", stored.etag, (address, active, *kinds))
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(filled: dict[str, Any]) -> str:
            body = {**_content(filled, offered), "active": filled["active"]}
            await self.notify.change_webhook(access, webhook_id, body, given.one(ETAG) or None)
            return f"{_page_of(webhook_id)}?done=change"

        return await send_form(self.pages, visit, form, given, act, field_of=_field_of(offered))

    async def rotate(self, visit: Visit, webhook_id: str, given: Given | None) -> Response:
        """Ask whether a new secret is wanted, and show it: this once, and in no address."""
        access = session_of(visit).access
        stored = await self.notify.webhook(access, webhook_id)
        form = self._form(visit, stored.content, "secret", stored.etag)
        if given is None:
            return show_form(self.pages, visit, form)
        made: list[NewSecret] = []

        async def act(_: dict[str, Any]) -> str:
            made.append(await self.notify.rotate_secret(access, webhook_id, given.key, given.one(ETAG) or None))
            return _page_of(webhook_id)

        return self._with_secret(visit, made, await send_form(self.pages, visit, form, given, act))

    async def remove(self, visit: Visit, webhook_id: str, given: Given | None) -> Response:
        """Ask whether a webhook is to be removed, with what is lost, and remove it."""
        access = session_of(visit).access
        stored = await self.notify.webhook(access, webhook_id)
        form = self._form(visit, stored.content, "remove", stored.etag)
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(_: dict[str, Any]) -> str:
            await self.notify.remove_webhook(access, webhook_id, given.one(ETAG) or None)
            return f"{LIST}?done=remove"

        return await send_form(self.pages, visit, form, given, act)

    def _with_secret(self, visit: Visit, made: list[NewSecret], answer: Response) -> Response:
        """Return the page of the secret that was made, the answer where none was."""
        if not made:
            return answer
        return self.pages.show(visit, "pages/webhook_secret.html", made=made[0], here=_page_of(made[0].id))

    def _fields(self, visit: Visit, offered: Mapping[str, list[str]], webhook: Webhook | None) -> tuple[Field, ...]:
        words = self.pages.words(visit.language)
        word = words_for(words, "webhooks.field")
        held = () if webhook is None else webhook.event_types
        address = Field("url", Kind.LINE, word("url"), word("url_hint"), value=() if webhook is None else (webhook.url,))
        kinds = []
        for matter, types in offered.items():
            chosen = tuple(it for it in types if it in held)
            choices = (
                *((Choice(WHOLE, words("webhooks.whole")),) if len(types) > 1 else ()),
                *(Choice(it, word_of(words, it)) for it in types),
            )
            state = words("webhooks.chosen", number=len(chosen), all=len(types))
            name, heading = _named(matter), words(f"matter.{matter}")
            field = Field(name, Kind.CHECKS, word(_TYPES), choices=choices, value=chosen)
            kinds.append(replace(field, heading=heading, folded=state))
        return (address, *kinds)

    def _form(self, visit: Visit, webhook: Webhook, name: str, etag: str | None, fields: tuple[Field, ...] = ()) -> Form:
        words = self.pages.words(visit.language)
        word = words_for(words, f"webhooks.{name}")
        return Form(
            title=word("title"),
            lead=word("lead"),
            quote="" if fields else webhook.url,
            action=f"{LIST}/{webhook.id}/{name}",
            button=word("button"),
            back=_page_of(webhook.id),
            back_label=words("webhooks.single"),
            fields=fields,
            etag=etag,
        )


def _content(filled: Mapping[str, Any], offered: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return a webhook as it is sent, from the form that it was filled in by."""
    chosen = {matter: filled.get(_named(matter), []) for matter in offered}
    types = [it for matter, kinds in offered.items() for it in kinds if it in chosen[matter] or WHOLE in chosen[matter]]
    return {**{name: filled[name] for name in ("url",) if name in filled}, _TYPES: types}


def _field_of(offered: Mapping[str, list[str]]) -> dict[str, str]:
    """Return where that is asked for which a webhook is refused for."""
    first = next((_named(it) for it in MATTERS if it in offered), "url")
    return {_TYPES: first, "event_type_unknown": first, "webhook_url_invalid": "url"}


def _named(matter: str) -> str:
    return f"{_TYPES}.{matter}"


def _page_of(webhook_id: str) -> str:
    return f"{LIST}/{quote(webhook_id)}"
