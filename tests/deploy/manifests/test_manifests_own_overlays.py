"""An operator's own overlay passes the checks: as copied, and with namespace, names and networks of the data centre."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.checks.configuration import SERVICES
from deploy.checks.objects import name_of, namespace_of
from deploy.checks.render import DEPLOY, render
from deploy.checks.suite import check

PARTS = ("base", "components", "overlays", "release")
NETWORKS = {
    "192.0.2.0/24": "10.20.0.0/16",
    "198.51.100.0/24": "10.30.1.7/32",
    "203.0.113.0/24": "fd00:25::/64",
    "198.18.0.0/24": "10.96.0.1/32",
}


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    """A copy of all that an overlay is made of, as an operator has it before the first change."""
    for part in PARTS:
        shutil.copytree(DEPLOY / part, tmp_path / part)
    return tmp_path


def copied(deploy: Path, source: str) -> Path:
    """Copy an overlay under a name of the operator's."""
    return Path(shutil.copytree(deploy / "overlays" / source, deploy / "overlays" / "hier"))


def changed(folder: Path, changes: dict[str, str]) -> None:
    """Replace texts in all files of a folder, as the handbook asks for."""
    for file in folder.glob("*.yaml"):
        content = file.read_text(encoding="utf-8")
        for old, new in changes.items():
            content = content.replace(old, new)
        file.write_text(content, encoding="utf-8")


def faults(folder: Path, deploy: Path) -> list[str]:
    return [str(finding) for finding in check(render(folder, deploy))]


@pytest.mark.parametrize("source", ["prod", "airgap", "staging", "dev"])
def test_a_copy_of_an_overlay_is_as_good_as_the_overlay(deploy: Path, source: str) -> None:
    assert faults(copied(deploy, source), deploy) == []


@pytest.mark.parametrize("source", ["prod", "airgap", "staging"])
def test_namespace_host_names_and_networks_are_the_operators_choice(deploy: Path, source: str) -> None:
    folder = copied(deploy, source)
    changed(deploy / "overlays" / "prod", NETWORKS)
    changed(folder, NETWORKS | {".example": ".rechenzentrum.test", "namespace: marktplatz-staging": "namespace: buergerportal"})
    changed(folder, {"marktplatz-staging.svc": "buergerportal.svc"})
    if source == "prod":
        changed(
            folder,
            {
                "namespace: marktplatz\n": "namespace: buergerportal\n",
                "      - AUTH_ISSUER": "      - KAFKA_BOOTSTRAP_SERVERS=marktplatz-kafka-bootstrap.buergerportal.svc:9093\n      - AUTH_ISSUER",
            },
        )
    rendered = render(folder, deploy)
    assert [str(finding) for finding in check(rendered)] == []
    policies = str(rendered.of("NetworkPolicy"))
    assert [network for network in NETWORKS if network in policies] == []


def test_peers_may_run_in_other_namespaces_and_under_other_labels(deploy: Path) -> None:
    folder = copied(deploy, "prod")
    patch = """
  - target: {kind: NetworkPolicy, name: http-from-gateway}
    patch: |
      - {op: replace, path: /spec/ingress/0/from/0/namespaceSelector/matchLabels, value: {policy-group: gateways}}
  - target: {kind: NetworkPolicy, name: metrics|kafka-metrics}
    patch: |
      - {op: replace, path: /spec/ingress/0/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name, value: observe}
  - target: {kind: NetworkPolicy, name: identity-provider}
    patch: |
      - op: replace
        path: /spec/egress/0/to
        value:
          - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: anmeldung}}
            podSelector: {matchLabels: {app: keycloak}}
"""
    changed(folder, {"patches:\n": "patches:" + patch})
    changed(
        folder, {"  - path: network-identity-provider.yaml\n    target: {kind: NetworkPolicy, name: identity-provider}\n": ""}
    )
    assert faults(folder, deploy) == []


def test_a_network_that_only_one_process_reaches_is_a_fault_in_an_own_overlay_too(deploy: Path) -> None:
    folder = copied(deploy, "prod")
    with (folder / "kustomization.yaml").open("a", encoding="utf-8") as file:
        file.write("""\
  - target: {kind: NetworkPolicy, name: ordering-worker}
    patch: |
      - {op: add, path: /spec/egress/0/to/-, value: {ipBlock: {cidr: 10.66.0.0/16}}}
""")
    assert faults(folder, deploy) == [
        "[network-extra] ordering-worker -> 10.66.0.0: 27017/TCP is open, but declared in no flow of flows.yaml"
    ]


@pytest.mark.parametrize("source", ["prod", "staging", "dev"])
def test_no_setting_changes_a_job_that_exists(deploy: Path, source: str) -> None:
    before = render(deploy / "overlays" / source, deploy)
    folder = deploy / "overlays" / "hier"
    folder.mkdir()
    generated = {
        name_of(it).rpartition("-")[0]: namespace_of(it) for it in before.of("ConfigMap") if "KAFKA_CLIENT_ID" in it["data"]
    }
    generated |= dict.fromkeys(
        ("platform", "catalog", "eligibility", "ordering", "contracts", "notify"), generated["notify-worker"]
    )
    merges = "".join(
        f"  - {{name: {name}, namespace: {namespace}, behavior: merge, literals: [ANY=other]}}\n"
        for name, namespace in [*generated.items(), ("migration", generated["notify-worker"])]
    )
    (folder / "kustomization.yaml").write_text(f"resources: [../{source}]\nconfigMapGenerator:\n{merges}", encoding="utf-8")
    after = render(folder, deploy)
    assert after.of("Deployment") != before.of("Deployment")
    assert len(before.of("Job")) == len(SERVICES)
    assert after.of("Job") == before.of("Job")


def test_production_by_another_name_still_needs_digests(deploy: Path) -> None:
    folder = copied(deploy, "prod")
    changed(folder, {"  - ../../release\n": ""})
    assert {fault.partition("]")[0] for fault in faults(folder, deploy)} >= {"[image-digest"}
