"""A list of contracts as a table for people. Nobody is named in it but organisations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.contracts.domain.contract import Listed
from shared.http.tables import Row, Sheet, TableLanguage
from shared.labels import Labels
from shared.messages.contracts_chain import ChainState

SHEETS: Final[Mapping[TableLanguage, Sheet]] = {
    "de": Sheet(
        "vertraege",
        (
            "Vertrag",
            "Kennung",
            "Art",
            "Bezeichnung",
            "Leistung",
            "Kunde",
            "Kennung des Kunden",
            "Bereitsteller",
            "Kennung des Bereitstellers",
            "Gibt weiter",
            "Kennung der weitergebenden Stelle",
            "Kanal",
            "Stand",
            "Wartet auf was",
            "Vorgang",
            "Geschlossen am",
            "Gilt ab",
            "Letzter Tag",
            "Erfasst am",
        ),
    ),
    "en": Sheet(
        "contracts",
        (
            "Contract",
            "Id",
            "Kind",
            "Title",
            "Service",
            "Customer",
            "Id of the customer",
            "Provider",
            "Id of the provider",
            "Passed on by",
            "Id of who passes it on",
            "Channel",
            "State",
            "Waits for what",
            "Case",
            "Concluded on",
            "Valid from",
            "Last day",
            "Recorded on",
        ),
    ),
}
_AWAITS: Final = {
    "de": {"SIGNATURE": "Unterschrift des Anbieters", "RELEASE": "Freigabe durch eine zweite Person des Anbieters"},
    "en": {"SIGNATURE": "signature of the intermediary", "RELEASE": "release by a second person of the intermediary"},
}


def row_of(contract: Listed, words: Labels) -> Row:
    """Return the row of a line of a list, with the words for its codes."""
    return (
        contract.number,
        contract.id,
        words.of(contract.leg),
        contract.title,
        contract.offering_title,
        contract.customer.name,
        contract.customer.id,
        contract.provider.name,
        contract.provider.id,
        contract.grantor.name,
        contract.grantor.id,
        words.of(contract.channel),
        words.of(ChainState(contract.state.value)),
        None if contract.awaits is None else _AWAITS[words.language][contract.awaits],
        contract.order_number,
        contract.concluded_at,
        contract.valid_from,
        contract.last_day,
        contract.recorded_at,
    )
