"""What Argo CD and Flux apply: paths that build, an order that holds, rights that suffice, data that is never pruned.

Where the definitions of both tools' kinds are not among those in use, the models in ``forms.py`` stand in for them; a field
that they do not have is refused as misspelt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from deploy.checks.generic.crds import definitions
from deploy.checks.generic.objects import (
    CLUSTER_SCOPED,
    Document,
    Finding,
    Objects,
    kind_of,
    mapping,
    name_of,
    namespace_of,
    number,
    text,
    where,
)
from deploy.checks.generic.render import DEPLOY, label, read_yaml, render
from deploy.checks.product.gitops.forms import FORMS, Application, AppProject, FluxKustomization, Part, duration
from deploy.checks.product.kafka.metrics import is_watched, unwatched
from deploy.checks.product.waves import wave_of

FOLDER = DEPLOY / "gitops"
SIGNED = FOLDER / "flux-signed"
"""What Flux reads where it takes a signed release from a registry: the folder beside it, with another source."""

NEVER_PRUNED = frozenset({"Namespace", "Kafka", "KafkaNodePool", "KafkaTopic", "PersistentVolumeClaim", "StatefulSet"})
"""Kinds whose objects hold data: a tool that removes what is no longer in the repository must leave them."""

AWAITED = ("Kafka", "KafkaTopic", "KafkaUser", "StatefulSet", "Job", "Deployment")
"""Kinds that must be ready before a Kustomization of Flux is: those that run, and those that others wait for."""

KAFKA_SERVER = re.compile(r"[a-z0-9-]+-kafka-bootstrap\.([a-z0-9-]+)\.svc")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a tool applies as one: who declares it, its folder, its objects, and what must be ready before."""

    document: Document
    tool: str
    name: str
    path: str
    objects: Objects | None
    after: frozenset[str] = frozenset()


@dataclass(slots=True)
class Declarations:
    """All that a tool reads: documents of the right form by kind and name."""

    specs: dict[tuple[str, str], Part] = field(default_factory=dict)
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)


def discover(folder: Path = FOLDER) -> list[Document]:
    """Return the objects that are applied by hand, once: those beside the kustomizations."""
    files = [it for it in sorted(folder.rglob("*.yaml")) if it.name != "kustomization.yaml" and SIGNED not in it.parents]
    return [document for file in files for document in read_yaml(file.read_text(encoding="utf-8"))]


def signed() -> list[Document]:
    """Return the objects that are applied instead of those for Flux, where a release comes from a registry."""
    return list(render(SIGNED).documents)


def check_gitops(documents: list[Document], build: Callable[[Path], Objects]) -> Iterator[Finding]:
    """Check what the tools read. ``build`` renders a folder; it is asked for folders with a kustomization only."""
    declared = Declarations()
    for document in documents:
        yield from _form(document, declared)
    units = {tool: list(_units(declared, tool, build)) for tool in ("argocd", "flux")}
    for known in units.values():
        for unit in known:
            if unit.objects is None:
                yield Finding("gitops-path", where(unit.document), f"there is no kustomization in '{unit.path}'")
                continue
            yield from _hooks(unit, unit.objects)
            yield from _never_pruned(unit, unit.objects)
            yield from _awaited(declared, unit, unit.objects)
        yield from _order(known)
        yield from _watched(known)
    yield from _rights(declared, units["argocd"])
    yield from _sources(declared, units["flux"])


def _form(document: Document, declared: Declarations) -> Iterator[Finding]:
    model = FORMS.get((text(document, "apiVersion"), kind_of(document)))
    if model is None:
        yield Finding("gitops-form", where(document), f"{kind_of(document)} in {text(document, 'apiVersion')} is not known here")
        return
    try:
        spec = model.model_validate(mapping(document, "spec"))
    except ValidationError as error:
        for problem in error.errors():
            yield Finding("gitops-form", where(document), f"{'.'.join(str(it) for it in problem['loc'])}: {problem['msg']}")
        return
    key = (kind_of(document), name_of(document))
    declared.specs[key], declared.documents[key] = spec, document
    if definitions().know(document):
        yield from definitions().check(document)


def _units(declared: Declarations, tool: str, build: Callable[[Path], Objects]) -> Iterator[Unit]:
    for key, spec in declared.specs.items():
        document = declared.documents[key]
        if tool == "argocd" and isinstance(spec, Application):
            yield Unit(document, tool, key[1], spec.source.path, _built(spec.source.path, build), _earlier(declared, document))
        elif tool == "flux" and isinstance(spec, FluxKustomization):
            after = frozenset(reference.name for reference in spec.depends_on)
            yield Unit(document, tool, key[1], spec.path, _built(spec.path, build), after)


def _built(path: str, build: Callable[[Path], Objects]) -> Objects | None:
    folder = (DEPLOY.parent / path).resolve()
    inside = folder.is_relative_to(DEPLOY)
    return build(folder) if inside and (folder / "kustomization.yaml").is_file() else None


def _earlier(declared: Declarations, document: Document) -> frozenset[str]:
    """Return the applications of earlier waves."""
    others = [(key[1], it) for key, it in declared.documents.items() if key[0] == "Application"]
    return frozenset(name for name, other in others if wave_of(other) < wave_of(document))


def _order(units: list[Unit]) -> Iterator[Finding]:
    """Who uses the brokers of a namespace comes after who makes them."""
    by_name = {unit.name: unit for unit in units}
    for unit in units:
        for name in sorted(unit.after - by_name.keys()):
            yield Finding("gitops-order", where(unit.document), f"waits for '{name}', which nobody applies")
        before = _all_before(unit, by_name)
        if unit.name in before:
            yield Finding("gitops-order", where(unit.document), "waits for itself")
        for namespace in sorted(_used_brokers(unit)):
            makers = {
                it.name
                for it in units
                if it.objects and any(text(k, "metadata", "namespace") == namespace for k in it.objects.of("Kafka"))
            }
            if not makers:
                yield Finding("gitops-order", where(unit.document), f"needs brokers in '{namespace}', which nobody applies")
            elif not makers & ({unit.name} | before):
                yield Finding(
                    "gitops-order",
                    where(unit.document),
                    f"must come after {', '.join(sorted(makers))}: it needs the brokers there",
                )


def _watched(units: list[Unit]) -> Iterator[Finding]:
    """Alerts go by the metrics of brokers, whichever unit brings either."""
    if any(unit.objects and is_watched(unit.objects) for unit in units):
        for unit in units:
            for kafka in unwatched(unit.objects) if unit.objects else ():
                message = f"no PodMonitor beside {where(kafka)} selects its brokers: take monitoring/kafka"
                yield Finding("gitops-monitor", where(unit.document), message)


def _all_before(unit: Unit, by_name: Mapping[str, Unit]) -> set[str]:
    found: set[str] = set()
    waiting = list(unit.after)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += by_name[name].after if name in by_name else ()
    return found


def _used_brokers(unit: Unit) -> set[str]:
    maps = unit.objects.of("ConfigMap") if unit.objects else []
    return {found[1] for it in maps if (found := KAFKA_SERVER.match(text(it, "data", "KAFKA_BOOTSTRAP_SERVERS")))}


def _hooks(unit: Unit, objects: Objects) -> Iterator[Finding]:
    """A Job cannot be changed: the tool must be made to replace it, and to wait as long as it may take."""
    required = {
        "argocd": {"argocd.argoproj.io/hook": "Sync", "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation"},
        "flux": {"kustomize.toolkit.fluxcd.io/force": "enabled"},
    }[unit.tool]
    longest = timedelta()
    for job in objects.of("Job"):
        longest = max(longest, timedelta(seconds=number(job, "spec", "activeDeadlineSeconds") or 0))
        given = mapping(job, "metadata", "annotations")
        if missing := [key for key, value in required.items() if given.get(key) != value]:
            yield Finding("gitops-hook", where(unit.document), f"{where(job)} needs {', '.join(missing)}: take {unit.tool}-hooks")
    if unit.tool == "flux" and (timeout := duration(text(unit.document, "spec", "timeout"))) <= longest:
        yield Finding("gitops-wait", where(unit.document), f"gives up after {timeout}, but a migration may take {longest}")


def _awaited(declared: Declarations, unit: Unit, objects: Objects) -> Iterator[Finding]:
    """Flux must wait for all that runs, and not for a claim, which may be Pending until its first consumer comes."""
    spec = declared.specs["Kustomization", unit.name] if unit.tool == "flux" else None
    if not isinstance(spec, FluxKustomization):
        return
    if spec.wait:
        for claim in objects.of("PersistentVolumeClaim"):
            message = f"'wait' waits for {where(claim)}, which may stay Pending: name what must be ready in healthChecks instead"
            yield Finding("gitops-wait", where(unit.document), message)
        return
    named = {(it.api_version, it.kind, it.namespace, it.name) for it in spec.health_checks}
    applied = {(text(it, "apiVersion"), kind_of(it), namespace_of(it), name_of(it)) for it in objects}
    for _, kind, namespace, name in sorted(it for it in applied - named if it[1] in AWAITED):
        yield Finding("gitops-wait", where(unit.document), f"does not wait for {kind} {namespace}/{name}: add it to healthChecks")
    for _, kind, namespace, name in sorted(named - applied):
        yield Finding("gitops-wait", where(unit.document), f"waits for {kind} {namespace}/{name}, which it does not apply")


def _never_pruned(unit: Unit, objects: Objects) -> Iterator[Finding]:
    key, value = {
        "argocd": ("argocd.argoproj.io/sync-options", "Prune=false"),
        "flux": ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
    }[unit.tool]
    for held in objects.of(*sorted(NEVER_PRUNED)):
        if value not in text(held, "metadata", "annotations", key).split(","):
            yield Finding(
                "gitops-keep", where(unit.document), f"{where(held)} would be pruned with its data: {key} must be {value}"
            )


def _rights(declared: Declarations, units: list[Unit]) -> Iterator[Finding]:
    """An application may do only what its project allows: source, namespace, kinds."""
    for unit in units:
        spec = declared.specs["Application", unit.name]
        assert isinstance(spec, Application)  # noqa: S101 - made from it
        project = declared.specs.get(("AppProject", spec.project))
        if not isinstance(project, AppProject):
            yield Finding("gitops-project", where(unit.document), f"there is no AppProject '{spec.project}'")
            continue
        if spec.source.repo_url not in project.source_repos:
            yield Finding("gitops-project", where(unit.document), f"'{spec.project}' does not allow {spec.source.repo_url}")
        allowed = {(it.server, it.namespace) for it in project.destinations}
        kinds = {(it.group, it.kind) for it in [*project.namespace_resource_whitelist, *project.cluster_resource_whitelist]}
        for document in unit.objects or ():
            namespace = name_of(document) if kind_of(document) in CLUSTER_SCOPED else text(document, "metadata", "namespace")
            if (spec.destination.server, namespace) not in allowed:
                yield Finding(
                    "gitops-project", where(unit.document), f"'{spec.project}' does not allow the namespace of {where(document)}"
                )
            group = text(document, "apiVersion").rpartition("/")[0]
            if (group, kind_of(document)) not in kinds:
                yield Finding("gitops-project", where(unit.document), f"'{spec.project}' does not allow {kind_of(document)}")
    for key, spec in declared.specs.items():
        if isinstance(spec, AppProject):
            yield from _unused(declared, key[1], spec, units)


def _unused(declared: Declarations, name: str, project: AppProject, units: list[Unit]) -> Iterator[Finding]:
    """A right that nobody needs is one too many."""
    mine = [
        it for it in units if getattr(declared.specs["Application", it.name], "project", "") == name and it.objects is not None
    ]
    used = {(text(it, "apiVersion").rpartition("/")[0], kind_of(it)) for unit in mine for it in unit.objects or ()}
    for given in [*project.namespace_resource_whitelist, *project.cluster_resource_whitelist]:
        if (given.group, given.kind) not in used:
            yield Finding(
                "gitops-project", where(declared.documents["AppProject", name]), f"allows {given.kind}, which nobody applies"
            )


def _sources(declared: Declarations, units: list[Unit]) -> Iterator[Finding]:
    for unit in units:
        spec = declared.specs["Kustomization", unit.name]
        assert isinstance(spec, FluxKustomization)  # noqa: S101 - made from it
        if (spec.source_ref.kind, spec.source_ref.name) not in declared.specs:
            yield Finding("gitops-path", where(unit.document), f"there is no {spec.source_ref.kind} '{spec.source_ref.name}'")


def rendered_once(known: list[Objects], build: Callable[[Path], Objects]) -> Callable[[Path], Objects]:
    """Return ``build`` with what has been rendered already at hand."""
    by_label = {objects.overlay: objects for objects in known}
    return lambda folder: by_label.get(label(folder)) or build(folder)
