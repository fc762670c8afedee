"""What Argo CD and Flux read is free of faults, and each planted fault is caught by its rule."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deploy.checks.generic.objects import Document, Objects, name_of
from deploy.checks.generic.render import DEPLOY, render
from deploy.checks.product.gitops.rules import check_gitops, discover, signed

Told = list[Document]
Applied = dict[str, list[Document]]
"""What the folders render to, by their path below ``deploy/gitops``."""


@cache
def rendered(folder: Path) -> Objects:
    return render(folder)


@cache
def written(from_registry: bool) -> Told:  # noqa: FBT001 - which of two
    return signed() if from_registry else discover()


def findings(change: Callable[[Told, Applied], object], *, from_registry: bool = False) -> set[str]:
    declared = copy.deepcopy(written(from_registry))
    folders = [DEPLOY / "gitops" / tool / name for tool in ("argocd", "flux") for name in ("kafka", "marktplatz")]
    applied = {str(folder): copy.deepcopy(list(rendered(folder).documents)) for folder in folders}
    change(declared, {path.rpartition("gitops/")[2]: documents for path, documents in applied.items()})
    found = check_gitops(
        declared, lambda folder: Objects("a", applied[str(folder)]) if str(folder) in applied else rendered(folder)
    )
    return {finding.code for finding in found}


def one(documents: list[Document], kind: str, name: str) -> Any:
    (found,) = [document for document in documents if document["kind"] == kind and name_of(document) == name]
    return found


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    code: str
    plant: Callable[[Told, Applied], object]


def declared(name: str, code: str, kind: str, which: str, change: Callable[[Any], object]) -> Fault:
    """Return a fault in what a tool reads."""
    return Fault(name, code, lambda documents, _: change(one(documents, kind, which)))


def applied(name: str, code: str, path: str, kind: str, which: str, change: Callable[[Any], object]) -> Fault:
    """Return a fault in what a tool applies."""
    return Fault(name, code, lambda _, folders: change(one(folders[path], kind, which)))


def spec(**values: Any) -> Callable[[Any], object]:
    return lambda document: document["spec"].update(values)


def annotation(key: str) -> Callable[[Any], object]:
    return lambda document: document["metadata"]["annotations"].pop(key)


def project(kind: str) -> Callable[[Any], object]:
    """Return a change that takes a kind out of a project's list."""

    def change(document: Any) -> None:
        kinds = document["spec"]["namespaceResourceWhitelist"]
        kinds.remove(next(it for it in kinds if it["kind"] == kind))

    return change


FAULTS = (
    declared(
        "misspelt field of Flux", "gitops-form", "Kustomization", "marktplatz", spec(dependson=[{"name": "marktplatz-kafka"}])
    ),
    declared("nothing is removed by Flux", "gitops-form", "Kustomization", "marktplatz", spec(prune=False)),
    declared("no duration", "gitops-form", "Kustomization", "marktplatz", spec(interval="10 minutes")),
    declared("branch instead of a release", "gitops-form", "GitRepository", "marktplatz", spec(ref={"branch": "main"})),
    declared("changes by hand stay", "gitops-form", "Application", "marktplatz", spec(syncPolicy={"automated": {"prune": True}})),
    Fault(
        "unknown kind", "gitops-form", lambda documents, _: documents.append({"kind": "HelmRelease", "metadata": {"name": "a"}})
    ),
    declared("path of Flux that is none", "gitops-path", "Kustomization", "marktplatz", spec(path="./deploy/gitops/flux/market")),
    declared("path of Flux out of deploy", "gitops-path", "Kustomization", "marktplatz", spec(path="./services")),
    declared(
        "path of Argo CD that is none",
        "gitops-path",
        "Application",
        "marktplatz",
        lambda document: document["spec"]["source"].update(path="deploy/overlays/production"),
    ),
    declared(
        "source of Flux that is none",
        "gitops-path",
        "Kustomization",
        "marktplatz",
        spec(sourceRef={"kind": "GitRepository", "name": "a"}),
    ),
    declared(
        "processes before the brokers with Flux",
        "gitops-order",
        "Kustomization",
        "marktplatz",
        lambda it: it["spec"].pop("dependsOn"),
    ),
    declared("waits for nobody", "gitops-order", "Kustomization", "marktplatz", spec(dependsOn=[{"name": "kafka"}])),
    declared(
        "waits for each other", "gitops-order", "Kustomization", "marktplatz-kafka", spec(dependsOn=[{"name": "marktplatz"}])
    ),
    declared(
        "processes before the brokers with Argo CD",
        "gitops-order",
        "Application",
        "marktplatz-kafka",
        lambda it: it["metadata"]["annotations"].update({"argocd.argoproj.io/sync-wave": "1"}),
    ),
    Fault(
        "brokers that nobody applies",
        "gitops-order",
        lambda documents, _: documents.remove(one(documents, "Kustomization", "marktplatz-kafka")),
    ),
    applied(
        "migration that Flux may not replace",
        "gitops-hook",
        "flux/marktplatz",
        "Job",
        "ordering-migrate",
        lambda it: it["metadata"]["annotations"].update({"kustomize.toolkit.fluxcd.io/force": "true"}),
    ),
    applied(
        "migration that Argo CD may not replace",
        "gitops-hook",
        "argocd/marktplatz",
        "Job",
        "ordering-migrate",
        annotation("argocd.argoproj.io/hook-delete-policy"),
    ),
    declared("Flux does not wait for the brokers", "gitops-wait", "Kustomization", "marktplatz-kafka", spec(wait=False)),
    declared("Flux waits for a claim", "gitops-wait", "Kustomization", "marktplatz", spec(wait=True)),
    declared(
        "Flux does not wait for a process",
        "gitops-wait",
        "Kustomization",
        "marktplatz",
        lambda it: it["spec"]["healthChecks"].pop(),
    ),
    declared(
        "Flux waits for what it does not apply",
        "gitops-wait",
        "Kustomization",
        "marktplatz",
        lambda it: it["spec"]["healthChecks"].append({**it["spec"]["healthChecks"][0], "name": "a"}),
    ),
    declared("Flux gives up before a migration does", "gitops-wait", "Kustomization", "marktplatz", spec(timeout="30m")),
    applied(
        "topic pruned by Flux",
        "gitops-keep",
        "flux/kafka",
        "KafkaTopic",
        "ordering.order.v1",
        annotation("kustomize.toolkit.fluxcd.io/prune"),
    ),
    applied(
        "brokers pruned by Argo CD",
        "gitops-keep",
        "argocd/kafka",
        "KafkaNodePool",
        "broker",
        annotation("argocd.argoproj.io/sync-options"),
    ),
    applied(
        "backups pruned by Argo CD",
        "gitops-keep",
        "argocd/marktplatz",
        "PersistentVolumeClaim",
        "recovery",
        annotation("argocd.argoproj.io/sync-options"),
    ),
    Fault(
        "brokers that no monitor selects",
        "gitops-monitor",
        lambda _, folders: folders["flux/kafka"].remove(one(folders["flux/kafka"], "PodMonitor", "kafka")),
    ),
    declared("project that is none", "gitops-project", "Application", "marktplatz", spec(project="default")),
    declared("kind that the project forbids", "gitops-project", "AppProject", "marktplatz", project("ScaledObject")),
    declared(
        "kind that nobody applies",
        "gitops-project",
        "AppProject",
        "marktplatz",
        lambda it: it["spec"]["namespaceResourceWhitelist"].append({"group": "", "kind": "Secret"}),
    ),
    declared(
        "namespace that the project forbids",
        "gitops-project",
        "AppProject",
        "marktplatz",
        lambda it: it["spec"]["destinations"].pop(),
    ),
    declared(
        "repository that the project forbids",
        "gitops-project",
        "AppProject",
        "marktplatz",
        spec(sourceRepos=["https://git.example/x.git"]),
    ),
)


def test_what_the_tools_read_is_free_of_faults() -> None:
    assert findings(lambda *_: None) == set()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda it: it.name)
def test_a_planted_fault_is_caught_by_its_rule(fault: Fault) -> None:
    assert fault.code in findings(fault.plant)


@dataclass(frozen=True, slots=True)
class Unsigned:
    name: str
    code: str
    change: Callable[[Any], object]
    kind: str = "OCIRepository"


@pytest.mark.parametrize(
    "fault",
    [
        Unsigned("signature not asked for", "gitops-form", lambda it: it["spec"].pop("verify")),
        Unsigned("signature by anybody", "gitops-form", lambda it: it["spec"]["verify"].pop("secretRef")),
        Unsigned("signature of another kind", "gitops-form", lambda it: it["spec"]["verify"].update(provider="notation")),
        Unsigned("any version above", "gitops-form", spec(ref={"semver": ">=0.1.0"})),
        Unsigned("no version", "gitops-form", spec(ref={})),
        Unsigned("digest that is none", "gitops-form", spec(ref={"digest": "sha256:12"})),
        Unsigned("registry without TLS", "gitops-form", spec(insecure=True)),
        Unsigned("address of the web", "gitops-form", spec(url="https://registry.example/a")),
        Unsigned("another layer", "gitops-form", lambda it: it["spec"]["layerSelector"].update(mediaType="application/json")),
        Unsigned("source by another name", "gitops-path", lambda it: it["metadata"].update(name="release")),
        Unsigned("order lost", "gitops-order", lambda it: it["spec"].pop("dependsOn"), "Kustomization"),
    ],
    ids=lambda it: it.name,
)
def test_a_release_from_a_registry_is_taken_with_its_signature_only(fault: Unsigned) -> None:
    assert findings(lambda *_: None, from_registry=True) == set()
    planted = findings(lambda declared, _: fault.change(one(declared, fault.kind, "marktplatz")), from_registry=True)
    assert fault.code in planted


def test_a_release_holds_what_flux_applies_in_the_form_that_it_asks_for(tmp_path: Path) -> None:
    publish = (DEPLOY / "release" / "publish").read_text(encoding="utf-8")
    [parts] = re.findall(r'^cp -R (.*) "\$work/content/deploy"$', publish, re.MULTILINE)
    for part in (DEPLOY.parent / it for it in parts.split()):
        target = tmp_path / part.relative_to(DEPLOY.parent)
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(part, target) if part.is_dir() else shutil.copy(part, target)
    declared = written(from_registry=True)
    for unit in (document for document in declared if document["kind"] == "Kustomization"):
        assert len(render(tmp_path / unit["spec"]["path"], tmp_path / "deploy")) > 0
    source = one(declared, "OCIRepository", "marktplatz")["spec"]
    assert f"manifests.tgz:{source['layerSelector']['mediaType']}" in publish
    assert source["url"].endswith("/efa-marktplatz-manifests")
    assert '"$repository-manifests:$version"' in publish


def test_every_rule_has_a_fault_that_sets_it_off() -> None:
    source = (DEPLOY / "checks" / "product" / "gitops" / "rules.py").read_text(encoding="utf-8")
    assert set(re.findall(r'"(gitops-[a-z]+)"', source)) == {fault.code for fault in FAULTS}


def test_both_tools_apply_the_same_objects_but_for_their_annotations() -> None:
    def bare(tool: str, name: str) -> list[Document]:
        documents = copy.deepcopy(list(rendered(DEPLOY / "gitops" / tool / name).documents))
        for document in documents:
            document["metadata"].pop("annotations", None)
        return documents

    for name in ("kafka", "marktplatz"):
        assert bare("argocd", name) == bare("flux", name)
