"""A file of facts and documents, recorded in one entry: what an operator brings in bulk, and what a demonstration assumes.

The file is JSON: ``reason``; ``documents`` and ``facts`` in the shape of the specification, without ``rev``; ``figures``, each
for several years that are counted from the year of the recording; ``examined``, findings on all published relations ``into`` a
body. Bringing the same file again changes nothing; what it says otherwise than before is a correction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.eligibility.fact_store.entry import Draft, Origin, Record
from services.eligibility.fact_store.facts import Decision, check_shape
from services.eligibility.fact_store.sources import SHAPE
from services.eligibility.fact_store.state import State
from shared.errors import InvalidError


class Figures(BaseModel):
    """Figures of one body that are the same for several years. ``years`` are counted from the present one: -1 is the last."""

    model_config = ConfigDict(extra="forbid")

    org: str
    basis: str = "TURNOVER"
    scope: str = "SOLO"
    status: str = "ACTUAL"
    total: int
    entrusted: int
    market: int | None = None
    evidence: list[str]
    years: list[int]


class Examined(BaseModel):
    """Findings on the relations into a body that are published, or were accepted with an accreditation until now."""

    model_config = ConfigDict(extra="forbid")

    into: str
    findings: dict[str, Any]
    evidence: list[str]


class FactFile(BaseModel):
    """The content of a file. ``about`` is for people."""

    model_config = ConfigDict(extra="forbid")

    about: str = ""
    reason: Annotated[str, Field(min_length=1)]
    documents: list[dict[str, Any]] = []
    facts: list[dict[str, Any]] = []
    figures: list[Figures] = []
    examined: list[Examined] = []


def read_fact_file(path: Path) -> FactFile:
    """Return what a file holds. Raises InvalidError (``fact_file``) that names the place, FileNotFoundError."""
    try:
        return FactFile.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        faults = "; ".join(f"{'.'.join(map(str, it['loc']))}: {it['msg']}" for it in found)
        raise InvalidError(f"{path.name} is no file of facts: {faults}", code="fact_file", file=path.name) from error
    except ValueError as error:
        raise InvalidError(f"{path.name} is no file of facts: {error}", code="fact_file", file=path.name) from error


def file_decision(file: FactFile, today: date, person: str, organisation: str | None = None) -> Decision:
    """Return the decision to record what a file says and the store does not yet. ``person`` answers for it.

    Raises InvalidError (``INVALID_FIELD``).
    """
    for content in file.facts:
        check_shape(content)

    def decide(state: State) -> Draft:
        documents = [record for content in file.documents if (record := _document(state, content)) is not None]
        facts = [*file.facts, *_figures(file, today), *_examined(file, state)]
        records = [record for content in facts if (record := _fact(state, content)) is not None]
        return Draft(Origin.PERSON, file.reason, records, documents, person, organisation)

    return decide


def _figures(file: FactFile, today: date) -> Iterator[dict[str, Any]]:
    for figures in file.figures:
        for offset in figures.years:
            year = today.year + offset
            content = figures.model_dump(exclude={"years"})
            name = f"figures:{figures.org}:{year}:{figures.basis}:{figures.scope}:{figures.status}"
            yield {"id": name, "kind": "activity", "valid_from": None, "valid_to": None, **content, "year": year}


def _examined(file: FactFile, state: State) -> Iterator[Mapping[str, Any]]:
    for examined in file.examined:
        for fact_id in state.facts_of.get(examined.into, ()):
            last = state.facts[fact_id][-1]
            if (
                state.facts[fact_id][0].head.origin in (Origin.REFERENCE, Origin.ORGANISATION)
                and not last.record.withdrawn
                and last.content.get("to") == examined.into
                and "organ_seat" in last.content
            ):
                cited = last.content.get("evidence", [])
                evidence = [*cited, *(it for it in examined.evidence if it not in cited)]
                yield {**last.content, **examined.findings, "evidence": evidence}


def _fact(state: State, content: Mapping[str, Any]) -> Record | None:
    return _changed(content, state.facts[content["id"]][-1].record if content["id"] in state.facts else None)


def _document(state: State, content: Mapping[str, Any]) -> Record | None:
    shape = {name: value for name, value in content.items() if name not in ("title", "reference")}
    details = {name: content[name] for name in ("title", "reference") if name in content}
    before = state.documents[content["id"]][-1].record if content["id"] in state.documents else None
    return _changed(shape, before, details)


def _changed(content: Mapping[str, Any], before: Record | None, details: Mapping[str, Any] | None = None) -> Record | None:
    statement = {name: value for name, value in content.items() if name not in SHAPE}
    if before is None:
        return Record({"id": content["id"], **statement, "rev": 1}, details=details or {})
    same = statement == {name: value for name, value in before.content.items() if name not in SHAPE}
    if same and not before.withdrawn and details in (None, before.details):
        return None
    return Record({"id": content["id"], **statement, "rev": before.rev + 1}, before.note, details or before.details)
