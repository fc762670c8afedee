"""A list of Vorgänge as a table for people. Nobody is named in it but organisations."""

from __future__ import annotations

from typing import Final

from services.ordering.reference import Vocabulary
from services.ordering.views import OrderSummary
from shared.channels import channel_labels
from shared.http.tables import Row

COLUMNS: Final = (
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
)


def row_of(order: OrderSummary, words: Vocabulary) -> Row:
    """Return the row of a line of a list, with the words for its codes; of what this version does not know, the code itself."""
    waiting, deadline = order.waiting, order.deadline
    state = words.states.get(order.state)
    return (
        order.number,
        order.id,
        order.offering.title,
        order.customer.name,
        order.customer.id,
        order.provider.name,
        order.provider.id,
        channel_labels("de").get(order.channel.value, order.channel.value),
        order.state.value if state is None else state.de,
        order.state_since,
        None if waiting is None else words.parties[waiting.party].de,
        None if waiting is None else words.tasks[waiting.what].de,
        None if waiting is None else waiting.since,
        None if waiting is None else waiting.planned_on,
        None if deadline is None else deadline.at,
        order.declared_at,
    )
