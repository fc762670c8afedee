"""Built-in kinds against the schemas of four Kubernetes minors, strict: unknown fields and unknown kinds are errors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from kubernetes_validate.utils import all_versions, schema_contents
from referencing import Registry, Resource

from deploy.checks.objects import Document, Finding, kind_of, text, where

MINORS = ("1.34", "1.35", "1.36", "1.37")
"""The four newest minors: what upstream supports, and what providers must offer (SCS 0210)."""


def is_core(document: Document) -> bool:
    """Return whether the newest schemas know the kind."""
    return _validator(MINORS[-1], text(document, "apiVersion"), kind_of(document)) is not None


def check_core(document: Document) -> Iterator[Finding]:
    """Check one object of a built-in kind: ``core-schema`` per minor, ``unknown-kind`` where a minor does not serve it."""
    api_version, kind = text(document, "apiVersion"), kind_of(document)
    for minor in MINORS:
        validator = _validator(minor, api_version, kind)
        if validator is None:
            yield Finding("unknown-kind", where(document), f"Kubernetes {minor} has no {kind} in {api_version}")
            continue
        for error in validator.iter_errors(document):
            deepest = best_match([error]) or error
            path = ".".join(str(part) for part in deepest.absolute_path)
            yield Finding("core-schema", where(document), f"Kubernetes {minor}: {path}: {deepest.message[:300]}")


@cache
def _validator(minor: str, api_version: str, kind: str) -> Draft202012Validator | None:
    group, _, version = api_version.rpartition("/")
    stem = f"{kind.lower()}-{group.split('.', 1)[0]}-{version}" if group else f"{kind.lower()}-{version}"
    try:
        schema: dict[str, Any] = schema_contents(f"{_folder(minor)}/{stem}.json", minor)
    except FileNotFoundError:
        return None
    served = [(kind["group"], kind["version"], kind["kind"]) for kind in schema.get("x-kubernetes-group-version-kind", ())]
    if served and (group, version, kind) not in served:  # file names drop the domain: apps.example.org would pass as apps
        return None
    return Draft202012Validator(schema, registry=Resource.from_contents(schema) @ _definitions(minor))


@cache
def _definitions(minor: str) -> Registry[Any]:
    return Resource.from_contents(schema_contents(f"{_folder(minor)}/_definitions.json", minor)) @ Registry()


def _folder(minor: str) -> str:
    return f"kubernetes-json-schema/v{_release(minor)}-local-strict"


@cache
def _release(minor: str) -> str:
    found: list[str] = [version for version in all_versions() if version.startswith(f"{minor}.")]
    if not found:
        raise LookupError(f"kubernetes-validate holds no schemas of Kubernetes {minor}: install a newer one")
    return found[-1]
