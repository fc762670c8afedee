"""Plants each fault of the set into a rendered overlay, one at a time, and runs every check over the result."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from deploy.checks.generic.objects import Document, Finding, Objects
from deploy.checks.generic.render import DEPLOY, render
from deploy.checks.suite import check

OVERLAY = "overlays/prod"

Documents = list[Document]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A fault: what it is, how it is planted into the documents, and the code of the finding that must come.

    ``overlay`` is where it is planted; another than production only for what production does not take.
    """

    name: str
    plant: Callable[[Documents], None]
    code: str
    overlay: str = OVERLAY


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a planted fault. ``also`` are the other codes that it set off."""

    name: str
    code: str
    caught: bool
    also: tuple[str, ...]


@lru_cache(maxsize=8)
def clean(overlay: str = OVERLAY) -> Objects:
    """Return a rendered overlay as it is."""
    return render(DEPLOY / overlay)


@lru_cache(maxsize=8)
def _text(overlay: str) -> str:
    return json.dumps(clean(overlay).documents)


def fresh(overlay: str = OVERLAY) -> Documents:
    """Return the documents of a rendered overlay to be changed: read from JSON, several times as fast as a deep copy."""
    documents: Documents = json.loads(_text(overlay))
    return documents


def mutated(mutation: Mutation) -> Objects:
    """Return the overlay with one fault. Raises ValueError if the fault changes nothing."""
    documents = fresh(mutation.overlay)
    mutation.plant(documents)
    if documents == list(clean(mutation.overlay).documents):
        raise ValueError(f"the fault '{mutation.name}' changes nothing")
    return Objects(mutation.overlay, documents)


def findings_of(mutation: Mutation) -> list[Finding]:
    """Return what the checks find in the overlay with one fault."""
    return check(mutated(mutation))


def plant_all() -> list[Result]:
    """Plant every fault of the set, one after the other."""
    from tests.deploy.manifests.mutations import MUTATIONS  # noqa: PLC0415 - the set is written with the names above

    results = []
    for mutation in MUTATIONS:
        codes = {finding.code for finding in findings_of(mutation)}
        results.append(Result(mutation.name, mutation.code, mutation.code in codes, tuple(sorted(codes - {mutation.code}))))
    return results
