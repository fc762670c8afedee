"""The standard form of an offer: a list of sections, each saved by itself, incomplete or not, and then handed in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.catalog import Catalog, Offering, Shortcoming
from services.portal.apis.client import ApiUnavailableError
from services.portal.apis.eligibility import Eligibility
from services.portal.fields import Fault, Field, Kind, words_of_problem
from services.portal.forms import Given, read_given
from services.portal.pages import offer_operation, stored_files
from services.portal.pages.asking import ETAG, SEE_OTHER, Form, send_form, show_form
from services.portal.pages.offer_drafting import SEARCH, Drafting, Row
from services.portal.pages.offer_sections import SECTIONS, Section
from services.portal.pages.parts import ENTITY_ID
from services.portal.pages.standing import ActingVisit
from services.portal.pages.stored_files import FILE, TAKES_FILE, require_taken
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import NotFoundError, PreconditionFailedError, RejectedError

NEW = "new"
LIKE = "like"
"""Names the offer that a new one is to be filled in like."""
Replace = Callable[[], Awaitable[None]]
PINNED = "sha256"
"""Of a document: with another address it is another one."""
FOUND_AT_MOST = 8
NAMED_AT_MOST = 20
"""Keys of an offer whose names are looked up for its page; those beyond show as keys."""


def copied(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of an offer for another one: without what belongs to that one alone, such as the files brought for it."""
    copied = {name: value for name, value in form.items() if name not in ("title", "known_listing", "screenshots")}
    documents = [it for it in form.get("documents", ()) if it.get(PINNED) is None]
    return {**copied, "documents": documents} if documents else {name: it for name, it in copied.items() if name != "documents"}


def offer_form_routes(pages: Pages, catalog: Catalog, eligibility: Eligibility) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/offerings", include_in_schema=False)
    editor = _Editor(pages, catalog, eligibility)

    @router.get("/new")
    async def begin(visit: CurrentVisit, like: str = "") -> Response:
        session_of(visit)
        held = "" if visit.held is None else visit.held.one(LIKE)
        if like not in ("", held):
            # What was filled in is of a form about another offer.
            visit = replace(visit, held=None)
        return show_form(pages, visit, editor.new_form(visit, like or held))

    @router.post("/new")
    async def create(request: Request, visit: CurrentVisit) -> Response:
        session = session_of(visit)
        given = await read_given(request, session, "/offerings/new")

        async def act(body: dict[str, object]) -> str:
            like = str(body.pop(LIKE, ""))
            former = copied((await catalog.form(session.access, like))[1]) if like else {}
            return f"/offerings/{quote(await catalog.create(session.access, given.key, {**former, **body}))}/edit"

        return await send_form(pages, visit, editor.new_form(visit, given.one(LIKE)), given, act)

    @router.get("/{offering_id}/edit")
    async def overview(visit: ActingVisit, offering_id: str, saved: bool = False) -> Response:  # noqa: FBT001, FBT002 - of the address
        return await editor.overview(visit, offering_id, saved=saved)

    @router.post("/{offering_id}/submit")
    async def submit(request: Request, visit: ActingVisit, offering_id: str) -> Response:
        async def act(given: Given) -> None:
            match = given.one(ETAG) or None
            await catalog.move(session_of(visit).access, offering_id, "submit", key=given.key, body=None, match=match)

        return await editor.decide(request, visit, offering_id, "submit", act)

    @router.post("/{offering_id}/discard")
    async def discard(request: Request, visit: ActingVisit, offering_id: str) -> Response:
        async def act(given: Given) -> None:
            await catalog.discard(session_of(visit).access, offering_id, given.one(ETAG) or None)

        return await editor.decide(request, visit, offering_id, "discard", act)

    _section_routes(router, editor)
    return router


def _section_routes(router: APIRouter, editor: _Editor) -> None:
    @router.get("/{offering_id}/edit/{section}")
    async def show(visit: CurrentVisit, offering_id: str, section: str) -> Response:
        return await editor.section(visit, offering_id, _section(section))

    @router.post("/{offering_id}/edit/{section}")
    async def save(request: Request, visit: CurrentVisit, offering_id: str, section: str) -> Response:
        given = await read_given(request, session_of(visit), f"/offerings/{offering_id}/edit/{section}")
        return await editor.save(visit, offering_id, _section(section), given)

    @router.get("/{offering_id}/edit/{section}/{place}")
    async def show_row(visit: CurrentVisit, offering_id: str, section: str, place: str) -> Response:
        return await editor.row(visit, offering_id, _section(section), place)

    @router.post("/{offering_id}/edit/{section}/{place}", openapi_extra=TAKES_FILE)
    async def save_row(request: Request, visit: CurrentVisit, offering_id: str, section: str, place: str) -> Response:
        given = await read_given(request, session_of(visit), f"/offerings/{offering_id}/edit/{section}/{place}")
        return await editor.save_row(visit, offering_id, _section(section), place, given)


class _Editor:
    """Shows and saves the sections of a form."""

    def __init__(self, pages: Pages, catalog: Catalog, eligibility: Eligibility) -> None:
        self.pages = pages
        self.catalog = catalog
        self.eligibility = eligibility

    def new_form(self, visit: Visit, like: str = "") -> Form:
        """Return the form that an offer begins with; ``like``: the id of one that it is to be filled in like, if it is one."""
        words = self.pages.words(visit.language)
        like = like if ENTITY_ID.fullmatch(like) else ""
        return Form(
            title=words("mine.new"),
            lead=words("mine.like_lead") if like else words("mine.new_lead"),
            action="/offerings/new",
            button=words("mine.begin"),
            back="/my/offerings",
            back_label=words("mine.title"),
            fields=(
                Field("title", Kind.LINE, words("edit.field.title"), words("edit.field.title_hint")),
                *((Field(LIKE, Kind.HIDDEN, "", value=(like,)),) if like else ()),
            ),
        )

    async def overview(
        self,
        visit: Visit,
        offering_id: str,
        *,
        saved: bool = False,
        refusal: RejectedError | ApiUnavailableError | None = None,
    ) -> Response:
        stored, form = await self.catalog.form(session_of(visit).access, offering_id)
        offering, here = stored.content, f"/offerings/{offering_id}/edit"
        lacking = _lacking(offering)
        faults: list[Fault] = []
        if refusal is not None:
            faults = [Fault(words_of_problem(self.pages.words(visit.language), refusal))]
            if refusal.code == "offering_incomplete":
                faults = self._faults(visit, here, lacking)
        return self.pages.show(
            visit,
            "pages/edit.html",
            status=HTTPStatus.OK if refusal is None else refusal.status,
            offering=offering,
            sections=[(it.name, *it.state(form, lacking)) for it in SECTIONS.values()],
            here=here,
            submit_to=f"/offerings/{offering_id}/submit",
            discard_to=f"/offerings/{offering_id}/discard",
            etag=stored.etag,
            faults=faults,
            saved=saved,
        )

    async def decide(
        self, request: Request, visit: Visit, offering_id: str, step: str, act: Callable[[Given], Awaitable[None]]
    ) -> Response:
        """Do what a button below the sections asks for and lead to the offer, or show the sections with what is wrong."""
        given = await read_given(request, session_of(visit), f"/offerings/{offering_id}/{step}")
        try:
            await act(given)
        except NotFoundError:
            raise
        except (RejectedError, ApiUnavailableError) as error:
            return await self.overview(visit, offering_id, refusal=error)
        return RedirectResponse(f"{visit.language.prefix}/offerings/{quote(offering_id)}?done={step}", SEE_OTHER)

    async def section(self, visit: Visit, offering_id: str, section: Section) -> Response:
        stored, plain = await self.catalog.form(session_of(visit).access, offering_id)
        drafting = await self._drafting(visit, section, _with_chosen(section, plain, visit.held))
        form = self._form(visit, stored.content, section, stored.etag, section.fields(drafting))
        beside = self._beside(visit, stored.content, section, drafting)
        return show_form(self.pages, visit, form, **beside)

    async def save(self, visit: Visit, offering_id: str, section: Section, given: Given) -> Response:
        stored, plain = await self.catalog.form(session_of(visit).access, offering_id)
        if given.one("action") == "search":
            chosen = {name: list(given.all(name)) for name in section.members}
            drafting = await self._drafting(visit, section, {**plain, **chosen}, given.one(SEARCH))
            form = self._form(visit, stored.content, section, given.one(ETAG) or None, section.fields(drafting))
            return show_form(self.pages, visit, form, **self._beside(visit, stored.content, section, drafting))
        drafting = await self._drafting(visit, section, _with_chosen(section, plain, given))
        form = self._form(visit, stored.content, section, stored.etag, section.fields(drafting))
        filled = [it.filled(given) for it in form.fields]
        written = section.content(filled, visit.language)
        members = [it for it in section.members if section.row is None or it != section.row.member]
        changed = {**{name: value for name, value in plain.items() if name not in members}, **written}
        beside = self._beside(visit, stored.content, section, drafting)
        replace_form = self._replacing(visit, offering_id, given, (plain, changed))

        async def act(_: dict[str, object]) -> str:
            await replace_form()
            return f"/offerings/{quote(offering_id)}/edit?saved=true"

        return await send_form(self.pages, visit, form, given, act, field_of=offer_operation.FIELD_OF, **beside)

    async def row(self, visit: Visit, offering_id: str, section: Section, place: str) -> Response:
        stored, plain = await self.catalog.form(session_of(visit).access, offering_id)
        drafting = await self._drafting(visit, section, plain)
        form = self._row_form(visit, stored.content, section, place, stored.etag, drafting)
        return show_form(self.pages, visit, form)

    async def save_row(self, visit: Visit, offering_id: str, section: Section, place: str, given: Given) -> Response:
        stored, plain = await self.catalog.form(session_of(visit).access, offering_id)
        drafting = await self._drafting(visit, section, plain)
        form = self._row_form(visit, stored.content, section, place, stored.etag, drafting)
        row = _row(section)
        rows = list(plain.get(row.member, ()))
        at = len(rows) if place == NEW else _place(place, rows)
        if given.one("action") == "remove":
            del rows[at : at + 1]
        else:
            filled = [it.filled(given) for it in form.fields]
            former = rows[at] if at < len(rows) else {}
            asked = {it.name for it in form.fields}
            content = row.content(filled, visit.language)
            if "url" in asked and former.get("url") != content.get("url"):
                asked.add(PINNED)
            rows[at : at + 1] = [{**{k: v for k, v in former.items() if k not in asked}, **content}]
        replace_form = self._replacing(visit, offering_id, given, (plain, {**plain, row.member: rows}))
        file = given.files.get(FILE)

        async def act(_: dict[str, object]) -> str:
            if file is not None and at < len(rows):
                brought = await self.catalog.bring(session_of(visit).access, offering_id, file, require_taken(file))
                rows[at] |= brought.model_dump()
            await replace_form()
            return f"/offerings/{quote(offering_id)}/edit/{section.name}"

        return await send_form(self.pages, visit, form, given, act, field_of={**stored_files.FIELD_OF, **row.field_of})

    def _replacing(
        self, visit: Visit, offering_id: str, given: Given, forms: tuple[Mapping[str, Any], dict[str, Any]]
    ) -> Replace:
        """Return what replaces the first of two forms by the second, on the state that was read."""
        plain, changed = forms

        async def replace_form() -> None:
            try:
                await self.catalog.replace(session_of(visit).access, offering_id, changed, given.one(ETAG) or None)
            except PreconditionFailedError:
                if changed != plain:
                    raise
                # The same form was sent twice, or somebody else has written the same.

        return replace_form

    def _beside(self, visit: Visit, offering: Offering, section: Section, drafting: Drafting) -> dict[str, Any]:
        """Return the template of a section, and what it shows beside the form."""
        rows = None
        if section.row is not None:
            rows = [section.row.label(it, drafting) for it in drafting.form.get(section.row.member, ())]
        lacking = [it for it in _lacking(offering) if it.field in section.members]
        return {
            "template": "pages/section.html",
            "offering": offering,
            "section": section.name,
            "rows": rows,
            "lacking": [it.text for it in self._faults(visit, "", lacking)],
        }

    def _form(self, visit: Visit, offering: Offering, section: Section, etag: str | None, fields: tuple[Field, ...]) -> Form:
        words = self.pages.words(visit.language)
        lead = f"edit.lead_of.{section.name}"
        return Form(
            title=words(f"edit.section.{section.name}"),
            lead=words(lead) if words.has(lead) else "",
            action=f"/offerings/{offering.id}/edit/{section.name}",
            button=words("edit.save") if fields else "",
            back=f"/offerings/{offering.id}/edit",
            back_label=offering.title,
            fields=fields,
            etag=etag,
            search=SEARCH,
        )

    def _row_form(
        self, visit: Visit, offering: Offering, section: Section, place: str, etag: str | None, drafting: Drafting
    ) -> Form:
        words, row = self.pages.words(visit.language), _row(section)
        rows: Sequence[Mapping[str, Any]] = drafting.form.get(row.member, ())
        at = len(rows) if place == NEW else _place(place, rows)
        here = f"/offerings/{offering.id}/edit/{section.name}"
        return Form(
            title=words(f"edit.add.{section.name}") if place == NEW else words(f"edit.row.{section.name}"),
            action=f"{here}/{place}",
            button=words("edit.save"),
            back=here,
            back_label=words(f"edit.section.{section.name}"),
            fields=row.fields(drafting, {} if place == NEW or at >= len(rows) else rows[at]),
            below=f"/{row.member}/{at}",
            remove="" if place == NEW else words("edit.remove"),
            etag=etag,
        )

    async def _drafting(self, visit: Visit, section: Section, form: Mapping[str, Any], query: str = "") -> Drafting:
        language = visit.language

        def labels(enumeration: str) -> Mapping[str, str]:
            return self.pages.labels(language, enumeration)

        drafting = Drafting(form, self.pages.words(language), language, labels, query=query)
        if section.name == "about":
            return replace(drafting, topics=await self.catalog.topics())
        if section.name == "checklist":
            return replace(drafting, checklist=await self.catalog.requirements())
        if section.name == "ways":
            return replace(drafting, channels=[it.channel for it in await self.eligibility.channels()])
        if section.name == "keys":
            ozg, leika = await asyncio.gather(
                _names(self.catalog.ozg, form.get("ozg_ids", ()), query),
                _names(self.catalog.leika, form.get("leika_keys", ()), query),
            )
            return replace(drafting, ozg=ozg, leika=leika)
        return drafting

    def _faults(self, visit: Visit, here: str, lacking: Sequence[Shortcoming]) -> list[Fault]:
        """Return words for shortcomings, one line for those of a kind, with the way to their section where there is one."""
        words = self.pages.words(visit.language)
        kinds: dict[tuple[str, str], list[str]] = {}
        for it in lacking:
            kinds.setdefault((it.field, it.code), []).append(it.id or "")
        faults: list[Fault] = []
        for (field, code), ids in kinds.items():
            key = f"shortcoming.{code}"
            label = _label(words.sentences, field).rstrip("?")
            text = words(key, id=", ".join(ids), field=label) if words.has(key) else code
            section = next((it.name for it in SECTIONS.values() if field in it.members), "")
            faults.append(Fault(text, f"{visit.language.prefix}{here}/{section}" if here and section else ""))
        return faults


def _with_chosen(section: Section, form: Mapping[str, Any], given: Given | None) -> Mapping[str, Any]:
    """Return the form of an offer with the keys that were chosen in a section too: what is not in it is no choice."""
    if section.name != "keys" or given is None:
        return form
    return {**form, **{it: [*dict.fromkeys((*form.get(it, ()), *given.all(it)))] for it in section.members}}


async def _names(find: Callable[[str, int], Awaitable[Mapping[str, str]]], held: Sequence[str], query: str) -> Mapping[str, str]:
    """Return the names of keys that an offer holds, and of those that were searched for."""
    found = await asyncio.gather(
        *(find(key, 1) for key in held[:NAMED_AT_MOST]), *([find(query, FOUND_AT_MOST)] if query else [])
    )
    return {key: name for names in found for key, name in names.items() if key in held or query}


def _label(sentences: Mapping[str, str], field: str) -> str:
    return sentences.get(f"edit.field.{field}", field)


def _lacking(offering: Offering) -> Sequence[Shortcoming]:
    return () if offering.workflow is None else offering.workflow.shortcomings or ()


def _section(name: str) -> Section:
    if name not in SECTIONS:
        raise NotFoundError(f"The form has no section {name}.")
    return SECTIONS[name]


def _row(section: Section) -> Row:
    if section.row is None:
        raise NotFoundError(f"The section {section.name} has no list.")
    return section.row


def _place(place: str, rows: Sequence[object]) -> int:
    if not place.isdecimal() or len(place) > len(str(len(rows))) or int(place) > len(rows):
        raise NotFoundError(f"The list has no entry {place}.")
    return int(place)
