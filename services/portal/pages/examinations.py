"""Relations that the in-house check rests on: which wait for the Anbieter to examine them, and what it finds of each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.portal.apis.client import Access
from services.portal.apis.eligibility import Eligibility, EvidenceFile, Fact, RelationFact, Way
from services.portal.fields import Choice, Field, Kind, words_for
from services.portal.functions import EDITING
from services.portal.pages.asking import BOTH, ETAG, Ask, Form, Step, given_at, send_form, show_form
from services.portal.pages.names import names_of_bodies
from services.portal.pages.parts import or_none
from services.portal.pages.standing import ActingVisit
from services.portal.pages.stored_files import download
from services.portal.rendering import Pages, Visit
from services.portal.visits import CurrentVisit, session_of
from shared.errors import InvalidError, NotFoundError
from shared.http.routers import join
from shared.ids import derived_id

LIST: Final = "/tasks/examinations"
TEMPLATE: Final = "pages/examination.html"
PAGE: Final = 50
DOCUMENTS: Final = 20
"""As many documents of a relation are shown: so many an examination adds at most."""
WAYS: Final = 3
YES, NO = "YES", "NO"
FINDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "strategic": (YES, NO),
    "significant": (YES, NO),
    "organ_seat": ("OWN", "SHARED_DELEGATE", "JOINT_APPOINTMENT", "NONE"),
    "joint_influence": (YES, NO),
    "contrary_interests": (YES, NO),
    "all_fields": (YES, NO),
}
"""What an examination finds, and what can be answered; the type of a relation decides which of these it has."""
EVIDENCE: Final = (
    *("GESETZ", "STAATSVERTRAG", "SATZUNG", "GESELLSCHAFTSVERTRAG", "HANDELSREGISTER"),
    *("MITGLIEDERLISTE", "TRAEGERLISTE", "GESELLSCHAFTERLISTE", "ORGANBESETZUNG"),
)
DOCUMENT: Final = ("kind", "title", "reference", "valid_from", "valid_to")
"""Fields of a further document."""
WITHDRAW: Final = Step("withdrawal", (Ask("reason", Kind.AREA),))
EXAMINERS: Final = ("ANBIETER", "BETREIBER")
DONE: Final = frozenset({"examined", "withdrawn"})
FIELD_OF: Final = {
    "document/type": "kind",
    **{f"document/{it}": it for it in DOCUMENT[1:]},
    **{f"findings/{it}": it for it in FINDINGS},
}
"""Where the members of what is sent are asked for."""


@dataclass(frozen=True, slots=True)
class Read:
    """A relation with what its page shows of it.

    ``names``: of the bodies, by key. ``ways``: those to an Anbieter that it lies on.
    ``withheld``: why the reader cannot examine it, by the name of the words for it; "" where they can.
    """

    fact: Fact
    relation: RelationFact
    etag: str | None
    names: Mapping[str, str]
    documents: tuple[EvidenceFile, ...]
    ways: tuple[Way, ...]
    withheld: str

    @property
    def title(self) -> str:
        """Both bodies by name."""
        return " → ".join(self.names[it] for it in (self.relation.source, self.relation.target))

    @property
    def asked(self) -> tuple[str, ...]:
        """The findings that a relation of this type has."""
        return tuple(it for it in FINDINGS if it in self.fact.fact)


def examination_routes(pages: Pages, eligibility: Eligibility) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=LIST, include_in_schema=False)

    @router.get("")
    async def listed(visit: CurrentVisit, cursor: str | None = None, done: str = "") -> Response:
        parameters = [("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        found = await eligibility.examinations(session_of(visit).access, parameters)
        return pages.show(
            visit,
            "pages/examinations.html",
            items=found.items,
            done=done if done in DONE else "",
            following=None if found.next is None else f"{LIST}?{urlencode({'cursor': found.next})}",
        )

    join(router, _relation_routes(_Examining(pages, eligibility)))
    return router


def _relation_routes(examining: _Examining) -> APIRouter:
    router = APIRouter(prefix=f"{LIST}/{{fact_id}}", include_in_schema=False)

    @router.api_route("", methods=BOTH)
    async def examine(request: Request, visit: ActingVisit, fact_id: str) -> Response:
        return await examining.examine(request, visit, fact_id)

    @router.api_route("/withdrawal", methods=BOTH)
    async def withdraw(request: Request, visit: CurrentVisit, fact_id: str) -> Response:
        return await examining.withdraw(request, visit, fact_id)

    @router.get("/evidence/{document_id}")
    async def content(visit: CurrentVisit, fact_id: str, document_id: str) -> Response:
        return await examining.content(visit, fact_id, document_id)

    return router


@dataclass(frozen=True, slots=True)
class _Examining:
    """Shows a relation with the forms about it, and sends those that were filled in."""

    pages: Pages
    eligibility: Eligibility

    async def examine(self, request: Request, visit: Visit, fact_id: str) -> Response:
        given = await given_at(request, visit, f"{LIST}/{fact_id}")
        access = session_of(visit).access
        read = await self._read(visit, fact_id)
        form = self._form(visit, fact_id, read)
        if given is None or read.withheld:
            status = HTTPStatus.OK if given is None else HTTPStatus.CONFLICT
            return show_form(self.pages, visit, form, template=TEMPLATE, status=status, read=read)

        async def act(body: dict[str, Any]) -> str:
            findings = {it: found_of(str(body[it])) for it in read.asked if it in body}
            if not findings:
                raise InvalidError(
                    "Nothing was found.", code="invalid", errors=[{"pointer": f"#/findings/{read.asked[0]}", "code": "missing"}]
                )
            document = document_of(fact_id, body)
            content = {"findings": findings, **{name: body[name] for name in ("reason",) if name in body}}
            if document is not None:
                content["document"] = document
            match = given.one(ETAG) or None
            await self.eligibility.decide_fact(access, fact_id, "examination", key=given.key, body=content, match=match)
            return f"{LIST}?done=examined"

        return await send_form(self.pages, visit, form, given, act, field_of=FIELD_OF, template=TEMPLATE, read=read)

    async def withdraw(self, request: Request, visit: Visit, fact_id: str) -> Response:
        given = await given_at(request, visit, f"{LIST}/{fact_id}/withdrawal")
        access = session_of(visit).access
        read = await self._read(visit, fact_id)
        if read.withheld:
            raise NotFoundError(f"There is nothing to withdraw of {fact_id}.")
        word = words_for(self.pages.words(visit.language), "examinations.withdraw")
        form = Form(
            title=word("title"),
            lead=word("lead"),
            quote=read.title,
            action=f"{LIST}/{fact_id}/withdrawal",
            button=word("button"),
            back=f"{LIST}/{quote(fact_id)}",
            back_label=read.title,
            fields=WITHDRAW.fields(word),
            etag=read.etag,
        )
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(body: dict[str, Any]) -> str:
            match = given.one(ETAG) or None
            await self.eligibility.decide_fact(access, fact_id, WITHDRAW.name, key=given.key, body=body, match=match)
            return f"{LIST}?done=withdrawn"

        return await send_form(self.pages, visit, form, given, act)

    async def content(self, visit: Visit, fact_id: str, document_id: str) -> Response:
        access = session_of(visit).access
        relation = (await self.eligibility.fact(access, fact_id)).content.relation
        if document_id not in relation.evidence:
            raise NotFoundError(f"The relation cites no document {document_id}.")
        document = await self.eligibility.evidence(access, document_id)
        return download(await self.eligibility.evidence_content(access, document_id), document.title or document_id)

    async def _read(self, visit: Visit, fact_id: str) -> Read:
        session = session_of(visit)
        access = session.access
        stored = await self.eligibility.fact(access, fact_id)
        fact, relation = stored.content, stored.content.relation
        keys = (relation.source, relation.target, *(it.organisation for it in fact.history))
        names, documents, ways = await asyncio.gather(
            names_of_bodies(self.eligibility, (it for it in keys if it is not None), "examination"),
            self._documents(access, relation),
            self._ways(access, fact_id, relation.source),
        )
        cases = (
            (fact.withdrawn, "withdrawn"),
            (not any(it in fact.fact for it in FINDINGS), "part"),
            (not any(session.works_as(it) for it in EXAMINERS), "examiners"),
        )
        withheld = next((name for met, name in cases if met), "")
        # An Anbieter is named as its channel is.
        own = tuple(it for it in ways if it.anbieter == session.organisation)
        return Read(fact, relation, stored.etag, names, documents, (own or ways)[:WAYS], withheld)

    async def _documents(self, access: Access, relation: RelationFact) -> tuple[EvidenceFile, ...]:
        asked = (or_none(self.eligibility.evidence(access, it), "examination") for it in relation.evidence[:DOCUMENTS])
        return tuple(it for it in await asyncio.gather(*asked) if it is not None)

    async def _ways(self, access: Access, fact_id: str, source: str) -> tuple[Way, ...]:
        found = await or_none(self.eligibility.ways(access, source), "examination")
        return tuple(way for way in found or () if any(it.fact == fact_id for it in way.relations))

    def _form(self, visit: Visit, fact_id: str, read: Read) -> Form:
        words = self.pages.words(visit.language)
        word, answer = words_for(words, "examinations.examine"), words_for(words, "examinations.answer")

        findings = tuple(
            Field(
                it,
                Kind.RADIOS,
                word(f"field.{it}"),
                word(f"field.{it}_hint"),
                choices=tuple(Choice(value, answer(value)) for value in FINDINGS[it]),
                value=answered(read.fact.fact[it]),
            )
            for it in read.asked
        )
        kinds = tuple(Choice(it, words(f"evidence.{it}")) for it in EVIDENCE)
        further = (
            Field("kind", Kind.SELECT, word("field.kind"), optional=True, choices=kinds, heading=word("document")),
            Field("title", Kind.LINE, word("field.title"), optional=True),
            Field("reference", Kind.LINE, word("field.reference"), word("field.reference_hint"), optional=True),
            Field("valid_from", Kind.DAY, word("field.valid_from"), optional=True),
            Field("valid_to", Kind.DAY, word("field.valid_to"), optional=True),
        )
        reason = Field("reason", Kind.AREA, word("field.reason"), word("field.reason_hint"))
        return Form(
            title=read.title,
            lead="" if read.withheld else word("lead"),
            action=f"{LIST}/{fact_id}",
            button="" if read.withheld else word("button"),
            back=LIST,
            back_label=words("examinations.title"),
            fields=() if read.withheld else (*findings, reason, *further),
            etag=read.etag,
            function=EDITING,
        )


def found_of(answer: str) -> bool | str:
    """Return what an answer says of a finding, as it is sent."""
    return answer == YES if answer in (YES, NO) else answer


def answered(finding: object) -> tuple[str, ...]:
    """Return what a finding is shown as in a form, nothing for one that is open."""
    if isinstance(finding, bool):
        return (YES if finding else NO,)
    return (finding,) if isinstance(finding, str) else ()


def document_of(fact_id: str, filled: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the document that was filled in, None for none. Its id follows from it: sent again it is the same."""
    given = {name: filled[name] for name in DOCUMENT if name in filled}
    if not given:
        return None
    content = {("type" if name == "kind" else name): value for name, value in given.items()}
    return content | {"id": derived_id("examination", fact_id, json.dumps(content, sort_keys=True))}
