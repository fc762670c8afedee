"""Built-in kinds against the schemas of four Kubernetes minors, strict: unknown fields and unknown kinds are errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from kubernetes_validate.utils import all_versions, schema_contents
from referencing import Registry, Resource

from deploy.checks.generic.objects import Document, Finding, kind_of, text, where, without_nulls

MINORS = ("1.34", "1.35", "1.36", "1.37")
"""The four newest minors: what upstream supports, and what providers must offer (SCS 0210)."""

_METADATA = "https://kubernetes.io/api/_definitions.json#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_PLAIN = re.compile(r"[a-z0-9.-]{1,100}", re.ASCII)
"""Kinds and versions become names of files: nothing else of the disk is read for them."""


def is_core(document: Document) -> bool:
    """Return whether the newest schemas know the kind."""
    return schema_of(MINORS[-1], text(document, "apiVersion"), kind_of(document)) is not None


def check_core(document: Document) -> Iterator[Finding]:
    """Check one object of a built-in kind: ``core-schema`` per minor, ``unknown-kind`` where a minor does not serve it."""
    api_version, kind = text(document, "apiVersion"), kind_of(document)
    for minor in MINORS:
        validator = _validator(minor, api_version, kind)
        if validator is None:
            yield Finding("unknown-kind", where(document), f"Kubernetes {minor} has no {kind} in {api_version}")
            continue
        yield from _errors(validator, document, document, minor, "")


def check_metadata(document: Document) -> Iterator[Finding]:
    """Check the metadata of an object of any kind, which definitions of custom resources leave open: ``core-schema``."""
    for minor in MINORS:
        yield from _errors(_metadata(minor), document, document.get("metadata"), minor, "metadata.")


def _errors(validator: Draft202012Validator, document: Document, value: object, minor: str, above: str) -> Iterator[Finding]:
    filled = without_nulls(value)
    errors = list(validator.iter_errors(filled))
    for error in errors or (_unknown(validator, value) if filled != value else ()):
        deepest = best_match([error]) or error
        path = ".".join(str(part) for part in deepest.absolute_path)
        yield Finding("core-schema", where(document), f"Kubernetes {minor}: {above}{path}: {deepest.message[:300]}")


def _unknown(validator: Draft202012Validator, value: object) -> Iterator[ValidationError]:
    """Return the errors about fields that no schema knows, also where they are null."""
    return (error for error in validator.iter_errors(value) if error.validator == "additionalProperties")


@cache
def schema_of(minor: str, api_version: str, kind: str) -> Mapping[str, Any] | None:
    """Return the published schema of a kind, or None where a minor does not serve it."""
    group, _, version = api_version.rpartition("/")
    stem = f"{kind.lower()}-{group.split('.', 1)[0]}-{version}" if group else f"{kind.lower()}-{version}"
    if _PLAIN.fullmatch(stem) is None:
        return None
    try:
        schema: dict[str, Any] = schema_contents(f"{_folder(minor)}/{stem}.json", minor)
    except FileNotFoundError:
        return None
    served = [(kind["group"], kind["version"], kind["kind"]) for kind in schema.get("x-kubernetes-group-version-kind", ())]
    if served and (group, version, kind) not in served:  # file names drop the domain: apps.example.org would pass as apps
        return None
    return schema


@cache
def definitions_of(minor: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the published schemas of the parts of all kinds, by name."""
    found: dict[str, Mapping[str, Any]] = _contents(minor)["$defs"]
    return found


@cache
def _validator(minor: str, api_version: str, kind: str) -> Draft202012Validator | None:
    schema = schema_of(minor, api_version, kind)
    if schema is None:
        return None
    return Draft202012Validator(schema, registry=Resource.from_contents(schema) @ _definitions(minor))


@cache
def _metadata(minor: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": _METADATA}, registry=_definitions(minor))


@cache
def _contents(minor: str) -> dict[str, Any]:
    found: dict[str, Any] = schema_contents(f"{_folder(minor)}/_definitions.json", minor)
    return found


@cache
def _definitions(minor: str) -> Registry[Any]:
    return Resource.from_contents(_contents(minor)) @ Registry()


def _folder(minor: str) -> str:
    return f"kubernetes-json-schema/v{_release(minor)}-local-strict"


@cache
def _release(minor: str) -> str:
    found: list[str] = [version for version in all_versions() if version.startswith(f"{minor}.")]
    if not found:
        raise LookupError(f"kubernetes-validate holds no schemas of Kubernetes {minor}: install a newer one")
    return found[-1]
