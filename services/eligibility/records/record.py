"""A verdict of record: the whole answer, the facts and documents used with their revisions, and what it takes to replay it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.eligibility.engine.answer import Answer
from services.eligibility.engine.explanation import ENGINE_VERSION, explained, used_facts
from services.eligibility.records.judge import Question, instant_of
from services.eligibility.repository import RECORDS, Viewer
from shared.canonical_json import canonical
from shared.errors import NotFoundError
from shared.ids import derived_id
from shared.store.port import Document, Query, Scalar, Store


class Because(StrEnum):
    """Why a verdict was given."""

    REQUEST = "REQUEST"
    ORDER = "ORDER"
    FACTS = "FACTS"
    CALENDAR = "CALENDAR"
    RULES = "RULES"


@dataclass(frozen=True, slots=True)
class Occasion:
    """For what a verdict is given: by whom it was asked for, or for which check of which order."""

    because: Because
    by: str | None = None
    order_id: str | None = None
    check: int | None = None


def subject_of(customer: str, provider: str, channel: str) -> str:
    """Return the key by which the history of a question is found."""
    return f"{customer}/{provider}/{channel}"


def record_of(answer: Answer, question: Question, occasion: Occasion, at: datetime) -> Document:
    """Return the document of a verdict of record. The same answer for the same occasion has the same id."""
    request = answer.request
    facts, evidence = _used(answer)
    return {
        "_id": derived_id(
            "verdict-record", answer.hash, str(occasion.order_id), str(occasion.check), occasion.because, occasion.by or ""
        ),
        "rev": 1,
        "subject": subject_of(question.customer, question.provider, question.channel),
        "customer": question.customer,
        "provider": question.provider,
        "channel": question.channel,
        "as_of": request["as_of"],
        "verdict": answer.verdict.name,
        "hash": answer.hash,
        "known_at": request["known_at"],
        "rule_set": answer.rules.id,
        "rule_set_hash": answer.rules.sha256,
        "engine_version": ENGINE_VERSION,
        "answer": canonical(explained(answer, instant_of(at))).decode(),
        "facts": facts,
        "evidence": evidence,
        "because": occasion.because,
        "by": occasion.by,
        "order_id": occasion.order_id,
        "check": occasion.check,
        "given_at": at,
    }


def _used(answer: Answer) -> tuple[list[Document], list[Document]]:
    """Return the facts used, those of the organisations named among them, and the documents that they cite."""
    view = answer.day.view
    used = [view.facts[id_] for id_ in used_facts(answer) if id_ in view.facts]
    legs = [person for leg in answer.legs for person in (leg.asked.awarder, leg.asked.contractor, leg.awarder, leg.contractor)]
    named = {name for fact in used for name in fact.named} | set(legs)
    organisations = [view.organisations[name] for name in sorted(named) if name in view.organisations]
    facts = {fact.id: fact for fact in (*organisations, *used)}
    cited = sorted({id_ for fact in used for id_ in fact.evidence if id_ in view.documents})
    return (
        [fact.model_dump(mode="json", by_alias=True) for fact in facts.values()],
        [view.documents[id_].model_dump(mode="json") for id_ in cited],
    )


class Records:
    """All verdicts of record. They are added and never changed."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def add(self, records: Sequence[Document]) -> None:
        """Store verdicts; one that is stored already stays as it is."""
        if records:
            await self.store.insert_many(RECORDS, records)

    async def get(self, record_id: str, viewer: Viewer) -> Document:
        """Return a verdict of the viewer's. Raises NotFoundError for any other."""
        document = await self.store.get(RECORDS, record_id)
        if document is None or not may_read(document, viewer):
            raise NotFoundError(f"There is no verdict of record {record_id}.", code="record_not_found")
        return document

    async def history(
        self, index: Mapping[str, Scalar], after: tuple[Scalar, ...] | None, limit: int, viewer: Viewer
    ) -> list[Document]:
        """Return the viewer's verdicts on one question or one order, newest first, without their answers.

        All verdicts of one question, and of one order, are for the same readers.
        """
        (name,) = index
        query = Query(name, equals=index, after=after, descending=True, limit=limit, without=("answer", "facts", "evidence"))
        return [document for document in await self.store.find(RECORDS, query) if may_read(document, viewer)]


def may_read(document: Mapping[str, Any], viewer: Viewer) -> bool:
    """Return whether a verdict is for the viewer: the Kunde that it is about, or the Anbieter of its channel."""
    is_anbieter = viewer.channel is not None and viewer.channel.value == document["channel"]
    return viewer.organisation == document["customer"] or is_anbieter


def core_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the core of a stored answer: what the hash is made of."""
    answer = json.loads(document["answer"])
    names = ("spec", "rule_set", "request", "verdict", "legs", "rules", "changes_on", "changes_to")
    return {name: answer[name] for name in names}
