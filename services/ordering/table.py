"""A list of Vorgänge as a table for people. Nobody is named in it but organisations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.ordering.reference import Vocabulary
from services.ordering.views import OrderSummary
from shared.channels import channel_labels
from shared.http.tables import Row, Sheet, TableLanguage

SHEETS: Final[Mapping[TableLanguage, Sheet]] = {
    "de": Sheet(
        "vorgaenge",
        (
            "Vorgang",
            "Kennung",
            "Leistung",
            "Kunde",
            "Kennung des Kunden",
            "Bereitsteller",
            "Kennung des Bereitstellers",
            "Kanal",
            "Stand",
            "Stand seit",
            "Wartet auf",
            "Wartet auf was",
            "Wartet seit",
            "Geplanter Tag",
            "Läuft ab am",
            "Interesse bekundet am",
        ),
    ),
    "en": Sheet(
        "cases",
        (
            "Case",
            "Id",
            "Service",
            "Customer",
            "Id of the customer",
            "Provider",
            "Id of the provider",
            "Channel",
            "State",
            "In this state since",
            "Waits for",
            "Waits for what",
            "Waits since",
            "Planned day",
            "Lapses on",
            "Interest declared on",
        ),
    ),
}


def row_of(order: OrderSummary, words: Vocabulary, language: TableLanguage) -> Row:
    """Return the row of a line of a list, with the words for its codes; of what this version does not know, the code itself."""
    waiting, deadline = order.waiting, order.deadline
    state = words.states.get(order.state)
    party, task = (None, None) if waiting is None else (words.parties[waiting.party], words.tasks[waiting.what])
    return (
        order.number,
        order.id,
        order.offering.title,
        order.customer.name,
        order.customer.id,
        order.provider.name,
        order.provider.id,
        channel_labels(language).get(order.channel.value, order.channel.value),
        order.state.value if state is None else state.of(language),
        order.state_since,
        None if party is None else party.of(language),
        None if task is None else task.of(language),
        None if waiting is None else waiting.since,
        None if waiting is None else waiting.planned_on,
        None if deadline is None else deadline.at,
        order.declared_at,
    )
