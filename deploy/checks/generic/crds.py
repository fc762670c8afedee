"""Custom resources against their definitions: unknown fields refused, types, enums, and the definitions' own CEL rules."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from deploy.checks.generic.cel_rules import broken_rules
from deploy.checks.generic.objects import Document, Finding, kind_of, mapping, text, where

FOLDER_SETTING = "K8S_CRDS"
DEFAULT_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "k8s-crds"
KEDA_SCALERS = "keda-scalers-schema.json"

Schema = dict[str, Any]


class DefinitionsMissingError(Exception):
    """The folder of definitions is not there: nothing can be proven, which is a failure and no reason to skip."""


def folder() -> Path:
    """Return the folder of the definitions. Raises DefinitionsMissingError with how to get them."""
    path = Path(os.environ.get(FOLDER_SETTING) or DEFAULT_FOLDER)
    if any(path.glob("*.yaml")) and (path / KEDA_SCALERS).is_file():
        return path
    raise DefinitionsMissingError(
        f"{path} holds no custom resource definitions. Put there, from the release in use on your platform: Strimzi's "
        "install/cluster-operator/04*-Crd-*.yaml, KEDA's config/crd/bases/*.yaml and schema/generated/scalers-schema.json as "
        f"{KEDA_SCALERS}, prometheus-operator's example/prometheus-operator-crd/*.yaml, "
        "external-secrets' config/crds/bases/*.yaml, cert-manager's deploy/crds/*.yaml and the Gateway API's "
        f"config/crd/standard/*.yaml; or name another folder by {FOLDER_SETTING}."
    )


class Definitions:
    """The served versions of all custom resource definitions of a folder."""

    def __init__(self, path: Path) -> None:
        self._schemas: dict[tuple[str, str], Schema] = {}
        for file in sorted(path.glob("*.yaml")):
            for document in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
                self._add(document or {})
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}

    def _add(self, document: Document) -> None:
        if kind_of(document) != "CustomResourceDefinition":
            return
        group, kind = text(document, "spec", "group"), text(document, "spec", "names", "kind")
        for version in document["spec"]["versions"]:
            if version["served"]:
                self._schemas[f"{group}/{version['name']}", kind] = mapping(version, "schema", "openAPIV3Schema")

    def know(self, document: Document) -> bool:
        """Return whether the kind is defined and served in the version of the document."""
        return self._key(document) in self._schemas

    def schema_of(self, document: Document) -> Schema:
        """Return the schema of a kind that is known. Raises LookupError."""
        return self._schemas[self._key(document)]

    def check(self, document: Document) -> Iterator[Finding]:
        """Check one object: ``crd-schema`` for its shape, ``crd-rule`` for the CEL rules of its definition."""
        key = self._key(document)
        schema = self._schemas[key]
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(strict(schema, root=True))
        misshapen = False
        completed = defaulted(schema, document)
        for error in self._validators[key].iter_errors(completed):
            misshapen = True
            deepest = best_match([error]) or error
            path = ".".join(str(part) for part in deepest.absolute_path)
            yield Finding("crd-schema", where(document), f"{path}: {deepest.message[:300]}")
        if not misshapen:  # as the API server does: rules run over well-shaped objects only
            for path, message in broken_rules(schema, completed):
                yield Finding("crd-rule", where(document), f"{path}: {message}")

    def _key(self, document: Document) -> tuple[str, str]:
        return text(document, "apiVersion"), kind_of(document)


def defaulted(schema: Schema, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with the defaults of its schema filled in, as the API server does before it validates."""
    if isinstance(value, dict):
        properties: dict[str, Schema] = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        given = {name: item["default"] for name, item in properties.items() if "default" in item and name not in value} | value
        below = rest if isinstance(rest, dict) else {}
        return {name: defaulted(properties.get(name, below), item) for name, item in given.items()}
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [defaulted(schema["items"], item) for item in value]
    return value


def strict(schema: Schema, *, root: bool = False) -> Schema:
    """Return a structural OpenAPI schema as JSON Schema that refuses fields it does not name.

    Exempt as in the API server: preserved unknown fields, embedded resources, and the object's own metadata, which the
    definition leaves open. Schemas inside of allOf, anyOf, oneOf and not restrict values only and name no fields.
    """
    made: Schema = {
        key: value for key, value in schema.items() if key in _PLAIN and not (key == "format" and value not in _FORMATS)
    }
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
        made["type"] = ["integer", "string"]
    if schema.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    properties = {name: strict(item) for name, item in schema.get("properties", {}).items()}
    if root:
        properties |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    if properties:
        made["properties"] = properties
    if isinstance(schema.get("items"), dict):
        made["items"] = strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = strict(schema["additionalProperties"])
    elif (
        properties and not schema.get("x-kubernetes-preserve-unknown-fields") and not schema.get("x-kubernetes-embedded-resource")
    ):
        made["additionalProperties"] = False
    return made


_PLAIN = frozenset(
    [
        "type",
        "enum",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "required",
        "format",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
    ]
)
_FORMATS = frozenset({"date-time", "ipv4", "ipv6"})


@lru_cache(maxsize=1)
def definitions() -> Definitions:
    """Return the definitions of the folder in use, read once. Raises DefinitionsMissingError."""
    return Definitions(folder())
