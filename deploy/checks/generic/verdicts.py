"""What is wrong with one object by itself, and what becomes of a rule that gives up."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from deploy.checks.generic.core_schemas import check_core, check_metadata, is_core
from deploy.checks.generic.crds import DefinitionsMissingError, definitions
from deploy.checks.generic.objects import Document, Finding, where
from deploy.checks.generic.values.check import check_values


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with one object by itself: with its shape and, if the shape is right, with its values."""

    shape: tuple[Finding, ...]
    values: tuple[Finding, ...]


MISSHAPEN = frozenset({"core-schema", "crd-schema", "unknown-kind", "unjudged"})
"""Codes of objects of which nothing else can be judged; rules of a definition (``crd-rule``) are about what is well-shaped."""

_verdicts: dict[str, Verdict] = {}
"""Verdicts by the object's JSON: most objects are the same in many overlays."""


def verdict_of(document: Document) -> Verdict:
    """Judge one object by the schema of its kind (a kind without one is an error) and by the forms of its fields."""
    key = json.dumps(document, default=str)
    if key not in _verdicts:
        found = tuple(guarded("check_schemas", where(document), _schema(document)))
        shape = tuple(finding for finding in found if finding.code in MISSHAPEN)
        values = () if shape else tuple(guarded("check_values", where(document), check_values(document)))
        _verdicts[key] = Verdict(shape, (*(finding for finding in found if finding.code not in MISSHAPEN), *values))
    return _verdicts[key]


def _schema(document: Document) -> Iterator[Finding]:
    if is_core(document):
        yield from check_core(document)
    elif definitions().know(document):
        yield from check_metadata(document)
        yield from definitions().check(document)
    else:
        yield Finding(
            "unknown-kind",
            where(document),
            f"no schema of Kubernetes and no definition knows {document.get('kind')} in {document.get('apiVersion')}",
        )


def guarded(rule: str, where_: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Pass findings on; whatever else ends a rule becomes one, so that the others are still reported: ``unjudged``."""
    try:
        yield from findings
    except DefinitionsMissingError:
        raise
    except Exception as error:  # noqa: BLE001 - the last line: an operator gets a finding, never a traceback
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{PurePath(last.filename).name}, line {last.lineno}"
        message = f"{rule} cannot judge this ({type(error).__name__}: {error}; {place}): repair what else is found, or report it"
        yield Finding("unjudged", where_, message)
