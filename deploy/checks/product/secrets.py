"""Secrets: each that something reads is made by somebody and has the keys that are read; none lies in the manifests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from deploy.checks.generic.objects import Finding, Objects, items, mapping, name_of, namespace_of, text, where
from deploy.checks.generic.pods import Workload, workloads
from shared.messages.values import Channel

SECRETS = Path(__file__).parent / "secrets.yaml"


class DeclaredSecret(BaseModel):
    """A secret that must be there before the marketplace starts. ``exempt``: why no ExternalSecret makes it, ever."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    keys: frozenset[str]
    made_by: Literal["operator", "Strimzi", "KafkaUser"]
    purpose: str
    exempt: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """That an object (``by``, as messages name it) reads keys of a secret."""

    by: str
    namespace: str
    secret: str
    keys: frozenset[str] = frozenset()


@lru_cache(maxsize=1)
def declared_secrets(path: Path = SECRETS) -> dict[str, DeclaredSecret]:
    """Return the table of secrets by name. Raises pydantic's ValidationError for a malformed file."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))["secrets"]
    names = {row["name"].replace("{channel}", channel.value): row for row in rows for channel in Channel}
    return {name: DeclaredSecret.model_validate(row | {"name": name}) for name, row in names.items()}


def check_secrets(objects: Objects) -> Iterator[Finding]:
    """Check every secret of an overlay; codes begin with ``secret-``."""
    for document in objects.of("Secret"):
        if mapping(document, "data") or mapping(document, "stringData"):
            yield Finding("secret-data", where(document), "holds data; secrets are named here and made elsewhere")
    table = declared_secrets()
    from_vault = any(name in table and table[name].made_by == "operator" for _, name in vault_secrets(objects))
    for reading in readings(objects):
        name, known = reading.secret, declared_keys(objects, reading.namespace, reading.secret)
        if not known:
            message = f"the secret '{name}' is in no table (secrets.yaml) and made by no KafkaUser or ExternalSecret"
            yield Finding("secret-undeclared", reading.by, message)
        elif missing := sorted(reading.keys - known):
            message = f"the secret '{name}' has no key {', '.join(missing)}; it has {', '.join(sorted(known))}"
            yield Finding("secret-key", reading.by, message)
        if from_vault and _forgotten(objects, reading):
            message = f"the operator's secrets come from the vault here, but no ExternalSecret makes '{name}'"
            yield Finding("secret-vault", reading.by, message)


def _forgotten(objects: Objects, reading: Reading) -> bool:
    """Return whether the operator would have to make a secret by hand though the others come from the vault."""
    row = declared_secrets().get(reading.secret)
    if row is None or row.made_by != "operator" or row.exempt:
        return False
    return not _made(objects, reading.namespace, reading.secret)


def readings(objects: Objects) -> Iterator[Reading]:
    """Yield who reads which secret: pods, accounts that pull images, Ingresses, Gateways, scalers."""
    for workload in workloads(objects):
        yield from _of_pod(workload)
    for account in objects.of("ServiceAccount"):
        for secret in items(account, "imagePullSecrets"):
            yield Reading(where(account), namespace_of(account), text(secret, "name"), frozenset({".dockerconfigjson"}))
    for ingress in objects.of("Ingress"):
        for entry in items(ingress, "spec", "tls"):
            yield Reading(where(ingress), namespace_of(ingress), text(entry, "secretName"), frozenset({"tls.crt", "tls.key"}))
    for gateway in objects.of("Gateway"):
        for reference in (it for entry in items(gateway, "spec", "listeners") for it in items(entry, "tls", "certificateRefs")):
            namespace = text(reference, "namespace") or namespace_of(gateway)
            yield Reading(where(gateway), namespace, text(reference, "name"), frozenset({"tls.crt", "tls.key"}))
    for trigger in objects.of("TriggerAuthentication"):
        for reference in items(trigger, "spec", "secretTargetRef"):
            yield Reading(where(trigger), namespace_of(trigger), text(reference, "name"), frozenset({text(reference, "key")}))


def _of_pod(workload: Workload) -> Iterator[Reading]:
    by, namespace = workload.where, workload.namespace
    for volume in items(workload.spec, "volumes"):
        for source in (volume, *items(volume, "projected", "sources")):
            if secret := mapping(source, "secret"):
                keys = frozenset(text(item, "key") for item in items(secret, "items"))
                yield Reading(by, namespace, text(secret, "secretName") or text(secret, "name"), keys)
    for container in workload.all_containers:
        for source in items(container, "envFrom"):
            if reference := mapping(source, "secretRef"):
                yield Reading(by, namespace, text(reference, "name"))
        for variable in items(container, "env"):
            if reference := mapping(variable, "valueFrom", "secretKeyRef"):
                yield Reading(by, namespace, text(reference, "name"), frozenset({text(reference, "key")}))


def declared_keys(objects: Objects, namespace: str, name: str) -> set[str]:
    """Return the keys of a secret: as declared, or as an object of the overlay makes it; empty for an unknown one."""
    row = declared_secrets().get(name)
    # Where the overlay makes Kafka's users itself, a row that stands for them makes no secret.
    keys = set() if row is None or (row.made_by == "KafkaUser" and objects.of("KafkaUser")) else set(row.keys)
    return keys | _made(objects, namespace, name)


def _made(objects: Objects, namespace: str, name: str) -> set[str]:
    """Return the keys of a secret that an object of the overlay makes; empty if none does."""
    keys = set(vault_secrets(objects).get((namespace, name), ()))
    if objects.find("KafkaUser", namespace, name) is not None:
        keys |= {"user.crt", "user.key", "user.p12", "user.password", "ca.crt"}
    for certificate in objects.of("Certificate"):
        if namespace_of(certificate) == namespace and text(certificate, "spec", "secretName") == name:
            keys |= {"tls.crt", "tls.key", "ca.crt"}
    return keys


def vault_secrets(objects: Objects) -> dict[tuple[str, str], frozenset[str]]:
    """Return the keys of the secrets that ExternalSecrets make, by namespace and name."""
    return {
        (namespace_of(it), text(it, "spec", "target", "name") or name_of(it)): frozenset(
            text(entry, "secretKey") for entry in items(it, "spec", "data")
        )
        for it in objects.of("ExternalSecret")
    }
