"""Which function of a member is needed for what pages offer: nobody is to be led to a form that ends in a refusal.

The services decide, each by what its operations declare (``x-function``); a test holds what is said here against that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.messages.values import Function

EDITING: Final = Function.BEARBEITUNG
SIGNING: Final = Function.ZEICHNUNG
ADMINISTRATION: Final = Function.VERWALTUNG
NEEDED: Final[Mapping[str, Function]] = {
    "accreditation": ADMINISTRATION,
    "agb_offer": SIGNING,
    "contacts": EDITING,
    "costs": SIGNING,
    "evidence": EDITING,
    "fact": EDITING,
    "interest": EDITING,
    "invitation": ADMINISTRATION,
    "letter": EDITING,
    "offering": EDITING,
    "organisation": ADMINISTRATION,
    "partner": EDITING,
    "placements": SIGNING,
    "quarantine": EDITING,
    "relation": EDITING,
    "rotation": EDITING,
    "statements": SIGNING,
    "submit": SIGNING,
    "vollmacht": ADMINISTRATION,
    "whatif": EDITING,
}
"""What pages offer beside the steps that a service names."""
