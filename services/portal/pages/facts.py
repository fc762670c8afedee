"""Facts that in-house checks rest on: who looks for a body sees those about it, and records, corrects and ends what they may."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.apis.client import Access
from services.portal.apis.eligibility import Eligibility, EvidenceFile
from services.portal.apis.facts import BodyFact, Facts
from services.portal.pages.asking import BOTH, SEE_OTHER, given_at
from services.portal.pages.bodies import find_bodies
from services.portal.pages.fact_forms import EXAMINERS, PATH, Desk, body_page, offered
from services.portal.pages.fact_shapes import SHAPES, Sort, bodies_of, said_of, shape_of
from services.portal.pages.names import names_of_bodies
from services.portal.pages.parts import or_none
from services.portal.pages.standing import ActingVisit
from services.portal.pages.stored_files import download
from services.portal.rendering import Pages, Visit
from services.portal.texts import Words
from services.portal.visits import CurrentVisit, session_of
from shared.errors import GoneError, NotFoundError
from shared.http.routers import join

PAGE: Final = 50
DOCUMENTS: Final = 20
"""As many documents of a fact are shown."""
KINDS: Final = (
    *("organisation", "authority_status", "relation", "private_participation", "activity", "declaration"),
    *("cooperation", "legal_opinion", "accreditation"),
)
"""Kinds of facts in the order in which they are shown."""
DONE: Final = frozenset({"record", "correct", "end", "withdraw"})
STEPS: Final = ("correct", "end", "withdraw")


@dataclass(frozen=True, slots=True)
class Line:
    """A fact in a list: what it is called, and what it says, in words."""

    fact: BodyFact
    title: str
    said: tuple[str, ...]
    open: bool


def fact_routes(pages: Pages, facts: Facts, eligibility: Eligibility) -> APIRouter:
    """Return the routes; what is not for whoever asks, eligibility refuses."""
    router = APIRouter(prefix=PATH, include_in_schema=False)
    reader, desk = _Reader(pages, facts, eligibility), Desk(pages, facts, eligibility)

    @router.get("")
    async def find(visit: CurrentVisit, q: str = "") -> Response:
        session_of(visit)
        found = await find_bodies(eligibility, q, pages.words(visit.language))
        return pages.show(visit, "pages/facts.html", found=found.bodies, note=found.note, missing=found.missing, q=q)

    @router.get("/of/{body_id}")
    async def of_body(visit: ActingVisit, body_id: str, kind: str = "", cursor: str | None = None, done: str = "") -> Response:
        return await reader.of_body(visit, body_id, kind if kind in KINDS else "", cursor, done if done in DONE else "")

    @router.get("/of/{body_id}/new")
    async def choose(visit: ActingVisit, body_id: str) -> Response:
        name = await reader.name(body_id)
        return pages.show(visit, "pages/fact_new.html", body=body_id, name=name, shapes=offered(visit, body_id))

    @router.api_route("/of/{body_id}/new/{shape}", methods=BOTH)
    async def record(request: Request, visit: CurrentVisit, body_id: str, shape: str) -> Response:
        given = await given_at(request, visit, f"{PATH}/of/{body_id}/new/{shape}")
        return await desk.record(visit, body_id, shape, given)

    join(router, _single_routes(reader, desk))
    return router


def _single_routes(reader: _Reader, desk: Desk) -> APIRouter:
    router = APIRouter(prefix=f"{PATH}/{{fact_id}}", include_in_schema=False)

    @router.get("")
    async def one(visit: ActingVisit, fact_id: str, done: str = "") -> Response:
        return await reader.one(visit, fact_id, done if done in DONE else "")

    @router.get("/evidence/{document_id}")
    async def content(visit: CurrentVisit, fact_id: str, document_id: str) -> Response:
        return await reader.content(visit, fact_id, document_id)

    @router.api_route("/correct", methods=BOTH)
    async def correct(request: Request, visit: CurrentVisit, fact_id: str) -> Response:
        return await desk.correct(visit, fact_id, await given_at(request, visit, f"{PATH}/{fact_id}/correct"))

    @router.api_route("/end", methods=BOTH)
    async def end(request: Request, visit: CurrentVisit, fact_id: str) -> Response:
        return await desk.end(visit, fact_id, await given_at(request, visit, f"{PATH}/{fact_id}/end"))

    @router.api_route("/withdraw", methods=BOTH)
    async def withdraw(request: Request, visit: CurrentVisit, fact_id: str) -> Response:
        return await desk.withdraw(visit, fact_id, await given_at(request, visit, f"{PATH}/{fact_id}/withdraw"))

    return router


@dataclass(frozen=True, slots=True)
class _Reader:
    """Shows facts."""

    pages: Pages
    facts: Facts
    eligibility: Eligibility

    async def of_body(self, visit: Visit, body_id: str, kind: str, cursor: str | None, done: str) -> Response:
        access, words = session_of(visit).access, self.pages.words(visit.language)
        narrowed = [("kind", kind)] if kind else []
        parameters = [*narrowed, ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        try:
            name, found = await asyncio.gather(self.name(body_id), self.facts.about(access, body_id, parameters))
        except GoneError:
            return RedirectResponse(f"{visit.language.prefix}{PATH}?{urlencode({'q': body_id})}", SEE_OTHER)
        names = await self._names(access, bodies_of([it.fact for it in found.items]), body_id)
        lines = [_line(it, words, names) for it in found.items]
        groups = {it: [line for line in lines if line.fact.kind == it] for it in (*KINDS, *(line.fact.kind for line in lines))}
        following = None if found.next is None else f"{body_page(body_id)}?{urlencode([*narrowed, ('cursor', found.next)])}"
        return self.pages.show(
            visit,
            "pages/facts_of.html",
            body=body_id,
            name=name,
            groups={it: those for it, those in groups.items() if those},
            kind=kind,
            kinds=KINDS,
            records=bool(offered(visit, body_id)),
            following=following,
            done=done,
        )

    async def one(self, visit: Visit, fact_id: str, done: str) -> Response:
        session, words = session_of(visit), self.pages.words(visit.language)
        fact = (await self.facts.one(session.access, fact_id)).content
        shape = shape_of(fact.fact)
        about = bodies_of([fact.fact])
        recorders = [it.organisation for it in fact.history if it.organisation is not None]
        names, documents = await asyncio.gather(
            self._names(session.access, [*about, *recorders], about[0] if about else ""),
            self._documents(session.access, fact.evidence),
        )
        rows = [] if shape is None else [(it.name, said_of(it, fact.fact.get(it.name), words, names)) for it in shape.members]
        mine = session.organisation in about or any(session.works_as(it) for it in EXAMINERS)
        changes = mine and shape is not None and shape.name in SHAPES and not fact.withdrawn
        return self.pages.show(
            visit,
            "pages/fact.html",
            fact=fact,
            line=_line(fact, words, names),
            bodies=about if shape is None or shape.kind != "organisation" else [fact.id],
            rows=[(name, text) for name, text in rows if text and not (fact.kind == "relation" and name == "to")],
            names=names,
            documents=documents,
            changed=_changed(fact),
            steps=STEPS if changes else (),
            examined_here=changes and fact.kind == "relation" and any(session.works_as(it) for it in EXAMINERS),
            operates="BETREIBER" in session.roles,
            done=done,
        )

    async def content(self, visit: Visit, fact_id: str, document_id: str) -> Response:
        access = session_of(visit).access
        fact = (await self.facts.one(access, fact_id)).content
        if document_id not in fact.evidence:
            raise NotFoundError(f"The fact cites no document {document_id}.")
        document = await self.eligibility.evidence(access, document_id)
        return download(await self.eligibility.evidence_content(access, document_id), document.title or document_id)

    async def name(self, body_id: str) -> str:
        """Return the name of a body, its key for one that the register does not have."""
        return (await names_of_bodies(self.eligibility, (body_id,), "facts"))[body_id]

    async def _names(self, access: Access, keys: Sequence[str], near: str) -> dict[str, str]:
        """Return the names of bodies: those around one of them at once, others from the register one by one."""
        found = await or_none(self.eligibility.relations(access, near), "facts") if near else None
        names = {key: name for it in found or () for key, name in ((it.source, it.source_name), (it.target, it.target_name))}
        return names | await names_of_bodies(self.eligibility, (it for it in keys if it not in names), "facts")

    async def _documents(self, access: Access, ids: Sequence[str]) -> tuple[EvidenceFile, ...]:
        asked = (or_none(self.eligibility.evidence(access, it), "facts") for it in ids[:DOCUMENTS])
        return tuple(it for it in await asyncio.gather(*asked) if it is not None)


def _line(fact: BodyFact, words: Words, names: Mapping[str, str]) -> Line:
    shape, content = shape_of(fact.fact), fact.fact
    title = fact.kind if shape is None else words(f"facts.shape.{shape.name}")
    if fact.kind == "relation":
        title = " → ".join(names.get(str(content.get(it)), str(content.get(it))) for it in ("from", "to"))
    if shape is None:
        return Line(fact, title, (), open=False)
    findings = [it for it in shape.members if it.sort is Sort.FINDING]
    named = fact.kind == "relation"
    listed = [it for it in shape.members if it.sort not in {Sort.FINDING, Sort.MONEY} and not (named and it.name == "to")]
    said = [said_of(it, content.get(it.name), words, names) for it in listed]
    return Line(fact, title, tuple(it for it in said if it), open=any(content.get(it.name) is None for it in findings))


def _changed(fact: BodyFact) -> list[list[str]]:
    """Return for each revision the members that it has changed: none for the first."""
    found: list[list[str]] = [[]]
    for before, after in pairwise(fact.history):
        names = dict.fromkeys((*before.content, *after.content))
        found.append([it for it in names if before.content.get(it) != after.content.get(it)])
    return found
