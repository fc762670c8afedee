"""Planted faults by what they are about, and how they reach into the documents."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import getitem
from typing import Any

from deploy.checks.generic.objects import Document, name_of
from tests.deploy.manifests.planting import Documents

Change = Callable[[Document], None]


def get(documents: Documents, kind: str, name: str) -> Document:
    """Return one document; a ConfigMap goes without the hash of its name. Raises LookupError."""
    for document in documents:
        if document["kind"] == kind and (name_of(document) == name or (kind == "ConfigMap" and name_of(document)[:-11] == name)):
            return document
    raise LookupError(f"the overlay has no {kind} {name}")


def in_(kind: str, name: str, change: Change) -> Callable[[Documents], None]:
    """Return a fault that changes one document."""
    return lambda documents: change(get(documents, kind, name))


def pod(name: str, change: Change, kind: str = "Deployment") -> Callable[[Documents], None]:
    """Return a fault that changes a pod's spec."""
    path = ("spec", "jobTemplate", "spec", "template", "spec") if kind == "CronJob" else ("spec", "template", "spec")
    return in_(kind, name, lambda document: change(reduce(getitem, path, document)))


def container(name: str, change: Change, kind: str = "Deployment") -> Callable[[Documents], None]:
    """Return a fault that changes a pod's first container."""
    return pod(name, lambda spec: change(spec["containers"][0]), kind)


def put(*path: str | int, value: Any) -> Change:
    """Return a change that sets a value at a path."""

    def change(document: Document) -> None:
        found: Any = document
        for step in path[:-1]:
            found = found.setdefault(step, {}) if isinstance(found, dict) else found[step]
        found[path[-1]] = value

    return change


def drop(*path: str | int) -> Change:
    """Return a change that removes what is at a path. Raises LookupError where nothing is."""

    def change(document: Document) -> None:
        found: Any = document
        for step in path[:-1]:
            found = found[step]
        del found[path[-1]]

    return change


def without(kind: str, name: str) -> Callable[[Documents], None]:
    """Return a fault that forgets a document."""
    return lambda documents: documents.remove(get(documents, kind, name))


def with_(document: Document) -> Callable[[Documents], None]:
    """Return a fault that adds a document."""
    return lambda documents: documents.append(document)
