"""What differs between two versions of a form, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, JsonValue

from services.catalog.domain.form import OfferingForm

_HIDDEN = frozenset({"channels"})
"""Fields of the form that are nobody's but the parties': the Anbieter wished for."""


class FieldDifference(BaseModel):
    """A field of the form that differs. Of a list, ``added`` and ``removed`` are its entries in one version only."""

    field: str
    before: JsonValue
    after: JsonValue
    added: list[JsonValue] | None = None
    removed: list[JsonValue] | None = None


def differences(before: OfferingForm, after: OfferingForm) -> list[FieldDifference]:
    """Return the fields that differ between two versions, in the form's order."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return [
        _difference(name, old[name], new[name])
        for name in OfferingForm.model_fields
        if name not in _HIDDEN and old[name] != new[name]
    ]


def _difference(name: str, old: Any, new: Any) -> FieldDifference:  # noqa: ANN401 - any JSON value
    if not isinstance(old, list) or not isinstance(new, list):
        return FieldDifference(field=name, before=old, after=new)
    return FieldDifference(field=name, before=old, after=new, added=_without(new, old), removed=_without(old, new))


def _without(entries: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    return [entry for entry in entries if entry not in others]
