"""How a finding is written: one place that fills its fields."""

from __future__ import annotations

from shared.messages.eligibility import Finding
from shared.messages.values import Verdict

CUSTOMER_LEG = "L2"
PROVIDER_LEG = "L1"


def finding_of(
    leg: str,
    rule: str,
    code: str,
    verdict: Verdict,
    reason: str,
    *,
    facts: tuple[str, ...] = (),
    evidence: tuple[str, ...] = (),
    remedy: str | None = None,
) -> Finding:
    """Return a finding; ``remedy`` is what the reader of ``reason`` can do."""
    return Finding(leg=leg, rule=rule, code=code, verdict=verdict, reason=reason, facts=facts, evidence=evidence, remedy=remedy)
