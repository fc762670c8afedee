"""Metadata of KEDA triggers against KEDA's own list of scaler parameters: the CRD knows a free map only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from deploy.checks.generic.crds import KEDA_SCALERS, folder
from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, namespace_of, text, where

FROM_ENV = "FromEnv"


def check_triggers(objects: Objects) -> Iterator[Finding]:
    """Check every trigger: ``keda-type``, ``keda-metadata`` (unknown, missing, wrong), ``keda-auth`` (parameters, reference)."""
    for scaled in objects.of("ScaledObject", "ScaledJob"):
        for trigger in items(scaled, "spec", "triggers"):
            parameters = _scalers().get(text(trigger, "type"))
            if parameters is None:
                yield Finding("keda-type", where(scaled), f"KEDA has no scaler '{text(trigger, 'type')}'")
                continue
            authentication = _authentication(objects, scaled, trigger)
            yield from _metadata(scaled, trigger, parameters, authentication)
    for document in objects.of("TriggerAuthentication", "ClusterTriggerAuthentication"):
        known = {
            name
            for scaler in _scalers().values()
            for name, it in scaler.items()
            if it.get("triggerAuthenticationVariableReadable")
        }
        for name in sorted(_provided(document) - known):
            yield Finding("keda-auth", where(document), f"no scaler takes the parameter '{name}' from an authentication")
    for scaled in objects.of("ScaledObject", "ScaledJob"):
        for trigger in items(scaled, "spec", "triggers"):
            reference = mapping(trigger, "authenticationRef")
            if reference and _authentication(objects, scaled, trigger) is None:
                yield Finding(
                    "keda-auth",
                    where(scaled),
                    f"there is no {text(reference, 'kind') or 'TriggerAuthentication'} '{text(reference, 'name')}'",
                )


def _metadata(
    scaled: Document, trigger: Document, parameters: dict[str, dict[str, Any]], authentication: Document | None
) -> Iterator[Finding]:
    given: set[str] = _provided(authentication) if authentication else set()
    for key, value in mapping(trigger, "metadata").items():
        name = key.removesuffix(FROM_ENV)
        given.add(name)
        parameter = parameters.get(name)
        readable = "envVariableReadable" if name != key else "metadataVariableReadable"
        if parameter is None:
            yield Finding("keda-metadata", where(scaled), f"the scaler {text(trigger, 'type')} has no parameter '{key}'")
        elif not parameter.get(readable):
            yield Finding("keda-metadata", where(scaled), f"'{key}' cannot be given here")
        elif name == key and (allowed := parameter.get("allowedValue")) and value not in allowed:
            yield Finding("keda-metadata", where(scaled), f"'{key}' is '{value}', but must be one of {', '.join(allowed)}")
    for name, parameter in parameters.items():
        if name not in given and not parameter.get("optional") and "default" not in parameter:
            yield Finding("keda-metadata", where(scaled), f"the scaler {text(trigger, 'type')} needs '{name}'")


def _authentication(objects: Objects, scaled: Document, trigger: Document) -> Document | None:
    reference = mapping(trigger, "authenticationRef")
    if text(reference, "kind") == "ClusterTriggerAuthentication":
        return objects.find("ClusterTriggerAuthentication", "", text(reference, "name"))
    return objects.find("TriggerAuthentication", namespace_of(scaled), text(reference, "name"))


def _provided(authentication: Document) -> set[str]:
    return {
        text(item, "parameter")
        for source in ("secretTargetRef", "configMapTargetRef", "env")
        for item in items(authentication, "spec", source)
    }


@lru_cache(maxsize=1)
def _scalers() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the parameters of each scaler, by name. Raises DefinitionsMissingError."""
    data = json.loads((folder() / KEDA_SCALERS).read_text(encoding="utf-8"))
    return {scaler["type"]: {parameter["name"]: parameter for parameter in scaler["parameters"]} for scaler in data["scalers"]}
