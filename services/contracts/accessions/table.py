"""A list of accessions as a table for people. Nobody is named in it but organisations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.contracts.domain.accession import Accession
from shared.http.tables import Row, Sheet, TableLanguage
from shared.labels import Labels

SHEETS: Final[Mapping[TableLanguage, Sheet]] = {
    "de": Sheet(
        "beitritte",
        (
            "Leistung",
            "Kennung",
            "Stelle",
            "Kennung der Stelle",
            "Über den Vertrag von",
            "Kennung der weitergebenden Stelle",
            "Bereitsteller",
            "Kennung des Bereitstellers",
            "Kanal",
            "Gilt ab",
            "Letzter Tag",
            "Beigetreten am",
        ),
    ),
    "en": Sheet(
        "accessions",
        (
            "Service",
            "Id",
            "Body",
            "Id of the body",
            "By the contract of",
            "Id of who passes it on",
            "Provider",
            "Id of the provider",
            "Channel",
            "Valid from",
            "Last day",
            "Acceded on",
        ),
    ),
}


def row_of(accession: Accession, words: Labels) -> Row:
    """Return the row of an accession, with the words for its codes."""
    return (
        accession.offering_title,
        accession.id,
        accession.organisation.name,
        accession.organisation.id,
        accession.licensee.name,
        accession.licensee.id,
        accession.provider.name,
        accession.provider.id,
        words.of(accession.channel),
        accession.valid_from,
        accession.valid_to,
        accession.declared_at,
    )
