"""The conditions of the portal for taking part (R12): who may order and provide through a channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.eligibility.engine.bodies import Series, numbers_of, series_of, status, status_fact
from services.eligibility.engine.day import Day
from services.eligibility.engine.verdicts import Outcome, Verdict, first_worst

_ACCREDITATION = {
    "ABGELEHNT": (Verdict.NOT_EXEMPT, "ACCREDITATION_REFUSED"),
    "ENTZOGEN": (Verdict.NOT_EXEMPT, "ACCREDITATION_REFUSED"),
    "ABGELAUFEN": (Verdict.NO_EVIDENCE, "ACCREDITATION_EXPIRED"),
}


@dataclass(frozen=True, slots=True)
class Participant:
    """The party of a leg whom the portal asks. ``direct``: it deals with the Anbieter itself (legs L1 and L2)."""

    organisation: str
    role: str
    channel: str
    direct: bool
    accreditation_required: bool


def takes_part(day: Day, participant: Participant) -> Outcome:
    """Return the first of the worst checks; if all are met PORTAL_OK, with the facts and figures of all."""
    checks = list(_checks(day, participant))
    gravest = first_worst(checks) if checks else None
    if gravest is not None and gravest.verdict is not Verdict.EXEMPT:
        return gravest
    facts = tuple(fact for check in checks for fact in check.facts)
    numbers = next((check.numbers for check in checks if check.numbers is not None), None)
    return Outcome(Verdict.EXEMPT, "PORTAL_OK", facts, {"org": participant.organisation}, numbers)


def _checks(day: Day, participant: Participant) -> Iterator[Outcome]:
    named, person = participant.organisation, day.legal_person(participant.organisation)
    channel = day.rules.channels[participant.channel]
    if "PRIVATE" in (day.organisation(named).sector, day.organisation(person).sector):
        yield Outcome(Verdict.NOT_EXEMPT, "PRIVATE_PARTY", (), {"org": named})
    kind = day.organisation(person).type
    if participant.direct and kind in channel.excluded_types:
        params = {"org": named, "type": kind, "channel": participant.channel}
        yield Outcome(Verdict.NOT_EXEMPT, "CHANNEL_EXCLUDES_TYPE", (), params)
    if participant.role == "BEREITSTELLER":
        yield _market_share(day, person)
    if participant.accreditation_required:
        yield _accreditation(day, named, channel.anbieter, participant.role)


def _market_share(day: Day, person: str) -> Outcome:
    fact = status_fact(day, person)
    if fact is not None and fact.status == "NR1":
        return status(day, person)
    series = series_of(day, person)
    if not isinstance(series, Series):
        return series
    numerator, denominator = day.rules.market_limit
    facts, numbers = tuple(figure.id for figure in series.figures), numbers_of(day, series)
    if series.market * denominator >= series.total * numerator:
        largest = -(-series.total * numerator // denominator) - 1
        params = {"org": person, "market": series.market, "total": series.total, "largest": largest}
        return Outcome(Verdict.NOT_EXEMPT, "MARKET_SHARE", facts, params, numbers)
    undocumented = series.undocumented(day)
    if undocumented is not None:
        return replace(undocumented, numbers=numbers)
    return Outcome(Verdict.EXEMPT, "PORTAL_OK", facts, {"org": person}, numbers)


def _accreditation(day: Day, organisation: str, anbieter: str, role: str) -> Outcome:
    params = {"org": organisation, "anbieter": anbieter, "role": role}
    fact = next(day.valid(day.view.accreditations.get((organisation, anbieter, role), ())), None)
    if fact is None:
        return Outcome(Verdict.NO_EVIDENCE, "ACCREDITATION_MISSING", (), params)
    if fact.state == "ERTEILT":
        return Outcome(Verdict.EXEMPT, "PORTAL_OK", (fact.id,), params)
    verdict, code = _ACCREDITATION.get(fact.state, (Verdict.NO_EVIDENCE, "ACCREDITATION_OPEN"))
    return Outcome(verdict, code, (fact.id,), params)
