"""Facts about stored offers, for reconciliation with the stores of other services.

Nobody else reads fields of these documents: who compares stores compares these facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.catalog.repository import OFFERINGS
from shared.messages.values import OfferingState
from shared.store.port import Collection, Document


@dataclass(frozen=True, slots=True)
class OfferingFact:
    """An offer that is or was public, as its owner has it."""

    id: str
    title: str
    version: int
    state: OfferingState


def is_published(document: Document) -> bool:
    """Return whether a stored offer is or was public."""
    return document["published_at"] is not None


def _offering(document: Document) -> OfferingFact | None:
    if not is_published(document):
        return None
    return OfferingFact(document["_id"], document["form"]["title"], document["version"], OfferingState.read(document["state"]))


FACTS: Mapping[Collection, Callable[[Document], OfferingFact | None]] = {OFFERINGS: _offering}
