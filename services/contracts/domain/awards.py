"""The awards that a contract rests on, and what the in-house check (§ 108 GWB) has found of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.messages.base import Value
from shared.messages.contracts_awards import Award
from shared.messages.values import OrganisationId, Verdict


class AwardCheck(Value):
    """One award: ``verdict`` None until eligibility has judged it, on the day ``as_of``.

    ``until``: last day before one on which a recorded fact speaks against the relation, None if there is none.
    """

    awarder: OrganisationId
    contractor: OrganisationId
    verdict: Verdict | None = None
    as_of: date | None = None
    until: date | None = None

    @property
    def asked(self) -> Award:
        """The award as eligibility is asked about it."""
        return Award(awarder=self.awarder, contractor=self.contractor)


def with_newer(known: Sequence[AwardCheck], newer: Sequence[AwardCheck]) -> tuple[AwardCheck, ...]:
    """Return the awards of a contract with those that were judged anew in the place of what was found of them before."""
    replaced = {(it.awarder, it.contractor) for it in newer}
    return (*(it for it in known if (it.awarder, it.contractor) not in replaced), *newer)
