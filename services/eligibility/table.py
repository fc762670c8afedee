"""The lists of an Anbieter as tables for people. Nobody is named in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from services.eligibility.domain.accreditation import AccreditationRecord
from services.eligibility.domain.organisation import Organisation
from shared.http.tables import Row, Sheet, TableLanguage
from shared.labels import Labels

SHEETS: Final[Mapping[TableLanguage, Sheet]] = {
    "de": Sheet(
        "akkreditierungen",
        (
            "Organisation",
            "Kennung",
            "Art der Stelle",
            "Rolle",
            "Stand",
            "Beantragt am",
            "Stand seit",
            "Gültig ab",
            "Letzter Tag",
            "Begründung",
        ),
    ),
    "en": Sheet(
        "accreditations",
        (
            "Organisation",
            "Id",
            "Kind of body",
            "Role",
            "State",
            "Requested on",
            "In this state since",
            "Valid from",
            "Last day",
            "Reason",
        ),
    ),
}


def row_of(organisation: Organisation, record: AccreditationRecord, words: Labels) -> Row:
    """Return the row of an accreditation, with the words for its codes; the last day is the last one on which it holds."""
    last = None if record.valid_to is None else record.valid_to - timedelta(days=1)
    return (
        organisation.name,
        organisation.id,
        words.of(organisation.type),
        words.of(record.role),
        words.of(record.state),
        record.requested_at,
        record.history[-1].at if record.history else record.requested_at,
        record.valid_from,
        last,
        record.reason,
    )
