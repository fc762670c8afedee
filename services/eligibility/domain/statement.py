"""An organisation's own word on its in-house relation, with the documents that prove it. Once made it is never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.errors import InvalidError
from shared.ids import derived_id
from shared.messages.base import Value
from shared.messages.values import EntityId, Line, OrganisationId, PersonRef, Text, Time


class RelationType(StrEnum):
    """How an organisation belongs to another body. PART: no legal person of its own, both are the same body in law."""

    TRAEGER = "TRAEGER"
    MEMBER = "MEMBER"
    OWNER = "OWNER"
    PART = "PART"


class StatementStanding(StrEnum):
    """What the Anbieter have made of a statement: nothing yet, or what the accreditations that rest on it say."""

    OPEN = "OPEN"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class EvidenceType(StrEnum):
    """Kinds of documents that prove an in-house relation."""

    GESETZ = "GESETZ"
    STAATSVERTRAG = "STAATSVERTRAG"
    SATZUNG = "SATZUNG"
    GESELLSCHAFTSVERTRAG = "GESELLSCHAFTSVERTRAG"
    GESELLSCHAFTERLISTE = "GESELLSCHAFTERLISTE"
    MITGLIEDERLISTE = "MITGLIEDERLISTE"
    TESTAT = "TESTAT"
    ERKLAERUNG = "ERKLAERUNG"
    VOLLMACHT = "VOLLMACHT"
    SONSTIGES = "SONSTIGES"


Reference = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$", strip_whitespace=True)]


class Document(Value):
    """A document as its owner names it: ``reference`` is a URL, a file number or a place of publication."""

    type: EvidenceType
    title: Line
    reference: Reference
    valid_from: date | None = None
    valid_to: date | None = None


class EvidenceRecord(Document):
    """A document on file. The person who recorded it is a reference and stays in this store."""

    id: EntityId
    recorded_by: PersonRef
    recorded_at: Time


class Statement(Value):
    """``path`` begins with the organisation's own leg; the further bodies follow up to the Anbieter."""

    id: EntityId
    type: RelationType
    target: OrganisationId
    path: Annotated[tuple[OrganisationId, ...], Field(min_length=2, max_length=10)]
    valid_from: date | None = None
    valid_to: date | None = None
    evidence: Annotated[tuple[EvidenceRecord, ...], Field(min_length=1, max_length=20)]
    plausible_by: Line | None = None
    stated_by: PersonRef
    stated_at: Time


class FormerStatement(Value):
    """A statement that was taken back, with who did and why: the record of what was stated stays."""

    statement: Statement
    taken_back_by: PersonRef
    taken_back_at: Time
    reason: Text | None = None


def make_statement(
    path: Sequence[str],
    relation: tuple[RelationType, date | None, date | None],
    documents: Iterable[Document],
    plausible_by: str | None,
    person: str,
    at: datetime,
) -> Statement:
    """Return the statement whose id follows from what it states, so that the same word twice is one statement.

    ``relation`` is type, valid_from and valid_to of the own leg. Raises InvalidError for a PART, an empty period, a
    circle, or if no document proves it.
    """
    kind, valid_from, valid_to = relation
    documents = tuple(documents)
    if kind is RelationType.PART:
        raise InvalidError(
            "A body states membership, Trägerschaft or ownership; parts of a body are not stated.", code="relation_type"
        )
    for begin, end in ((valid_from, valid_to), *((d.valid_from, d.valid_to) for d in documents)):
        if begin is not None and end is not None and end <= begin:
            raise InvalidError(f"The period from {begin} to {end} is empty.", code="period_empty")
    if len(set(path)) != len(path):
        raise InvalidError("The path comes back to a body that it has passed.", code="path_circle", path=list(path))
    if not documents:
        raise InvalidError("A statement needs at least one document that proves it.", code="evidence_missing")
    owner, target = path[0], path[1]
    evidence = tuple(
        EvidenceRecord(
            **document.model_dump(),
            id=derived_id("evidence", owner, document.model_dump_json()),
            recorded_by=person,
            recorded_at=at,
        )
        for document in documents
    )
    identity = (kind.value, *path, str(valid_from), str(valid_to), *(record.id for record in evidence))
    return Statement(
        id=derived_id("statement", *identity),
        type=kind,
        target=target,
        path=tuple(path),
        valid_from=valid_from,
        valid_to=valid_to,
        evidence=evidence,
        plausible_by=plausible_by,
        stated_by=person,
        stated_at=at,
    )
