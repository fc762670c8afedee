"""Queries of the port as filters of MongoDB."""

from __future__ import annotations

from collections.abc import Collection as Several
from typing import Any

from shared.store.plan import Plan
from shared.store.port import Document


def among(ids: Several[str]) -> Document:
    """Return the filter of documents by their ids."""
    return {"_id": {"$in": list(ids)}}


def filter_of(steps: Plan) -> Document:
    """Return the filter of a query; a keyset position makes one alternative for each field in which a document can be later.

    Every alternative is complete in itself, so that each has its own bounds in the index.
    """
    bounds: dict[str, dict[str, Any]] = {name: {"$exists": True, "$ne": None} for name in steps.order[:-1]}
    if steps.at_least is not None:
        bounds[steps.order[0]] = {"$gte": steps.at_least}
    if steps.below is not None:
        bounds[steps.order[0]] = {**bounds[steps.order[0]], "$lt": steps.below}
    fixed = dict(steps.fixed)
    if steps.after is None:
        return {**fixed, **bounds}
    beyond = "$lt" if steps.descending else "$gt"
    alternatives: list[Document] = []
    for place, name in enumerate(steps.order):
        terms = {field: dict(condition) for field, condition in bounds.items()}
        for field, value in zip(steps.order[:place], steps.after, strict=False):
            terms[field] = {**terms[field], "$eq": value}
        later = {name: {beyond: steps.after[place]}}
        # Apart from the bounds: both may set $lt on the same field.
        alternatives.append({**fixed, **terms, "$and": [later]})
    return {"$or": alternatives}
