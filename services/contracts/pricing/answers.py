"""The one line that is printed of a case of prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.contracts.pricing.refusal import RefusedError
from services.contracts.pricing.statement import statement


def line_of(case: Mapping[str, Any]) -> tuple[dict[str, Any], RefusedError | None]:
    """Return what is printed of a case with ``id`` and ``input``, with the refusal if its input was refused."""
    try:
        return {"case": case["id"], "statement": statement(case["input"])}, None
    except RefusedError as refused:
        return {"case": case["id"], **refused.as_json()}, refused
