"""Forms about facts: to record one of a shape, to correct it, to say when it ends, to withdraw one that never held."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from urllib.parse import quote

from starlette.responses import Response

from services.portal.apis.client import Access, Stored
from services.portal.apis.eligibility import Eligibility
from services.portal.apis.facts import BodyFact, Facts
from services.portal.fields import Choice, Field, Kind, day_value, errors_of, words_for
from services.portal.forms import Given
from services.portal.pages.asking import ETAG, Ask, Form, Step, send_form, show_form
from services.portal.pages.bodies import unsent, with_bodies
from services.portal.pages.fact_shapes import OWN, SHAPES, Shape, bodies_of, content_of, fields_of, shape_of
from services.portal.pages.parts import or_none
from services.portal.rendering import Pages, Visit
from services.portal.visits import session_of
from shared.errors import InvalidError, NotFoundError
from shared.ids import derived_id

T = TypeVar("T")
PATH: Final = "/facts"
EXAMINERS: Final = ("ANBIETER", "BETREIBER")
"""Who records facts about others, and what an examination has found."""
DOCUMENT: Final = ("type", "title", "reference", "valid_from", "valid_to")
"""Members of a document that is recorded with a fact."""
DOCUMENTS: Final = (
    *("GESETZ", "STAATSVERTRAG", "SATZUNG", "GESELLSCHAFTSVERTRAG", "HANDELSREGISTER", "MITGLIEDERLISTE", "TRAEGERLISTE"),
    *("GESELLSCHAFTERLISTE", "ORGANBESETZUNG", "VERZEICHNIS", "TESTAT", "JAHRESABSCHLUSS", "PROGNOSE", "ERKLAERUNG"),
    *("KOOPERATIONSVERTRAG", "VERWALTUNGSVEREINBARUNG", "RECHTSGUTACHTEN"),
)
MOST_DOCUMENTS: Final = 20
"""As many documents that other facts of a body rest on are offered for a new one."""
WITHDRAW: Final = Step("withdraw", (Ask("reason", Kind.AREA),))
END: Final = Step("end", (Ask("valid_to", Kind.DAY), Ask("reason", Kind.AREA)))
FIELD_OF: Final = {
    "INVALID_INTERVAL": "valid_to",
    "INVALID_SHARE": "share",
    "NEGATIVE_AMOUNT": "total",
    "PART_EXCEEDS_TOTAL": "entrusted",
    "SELF_RELATION": "to",
    "UNKNOWN_EVIDENCE": "evidence",
    "UNKNOWN_ORGANISATION": "to",
    "ZERO_TOTAL": "total",
}
"""Where that is asked for which a fact is refused for."""
_DOCUMENT: Final = "document."


def body_page(body_id: str) -> str:
    """Return the path of the page of a body's facts."""
    return f"{PATH}/of/{quote(body_id)}"


def fact_page(fact_id: str) -> str:
    """Return the path of the page of a fact."""
    return f"{PATH}/{quote(fact_id)}"


def offered(visit: Visit, body_id: str) -> tuple[str, ...]:
    """Return the shapes of facts that whoever reads can record about a body, by name; whether they may, eligibility decides."""
    if _examines(visit):
        return tuple(SHAPES)
    return OWN if session_of(visit).organisation == body_id else ()


@dataclass(frozen=True, slots=True)
class Desk:
    """Shows the forms about facts, and sends those that were filled in."""

    pages: Pages
    facts: Facts
    eligibility: Eligibility

    async def record(self, visit: Visit, body_id: str, name: str, given: Given | None) -> Response:
        """Ask for a fact of a shape about a body."""
        session = session_of(visit)
        shape = SHAPES.get(name)
        if shape is None or name not in offered(visit, body_id):
            raise NotFoundError(f"There is no fact of shape {name} to record about {body_id}.")
        words = self.pages.words(visit.language)
        body, cited = await asyncio.gather(
            or_none(self.eligibility.body(body_id), "facts"), self._cited(visit, session.access, body_id)
        )
        form = Form(
            title=words(f"facts.shape.{name}"),
            lead=words("facts.record.lead"),
            quote=body_id if body is None else body.name,
            action=f"{PATH}/of/{body_id}/new/{name}",
            button=words("facts.record.button"),
            back=f"{body_page(body_id)}/new",
            back_label=words("facts.record.title"),
            fields=(
                *await self._members(visit, shape, None, body_id, given),
                *self._term(visit, None),
                *self._evidence(visit, cited, ()),
            ),
        )
        if given is None:
            return show_form(self.pages, visit, form)
        if (answer := unsent(self.pages, visit, form, given)) is not None:
            return answer

        async def act(filled: dict[str, Any]) -> str:
            body = _body(visit, shape, filled, None, body_id)
            made = await _placed(self.facts.record(session.access, given.key, body))
            return f"{fact_page(made)}?done=record"

        return await send_form(self.pages, visit, form, given, act, field_of=_field_of(shape))

    async def correct(self, visit: Visit, fact_id: str, given: Given | None) -> Response:
        """Ask what a fact says from now on; what it said before stays in its history."""
        stored, shape = await self._stored(visit, fact_id)
        fact, access = stored.content, session_of(visit).access
        words, body_id = self.pages.words(visit.language), _about(fact, shape)
        known = await self._cited(visit, access, body_id)
        unnamed = {it: words("facts.unnamed", number=place) for place, it in enumerate(fact.evidence, 1)}
        cited = {**known, **{it: known.get(it, text) for it, text in unnamed.items()}}
        fields = (
            *await self._members(visit, shape, fact.statement, body_id, given),
            *self._term(visit, fact),
            *self._evidence(visit, cited, fact.evidence),
        )
        form = await self._form(visit, stored, shape, "correct", fields)
        if given is None:
            return show_form(self.pages, visit, form)
        if (answer := unsent(self.pages, visit, form, given)) is not None:
            return answer

        async def act(filled: dict[str, Any]) -> str:
            body = _body(visit, shape, filled, fact.statement, body_id)
            await _placed(self.facts.correct(access, fact_id, body, given.one(ETAG) or None))
            return f"{fact_page(fact_id)}?done=correct"

        return await send_form(self.pages, visit, form, given, act, field_of=_field_of(shape))

    async def end(self, visit: Visit, fact_id: str, given: Given | None) -> Response:
        """Ask from when on a fact does not hold any more."""
        stored, shape = await self._stored(visit, fact_id)
        form = await self._form(visit, stored, shape, "end", END.fields(words_for(self.pages.words(visit.language), "facts.end")))
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(filled: dict[str, Any]) -> str:
            if "valid_to" not in filled:
                raise InvalidError("No day.", code="invalid", errors=[{"pointer": "#/valid_to", "code": "missing"}])
            content = stored.content.statement | {"valid_to": filled["valid_to"]}
            body = {"fact": content, **{name: filled[name] for name in ("reason",) if name in filled}}
            await _placed(self.facts.correct(session_of(visit).access, fact_id, body, given.one(ETAG) or None))
            return f"{fact_page(fact_id)}?done=end"

        field_of = {**_field_of(shape), "INVALID_DATE": "valid_to"}
        return await send_form(self.pages, visit, form, given, act, field_of=field_of)

    async def withdraw(self, visit: Visit, fact_id: str, given: Given | None) -> Response:
        """Ask why a fact does not hold, and never did."""
        stored, shape = await self._stored(visit, fact_id)
        fields = WITHDRAW.fields(words_for(self.pages.words(visit.language), "facts.withdraw"))
        form = await self._form(visit, stored, shape, "withdraw", fields)
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(filled: dict[str, Any]) -> str:
            await self.facts.withdraw(session_of(visit).access, fact_id, given.key, filled, given.one(ETAG) or None)
            return f"{body_page(_about(stored.content, shape))}?done=withdraw"

        return await send_form(self.pages, visit, form, given, act)

    async def _stored(self, visit: Visit, fact_id: str) -> tuple[Stored[BodyFact], Shape]:
        stored = await self.facts.one(session_of(visit).access, fact_id)
        shape = shape_of(stored.content.fact)
        if shape is None or shape.name not in SHAPES:
            raise NotFoundError(f"Nobody records facts such as {fact_id} by a form.")
        return stored, shape

    async def _members(
        self, visit: Visit, shape: Shape, held: Mapping[str, Any] | None, body_id: str, given: Given | None
    ) -> tuple[Field, ...]:
        """Return the fields for the members of a shape; bodies may be such as only other facts name, by their key."""
        words = self.pages.words(visit.language)
        fields = fields_of(shape, words, visit.language, held, body=body_id, examines=_examines(visit))
        return await with_bodies(self.eligibility, words, fields, given or visit.held, unlisted=True)

    async def _cited(self, visit: Visit, access: Access, body_id: str) -> dict[str, str]:
        """Return the documents that the facts of a body rest on, with what to call them."""
        words = self.pages.words(visit.language)
        found = await or_none(self.facts.about(access, body_id, [("limit", str(MOST_DOCUMENTS))]), "facts")
        ids = list(dict.fromkeys(it for fact in (() if found is None else found.items) for it in fact.evidence))[:MOST_DOCUMENTS]
        documents = await asyncio.gather(*(or_none(self.eligibility.evidence(access, it), "facts") for it in ids))
        kind = words_for(words, "evidence")
        return {
            it.id: ", ".join(text for text in (it.title or "", kind(it.type), it.reference or "") if text)
            for it in documents
            if it is not None
        }

    def _term(self, visit: Visit, fact: BodyFact | None) -> tuple[Field, ...]:
        word = words_for(self.pages.words(visit.language), "facts.field")
        held = {} if fact is None else fact.statement
        return tuple(
            Field(it, Kind.DAY, word(it), word(f"{it}_hint"), optional=True, value=day_value(held.get(it)))
            for it in ("valid_from", "valid_to")
        )

    def _evidence(self, visit: Visit, cited: Mapping[str, str], chosen: Sequence[str]) -> tuple[Field, ...]:
        words = self.pages.words(visit.language)
        word = words_for(words, "examinations.examine.field")
        asks = words_for(words, "facts.field")
        known = tuple(Choice(it, name) for it, name in cited.items())
        kinds = tuple(Choice(it, words(f"evidence.{it}")) for it in DOCUMENTS)

        def field(name: str, kind: Kind, asked: str) -> Field:
            return Field(f"{_DOCUMENT}{name}", kind, word(asked), word(f"{asked}_hint"))

        return (
            *(
                (Field("evidence", Kind.CHECKS, asks("evidence"), optional=True, choices=known, value=tuple(chosen)),)
                if known
                else ()
            ),
            Field("reason", Kind.AREA, asks("reason"), asks("reason_hint")),
            replace(
                field("type", Kind.SELECT, "kind"), choices=kinds, heading=words("facts.document"), folded=words("form.optional")
            ),
            *(field(it, Kind.DAY if it.startswith("valid") else Kind.LINE, it) for it in DOCUMENT[1:]),
        )

    async def _form(self, visit: Visit, stored: Stored[BodyFact], shape: Shape, name: str, fields: tuple[Field, ...]) -> Form:
        words = self.pages.words(visit.language)
        word = words_for(words, f"facts.{name}")
        fact = stored.content
        named = bodies_of([fact.fact]) or [fact.id]
        found = await asyncio.gather(*(or_none(self.eligibility.body(it), "facts") for it in named))
        names = [key if body is None else body.name for key, body in zip(named, found, strict=True)]
        return Form(
            title=word("title"),
            lead=word("lead"),
            quote=" → ".join(names) if fact.kind == "relation" else f"{words(f'facts.shape.{shape.name}')}: {', '.join(names)}",
            action=f"{PATH}/{fact.id}/{name}",
            button=word("button"),
            back=fact_page(fact.id),
            back_label=words("facts.single"),
            fields=fields,
            etag=stored.etag,
        )


def _examines(visit: Visit) -> bool:
    return any(session_of(visit).works_as(it) for it in EXAMINERS)


def _body(visit: Visit, shape: Shape, filled: dict[str, Any], held: dict[str, Any] | None, body_id: str) -> dict[str, Any]:
    """Return what is sent; a document that was filled in goes with the fact, which cites it then."""
    content = content_of(shape, filled, visit.language, held, body_id)
    content["evidence"] = list(filled.get("evidence", []))
    if shape.kind == "organisation":
        content = {**content, "id": body_id}
    body = {"fact": content, **{name: filled[name] for name in ("reason",) if name in filled}}
    document = document_of(filled, body_id)
    return body if document is None else {**body, "document": document}


def _about(fact: BodyFact, shape: Shape) -> str:
    """Return the body that a fact is about, of a co-operation the first."""
    named = fact.fact.get(shape.about, "")
    return str(named[0]) if isinstance(named, list) and named else str(named)


def document_of(filled: Mapping[str, Any], body_id: str) -> dict[str, Any] | None:
    """Return the document that was filled in, None for none. Its id follows from it: sent again it is the same."""
    content = {name: filled[f"{_DOCUMENT}{name}"] for name in DOCUMENT if f"{_DOCUMENT}{name}" in filled}
    return content | {"id": derived_id("fact", body_id, json.dumps(content, sort_keys=True))} if content else None


def _field_of(shape: Shape) -> dict[str, str]:
    """Return where that is asked for which a fact of a shape is refused for."""
    names = [it.name for it in shape.members]
    named = next((it for it in ("to", "holder", "parties") if it in names), "")
    total = next((it for it in ("total", "covered_total") if it in names), "")
    return {**FIELD_OF, "UNKNOWN_ORGANISATION": named, "NEGATIVE_AMOUNT": total, "ZERO_TOTAL": total, "INVALID_FIELD": names[0]}


async def _placed(asked: Awaitable[T]) -> T:
    """Return what is asked for. A refusal names the fields of the form that it is about."""
    try:
        return await asked
    except InvalidError as refused:
        fields = refused.context.get("fields")
        if isinstance(fields, list):
            errors: list[Mapping[str, Any]] = [{"pointer": f"#/{it}", "code": "fact_field"} for it in fields]
        else:
            errors = [
                {**it, "pointer": str(it.get("pointer", "")).replace("#/document/", f"#/{_DOCUMENT}")}
                for it in errors_of(refused)
            ]
        raise InvalidError(refused.detail, code=refused.code, errors=errors) from refused
