"""The environment that a container starts with, as far as ConfigMaps and plain values define it."""

from __future__ import annotations

from deploy.checks.generic.objects import Document, Objects, items, mapping, text


def plain_values(objects: Objects, namespace: str, container: Document) -> dict[str, str]:
    """Return variables with their values; those from secrets and from what is missing are left out."""
    found: dict[str, str] = {}
    for source in items(container, "envFrom"):
        document = objects.find("ConfigMap", namespace, text(source, "configMapRef", "name"))
        found |= {text(source, "prefix") + key: str(value) for key, value in mapping(document, "data").items()}
    for variable in items(container, "env"):
        name, reference = text(variable, "name"), mapping(variable, "valueFrom", "configMapKeyRef")
        if reference:
            document = objects.find("ConfigMap", namespace, text(reference, "name"))
            found[name] = text(document, "data", text(reference, "key"))
        elif "value" in variable:
            found[name] = text(variable, "value")
        else:
            found.pop(name, None)
    return found
