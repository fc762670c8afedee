"""The checks catch what they are for: each fault of the set, and no rule goes without a fault."""

from __future__ import annotations

import re

import pytest

from deploy.checks.generic.render import DEPLOY
from deploy.checks.suite import check
from tests.deploy.manifests.mutations import MUTATIONS
from tests.deploy.manifests.planting import Mutation, clean, findings_of, mutated

PROVEN_ELSEWHERE = frozenset(
    {
        "alert-severity",
        "alert-for",
        "alert-text",
        "alert-runbook",
        "alert-untested",
        "alert-promtool",
        "override-image",
        "override-annotation",
        "network-unknown",
        "idle",
        "unjudged",
        "gitops-form",
        "gitops-path",
        "gitops-order",
        "gitops-hook",
        "gitops-wait",
        "gitops-keep",
        "gitops-monitor",
        "gitops-project",
        "rights-needless",
    }
)
"""Rules about files beside the overlay: test_manifests_alerts.py, test_manifests_overridable.py, test_manifests_flows.py, test_manifests_idle.py,
test_manifests_gitops.py, test_manifests_rights.py, test_manifests_malformed.py."""


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda it: it.name)
def test_a_planted_fault_is_caught_by_its_rule(mutation: Mutation) -> None:
    assert mutation.code in {finding.code for finding in findings_of(mutation)}


@pytest.mark.parametrize("overlay", sorted({mutation.overlay for mutation in MUTATIONS}))
def test_an_overlay_without_a_fault_is_clean(overlay: str) -> None:
    assert check(clean(overlay)) == []


def test_there_are_many_faults_and_none_twice() -> None:
    assert len(MUTATIONS) >= 40
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


def test_every_rule_has_a_fault_that_sets_it_off() -> None:
    sources = [file.read_text(encoding="utf-8") for file in sorted((DEPLOY / "checks").rglob("*.py"))]
    codes = {
        code
        for source in sources
        for code in re.findall(r'(?:Finding\(|Format\(|Control\(|yield |code = )\s*"([a-z]+(?:-[a-z]+)*)"', source)
    }
    assert codes - PROVEN_ELSEWHERE == {mutation.code for mutation in MUTATIONS}


def test_a_fault_that_changes_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="changes nothing"):
        mutated(Mutation("nothing", lambda _: None, "core-schema"))
