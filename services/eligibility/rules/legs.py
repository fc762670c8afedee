"""The legs of an order, each tested on its own: L2 Kunde -> Anbieter, L1 Anbieter -> Bereitsteller."""

from __future__ import annotations

from services.eligibility.rules import texts
from services.eligibility.rules.accreditation import accreditation
from services.eligibility.rules.facts import CheckRequest, Facts
from services.eligibility.rules.finding import CUSTOMER_LEG, PROVIDER_LEG, finding_of
from services.eligibility.rules.policy import ChannelRule
from services.eligibility.rules.relation import inverse, joint_control
from shared.messages.eligibility import Finding
from shared.messages.values import OrganisationType, Verdict


def authority(leg: str, body_id: str, facts: Facts) -> Finding | None:
    """R1: only a body known as public contracting authority (§ 99 Nr. 1-3 GWB) can award without tender; None if it is one."""
    body = facts.bodies.get(body_id)
    if body is None:
        reason = f"„{body_id}“ steht nicht im Verzeichnis der öffentlichen Stellen; die Inhouse-Regeln gelten nur für solche."
        return finding_of(leg, "R1", "UNKNOWN_BODY", Verdict.OUT_OF_SCOPE, reason, remedy="Prüfen Sie den Schlüssel der Stelle.")
    if body.type is OrganisationType.SONSTIGE:
        reason = f"Von {body.name} ist nicht bekannt, dass sie öffentlicher Auftraggeber nach § 99 Nr. 1 bis 3 GWB ist."
        remedy = "Für private oder ungeklärte Stellen ist ein Vergabeverfahren der richtige Weg."
        return finding_of(leg, "R1", "NOT_AUTHORITY", Verdict.OUT_OF_SCOPE, reason, remedy=remedy)
    return None


def customer(request: CheckRequest, rule: ChannelRule, facts: Facts) -> list[Finding]:
    """Return the findings of L2: portal rule, accreditation, in-house relation of the Kunde to the Anbieter."""
    refused = authority(CUSTOMER_LEG, request.customer, facts)
    if refused is not None:
        return [refused]
    body = facts.bodies[request.customer]
    findings = []
    if body.type not in rule.customers:
        reason = f"Bei {rule.anbieter_name} bestellen {rule.customers_text} unmittelbar; {body.name} ist {texts.kind(body.type)}."
        findings.append(finding_of(CUSTOMER_LEG, "R12", "CHANNEL_EXCLUDES_TYPE", Verdict.NOT_EXEMPT, reason))
    else:
        reason = f"{body.name} darf als Stelle dieser Art bei {rule.anbieter_name} unmittelbar bestellen."
        findings.append(finding_of(CUSTOMER_LEG, "R12", "CHANNEL_OPEN", Verdict.EXEMPT, reason))
    if request.policy.customer_roles:
        findings.append(accreditation(request, rule, facts))
    findings.append(joint_control(request, rule, facts))
    return findings


def provider(request: CheckRequest, rule: ChannelRule, facts: Facts) -> list[Finding]:
    """Return the findings of L1: portal rule and the relation by which the Anbieter may commission the Bereitsteller."""
    refused = authority(PROVIDER_LEG, request.provider, facts)
    if refused is not None:
        return [refused]
    body = facts.bodies[request.provider]
    findings = []
    if body.type not in rule.providers:
        reason = (
            f"Über {rule.anbieter_name} stellen {rule.providers_text} Leistungen bereit; {body.name} ist {texts.kind(body.type)}."
        )
        findings.append(finding_of(PROVIDER_LEG, "R12", "CHANNEL_EXCLUDES_TYPE", Verdict.NOT_EXEMPT, reason))
    findings.append(inverse(request, rule, facts))
    return findings
