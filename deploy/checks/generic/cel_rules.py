"""Runs the CEL rules (``x-kubernetes-validations``) of a custom resource definition over an object."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import cel

_TRANSITION = "oldSelf"
"""Rules that compare with the stored object mean nothing for a manifest."""


def broken_rules(schema: dict[str, Any], value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Return path and message of every rule that does not hold, from the root down.

    A rule that cannot be evaluated counts as broken: nothing is passed over in silence.
    """
    for rule in schema.get("x-kubernetes-validations", ()):
        if (message := _broken(rule, value)) is not None:
            yield path, message
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        for name, item in value.items():
            below = properties.get(name, rest if isinstance(rest, dict) else None)
            if below is not None:
                yield from broken_rules(below, item, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            yield from broken_rules(schema["items"], item, f"{path}.{index}")


def _broken(rule: dict[str, Any], value: object) -> str | None:
    expression = " ".join(rule["rule"].split())
    if _TRANSITION in expression:
        return None
    try:
        holds = _compile(expression).execute({"self": value})
    except (ValueError, TypeError, RuntimeError, LookupError) as error:
        return f"the rule {expression!r} cannot be evaluated: {error}"
    return None if holds is True else str(rule.get("message", expression))


@cache
def _compile(expression: str) -> cel.Program:
    return cel.compile(expression)
