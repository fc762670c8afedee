"""An operator's own overlay: what is delivered, taken as it is, and a page of values. It passes the checks and leaves no placeholder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from deploy.checks.generic.render import DEPLOY, read_yaml, render
from deploy.checks.suite import check

PARTS = ("base", "components", "overlays", "release")
PLACEHOLDERS = {
    "192.0.2.0/24": "10.20.0.0/16",
    "198.51.100.0/24": "10.30.1.7/32",
    "203.0.113.0/24": "fd00:25::/64",
    "198.18.0.0/24": "10.96.0.1/32",
    "198.19.1.0/24": "10.40.0.9/32",
    "rechenzentrum.example": "rechenzentrum.test",
    "Rechenzentrum Beispiel": "Rechenzentrum Nord",
    "Beispielweg 1, 12345 Beispiel": "Hafenstraße 1, 24103 Kiel",
}
INSTALLATION = DEPLOY.parent / "docs" / "betrieb" / "installation.md"


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    """A copy of all that an overlay is made of, as an operator has it before the first change."""
    for part in PARTS:
        shutil.copytree(DEPLOY / part, tmp_path / part)
    return tmp_path


@pytest.fixture
def own(deploy: Path) -> Path:
    """The example under a name of the operator's."""
    return Path(shutil.copytree(deploy / "overlays" / "example", deploy / "overlays" / "hier"))


def changed(folder: Path, changes: dict[str, str]) -> None:
    """Replace texts in the overlay's one file; each must be there."""
    file = folder / "kustomization.yaml"
    content = file.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in content
        content = content.replace(old, new)
    file.write_text(content, encoding="utf-8")


def added(folder: Path, patch: str) -> None:
    changed(folder, {"patches:\n": f"patches:\n{patch}"})


def faults(folder: Path, deploy: Path) -> list[str]:
    return [str(finding) for finding in check(render(folder, deploy))]


def left(folder: Path, deploy: Path) -> list[str]:
    """Return the placeholders that the handbook's own command would show."""
    [pattern] = re.findall(r"grep -nE '([^']+)'", INSTALLATION.read_text(encoding="utf-8"))
    return re.findall(pattern, str(list(render(folder, deploy))))


def test_the_example_takes_production_whole_and_copies_nothing_of_it() -> None:
    folder = DEPLOY / "overlays" / "example"
    assert [file.name for file in folder.iterdir()] == ["kustomization.yaml"]
    [kustomization] = read_yaml((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    assert kustomization["resources"] == ["../prod"]
    assert "components" not in kustomization


def test_every_placeholder_stands_in_the_one_file_of_the_example(deploy: Path, own: Path) -> None:
    assert left(own, deploy) != []
    changed(own, PLACEHOLDERS)
    assert left(own, deploy) == []
    assert faults(own, deploy) == []


def test_the_namespace_is_the_operators_choice(deploy: Path, own: Path) -> None:
    changed(own, {"\nnamespace: marktplatz\n": "\nnamespace: buergerportal\n", "marktplatz.svc": "buergerportal.svc"})
    assert faults(own, deploy) == []
    rendered = render(own, deploy)
    assert {document["metadata"].get("namespace", "buergerportal") for document in rendered} == {"buergerportal"}
    assert "marktplatz.svc" not in str(rendered.of("ConfigMap", "ScaledObject"))


@pytest.mark.parametrize("source", ["airgap", "staging", "dev"])
def test_every_delivered_overlay_can_be_the_ground_of_an_own_one(deploy: Path, source: str) -> None:
    folder = deploy / "overlays" / "hier"
    folder.mkdir()
    namespace = {"airgap": "marktplatz"}.get(source, f"marktplatz-{source}")
    (folder / "kustomization.yaml").write_text(
        f"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {namespace}
resources: [../{source}]
configMapGenerator:
  - {{name: notify, namespace: {namespace}, behavior: merge, literals: ["NOTIFY_PORTAL_URL=https://marktplatz.rechenzentrum.test"]}}
patches:
  - target: {{kind: HTTPRoute}}
    patch: "- {{op: replace, path: /spec/hostnames, value: [marktplatz.rechenzentrum.test]}}"
""",
        encoding="utf-8",
    )
    assert faults(folder, deploy) == []


@pytest.mark.parametrize("component", ["otel", "dns-node-local", "dns-openshift", "identity-provider-ca", "annotations"])
def test_a_component_may_be_added_to_production(deploy: Path, own: Path, component: str) -> None:
    changed(own, {"resources:\n": f"components: [../../components/{component}]\nresources:\n"})
    assert faults(own, deploy) == []


def test_peers_may_run_in_other_namespaces_and_under_other_labels(deploy: Path, own: Path) -> None:
    changed(own, {"matchLabels: {kubernetes.io/metadata.name: gateway-system}": "matchLabels: {policy-group: gateways}"})
    added(
        own,
        """\
  - target: {kind: NetworkPolicy, name: metrics|kafka-metrics}
    patch: |
      - {op: replace, path: /spec/ingress/0/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name, value: observe}
""",
    )
    provider = '"- {op: replace, path: /spec/egress/0/to, value: [{ipBlock: {cidr: 198.51.100.0/24}}]}"'
    labels = (
        "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: anmeldung}}, podSelector: {matchLabels: {app: keycloak}}"
    )
    changed(own, {provider: f'"- {{op: replace, path: /spec/egress/0/to, value: [{{{labels}}}]}}"'})
    assert faults(own, deploy) == []


@pytest.mark.parametrize(
    ("policy", "port", "settings"),
    [
        (
            "identity-provider",
            8443,
            {"https://idp.rechenzentrum.example/realms": "https://idp.rechenzentrum.example:8443/realms"},
        ),
        ("mail-server", 465, {"NOTIFY_SMTP_PORT=587": "NOTIFY_SMTP_PORT=465"}),
    ],
)
def test_a_server_on_another_port_is_its_setting_and_one_patch(
    deploy: Path, own: Path, policy: str, port: int, settings: dict[str, str]
) -> None:
    changed(own, settings)
    assert {fault.partition("]")[0] for fault in faults(own, deploy)} == {"[network-server"}
    operation = f"{{op: replace, path: /spec/egress/0/ports/0/port, value: {port}}}"
    added(own, f'  - target: {{kind: NetworkPolicy, name: {policy}}}\n    patch: "- {operation}"\n')
    assert faults(own, deploy) == []


def test_the_authority_of_the_identity_provider_is_one_patch(deploy: Path, own: Path) -> None:
    readme = (deploy / "components" / "identity-provider-ca" / "README.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\npatches:\n(.*?)```", readme, re.DOTALL)
    changed(own, {"resources:\n": "components: [../../components/identity-provider-ca]\nresources:\n"})
    added(own, example)
    assert faults(own, deploy) == []
    rendered = render(own, deploy)
    [authority] = [it for it in rendered.of("ConfigMap") if it["metadata"]["name"].startswith("identity-provider-ca-")]
    assert authority["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----\n")
    readers = {
        it["metadata"]["name"]
        for it in rendered.of("Deployment")
        if authority["metadata"]["name"] in str(it["spec"]["template"]["spec"]["volumes"])
    }
    assert readers == {"catalog-api", "contracts-api", "eligibility-api", "notify-api", "ordering-api", "portal"}


def test_a_database_on_another_port_is_one_patch(deploy: Path, own: Path) -> None:
    added(
        own,
        """\
  - target: {kind: NetworkPolicy, name: database}
    patch: "- {op: replace, path: /spec/egress/0/ports/0/port, value: 37017}"
""",
    )
    assert faults(own, deploy) == []
    named = [it["metadata"]["name"] for it in render(own, deploy).of("NetworkPolicy") if "37017" in str(it)]
    assert named == ["database"]


def test_a_network_that_only_one_process_reaches_is_a_fault_in_an_own_overlay_too(deploy: Path, own: Path) -> None:
    added(
        own,
        """\
  - target: {kind: NetworkPolicy, name: ordering-worker}
    patch: "- {op: add, path: /spec/egress/1, value: {to: [{ipBlock: {cidr: 10.66.0.0/16}}], ports: [{protocol: TCP, port: 27017}]}}"
""",
    )
    assert faults(own, deploy) == [
        "[network-extra] ordering-worker -> 10.66.0.0: 27017/TCP is open, but declared in no flow of flows.yaml"
    ]


def test_production_by_another_name_still_needs_digests(deploy: Path, own: Path) -> None:
    changed(deploy / "overlays" / "prod", {"  - ../../release\n": ""})
    assert {fault.partition("]")[0] for fault in faults(own, deploy)} >= {"[image-digest"}


MISTYPED = {
    "AUTH_ISSUER=https://": ("AUTH_ISSUER=", "AUTH_ISSUER is 'idp.rechenzentrum.example/realms/marktplatz'"),
    "AUTH_JWKS_URL=https://idp": ("AUTH_JWKS_URL=https://idp_", "AUTH_JWKS_URL is 'https://idp_.rechenzentrum.example"),
    "marktplatz.svc:9093": ("marktplatz.svc", "KAFKA_BOOTSTRAP_SERVERS is 'marktplatz-kafka-bootstrap.marktplatz.svc'"),
    "NOTIFY_PORTAL_URL=https://": ("NOTIFY_PORTAL_URL=https:/", "NOTIFY_PORTAL_URL is 'https:/marktplatz.rechenzentrum.example'"),
    "no-reply@": ("no-reply.", "Settings.sender_address"),
    "PORTAL_FEEDBACK_ADDRESS=barrierefrei@": ("PORTAL_FEEDBACK_ADDRESS=barrierefrei.", "Settings.feedback_address"),
    "NOTIFY_SMTP_HOST=smtp.": ("NOTIFY_SMTP_HOST=smtp..", "NOTIFY_SMTP_HOST is 'smtp..rechenzentrum.example'"),
    "NOTIFY_SMTP_PORT=587": ("NOTIFY_SMTP_PORT=587000", "smtp_port"),
    "[host=handbuch.": ("[host=handbuch_.", "annotations.runbook_url is 'https://handbuch_."),
    "newName: registry": ("newName: https://registry", "image is 'https://registry.rechenzentrum.example/marktplatz"),
    "kubernetes.io/metadata.name: gateway-system": (
        "kubernetes.io/metadata.name: gateway-system-",
        "matchLabels.kubernetes.io/metadata.name is",
    ),
    "192.0.2.0/24": ("192.0.2.7/24", "cidr is '192.0.2.7/24'"),
    "198.51.100.0/24": ("198.51.100.7", "cidr is '198.51.100.7'"),
    "203.0.113.0/24": ("203.0.113.300/32", "cidr is '203.0.113.300/32'"),
    "198.18.0.0/24": ("198.18.0.0/42", "cidr is '198.18.0.0/42'"),
}
"""What stands in the page of values, how it may be mistyped, and the text of the finding."""

MISSHAPEN = {
    "value: [marktplatz.rechenzentrum": "value: [Marktplatz.rechenzentrum",
    "/spec/parentRefs/0/namespace, value: gateway-system": "/spec/parentRefs/0/namespace, value: gateway_system",
}
"""The same for values that definitions of custom resources refuse."""


def test_whatever_is_mistyped_in_the_page_of_values_is_found(deploy: Path, own: Path) -> None:
    changed(own, {right: wrong for right, (wrong, _) in MISTYPED.items()})
    found = faults(own, deploy)
    assert [said for _, said in MISTYPED.values() if not any(said in fault for fault in found)] == []


def test_a_mistyped_host_or_gateway_is_found(deploy: Path, own: Path) -> None:
    changed(own, MISSHAPEN)
    found = [fault for fault in faults(own, deploy) if fault.startswith("[crd-schema]")]
    assert any("spec.hostnames.0" in fault for fault in found)
    assert any("spec.parentRefs.0.namespace" in fault for fault in found)
