"""Who has rights in one namespace can install: nothing of its owner is left in the overlay, and the Role grants the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.generic.crds import folder
from deploy.checks.generic.objects import Objects
from deploy.checks.generic.render import DEPLOY, render
from deploy.checks.product import rights
from deploy.checks.product.rights import OWNERS, check_needless_rights, check_rights, granting, resource_of

DEFINED = [
    it for file in sorted(folder().glob("*.yaml")) for it in yaml.load_all(file.read_text("utf-8"), Loader=yaml.CSafeLoader) if it
]


def test_a_given_namespace_is_left_to_its_owner_and_nothing_else_is_lost() -> None:
    whole, given = render(DEPLOY / "overlays/prod"), render(DEPLOY / "tests/given-namespace")
    left_out = [it for it in whole if it["kind"] in OWNERS]
    assert sorted(it["kind"] for it in left_out) == ["LimitRange", "Namespace", "ResourceQuota"]
    assert list(given) == [it for it in whole if it not in left_out]


def test_the_owner_applies_what_the_others_leave_out_and_the_rights_to_it() -> None:
    kinds = {it["kind"] for it in render(DEPLOY / "tests/given-namespace-rights")}
    assert {"Namespace", "ResourceQuota", "LimitRange", "Role", "RoleBinding"} <= kinds


@pytest.mark.parametrize("kind", ["ResourceQuota", "LimitRange", "Role", "ClusterRole", "Namespace"])
def test_one_object_of_the_owner_is_one_too_many(kind: str) -> None:
    document = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a", "namespace": "n"}}
    found = [it.code for it in check_rights(Objects("a", [document]))]
    assert found == ([] if kind == "Namespace" else ["rights-owner"])


def test_the_same_kind_of_another_group_is_another_kind() -> None:
    document = {"apiVersion": "extensions/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}}
    assert [it.code for it in check_rights(Objects("a", [document]))] == ["rights-missing"]


def test_a_right_that_nobody_needs_is_reported() -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}
    findings = list(check_needless_rights([Objects("a", [deployment])]))
    assert {it.code for it in findings} == {"rights-needless"}
    assert len(findings) == len(granting() - rights.BY_HAND) - 1
    assert not any("deployments" in it.text for it in findings)


def test_a_role_that_may_only_look_grants_nothing_to_apply(tmp_path: Path) -> None:
    role = tmp_path / "role.yaml"
    role.write_text("rules: [{apiGroups: [apps], resources: [deployments], verbs: [get, list, watch]}]\n", encoding="utf-8")
    assert granting.__wrapped__(role) == frozenset()


@pytest.mark.parametrize("definition", DEFINED, ids=lambda it: str(it["metadata"]["name"]))
def test_plurals_are_those_of_the_definitions(definition: dict[str, Any]) -> None:
    spec = definition["spec"]
    assert resource_of({"apiVersion": f"{spec['group']}/v1", "kind": spec["names"]["kind"]}) == (
        spec["group"],
        spec["names"]["plural"],
    )


@pytest.mark.parametrize(
    ("version", "kind", "resource"),
    [
        ("v1", "ConfigMap", ("", "configmaps")),
        ("networking.k8s.io/v1", "Ingress", ("networking.k8s.io", "ingresses")),
        ("networking.k8s.io/v1", "NetworkPolicy", ("networking.k8s.io", "networkpolicies")),
    ],
)
def test_plurals_are_those_of_kubernetes(version: str, kind: str, resource: tuple[str, str]) -> None:
    assert resource_of({"apiVersion": version, "kind": kind}) == resource
