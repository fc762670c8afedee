"""Decisions on single facts and documents: record, correct, examine, withdraw. Pure; each adds a revision or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.eligibility.fact_store.audience import EXAMINED, Audience
from services.eligibility.fact_store.entry import Draft, Origin, Record, Revision
from services.eligibility.fact_store.sources import SHAPE
from services.eligibility.fact_store.state import State, newest
from shared.aggregate.condition import Condition
from shared.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError

Decision = Callable[[State], Draft | None]


@dataclass(frozen=True, slots=True)
class Author:
    """Who records something, and why. ``person`` is a reference."""

    audience: Audience
    person: str
    reason: str

    def draft(self, facts: Sequence[Record] = (), documents: Sequence[Record] = ()) -> Draft:
        """Return what is to be recorded in the author's name."""
        return Draft(Origin.PERSON, self.reason, facts, documents, self.person, self.audience.organisation)


def record_fact(fact_id: str, content: Mapping[str, Any], author: Author, document: Decision | None = None) -> Decision:
    """Record a new fact, with a ``document`` that it cites; the same fact again changes nothing.

    Raises ConflictError (``DUPLICATE_ID``) for a taken id.
    """

    def decide(state: State) -> Draft | None:
        statement = {**_statement(content), "id": fact_id}
        author.audience.require_statement(state, statement)
        revisions = state.facts.get(fact_id, ())
        if revisions:
            if _statement(revisions[0].content) == _statement(statement) and author.audience.sees(state, revisions):
                return None
            raise ConflictError(f"There is a fact {fact_id} already; correct it instead.", code="DUPLICATE_ID")
        brought = _brought(state, document)
        _require_documents(state, statement.get("evidence", ()), brought, author)
        return author.draft([Record({**statement, "rev": 1})], brought)

    return decide


def correct_fact(
    fact_id: str, content: Mapping[str, Any], author: Author, condition: Condition | None, document: Decision | None = None
) -> Decision:
    """Record a further revision of a fact, with a ``document`` that it cites; one that says the same changes nothing.

    The kind stays. Raises NotFoundError.
    """

    def decide(state: State) -> Draft | None:
        last = _changeable(state, fact_id, author, condition)
        statement = {**_statement(content), "id": fact_id}
        if statement["kind"] != last.content["kind"]:
            raise InvalidError(
                f"{fact_id} is a fact of kind {last.content['kind']}; withdraw it instead.", code="fact_kind_changed"
            )
        author.audience.require_statement(state, statement)
        if not last.record.withdrawn and _statement(statement) == _statement(last.content):
            return None
        cited = last.content.get("evidence", ())
        brought = _brought(state, document)
        _require_documents(state, [it for it in statement.get("evidence", ()) if it not in cited], brought, author)
        return author.draft([Record({**statement, "rev": last.record.rev + 1}, last.record.note)], brought)

    return decide


def examine_fact(
    fact_id: str,
    findings: Mapping[str, Any],
    evidence: Sequence[str],
    author: Author,
    condition: Condition | None,
    document: Decision | None = None,
) -> Decision:
    """Record what an examination has found, and the documents it rests on beside those named already.

    A further ``document`` among them is recorded with it, or not at all.
    Raises ForbiddenError (``examination_reserved``) for anybody but Anbieter and operator, InvalidError
    (``examination_unknown``) for a finding that the kind of fact does not have.
    """

    def decide(state: State) -> Draft | None:
        if author.audience.anbieter is None and not author.audience.operator:
            raise ForbiddenError("Facts are examined by the Anbieter.", code="examination_reserved")
        last = _changeable(state, fact_id, author, condition)
        unknown = [name for name in findings if name not in EXAMINED.get(last.content["kind"], ()) or name not in last.content]
        if unknown:
            raise InvalidError(f"{fact_id} has nothing to examine called {', '.join(unknown)}.", code="examination_unknown")
        cited = last.content.get("evidence", [])
        content = {**last.content, **findings, "evidence": [*cited, *(it for it in evidence if it not in cited)]}
        if content == {"evidence": [], **last.content}:
            return None
        brought = _brought(state, document)
        _require_documents(state, evidence, brought, author)
        return author.draft([Record({**content, "rev": last.record.rev + 1}, last.record.note)], brought)

    return decide


def withdraw_fact(fact_id: str, author: Author, condition: Condition | None) -> Decision:
    """Withdraw a fact; once withdrawn, again changes nothing."""

    def decide(state: State) -> Draft | None:
        last = _changeable(state, fact_id, author, condition)
        if last.record.withdrawn:
            return None
        return author.draft([Record({**last.content, "rev": last.record.rev + 1, "withdrawn": True}, last.record.note)])

    return decide


def record_document(document_id: str, content: Mapping[str, Any], details: Mapping[str, Any], author: Author) -> Decision:
    """Record a document; the same again changes nothing. Raises ConflictError (``DUPLICATE_ID``) for a taken id."""

    def decide(state: State) -> Draft | None:
        statement = {**_statement(content), "id": document_id}
        revisions = state.documents.get(document_id, ())
        if revisions:
            if _statement(revisions[0].content) == _statement(statement) and author.audience.sees_document(state, document_id):
                return None
            raise ConflictError(f"There is a document {document_id} already; correct it instead.", code="DUPLICATE_ID")
        return author.draft(documents=[Record({**statement, "rev": 1}, details=details)])

    return decide


def change_document(
    document_id: str,
    change: Callable[[Record], Record],
    author: Author,
    condition: Condition | None,
) -> Decision:
    """Record a further revision of a document, made of the newest one. Raises NotFoundError, ForbiddenError."""

    def decide(state: State) -> Draft | None:
        last = own_document(state, document_id, author.audience)
        if condition is not None:
            condition.require(document_id, last.record.rev)
        changed = change(last.record)
        same = _statement(changed.content) == _statement(last.content) and changed.details == last.record.details
        if same and changed.withdrawn == last.record.withdrawn:
            return None
        content = {**changed.content, "id": document_id, "rev": last.record.rev + 1}
        return author.draft(documents=[Record(content, changed.note, changed.details)])

    return decide


def own_document(state: State, document_id: str, audience: Audience) -> Revision:
    """Return the newest revision of a document that the audience may change.

    Raises NotFoundError for one that it does not see, ForbiddenError (``document_not_yours``) for one that others have recorded.
    """
    last = newest(audience.sees_document(state, document_id))
    if last is None:
        raise NotFoundError(f"There is no document {document_id}.", code="document_not_found")
    if not audience.owns_document(state, document_id):
        raise ForbiddenError("Only whoever has recorded a document changes it.", code="document_not_yours")
    return last


def _changeable(state: State, fact_id: str, author: Author, condition: Condition | None) -> Revision:
    last = newest(author.audience.sees(state, state.facts.get(fact_id, ())))
    if last is None:
        raise NotFoundError(f"There is no fact {fact_id}.", code="fact_not_found")
    author.audience.require_change(state, state.facts[fact_id])
    last = state.facts[fact_id][-1]
    if condition is not None:
        condition.require(fact_id, last.record.rev)
    return last


def _brought(state: State, document: Decision | None) -> Sequence[Record]:
    """Return what is to be recorded of a document that comes with a fact; nothing if it is recorded already."""
    draft = None if document is None else document(state)
    return () if draft is None else draft.documents


def _require_documents(state: State, documents: Sequence[str], brought: Sequence[Record], author: Author) -> None:
    """Return if the author brings or sees each document.

    Raises InvalidError (``UNKNOWN_EVIDENCE``): whoever cites one may read it.
    """
    own = {record.id for record in brought}
    for document in documents:
        if document not in own and not author.audience.sees_document(state, document):
            raise InvalidError(f"There is no document {document} on file.", code="UNKNOWN_EVIDENCE", step=6)


def _statement(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in SHAPE and not (name == "evidence" and not value)}
