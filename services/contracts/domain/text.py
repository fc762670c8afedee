"""The agreed text of a contract, as far as an amendment can change it, and what was changed in it so far."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from services.contracts.chain.contract import Side
from services.contracts.domain.agreed import Charge, Notice, PassingOn, PriceNotice, Signature, Territory
from shared.calendar import day_of
from shared.messages.base import Value
from shared.messages.contracts import AgbVersion
from shared.messages.contracts_changes import AgreedPart
from shared.messages.values import Code, EntityId, Line, PersonRef, Time


class AgreedText(Value):
    """What both sides have agreed besides parties, place and first day; None: no last day, ordinary notice, general terms."""

    valid_to: date | None
    services: tuple[EntityId, ...]
    parametrisation: tuple[Code, ...]
    territory: Territory
    passing_on: PassingOn
    charge: Charge
    notice: Notice | None
    price_notice: PriceNotice
    agb: AgbVersion | None
    annexes: tuple[Line, ...]


PARTS: Final = {AgreedPart(name.upper()): name for name in AgreedText.model_fields}
"""Each part with the name of its member."""


class Consent(Value):
    """What the persons of one side have done about a proposed change. ``by`` is left out where the archive shows it."""

    side: Side
    by: PersonRef | None = None
    at: Time
    released_by: PersonRef | None = None
    released_at: Time | None = None

    def signature(self) -> Signature:
        """Return it as the signature of its side, of the day on which it became complete."""
        return Signature(side=self.side, by=self.by, released_by=self.released_by, on=day_of(self.released_at or self.at))


class Proposal(Value):
    """A change that one side proposes; the contract stays as it is until both have consented. ``side`` has proposed it."""

    id: EntityId
    side: Side
    proposed_at: Time
    reason: Line | None = None
    text: AgreedText
    parts: tuple[AgreedPart, ...]
    consents: tuple[Consent, ...]

    @property
    def new_agb(self) -> AgbVersion | None:
        """The general terms that are to count, None for a change that leaves them as they are."""
        return self.text.agb if AgreedPart.AGB in self.parts else None

    def of(self, side: Side) -> Consent | None:
        """Return what a side has done, None if nothing yet."""
        return next((consent for consent in self.consents if consent.side == side), None)

    def with_consent(self, consent: Consent) -> Proposal:
        """Return the proposal with what a side has done."""
        others = tuple(it for it in self.consents if it.side != consent.side)
        return self.model_copy(update={"consents": (*others, consent)})


class Amendment(Value):
    """A change that both sides have agreed: which version it made, what it changed, and the text before it."""

    id: EntityId
    version: int
    agreed_at: Time
    reason: Line | None = None
    parts: tuple[AgreedPart, ...]
    before: AgreedText
    signatures: tuple[Signature, ...]


def changed_parts(before: AgreedText, after: AgreedText) -> tuple[AgreedPart, ...]:
    """Return the parts that differ, in the order of the text."""
    return tuple(part for part, name in PARTS.items() if getattr(before, name) != getattr(after, name))


def signatures_of(consents: Iterable[Consent]) -> tuple[Signature, ...]:
    """Return the consents of both sides as signatures, the grantor's first."""
    return tuple(it.signature() for it in sorted(consents, key=lambda consent: consent.side, reverse=True))
