"""Kinds of notifications, grouped by the matter that they are about, for forms that ask about many of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from services.portal.texts import Words

FURTHER: Final = "further"
"""Matter of kinds that are newer than this portal."""
_URGING: Final = ("reminded", "escalated")
_CHAIN: Final = "contracts.chain."
_ORDER: Final = "ordering.order."
_BEGINNINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "submissions": ("catalog.submission.",),
    "offerings": ("catalog.offering.",),
    "interest": tuple(f"{_ORDER}{it}" for it in ("interest-", "check-", "verdict-")),
    "clarification": tuple(f"{_ORDER}{it}" for it in ("clarification-", "point-", "question-", "conditions-", "channel-")),
    "placing": tuple(f"{_ORDER}{it}" for it in ("offer-", "placed", "reopened")),
    "delivery": tuple(f"{_ORDER}{it}" for it in ("onboarding-", "milestone-", "went-")),
    "klienten": (f"{_ORDER}klient-",),
    "endings": tuple(
        f"{_ORDER}{it}" for it in ("refused", "declined", "offering-", "withdrawn", "expired", "terminated", "continued", "ended")
    ),
    "conclusions": (
        "contracts.contract.",
        *(f"{_CHAIN}{it}" for it in ("offered", "signed", "refused", "succe")),
    ),
    "changes": tuple(f"{_CHAIN}{it}" for it in ("amend", "change-", "agb-", "price-")),
    "passing_on": tuple(f"{_CHAIN}{it}" for it in ("sub-", "accession-")),
    "contract_ends": ("contracts.statement.", *(f"{_CHAIN}{it}" for it in ("terminated", "notice-", "ended"))),
    "organisation": ("eligibility.", "notify."),
}
MATTERS: Final = ("reminders", *_BEGINNINGS, FURTHER)
"""All matters, in the order in which forms show them; each has its words, ``matter.<name>``."""


def matter_of(event_type: str) -> str:
    """Return the matter that a kind of notification is about."""
    if event_type.rpartition(".v")[0].endswith(_URGING):
        return "reminders"
    return next((matter for matter, begins in _BEGINNINGS.items() if event_type.startswith(begins)), FURTHER)


def by_matter(event_types: Iterable[str]) -> dict[str, list[str]]:
    """Return kinds of notifications by their matter, as forms show them; matters without one are left out."""
    kinds = list(event_types)
    found = {matter: [it for it in kinds if matter_of(it) == matter] for matter in MATTERS}
    return {matter: those for matter, those in found.items() if those}


def word_of(words: Words, event_type: str) -> str:
    """Return the words for a kind of notification, the kind itself where this version has none."""
    key = f"notice.{event_type}"
    return words(key) if words.has(key) else event_type
