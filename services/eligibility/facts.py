"""Facts about stored verdicts, for reconciliation with the stores of other services.

Nobody else reads fields of these documents: who compares stores compares these facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.eligibility.repository import VERDICTS
from shared.store.port import Collection, Document


@dataclass(frozen=True, slots=True)
class VerdictFact:
    """The last verdict on a Vorgang: of which check, and whether a person has signed it off."""

    order_id: str
    check: int
    signed: bool = False


def _verdict(document: Document) -> VerdictFact:
    last = document["checks"][-1]
    return VerdictFact(document["_id"], last["number"], last["sign_off"] is not None)


FACTS: Mapping[Collection, Callable[[Document], VerdictFact]] = {VERDICTS: _verdict}
