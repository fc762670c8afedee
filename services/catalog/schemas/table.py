"""The work list of offers as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.catalog.schemas.offering import MyOffering
from shared.http.tables import Row, Sheet, TableLanguage
from shared.labels import Labels

SHEETS: Final[Mapping[TableLanguage, Sheet]] = {
    "de": Sheet(
        "angebote",
        (
            "Leistung",
            "Kennung",
            "Bereitsteller",
            "Kennung des Bereitstellers",
            "Stand",
            "Fassung",
            "Gewünschte Kanäle",
            "Kanäle mit Bereitstellungsvertrag",
            "Geschlossene Kanäle",
            "Neue Fassung prüfen noch",
            "Eingereicht am",
            "Wartet auf Sie seit",
            "Zuletzt geändert am",
        ),
    ),
    "en": Sheet(
        "offers",
        (
            "Service",
            "Id",
            "Provider",
            "Id of the provider",
            "State",
            "Version",
            "Channels wished for",
            "Channels with a provision contract",
            "Closed channels",
            "New version still examined by",
            "Submitted on",
            "Waits for you since",
            "Last changed on",
        ),
    ),
}


def row_of(offering: MyOffering, words: Labels) -> Row:
    """Return the row of a line of the work list, with the words for its codes."""
    channels = (offering.wished_channels, offering.channels, offering.closed_channels, offering.examining)
    return (
        offering.title,
        offering.id,
        offering.provider.name,
        offering.provider.id,
        words.of(offering.state),
        offering.version,
        *(", ".join(words.of(channel) for channel in several) for several in channels),
        offering.submitted_at,
        offering.waits_since,
        offering.changed_at,
    )
