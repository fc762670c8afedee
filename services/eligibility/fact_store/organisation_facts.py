"""A registered organisation's record as facts: its accreditations day by day, its statements, and the relations accepted on them.

The unit of time is the day: of several states within one day the last one counts. A statement is a declaration from the
beginning; the relation that it states becomes a fact once an Anbieter has accredited on it, and ends with a revocation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args

from services.eligibility.domain.accreditation import AccreditationRecord, Step
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.statement import RelationType, Statement
from services.eligibility.domain.transitions import Command
from services.eligibility.engine.facts import Document as EvidenceDocument
from services.eligibility.fact_store.sources import Stated
from shared.calendar import day_of
from shared.messages.values import AccreditationState, Role

DOCUMENT_TYPES = frozenset(get_args(EvidenceDocument.model_fields["type"].annotation))
_ROLES = {Role.BUENDELNDE_ORGANISATION: "BUENDLER"}
_JOINT = {RelationType.TRAEGER: "TRAEGER", RelationType.MEMBER: "MEMBER", RelationType.OWNER: "SHAREHOLDER"}
_UNKNOWN = dict.fromkeys(("organ_seat", "joint_influence", "contrary_interests", "all_fields"))


@dataclass(frozen=True, slots=True)
class _Span:
    id: str
    state: AccreditationState
    begin: date
    end: date | None
    note: str


def organisation_facts(organisation: Organisation) -> tuple[list[Stated], list[Stated]]:
    """Return facts and documents that the record of an organisation states now."""
    facts = [it for a in organisation.accreditations if a.channel.known for it in accreditation_facts(organisation.id, a)]
    facts += [_declaration(organisation.id, statement) for statement in organisation.statements]
    facts += _relations(organisation)
    documents = {document.content["id"]: document for s in organisation.statements for document in _documents(s)}
    return facts, list(documents.values())


def accreditation_facts(organisation_id: str, record: AccreditationRecord) -> Iterator[Stated]:
    """Yield one fact for each stretch of days in which an accreditation has the same state."""
    for span in _spans(f"organisation:{organisation_id}:{record.channel.value}:{record.role.value}", record):
        yield Stated(
            {
                "id": span.id,
                "kind": "accreditation",
                "valid_from": span.begin.isoformat(),
                "valid_to": None if span.end is None else span.end.isoformat(),
                "org": organisation_id,
                "anbieter": record.channel.value,
                "role": _ROLES.get(record.role, record.role.value),
                "state": span.state.value,
            },
            span.note,
        )


def _spans(name: str, record: AccreditationRecord) -> list[_Span]:
    spans: list[_Span] = []
    grants = [number for number, step in enumerate(record.history) if step.command is Command.GRANT]
    for number, step in enumerate(record.history):
        begin, end = _term(step, record if grants and number == grants[-1] else None)
        if step.state is AccreditationState.ABGELAUFEN and spans and spans[-1].state is step.state:
            continue
        spans = [_cut(span, begin) for span in spans if span.begin < begin]
        spans.append(_Span(f"{name}:{number}", step.state, begin, end, step.command.value))
        if end is not None:
            spans.append(_Span(f"{name}:{number}:end", AccreditationState.ABGELAUFEN, end, None, Command.EXPIRE.value))
    return spans


def _cut(span: _Span, at: date) -> _Span:
    return span if span.end is not None and span.end <= at else replace(span, end=at)


def _term(step: Step, record: AccreditationRecord | None) -> tuple[date, date | None]:
    """Return first day and end of the state that a step leads to. ``record`` holds the term of its last grant."""
    day = day_of(step.at)
    if step.command is not Command.GRANT:
        return day, None
    known = record if record is not None and record.valid_from is not None else step
    begin = known.valid_from or day
    return begin, known.valid_to if known.valid_to is None or known.valid_to > begin else None


def _declaration(organisation_id: str, statement: Statement) -> Stated:
    content = {
        "id": f"statement:{statement.id}",
        "kind": "declaration",
        **_interval(statement.valid_from, statement.valid_to),
        "org": organisation_id,
        "subject": "IN_HOUSE_RELATION",
        "evidence": [document.content["id"] for document in _documents(statement)],
    }
    return Stated(content, "→".join(statement.path))


def _relations(organisation: Organisation) -> Iterator[Stated]:
    """Yield the accepted relations: one for each kind and target, as the last accepted statement on it says."""
    found: dict[str, Stated] = {}
    for statement in organisation.statements:
        ended = _revoked(organisation.accreditations, statement.id)
        if not organisation.confirmed(statement.id) and ended is None:
            continue
        name = relation_id(organisation.id, statement)
        end = min((day for day in (statement.valid_to, ended) if day is not None), default=None)
        if statement.valid_from is not None and end is not None and end <= statement.valid_from:
            continue
        before = found[name].content["evidence"] if name in found else []
        own = [document.content["id"] for document in _documents(statement)]
        content: dict[str, Any] = {
            "id": name,
            "kind": "relation",
            **_interval(statement.valid_from, end),
            "type": _JOINT[statement.type],
            "from": organisation.id,
            "to": statement.target,
            **_UNKNOWN,
            "evidence": [*before, *(it for it in own if it not in before)],
        }
        found[name] = Stated(content, f"statement {statement.id}")
    yield from found.values()


def relation_id(organisation_id: str, statement: Statement) -> str:
    """Return the id of the relation that a statement is about: one for each kind and target."""
    return f"organisation:{organisation_id}:{_JOINT[statement.type]}:{statement.target}"


def _revoked(accreditations: Sequence[AccreditationRecord], statement_id: str) -> date | None:
    """Return the day on which the last Anbieter who had accepted a statement revoked, None if one stands by it or none has."""
    cited = [a for a in accreditations if statement_id in a.statements]
    if any(a.state in (AccreditationState.ERTEILT, AccreditationState.ABGELAUFEN) for a in cited):
        return None
    days = [day_of(step.at) for a in cited for step in a.history[-1:] if step.command is Command.REVOKE]
    return max(days, default=None)


def _documents(statement: Statement) -> Iterator[Stated]:
    """Yield the documents of a statement; a kind that carries no fact is none of these."""
    for document in statement.evidence:
        if document.type.value in DOCUMENT_TYPES:
            content = {"id": document.id, "type": document.type.value, **_interval(document.valid_from, document.valid_to)}
            yield Stated(content, details={"title": document.title, "reference": document.reference})


def _interval(valid_from: date | None, valid_to: date | None) -> dict[str, str | None]:
    return {
        "valid_from": None if valid_from is None else valid_from.isoformat(),
        "valid_to": None if valid_to is None else valid_to.isoformat(),
    }
