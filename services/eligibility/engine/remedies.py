"""What would help, as a code with what it names. A remedy is a hint: asking what if shows whether it is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.eligibility.engine.verdicts import Result, Verdict


@dataclass(frozen=True, slots=True)
class Remedy:
    """A step that somebody can take."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as an answer shows it."""
        return {"code": self.code, **self.params}


@dataclass(frozen=True, slots=True)
class Chain:
    """What a remedy may point to beside the leg. ``other_channels``: verdict of the same order in each other channel."""

    other_channels: Mapping[str, Verdict] = field(default_factory=dict)
    may_bundle: bool = False

    def better_than(self, verdict: Verdict) -> list[Remedy]:
        """Return the channels in which the order has a better verdict, best first."""
        better = sorted((other, channel) for channel, other in self.other_channels.items() if other < verdict)
        return [Remedy("OTHER_CHANNEL", {"channel": channel, "verdict": other.name}) for other, channel in better]


_STEPS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "RELATION_NOT_VALID": ("RENEW_RELATION", ("facts",)),
    "ORGANISATION_NOT_ACTIVE": ("RENEW_RELATION", ("facts",)),
    "EVIDENCE_MISSING": ("PROVIDE_EVIDENCE", ("fact", "accepted")),
    "EVIDENCE_EXPIRED": ("RENEW_EVIDENCE", ("fact", "document", "expired_on")),
    "EVIDENCE_NOT_YET_VALID": ("WAIT_UNTIL", ("date",)),
    "NOT_EXAMINED": ("EXAMINE", ("fact", "fields")),
    "STATUS_UNKNOWN": ("CLARIFY_STATUS", ("org",)),
    "NOT_AUTHORITY": ("AWARD_BY_AUTHORITY", ("org",)),
    "NO_DECISIVE_INFLUENCE": ("EXTEND_CONTROL", ("fact", "fields")),
    "PARTIAL_CONTROL": ("EXTEND_CONTROL", ("fact", "fields")),
    "NO_ORGAN_SEAT": ("CHANGE_GOVERNANCE", ("fact", "fields")),
    "NO_JOINT_INFLUENCE": ("CHANGE_GOVERNANCE", ("fact", "fields")),
    "CONTRARY_INTERESTS": ("CHANGE_GOVERNANCE", ("fact", "fields")),
    "SOLE_CONTROLLER": ("CHANGE_GOVERNANCE", ("fact", "fields")),
    "PRIVATE_CONTROLLER": ("CHANGE_GOVERNANCE", ("fact", "fields")),
    "INDIRECT_JOINT_DISPUTED": ("LEGAL_OPINION", ("controlling", "controlled")),
    "SHARE_TOO_LOW": ("RAISE_SHARE", ("org", "entrusted", "total", "needed")),
    "FIGURES_MISSING": ("PROVIDE_FIGURES", ("org", "years", "scope")),
    "GROUP_FIGURES_MISSING": ("PROVIDE_FIGURES", ("org", "years", "scope")),
    "FORECAST_MISSING": ("PROVIDE_FORECAST", ("org", "year")),
    "PRIVATE_VOLUNTARY": ("END_PRIVATE_SHARE", ("fact", "holder")),
    "PRIVATE_CONTROLLING": ("END_PRIVATE_SHARE", ("fact", "holder")),
    "PRIVATE_BLOCKING_MINORITY": ("END_PRIVATE_SHARE", ("fact", "holder")),
    "PRIVATE_DECISIVE_INFLUENCE": ("END_PRIVATE_SHARE", ("fact", "holder")),
    "UNDECLARED_PRIVATE_OWNER": ("END_PRIVATE_SHARE", ("fact", "holder")),
    "DECLARATION_MISSING": ("DECLARE_NO_PRIVATE_CAPITAL", ("org",)),
    "RECIPIENT_NOT_AUTHORITY": ("CLARIFY_STATUS", ("org",)),
    "MOTHER_NOT_AUTHORITY": ("CLARIFY_STATUS", ("org",)),
    "PARTY_NOT_AUTHORITY": ("CLARIFY_STATUS", ("org",)),
    "HALF_SISTER": ("CONTRACT_VIA_MOTHER", ("org",)),
    "SEVERAL_MOTHERS": ("CONTRACT_VIA_MOTHER", ("org",)),
    "NO_COMMON_GOALS": ("CHANGE_COOPERATION", ("fact", "fields")),
    "NO_CONTRIBUTION": ("CHANGE_COOPERATION", ("fact", "fields")),
    "NOT_PUBLIC_INTEREST": ("CHANGE_COOPERATION", ("fact", "fields")),
    "PRIVATE_ADVANTAGE": ("CHANGE_COOPERATION", ("fact", "fields")),
    "MARKET_SHARE": ("LOWER_MARKET_SHARE", ("org", "market", "total", "largest")),
    "RETURN_DUTY": ("DROP_RETURN_DUTY", ()),
    "ACCREDITATION_MISSING": ("ACCREDIT", ("org", "anbieter", "role")),
    "ACCREDITATION_OPEN": ("ACCREDIT", ("org", "anbieter", "role")),
    "ACCREDITATION_EXPIRED": ("ACCREDIT", ("org", "anbieter", "role")),
    "ACCREDITATION_REFUSED": ("ACCREDIT", ("org", "anbieter", "role")),
}
"""The step for each code, with the params of the outcome that it names."""

_OTHER_CHANNEL: Final = ("PRIVATE_PARTY", "CHANNEL_EXCLUDES_TYPE")


_NO_RELATION: Final = ("ESTABLISH_RELATION", "OTHER_CHANNEL", "USE_BUENDLER", "OTHER_PROCEDURE")


def possible(code: str, verdicts: Sequence[str]) -> tuple[str, ...]:
    """Return the codes of all remedies that may be given for a code with one of the verdicts."""
    if code == "NO_RELATION":
        return _NO_RELATION
    if code in _OTHER_CHANNEL:
        return "OTHER_CHANNEL", "SUPPLY_BEREITSTELLER" if code == "PRIVATE_PARTY" else "OTHER_PROCEDURE"
    step = (_STEPS[code][0],) if code in _STEPS else ()
    return (*step, "LEGAL_SIGN_OFF") if Verdict.RISK.name in verdicts else step


def remedies(result: Result, chain: Chain) -> Sequence[Remedy]:
    """Return what would help with a result that decides, several where all are needed or any of them may do."""
    code, params = result.code, result.outcome.params
    if result.verdict is Verdict.EXEMPT:
        return ()
    if code == "NO_RELATION":
        return _without_relation(params, chain)
    if code in _OTHER_CHANNEL:
        other = chain.better_than(Verdict.NOT_EXEMPT)
        return [*other, Remedy("SUPPLY_BEREITSTELLER")] if code == "PRIVATE_PARTY" else other or [Remedy("OTHER_PROCEDURE")]
    if code not in _STEPS:
        return ()
    step, names = _STEPS[code]
    found = [Remedy(step, {name: params[name] for name in names if name in params})]
    if result.verdict is Verdict.RISK:
        found.append(Remedy("LEGAL_SIGN_OFF"))
    return found


def _without_relation(params: Mapping[str, Any], chain: Chain) -> Sequence[Remedy]:
    others = chain.better_than(Verdict.NOT_EXEMPT)
    bundling = [Remedy("USE_BUENDLER")] if chain.may_bundle else []
    last = [] if others or bundling else [Remedy("OTHER_PROCEDURE")]
    return [Remedy("ESTABLISH_RELATION", dict(params)), *others, *bundling, *last]
