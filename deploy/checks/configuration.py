"""Environment, ConfigMaps and secrets: every name that a container uses exists, and every setting is one that the code knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from deploy.checks.objects import Document, Finding, Objects, items, kind_of, mapping, name_of, namespace_of, text, where
from deploy.checks.pods import Workload, workloads
from deploy.checks.processes import ArgumentsError, Process, is_known, is_ours, process_of, refused, variables_of

SECRETS = Path(__file__).parent / "secrets.yaml"
_SECRET_PARTS = ("PASSWORD", "TOKEN", "PRIVATE")
_FILE_SETTINGS = ("_FILE", "_FOLDER")


class DeclaredSecret(BaseModel):
    """A secret that must be there before the marketplace starts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    keys: frozenset[str]
    made_by: str
    purpose: str


@lru_cache(maxsize=1)
def declared_secrets(path: Path = SECRETS) -> dict[str, DeclaredSecret]:
    """Return the table of secrets by name. Raises pydantic's ValidationError for a malformed file."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))["secrets"]
    return {row["name"]: DeclaredSecret.model_validate(row) for row in rows}


@dataclass(slots=True)
class Environment:
    """What a container finds in its environment."""

    values: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Variables whose value is a secret."""


def check_configuration(objects: Objects) -> Iterator[Finding]:
    """Check every container of every workload; codes begin with ``config-``, ``secret-``, ``env-`` and ``args-``."""
    for document in objects.of("Secret"):
        if mapping(document, "data") or mapping(document, "stringData"):
            yield Finding("secret-data", where(document), "holds data; secrets are named here and made elsewhere")
    for workload in workloads(objects):
        yield from _volumes(objects, workload)
        for container in workload.all_containers:
            environment = Environment()
            yield from _fill(objects, workload, container, environment)
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
            yield from _secret(objects, workload, text(reference, "name"), set())
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
            yield from _secret(objects, workload, text(reference, "name"), {text(reference, "key")})
            environment.hidden.add(name)
            environment.values.pop(name, None)


def _process(workload: Workload, container: Document, environment: Environment) -> Iterator[Finding]:
    try:
        process = process_of(container)
    except ArgumentsError as error:
        yield Finding("args-refused", workload.where, str(error))
        return
    yield from _names(workload, process, environment)
    read = {name for settings in process.settings for name in variables_of(settings)}
    for name, value in environment.values.items():
        if name in read and name.endswith(_FILE_SETTINGS) and value.startswith("/") and not _mounted(workload, container, value):
            yield Finding("env-path", workload.where, f"{name} is {value}, but nothing is mounted there")
    secret = dict.fromkeys(environment.hidden, "mongodb://hidden")
    for settings in process.settings:
        for problem in refused(settings, environment.values | secret, frozenset(environment.hidden)):
            yield Finding("env-refused", workload.where, problem)


def _names(workload: Workload, process: Process, environment: Environment) -> Iterator[Finding]:
    given = set(environment.values) | environment.hidden
    for name in sorted(name for name in given if not is_known(name)):
        yield Finding("env-unknown", workload.where, f"no setting of the product is called {name}")
    others = {
        f"{service}_"
        for service in ("CATALOG", "ELIGIBILITY", "ORDERING", "CONTRACTS", "NOTIFY")
        if service.lower() != process.service
    }
    for name in sorted(given):
        if name.startswith(tuple(others)) and process.service != "all":
            yield Finding("env-foreign", workload.where, f"{name} is a setting of another service")
        if any(part in name for part in _SECRET_PARTS) and name in environment.values and not name.endswith(_FILE_SETTINGS):
            yield Finding("secret-plain", workload.where, f"{name} stands in plain text")
    if process.command == "run" and "MARKTPLATZ_STORE_URL" not in given:
        yield Finding(
            "env-missing", workload.where, "without MARKTPLATZ_STORE_URL the process would keep its data in the container"
        )
    if "MARKTPLATZ_STORE_URL" in environment.values:
        yield Finding("secret-plain", workload.where, "MARKTPLATZ_STORE_URL holds a password, so it comes from a secret")


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
            if secret := mapping(source, "secret"):
                keys = {text(item, "key") for item in items(secret, "items")}
                yield from _secret(objects, workload, text(secret, "secretName") or text(secret, "name"), keys)
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


def _secret(objects: Objects, workload: Workload, name: str, keys: set[str]) -> Iterator[Finding]:
    known = declared_keys(objects, workload.namespace, name)
    if not known:
        yield Finding(
            "secret-undeclared",
            workload.where,
            f"the secret '{name}' is in no table (secrets.yaml) and made by no KafkaUser or ExternalSecret",
        )
    elif keys - known:
        yield Finding(
            "secret-key",
            workload.where,
            f"the secret '{name}' has no key {', '.join(sorted(keys - known))}; it has {', '.join(sorted(known))}",
        )


def declared_keys(objects: Objects, namespace: str, name: str) -> set[str]:
    """Return the keys of a secret: as declared, or as an object of the overlay makes it; empty for an unknown one."""
    row = declared_secrets().get(name)
    # Where the overlay makes Kafka's users itself, a row that stands for them makes no secret.
    keys = set() if row is None or (row.made_by == "KafkaUser" and objects.of("KafkaUser")) else set(row.keys)
    if objects.find("KafkaUser", namespace, name) is not None:
        keys |= {"user.crt", "user.key", "user.p12", "user.password", "ca.crt"}
    for external in objects.of("ExternalSecret"):
        if namespace_of(external) == namespace and (text(external, "spec", "target", "name") or name_of(external)) == name:
            keys |= {text(entry, "secretKey") for entry in items(external, "spec", "data")}
    for certificate in objects.of("Certificate"):
        if namespace_of(certificate) == namespace and text(certificate, "spec", "secretName") == name:
            keys |= {"tls.crt", "tls.key", "ca.crt"}
    return keys


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
    for workload in workloads(objects):
        names = {text(volume, "configMap", "name") for volume in items(workload.spec, "volumes")}
        for container in workload.all_containers:
            names |= {text(source, "configMapRef", "name") for source in items(container, "envFrom")}
            names |= {text(variable, "valueFrom", "configMapKeyRef", "name") for variable in items(container, "env")}
        if name_of(document) in names and workload.namespace == namespace_of(document):
            return
    yield Finding("config-unused", where(document), f"no workload uses this {kind_of(document)}")
