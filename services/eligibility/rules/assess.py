"""The in-house pre-check (§ 108 GWB): all findings of all legs; the worst leg decides (R10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from services.eligibility.rules import legs, texts
from services.eligibility.rules.facts import CheckRequest, Facts
from services.eligibility.rules.finding import CUSTOMER_LEG, finding_of
from shared.messages.eligibility import Assessment, Finding
from shared.messages.values import Channel, Verdict

WORST_FIRST = (Verdict.NOT_EXEMPT, Verdict.OUT_OF_SCOPE, Verdict.NO_EVIDENCE, Verdict.RISK, Verdict.EXEMPT)
ANOTHER_CHANNEL_HELPS = ("CHANNEL_EXCLUDES_TYPE", "NO_RELATION", "ACCREDITATION_REFUSED")


def assess(request: CheckRequest, facts: Facts) -> Assessment:
    """Return verdict, findings and the channels in which the same award would be exempt. Same facts, same result.

    It prepares the decision of the contracting authority, who answers for the exemption, and documents its grounds.
    A channel that the policy has no rule for is out of its scope.
    """
    findings = {
        channel: _findings(replace(request, channel=channel), facts)
        for channel in sorted(request.policy.channels, key=lambda channel: channel.value)
    }
    own = findings.get(request.channel) or [_unknown_channel(request.channel)]
    verdicts = {channel: worst(finding.verdict for finding in found) for channel, found in findings.items()}
    return Assessment(
        verdict=worst(finding.verdict for finding in own),
        rule_set=request.policy.rule_set,
        as_of=request.as_of,
        channel=request.channel,
        customer=request.customer,
        provider=request.provider,
        findings=tuple(_with_remedy(finding, request, facts) for finding in own),
        allowed_channels=tuple(channel for channel, verdict in verdicts.items() if verdict is Verdict.EXEMPT),
    )


def _unknown_channel(channel: Channel) -> Finding:
    reason = f"Für den Anbieter „{channel.value}“ kennt dieses Regelwerk keine Regel."
    remedy = "Der Betreiber spielt eine Fassung mit den Regeln dieses Anbieters ein; danach lassen Sie erneut prüfen."
    return finding_of(CUSTOMER_LEG, "R12", "CHANNEL_UNKNOWN", Verdict.OUT_OF_SCOPE, reason, remedy=remedy)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the gravest of the verdicts (R10). Raises ValueError if there is none."""
    return min(verdicts, key=WORST_FIRST.index)


def _findings(request: CheckRequest, facts: Facts) -> list[Finding]:
    rule = request.policy.channels[request.channel]
    return [*legs.customer(request, rule, facts), *legs.provider(request, rule, facts)]


def _with_remedy(finding: Finding, request: CheckRequest, facts: Facts) -> Finding:
    if finding.verdict is not Verdict.NOT_EXEMPT or finding.code not in ANOTHER_CHANNEL_HELPS:
        return finding
    return finding.model_copy(update={"remedy": _other_channel(request, facts) or finding.remedy or texts.BUNDLING})


def _other_channel(request: CheckRequest, facts: Facts) -> str | None:
    """Return the sentence that names the best other channel, or None if none is in reach.

    The Anbieter of the order's channel reads it too: it rests on what everybody may know, not on how the Kunde stands elsewhere.
    """
    policy = replace(request.policy, customer_roles=())
    others = sorted(set(policy.channels) - {request.channel}, key=lambda channel: channel.value)
    known = facts.open_to_all()
    findings = {channel: _findings(replace(request, channel=channel, policy=policy), known) for channel in others}
    ways = sorted(findings.items(), key=lambda item: -WORST_FIRST.index(worst(f.verdict for f in item[1])))
    for channel, found in ways:
        rule = policy.channels[channel]
        verdict = worst(finding.verdict for finding in found)
        if verdict is Verdict.EXEMPT:
            return texts.open_to_others(rule)
        if verdict in (Verdict.RISK, Verdict.NO_EVIDENCE):
            first = next(finding.remedy for finding in found if finding.verdict is verdict)
            return texts.open_after(rule, first or "")
    return None
