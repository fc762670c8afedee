"""The awards that a contract rests on, and what the in-house check (§ 108 GWB) has found of each."""

from __future__ import annotations

from datetime import date

from shared.messages.base import Value
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
