"""A case in a file: facts, documents and one request, with an answer that somebody expects of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, Strict, TypeAdapter, ValidationError

from services.eligibility.engine.answer import Answer
from services.eligibility.engine.evaluate import evaluate
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.world import World, invalid_field

Objects = Annotated[tuple[dict[str, Any], ...], Strict(strict=False)]


class Case(BaseModel):
    """The outer form of a case. What only names it (``id``, ``title``) or is expected of it is not looked at."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    schema_: Annotated[str | None, Field(alias="$schema")] = None
    id: str = ""
    title: str = ""
    law: str = ""
    facts: Annotated[Objects, Field(min_length=1)]
    evidence: Objects
    request: dict[str, Any]
    expect: dict[str, Any] | None = None


_CASE: Final = TypeAdapter(Case)


def evaluate_case(data: object) -> Answer:
    """Return the answer to a case. Raises RefusedError."""
    try:
        case = _CASE.validate_python(data)
    except ValidationError as error:
        raise invalid_field(error) from error
    return evaluate(World.of(case.facts, case.evidence), case.request)


def line_of(data: object, name: str) -> tuple[dict[str, Any], RefusedError | None]:
    """Return what is printed of a case, with the refusal if it was refused. ``name`` stands for a case without an id."""
    id_ = data.get("id") if isinstance(data, Mapping) else None
    shown = {"case": id_ if isinstance(id_, str) else name}
    try:
        answer = evaluate_case(data)
    except RefusedError as refused:
        return shown | {"error": refused.code}, refused
    core = answer.core
    return shown | {key: core[key] for key in ("verdict", "legs", "rules", "changes_on")} | {"hash": answer.hash}, None
