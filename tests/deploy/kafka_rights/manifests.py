"""What the rendered manifests hold: users with their rights and quotas, topics, and what each pod finds in its environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.checks.generic.objects import Document, Objects, items, mapping, name_of, text, texts
from deploy.checks.generic.pods import Workload, workloads
from deploy.checks.generic.render import render

HERE = Path(__file__).parent
SecretKey = tuple[str, str]
"""A secret's name and a key in it."""

_REFERENCE = re.compile(r"\$\((\w+)\)")
_IMPLYING = frozenset({"READ", "WRITE"})
_RESOURCE_KEYS = {"type", "name", "patternType"}
_ACL_KEYS = {"resource", "operations"}


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One operation on one resource, as Kafka's authorizer names them: ``topic``, ``ordering.order.v1``, ``WRITE``."""

    kind: str
    name: str
    operation: str


@dataclass(frozen=True, slots=True)
class User:
    """A KafkaUser. ``granted`` are its ACLs; ``quotas`` are named as in the manifest. ``unit``: see the renewed certificate.

    ``scram``: it logs in with a password, not with a certificate.
    """

    name: str
    granted: frozenset[Right]
    quotas: Mapping[str, float]
    unit: str | None = None
    scram: bool = False

    @property
    def principal(self) -> str:
        """What the broker reads from its certificate, or its name alone."""
        if self.scram:
            return self.name
        return f"CN={self.name}" if self.unit is None else f"OU={self.unit},CN={self.name}"

    @property
    def rights(self) -> frozenset[Right]:
        """What it may do: reading and writing include describing."""
        return self.granted | self._implied

    @property
    def needed(self) -> frozenset[Right]:
        """What must be granted for it: to describe what is read or written is written down, but adds nothing."""
        return self.granted - self._implied

    @property
    def _implied(self) -> frozenset[Right]:
        return frozenset(Right(it.kind, it.name, "DESCRIBE") for it in self.granted if it.operation in _IMPLYING)


@dataclass(frozen=True, slots=True)
class Pod:
    """What a workload's container is started with. ``secrets`` are variables and ``files`` paths, each with secret and key."""

    name: str
    arguments: tuple[str, ...]
    values: Mapping[str, str]
    secrets: Mapping[str, SecretKey]
    files: Mapping[str, SecretKey]

    def environment(self, secrets: Mapping[SecretKey, str]) -> dict[str, str]:
        """Return its variables as a cluster resolves them: ``$(NAME)`` in a value is another variable."""
        known = {**self.values, **{name: secrets[place] for name, place in self.secrets.items()}}
        return {name: _REFERENCE.sub(lambda found: known[found[1]], value) for name, value in known.items()}


def rendered(folder: Path = HERE) -> Objects:
    """Return the objects of a kustomization, by default that beside this file."""
    return render(folder, folder.parent)


def users(objects: Objects) -> dict[str, User]:
    """Return the Kafka users by name. Raises AssertionError for a manifest with more than this understands."""
    return {name_of(document): _user(document) for document in objects.of("KafkaUser")}


def pods(objects: Objects) -> dict[str, Pod]:
    """Return what each workload of ours runs, by the workload's name."""
    return {workload.name: _pod(objects, workload) for workload in workloads(objects)}


def _user(document: Document) -> User:
    authentication = text(document, "spec", "authentication", "type")
    assert authentication in ("tls", "scram-sha-512"), document
    assert text(document, "spec", "authorization", "type") == "simple", document
    acls = items(document, "spec", "authorization", "acls")
    quotas = {name: float(value) for name, value in mapping(document, "spec", "quotas").items()}
    granted = frozenset(right for acl in acls for right in _rights(acl))
    return User(name_of(document), granted, quotas, scram=authentication == "scram-sha-512")


def _rights(acl: Document) -> Iterator[Right]:
    resource = mapping(acl, "resource")
    assert acl.keys() == _ACL_KEYS, acl
    assert resource.keys() == _RESOURCE_KEYS, acl
    assert resource["patternType"] == "literal", acl
    for operation in texts(acl, "operations"):
        yield Right(resource["type"], resource["name"], re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper())


def _pod(objects: Objects, workload: Workload) -> Pod:
    (container,) = workload.containers
    values: dict[str, str] = {}
    for source in items(container, "envFrom"):
        found = objects.find("ConfigMap", workload.namespace, text(source, "configMapRef", "name"))
        values |= {key: str(value) for key, value in mapping(found, "data").items()}
    values |= {text(variable, "name"): text(variable, "value") for variable in items(container, "env") if "value" in variable}
    secrets = {
        text(variable, "name"): (text(reference, "name"), text(reference, "key"))
        for variable in items(container, "env")
        if (reference := mapping(variable, "valueFrom", "secretKeyRef"))
    }
    volumes = {text(volume, "name"): volume for volume in items(workload.spec, "volumes")}
    files = {
        f"{text(mount, 'mountPath')}/{text(item, 'path')}": (text(volume, "secret", "secretName"), text(item, "key"))
        for mount in items(container, "volumeMounts")
        for volume in [volumes[text(mount, "name")]]
        for item in items(volume, "secret", "items")
    }
    return Pod(workload.name, tuple(texts(container, "args")), values, secrets, files)
