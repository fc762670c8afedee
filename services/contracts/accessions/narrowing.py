"""Which accessions of a viewer's a list shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.contracts.domain.accession import Accession
from services.contracts.merged_list import Position
from shared.search.contains import contain


def position_of(accession: Accession) -> Position:
    """Return the place of an accession in a list ordered by time of declaration."""
    return accession.declared_at, accession.id


@dataclass(frozen=True, slots=True)
class AccessionFilter:
    """What of a list is asked for; whatever is None does not narrow it.

    ``ends_before``: the last day is known and lies before this one. ``words``: those that hold all of them, as parts of longer
    ones too.
    """

    offering_id: str | None = None
    ends_before: date | None = None
    words: tuple[str, ...] = ()

    def passes(self, accession: Accession) -> bool:
        """Return whether an accession is in the narrowed list."""
        about = self.offering_id in (None, accession.offering_id)
        in_time = self.ends_before is None or (accession.valid_to is not None and accession.valid_to < self.ends_before)
        return about and in_time and (not self.words or contain(_worded(accession), self.words))


def _worded(accession: Accession) -> list[str]:
    """Return the texts of an accession in which words are looked for."""
    parties = (accession.organisation, accession.licensee, accession.provider)
    return [accession.offering_title, *(text for party in parties for text in (party.name, party.id))]
