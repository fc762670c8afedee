"""Environment and ConfigMaps: every name that a container uses exists, and every setting is one that the code knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic_settings import BaseSettings

from deploy.checks.generic.objects import Document, Finding, Objects, items, kind_of, mapping, name_of, namespace_of, text, where
from deploy.checks.generic.pods import Workload, workloads
from deploy.checks.generic.values.variables import form_of
from deploy.checks.product.processes import ArgumentsError, ContainerProcess, is_ours, process_of
from deploy.checks.product.secrets import declared_keys
from deploy.checks.product.settings import is_known, refused, variables_of
from marktplatz.assembly import BUILDERS, SITES
from shared.bus.settings import KafkaSettings

SERVICES = tuple(name.value for name in BUILDERS)
OWNERS = (*SERVICES, *SITES)
"""Those whose settings begin with their name."""
_SECRET_PARTS = ("PASSWORD", "TOKEN", "PRIVATE")
_FILE_SETTINGS = ("_FILE", "_FOLDER")
_QUOTED = re.compile(r"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


@dataclass(slots=True)
class Environment:
    """What a container finds in its environment."""

    values: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Variables whose value is a secret."""
    quoted: set[str] = field(default_factory=set)
    """Variables that others are made of."""


def check_configuration(objects: Objects) -> Iterator[Finding]:
    """Check every container of every workload; codes begin with ``config-``, ``env-``, ``args-`` and ``volume-``."""
    for workload in workloads(objects):
        yield from _volumes(objects, workload)
        for container in workload.all_containers:
            environment = Environment()
            yield from _fill(objects, workload, container, environment)
            yield from _quoted(workload, container, environment)
            if is_ours(container):
                yield from _process(workload, container, environment)
    for document in objects.of("ConfigMap"):
        yield from _unused(objects, document)


def _fill(objects: Objects, workload: Workload, container: Document, environment: Environment) -> Iterator[Finding]:
    for source in items(container, "envFrom"):
        prefix = text(source, "prefix")
        if reference := mapping(source, "configMapRef"):
            data = _config_map(objects, workload, text(reference, "name"))
            if data is None and not reference.get("optional"):
                yield Finding("config-missing", workload.where, f"there is no ConfigMap '{text(reference, 'name')}'")
            environment.values |= {prefix + key: value for key, value in (data or {}).items()}
        if reference := mapping(source, "secretRef"):
            environment.hidden |= declared_keys(objects, workload.namespace, text(reference, "name"))
    for variable in items(container, "env"):
        name = text(variable, "name")
        if name in environment.values and "value" in variable:
            yield Finding("env-twice", workload.where, f"{name} is set by a ConfigMap and by the container")
        environment.values[name] = text(variable, "value")
        if reference := mapping(variable, "valueFrom", "configMapKeyRef"):
            data = _config_map(objects, workload, text(reference, "name"))
            if data is None or text(reference, "key") not in data:
                yield Finding(
                    "config-missing",
                    workload.where,
                    f"{name}: there is no key '{text(reference, 'key')}' in ConfigMap '{text(reference, 'name')}'",
                )
            else:
                environment.values[name] = data[text(reference, "key")]
        if reference := mapping(variable, "valueFrom", "secretKeyRef"):
            environment.hidden.add(name)
            environment.values.pop(name, None)


def _quoted(workload: Workload, container: Document, environment: Environment) -> Iterator[Finding]:
    """Note which variables others are made of; Kubernetes puts in only what stands before."""
    variables = items(container, "env")
    for index, variable in enumerate(variables):
        later = {text(it, "name") for it in variables[index:]}
        for quoted in _QUOTED.findall(text(variable, "value")):
            environment.quoted.add(quoted)
            if quoted in later or not (quoted in environment.values or quoted in environment.hidden):
                message = f"{text(variable, 'name')} quotes {quoted}, which is not set before it and so stays a name"
                yield Finding("env-quoted", workload.where, message)


def _process(workload: Workload, container: Document, environment: Environment) -> Iterator[Finding]:
    try:
        process = process_of(container)
    except ArgumentsError as error:
        yield Finding("args-refused", workload.where, str(error))
        return
    yield from _names(workload, process, environment)
    read = {name for settings in process.settings if _is_used(process, settings) for name in variables_of(settings)}
    for name, value in environment.values.items():
        if name in read and name.endswith(_FILE_SETTINGS) and value.startswith("/") and not _mounted(workload, container, value):
            yield Finding("env-path", workload.where, f"{name} is {value}, but nothing is mounted there")
        form = form_of(name)
        if value and form is not None and not form.holds(value):
            yield Finding("env-form", workload.where, f"{name} is {value!r}: must be {form.expected}")
    secret = dict.fromkeys(environment.hidden, "mongodb://hidden")
    for settings in process.settings:
        for problem in refused(settings, environment.values | secret, frozenset(environment.hidden)):
            yield Finding("env-refused", workload.where, problem)


def _names(workload: Workload, process: ContainerProcess, environment: Environment) -> Iterator[Finding]:
    given = set(environment.values) | environment.hidden
    for name in sorted(name for name in given - environment.quoted if not is_known(name)):
        yield Finding("env-unknown", workload.where, f"no setting of the product is called {name}")
    others = {f"{service.upper()}_" for service in OWNERS if service != process.service}
    for name in sorted(given):
        if name.startswith(tuple(others)) and process.service != "all":
            yield Finding("env-foreign", workload.where, f"{name} is a setting of another service")
        if any(part in name for part in _SECRET_PARTS) and name in environment.values and not name.endswith(_FILE_SETTINGS):
            yield Finding("secret-plain", workload.where, f"{name} stands in plain text")
    yield from _stores(workload, process, environment)


def _stores(workload: Workload, process: ContainerProcess, environment: Environment) -> Iterator[Finding]:
    values, given = environment.values, set(environment.values) | environment.hidden
    one_store = process.command in ("run", "migrate") or process.is_site
    if one_store and not {"MARKTPLATZ_STORE_URL", "MARKTPLATZ_STORE_URL_FILE"} & given:
        yield Finding(
            "env-missing", workload.where, "without MARKTPLATZ_STORE_URL_FILE the process would keep its data in the container"
        )
    if process.all_stores and (missing := set(SERVICES) - _named(values.get("MARKTPLATZ_STORE_URLS", ""))):
        message = (
            f"MARKTPLATZ_STORE_URLS does not name {', '.join(sorted(missing))}: it would take an empty store in the container"
        )
        yield Finding("env-missing", workload.where, message)
    if "MARKTPLATZ_STORE_URL" in values or "://" in values.get("MARKTPLATZ_STORE_URLS", ""):
        yield Finding("secret-plain", workload.where, "the address of a store holds a password, so it comes from a secret")


def _named(urls: str) -> set[str]:
    """Return the services that a JSON object names; none for a text that is none, which its settings class refuses."""
    try:
        found = json.loads(urls or "{}")
    except ValueError:
        return set()
    return set(found) if isinstance(found, dict) else set()


def _is_used(process: ContainerProcess, settings: type[BaseSettings]) -> bool:
    """Return whether a process opens the files that its settings name: every ``run`` reads Kafka's, not every one connects."""
    return settings is not KafkaSettings or process.uses_kafka


def _volumes(objects: Objects, workload: Workload) -> Iterator[Finding]:
    volumes = {text(volume, "name"): volume for volume in items(workload.spec, "volumes")}
    mounted = {text(mount, "name") for container in workload.all_containers for mount in items(container, "volumeMounts")}
    claims = {text(claim, "metadata", "name") for claim in items(workload.document, "spec", "volumeClaimTemplates")}
    for name in sorted(mounted - set(volumes) - claims):
        yield Finding("volume-missing", workload.where, f"the mounted volume '{name}' is not defined")
    for name in sorted(set(volumes) - mounted):
        yield Finding("volume-unused", workload.where, f"the volume '{name}' is mounted by no container")
    for volume in volumes.values():
        sources = [volume, *items(volume, "projected", "sources")]
        for source in sources:
            if (config := mapping(source, "configMap")) and not config.get("optional"):
                data = _config_map(objects, workload, text(config, "name"))
                missing = {text(item, "key") for item in items(config, "items")} - set(data or {})
                if data is None or missing:
                    yield Finding(
                        "config-missing",
                        workload.where,
                        f"there is no ConfigMap '{text(config, 'name')}' with {sorted(missing) or 'any key'}",
                    )
        if "emptyDir" in volume and not mapping(volume, "emptyDir").get("sizeLimit"):
            yield Finding("volume-unbounded", workload.where, f"the emptyDir '{text(volume, 'name')}' needs a sizeLimit")


def _config_map(objects: Objects, workload: Workload, name: str) -> dict[str, str] | None:
    document = objects.find("ConfigMap", workload.namespace, name)
    return None if document is None else {key: str(value) for key, value in mapping(document, "data").items()}


def _mounted(workload: Workload, container: Document, path: str) -> bool:
    """Return whether a path lies in a mount and, where the volume lists its files, is one of them."""
    for mount in items(container, "volumeMounts"):
        base = text(mount, "mountPath").rstrip("/")
        if not (path == base or path.startswith(f"{base}/")):
            continue
        volume = next((it for it in items(workload.spec, "volumes") if text(it, "name") == text(mount, "name")), {})
        listed = [text(item, "path") for kind in ("secret", "configMap") for item in items(volume, kind, "items")]
        return path == base or not listed or path.removeprefix(f"{base}/") in listed
    return False


def _unused(objects: Objects, document: Document) -> Iterator[Finding]:
    """Report a ConfigMap that nobody uses: a forgotten one, or a name that kustomize could not rewrite."""
    if mapping(document, "metadata", "labels").get("grafana_dashboard"):
        return
    if any(name_of(document) in it.config_maps and it.namespace == namespace_of(document) for it in workloads(objects)):
        return
    yield Finding("config-unused", where(document), f"no workload uses this {kind_of(document)}")
