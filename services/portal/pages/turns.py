"""Whose turn it is in a Vorgang, as its page and lists say it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.portal.apis.ordering import Summary, Vocabulary
from services.portal.language import Language


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is: ``mine``, since how many days, to do ``task``."""

    mine: bool
    party: str
    name: str
    since: datetime
    days: int
    task: str


def turn_of(order: Summary, words: Vocabulary, language: Language, at: datetime) -> Turn | None:
    """Return whose turn it is, None where the Vorgang waits for nobody."""
    waiting = order.waiting
    if waiting is None:
        return None
    names = {"KUNDE": order.customer.name, "BEREITSTELLER": order.provider.name}
    mine = waiting.party == order.your_party
    days = max((at - waiting.since).days, 0)
    return Turn(mine, waiting.party, names.get(waiting.party, ""), waiting.since, days, words.task(waiting.what, language))
