"""Requests and answers of the routes for verdicts of record."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from services.eligibility.records.record import Because
from services.eligibility.records.sentences import reader_for, sentences
from services.eligibility.schemas import Request
from services.eligibility.sentences import Language
from shared.http.days import Day
from shared.messages.values import Channel, OrganisationId, Verdict
from shared.store.port import Document

LANGUAGES: tuple[Language, ...] = ("de", "en")


class BundlerStep(Request):
    """A bündelnde Organisation of the chain, with what it owes for its own leg."""

    org: OrganisationId
    payment: bool = True
    return_duty: bool = False


class VerdictRequest(Request):
    """The question: from ``customer`` (the caller's own organisation if left out) through ``channel`` to ``provider``.

    ``bundlers`` stand from the Anbieter down to the Kunde. ``return_duty``: must the Kunde give anything back?
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={"examples": [{"provider": "komm_one", "channel": "govdigital", "as_of": "2026-12-01"}]}
    )

    customer: OrganisationId | None = None
    provider: OrganisationId
    channel: Channel
    as_of: Day | None = None
    bundlers: Annotated[list[BundlerStep], Field(max_length=10)] = Field(default_factory=list)
    payment: bool = True
    return_duty: bool = False


class RecordHead(BaseModel):
    """A verdict of record in a list: what was found for which question, when and why."""

    id: str
    customer: str
    provider: str
    channel: Channel
    as_of: date
    verdict: Verdict
    hash: str
    known_at: str
    rule_set: str
    rule_set_hash: str
    engine_version: str
    because: Because
    order_id: str | None
    check: int | None
    given_at: datetime

    @classmethod
    def fields_of(cls, document: Document) -> dict[str, Any]:
        """Return the fields of a stored verdict."""
        return {name: document[name] for name in RecordHead.model_fields if name != "id"} | {"id": document["_id"]}


class Sentence(BaseModel):
    """What one rule found, in German and English, and what would help."""

    leg: str
    rule: str
    law: str
    code: str
    outcome: Verdict
    text: dict[str, str]
    remedies: list[dict[str, Any]]


class RecordView(RecordHead):
    """A verdict of record: the whole answer, its sentences, the facts and documents used."""

    answer: dict[str, Any]
    sentences: list[Sentence]
    facts: list[dict[str, Any]]
    evidence: list[dict[str, Any]]

    @classmethod
    def of(cls, document: Document) -> RecordView:
        """Return the view of a stored verdict; it is made of the stored document alone."""
        answer = json.loads(document["answer"])
        found = sentences(answer, {language: reader_for(document["facts"], language) for language in LANGUAGES})
        return cls(
            **cls.fields_of(document),
            answer=answer,
            sentences=[Sentence(**sentence) for sentence in found],
            facts=document["facts"],
            evidence=document["evidence"],
        )


class ReplayView(BaseModel):
    """What the same request finds today. ``identical``: the core is the same to the byte, and so is the hash."""

    id: str
    identical: bool
    recorded_hash: str
    hash: str
    core: dict[str, Any]
