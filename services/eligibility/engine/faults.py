"""Input that is refused: the table of codes, and its checks of single facts and documents (steps 2 to 11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from services.eligibility.engine.facts import Activity, Cooperation, Document, Fact, Organisation, Recorded, Relation


class RefusedError(ValueError):
    """The input is refused: it has no verdict, only a stable code. ``step`` is its place in the order of the checks."""

    def __init__(self, code: str, step: int, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.step = step
        self.detail = detail


def is_day(text: str) -> bool:
    """Return whether a well-formed date exists."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_instant(text: str) -> bool:
    """Return whether a well-formed instant exists."""
    try:
        datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        return False
    return text[11:13] < "24"  # newer versions of Python read 24:00 as midnight


def check_facts(
    facts: Sequence[Fact],
    documents: Sequence[Document],
    known_organisations: Collection[str],
    known_documents: Collection[str],
) -> None:
    """Check all revisions of facts and documents. Raises RefusedError with the code of the first step that fails.

    ``known_organisations`` and ``known_documents`` are what facts may name beside what is among the facts themselves.
    """
    organisations = {fact.id for fact in facts if isinstance(fact, Organisation)} | set(known_organisations)
    cited = {document.id for document in documents} | set(known_documents)
    found = min(
        (
            fault
            for fault in (
                *_duplicates(facts, "fact"),
                *_duplicates(documents, "document"),
                *(fault for record in (*facts, *documents) for fault in _of_record(record)),
                *(fault for fact in facts for fault in _unknown(fact, organisations, cited)),
                *(fault for fact in facts for fault in _of_fact(fact)),
            )
        ),
        key=lambda fault: fault.step,
        default=None,
    )
    if found is not None:
        raise found


def _duplicates(records: Sequence[Recorded], what: str) -> Iterator[RefusedError]:
    for (record, rev), count in Counter((record.id, record.rev) for record in records).items():
        if count > 1:
            yield RefusedError("DUPLICATE_ID", 3, f"{what} {record} has revision {rev} {count} times")


def _of_record(record: Recorded) -> Iterator[RefusedError]:
    days = [day for day in (record.valid_from, record.valid_to) if day is not None]
    if isinstance(record, Organisation):
        days += record.active_since
    for day in days:
        if not is_day(day):
            yield RefusedError("INVALID_DATE", 2, f"{record.id}: there is no day {day}")
    if record.recorded_at is not None and not is_instant(record.recorded_at):
        yield RefusedError("INVALID_DATE", 2, f"{record.id}: there is no instant {record.recorded_at}")
    if record.end <= record.start:
        yield RefusedError("INVALID_INTERVAL", 4, f"{record.id} ends on {record.valid_to}, not after {record.valid_from}")


def _unknown(fact: Fact, organisations: Collection[str], documents: Collection[str]) -> Iterator[RefusedError]:
    for name in fact.named:
        if name not in organisations:
            yield RefusedError("UNKNOWN_ORGANISATION", 5, f"{fact.id} names {name}, of which there is no fact")
    for document in fact.evidence if fact.accepted_as is not None else ():
        if document not in documents:
            yield RefusedError("UNKNOWN_EVIDENCE", 6, f"{fact.id} cites {document}, which is not on file")


def _of_fact(fact: Fact) -> Iterator[RefusedError]:
    if isinstance(fact, Relation) and fact.source == fact.target:
        yield RefusedError("SELF_RELATION", 7, f"{fact.id} relates {fact.source} to itself")
    total = 1
    parts: tuple[int, ...] = ()
    match fact:
        case Activity():
            total, parts = fact.total, (fact.entrusted, fact.market or 0)
        case Cooperation():
            total, parts = fact.covered_total, (fact.covered_market,)
    if min(total, *parts, 0) < 0:
        yield RefusedError("NEGATIVE_AMOUNT", 8, f"{fact.id} has an amount below zero")
    if total == 0:
        yield RefusedError("ZERO_TOTAL", 9, f"{fact.id} has a total of zero")
    if sum(parts) > total:
        yield RefusedError("PART_EXCEEDS_TOTAL", 10, f"{fact.id} has parts of {sum(parts)} in a total of {total}")
    share: str | None = getattr(fact, "share", None)
    if share is not None and not 0 < Decimal(share) <= 100:  # noqa: PLR2004 - per cent
        yield RefusedError("INVALID_SHARE", 11, f"{fact.id} has a share of {share} per cent")
