"""An answer of the engine as it travels on the wire: findings with German sentences, the legs, the deciding rules, the hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from services.eligibility.engine.answer import Answer
from services.eligibility.engine.explanation import explanation
from services.eligibility.records.judge import Question, reader_of
from services.eligibility.sentences import Reader
from shared.messages.eligibility import Assessment, DecidingRule, Finding, LegVerdict
from shared.messages.values import Channel, Verdict

LINE_LENGTH = 200
FIRST_LEG = "L1"


def assessment_of(answer: Answer, question: Question, allowed: Iterable[Channel], record: str | None = None) -> Assessment:
    """Return the assessment. ``allowed``: channels in which the same order would be exempt; ``record``: id of the stored one."""
    core = answer.core
    reader = reader_of(answer)
    found = [
        _finding(leg["leg"], result, reader)
        for leg in explanation(answer)
        for result in _decisive_first(leg["results"], leg["verdict"])
    ]
    return Assessment(
        verdict=Verdict(core["verdict"]),
        rule_set=core["rule_set"],
        as_of=question.as_of,
        channel=Channel(question.channel),
        customer=question.customer,
        provider=question.provider,
        findings=tuple(_worst_first(found, Verdict(core["verdict"]))),
        allowed_channels=tuple(allowed),
        hash=answer.hash,
        record=record,
        legs=tuple(LegVerdict(leg=leg["leg"], verdict=Verdict(leg["verdict"])) for leg in core["legs"]),
        rules=tuple(DecidingRule(**rule) for rule in core["rules"]),
        changes_on=None if core["changes_on"] is None else date.fromisoformat(core["changes_on"]),
        changes_to=None if core["changes_to"] is None else Verdict(core["changes_to"]),
    )


def _decisive_first(results: list[Mapping[str, Any]], verdict: str) -> list[Mapping[str, Any]]:
    """Return the results of a leg, those that have its verdict first: readers show the first one that decides."""
    return sorted(results, key=lambda result: result["outcome"] != verdict)


def _worst_first(findings: list[Finding], verdict: Verdict) -> list[Finding]:
    """Return the findings: those that decide first, of these those that the Kunde can change before the Bereitsteller's."""
    return sorted(findings, key=lambda it: (it.verdict is not verdict, it.verdict is verdict and it.leg == FIRST_LEG))


def _finding(leg: str, result: Mapping[str, Any], reader: Reader) -> Finding:
    remedies = result["remedy"]
    return Finding(
        leg=leg,
        rule=result["rule"],
        code=result["code"],
        verdict=Verdict(result["outcome"]),
        reason=reader.result(result),
        facts=tuple(dict.fromkeys(line(reader.fact(fact)) for fact in result["facts"])),
        evidence=tuple(line(document) for document in result["evidence"]),
        remedy=" ".join(reader.remedy(remedy) for remedy in remedies) or None,
        law=result["law"],
        remedy_code=remedies[0]["code"] if remedies else None,
    )


def line(text: str) -> str:
    """Return a text, cut to what one line of a message holds."""
    return text if len(text) <= LINE_LENGTH else f"{text[: LINE_LENGTH - 1]}…"
