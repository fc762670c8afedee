"""Names of the JSON Schemas that describe message types (CloudEvents attribute ``dataschema``)."""

from __future__ import annotations

PREFIX = "urn:efa-marktplatz:schema:"


def dataschema_of(type_name: str) -> str:
    """Return the ``dataschema`` of a message type: the ``$id`` of its schema, a URN that holds wherever the file lies."""
    return f"{PREFIX}{type_name}"
