"""The compatibility gate: inside a major version today's readers read old events and old readers read today's."""

from __future__ import annotations

import json

import jsoncompat

from shared.schemas.jsonschema import Schema, opened


def breaks(old: Schema, new: Schema) -> list[str]:
    """Return how ``new`` breaks with ``old``, both given as their writers keep to them; empty if it does not.

    A writer sends nothing beside its schema, a reader passes over what it does not know: so one side is closed, the other open.
    """
    old, new = _plain(old), _plain(new)
    found = []
    if not jsoncompat.check_compat(json.dumps(old), json.dumps(opened(new)), "deserializer"):
        found.append("today's readers refuse events of the release")
    if not jsoncompat.check_compat(json.dumps(opened(old)), json.dumps(new), "serializer"):
        found.append("readers of the release refuse today's events")
    return found


def _plain(schema: Schema) -> Schema:
    """Return the schema without the name by which others refer to it: the checker resolves references against it."""
    return {name: value for name, value in schema.items() if name != "$id"}
