"""R3, R6 and R7: the in-house relation between a body and an Anbieter, as far as the graph and its evidence carry it."""

from __future__ import annotations

from services.eligibility.rules import texts
from services.eligibility.rules.facts import CheckRequest, Facts, Relation, RelationType, holds
from services.eligibility.rules.finding import CUSTOMER_LEG, PROVIDER_LEG, finding_of
from services.eligibility.rules.paths import Connection, connect, shortest, weakness
from services.eligibility.rules.policy import ChannelRule, IndirectJoint
from shared.messages.eligibility import Finding
from shared.messages.values import Verdict


def joint_control(request: CheckRequest, rule: ChannelRule, facts: Facts) -> Finding:
    """Return the finding of R3: the Kunde has part in the control of the Anbieter, directly or through others."""
    found = connect(request.customer, rule.anbieter, request.as_of, facts)
    name = facts.name(request.customer)
    if found is None:
        return _no_relation(CUSTOMER_LEG, "R3", request.customer, request, rule, facts)
    if found.collective is not None:
        verbund = facts.name(found.collective.target)
        reason = (
            f"Für {name} ist nur bekannt, dass „{found.collective.name}“ zu {verbund} gehören; "
            "die eigene Zugehörigkeit ist weder angegeben noch belegt."
        )
        remedy = (
            f"Geben Sie Ihre eigene Zugehörigkeit zu {verbund} mit Nachweis an; der Anbieter bestätigt sie durch Akkreditierung."
        )
        known = (texts.collective_text(found.collective, facts), *(texts.relation_text(step, facts) for step in found.path))
        return finding_of(CUSTOMER_LEG, "R3", "COLLECTIVE_ONLY", Verdict.NO_EVIDENCE, reason, facts=known, remedy=remedy)
    if found.weak:
        return _unproven(CUSTOMER_LEG, "R3", found, facts)
    if found.steps <= 1:
        reason = f"{name} ist an {rule.anbieter_name} unmittelbar beteiligt und übt die Kontrolle gemeinsam mit den anderen aus."
        return _proven(CUSTOMER_LEG, "R3", "JOINT_CONTROL", Verdict.EXEMPT, reason, found, facts)
    way = texts.path_text(request.customer, found.path, facts)
    if request.policy.indirect_joint is IndirectJoint.ACCEPT:
        reason = (
            f"{name} ist an {rule.anbieter_name} mittelbar beteiligt ({way}); mittelbare gemeinsame Kontrolle wird anerkannt."
        )
        return _proven(CUSTOMER_LEG, "R3", "INDIRECT_JOINT_ACCEPTED", Verdict.EXEMPT, reason, found, facts)
    return _disputed(CUSTOMER_LEG, way, name, rule, found, facts)


def inverse(request: CheckRequest, rule: ChannelRule, facts: Facts) -> Finding:
    """Return the finding of R6: the Anbieter commissions one of those who control it (§ 108 Abs. 3 GWB); else of R7."""
    found = connect(request.provider, rule.anbieter, request.as_of, facts)
    name = facts.name(request.provider)
    if found is None or found.collective is not None:
        sister = _half_sister(request, rule, facts)
        return sister or _no_relation(PROVIDER_LEG, "R6", request.provider, request, rule, facts)
    if found.weak:
        return _unproven(PROVIDER_LEG, "R6", found, facts)
    way = texts.path_text(request.provider, found.path, facts)
    if found.steps > 1 and request.policy.indirect_joint is IndirectJoint.STRICT:
        return _disputed(PROVIDER_LEG, way, name, rule, found, facts)
    reason = (
        f"{rule.anbieter_name} darf {name} ohne Vergabeverfahren beauftragen, weil {name} an {rule.anbieter_name} beteiligt ist."
    )
    return _proven(PROVIDER_LEG, "R6", "INVERSE", Verdict.EXEMPT, reason, found, facts)


def _half_sister(request: CheckRequest, rule: ChannelRule, facts: Facts) -> Finding | None:
    """R7: the Bereitsteller belongs to a body that takes part in the Anbieter, which has other mothers too (7 Verg 1/22)."""
    on = request.as_of
    proven = [r for r in facts.relations if holds(r.valid_from, r.valid_to, on) and weakness(r, on) is None]
    for owner in sorted(
        (relation for relation in proven if relation.target == request.provider), key=lambda relation: relation.id
    ):
        path = shortest(owner.source, rule.anbieter, proven)
        if path is None or sum(step.type is not RelationType.PART for step in path) > 1:
            continue
        name, mother = facts.name(request.provider), facts.name(owner.source)
        reason = (
            f"{name} ist nicht selbst an {rule.anbieter_name} beteiligt, gehört aber zu {mother}; "
            "ob ein Anbieter mit mehreren Trägern eine solche Halbschwester beauftragen darf, ist umstritten."
        )
        remedy = f"{rule.anbieter_name} muss das Risiko namentlich übernehmen (Freigabe), oder {mother} stellt selbst bereit."
        known = tuple(texts.relation_text(step, facts) for step in (owner, *path))
        evidence = _evidence((owner, *path))
        return finding_of(PROVIDER_LEG, "R7", "HALF_SISTER", Verdict.RISK, reason, facts=known, evidence=evidence, remedy=remedy)
    return None


def _no_relation(leg: str, rule_id: str, body_id: str, request: CheckRequest, rule: ChannelRule, facts: Facts) -> Finding:
    name, on = facts.name(body_id), request.as_of
    ever = shortest(body_id, rule.anbieter, facts.relations)
    missing = [step for step in ever or () if not holds(step.valid_from, step.valid_to, on)]
    if not missing:
        reason = f"Zwischen {name} und {rule.anbieter_name} ist kein Inhouse-Verhältnis bekannt, auch nicht über andere Stellen."
        return finding_of(leg, rule_id, "NO_RELATION", Verdict.NOT_EXEMPT, reason)
    reason = (
        f"Am {texts.day(on)} besteht zwischen {name} und {rule.anbieter_name} kein Inhouse-Verhältnis: "
        "eine Beteiligung ist beendet oder beginnt erst."
    )
    return finding_of(
        leg, rule_id, "NO_RELATION", Verdict.NOT_EXEMPT, reason, facts=tuple(texts.relation_text(step, facts) for step in missing)
    )


def _unproven(leg: str, rule_id: str, found: Connection, facts: Facts) -> Finding:
    relation, code = found.weak[0]
    source, target = facts.name(relation.source), facts.name(relation.target)
    reason = f"Die Zugehörigkeit von {source} zu {target} {texts.WEAK[code]}."
    if code == "STATEMENT_NOT_CONFIRMED":
        remedy = "Beantragen Sie eine Akkreditierung, die sich auf diese Angabe stützt."
    else:
        remedy = f"Reichen Sie einen gültigen Nachweis der Zugehörigkeit von {source} zu {target} nach."
    return finding_of(
        leg,
        rule_id,
        code,
        Verdict.NO_EVIDENCE,
        reason,
        facts=tuple(texts.relation_text(step, facts) for step in found.path),
        evidence=_evidence(found.path),
        remedy=remedy,
    )


def _disputed(leg: str, way: str, name: str, rule: ChannelRule, found: Connection, facts: Facts) -> Finding:
    reason = f"{name} ist an {rule.anbieter_name} nur mittelbar beteiligt ({way}); ob das genügt, ist umstritten."
    remedy = f"Eine namentlich benannte Person bei {rule.anbieter_name} muss die Bestellung freigeben."
    return finding_of(
        leg,
        "R3",
        "INDIRECT_JOINT_DISPUTED",
        Verdict.RISK,
        reason,
        facts=tuple(texts.relation_text(step, facts) for step in found.path),
        evidence=_evidence(found.path),
        remedy=remedy,
    )


def _proven(leg: str, rule_id: str, code: str, verdict: Verdict, reason: str, found: Connection, facts: Facts) -> Finding:
    known = tuple(texts.relation_text(step, facts) for step in found.path)
    return finding_of(leg, rule_id, code, verdict, reason, facts=known, evidence=_evidence(found.path))


def _evidence(path: tuple[Relation, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(evidence.id for relation in path for evidence in relation.evidence))
