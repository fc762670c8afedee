"""What operators of federated portals copy holds the rules that any manifests of ours hold, and names variables that exist."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from deploy.checks.generic.objects import Document, Finding, Objects, items, text
from deploy.checks.generic.pods import workloads
from deploy.checks.generic.render import DEPLOY, read_yaml
from deploy.checks.generic.verdicts import verdict_of
from deploy.checks.product.settings import variables_of
from deploy.checks.suite import GENERIC
from services.portal.settings import Settings
from shared.process.settings import ProcessSettings

ROOT = DEPLOY.parent
EXAMPLE = ROOT / "examples" / "showcase.yaml"
KIT = ROOT / "kits" / "portal" / "README.md"


def example() -> list[Document]:
    return read_yaml(EXAMPLE.read_text(encoding="utf-8"))


def findings(documents: list[Document]) -> set[Finding]:
    objects = Objects("examples/showcase.yaml", documents)
    verdicts = [verdict_of(document) for document in objects]
    found = {finding for verdict in verdicts for finding in (*verdict.shape, *verdict.values)}
    return found | {finding for check in GENERIC for finding in check(objects)}


def test_the_example_is_free_of_faults() -> None:
    assert findings(example()) == set()


def writable(deployment: Document) -> None:
    deployment["spec"]["template"]["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True


def as_root(deployment: Document) -> None:
    deployment["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"] = False


def unprobed(deployment: Document) -> None:
    del deployment["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]


@pytest.mark.parametrize("harm", [writable, as_root, unprobed])
def test_a_fault_in_it_would_be_found(harm: Callable[[Document], None]) -> None:
    documents = copy.deepcopy(example())
    harm(next(it for it in documents if it["kind"] == "Deployment"))
    assert findings(documents) != set()


def test_each_variable_is_one_of_the_kit_or_of_the_pages() -> None:
    (workload,) = workloads(Objects("examples/showcase.yaml", example()))
    known = {name for settings in (ProcessSettings, Settings) for name in variables_of(settings)}
    kit = KIT.read_text(encoding="utf-8")
    named = [text(it, "name") for container in workload.all_containers for it in items(container, "env")]
    assert named
    assert [it for it in named if it not in known and f"`{it}`" not in kit] == []
