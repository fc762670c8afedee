"""R12, second part: the Kunde is registered and the Anbieter has accredited it for the day of the award."""

from __future__ import annotations

from services.eligibility.rules import texts
from services.eligibility.rules.facts import Accreditation, CheckRequest, Facts, holds
from services.eligibility.rules.finding import CUSTOMER_LEG, finding_of
from services.eligibility.rules.policy import ChannelRule
from shared.messages.eligibility import Finding
from shared.messages.values import AccreditationState, Verdict

PENDING = (AccreditationState.BEANTRAGT, AccreditationState.IN_PRUEFUNG, AccreditationState.RUECKFRAGE)


def accreditation(request: CheckRequest, rule: ChannelRule, facts: Facts) -> Finding:
    """Return the finding on the Kunde's best accreditation at the channel's Anbieter."""
    name = facts.name(request.customer)
    held = facts.accreditations.get(request.customer)
    if held is None:
        reason = f"{name} ist auf dem Marktplatz nicht registriert."
        remedy = f"Registrieren Sie {name} und beantragen Sie die Akkreditierung als Kunde bei {rule.anbieter_name}."
        return finding_of(CUSTOMER_LEG, "R12", "NOT_REGISTERED", Verdict.NO_EVIDENCE, reason, remedy=remedy)
    roles = request.policy.customer_roles
    own = sorted(
        (held_one for held_one in held if held_one.channel is request.channel and held_one.role in roles),
        key=lambda one: (not holds(one.valid_from, one.valid_to, request.as_of), roles.index(one.role), one.id),
    )
    findings = [_judge(held_one, request, rule, name) for held_one in own]
    granted = next((finding for finding in findings if finding.verdict is Verdict.EXEMPT), None)
    if granted is not None:
        return granted
    if findings:
        return findings[0]
    reason = f"{name} ist bei {rule.anbieter_name} nicht als Kunde akkreditiert."
    remedy = f"Beantragen Sie die Akkreditierung als Kunde bei {rule.anbieter_name}."
    return finding_of(CUSTOMER_LEG, "R12", "NOT_ACCREDITED", Verdict.NO_EVIDENCE, reason, remedy=remedy)


def _judge(accreditation: Accreditation, request: CheckRequest, rule: ChannelRule, name: str) -> Finding:
    state, anbieter = accreditation.state, rule.anbieter_name
    renew = f"Beantragen Sie die Akkreditierung bei {anbieter} erneut."
    if state in PENDING:
        code, verdict = "NOT_ACCREDITED", Verdict.NO_EVIDENCE
        reason = f"Über die Akkreditierung von {name} bei {anbieter} ist noch nicht entschieden."
        remedy: str | None = f"Warten Sie die Entscheidung von {anbieter} ab oder beantworten Sie offene Rückfragen."
    elif state in (AccreditationState.ABGELEHNT, AccreditationState.ENTZOGEN):
        code, verdict = "ACCREDITATION_REFUSED", Verdict.NOT_EXEMPT
        word = "abgelehnt" if state is AccreditationState.ABGELEHNT else "entzogen"
        reason, remedy = f"{anbieter} hat die Akkreditierung von {name} {word}.", f"Klären Sie den Grund. {renew}"
    elif state is AccreditationState.ABGELAUFEN or (
        accreditation.valid_to is not None and accreditation.valid_to <= request.as_of
    ):
        code, verdict = "ACCREDITATION_EXPIRED", Verdict.NO_EVIDENCE
        until = f" am {texts.day(accreditation.valid_to)}" if accreditation.valid_to else ""
        reason, remedy = f"Die Akkreditierung von {name} bei {anbieter} ist{until} abgelaufen.", renew
    elif not holds(accreditation.valid_from, accreditation.valid_to, request.as_of):
        code, verdict = "ACCREDITATION_NOT_YET_VALID", Verdict.NO_EVIDENCE
        begin = texts.day(accreditation.valid_from or request.as_of)
        reason, remedy = f"Die Akkreditierung von {name} bei {anbieter} gilt erst ab {begin}.", f"Bestellen Sie ab {begin}."
    else:
        code, verdict = "ACCREDITED", Verdict.EXEMPT
        reason, remedy = f"{name} ist bei {anbieter} akkreditiert.", None
    return finding_of(CUSTOMER_LEG, "R12", code, verdict, reason, evidence=(accreditation.id,), remedy=remedy)
