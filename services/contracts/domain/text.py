"""The agreed text of a contract, as far as an amendment can change it, and what was changed in it so far."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from services.contracts.chain.contract import Side
from services.contracts.chain.world import inside
from services.contracts.domain.agreed import Charge, Notice, PassingOn, PriceNotice, Signature, Territory
from services.contracts.domain.awards import AwardCheck
from shared.calendar import day_of
from shared.messages.base import Value
from shared.messages.contracts import AgbVersion
from shared.messages.contracts_changes import AgreedPart
from shared.messages.values import Code, EntityId, Line, PersonRef, Time, Verdict


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
    """A change that one side proposes; the contract stays as it is until both have consented. ``side`` has proposed it.

    ``awards`` are those that it makes anew; they are judged before anybody signs further.
    """

    id: EntityId
    side: Side
    proposed_at: Time
    reason: Line | None = None
    text: AgreedText
    parts: tuple[AgreedPart, ...]
    consents: tuple[Consent, ...]
    awards: tuple[AwardCheck, ...] = ()

    @property
    def awaits_check(self) -> bool:
        """Whether it waits for the verdict on an award."""
        return any(it.verdict is None for it in self.awards)

    def as_if_exempt(self) -> Proposal:
        """Return it as if the awards that are not judged yet had been found to be exempt, for ever."""
        free = {"verdict": Verdict.EXEMPT, "as_of": day_of(self.proposed_at)}
        awards = (it if it.verdict is not None else it.model_copy(update=free) for it in self.awards)
        return self.model_copy(update={"awards": tuple(awards)})

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


def widens(before: AgreedText, after: AgreedText) -> bool:
    """Return whether a change lets more be used, by more bodies or for longer, or charges for what was free.

    Such a change can be an award of its own, which needs a new procedure or must be exempt again (§ 132 GWB); one that only
    narrows or orders cannot.
    """
    return (
        (before.valid_to is not None and (after.valid_to is None or after.valid_to > before.valid_to))
        or not set(after.services) <= set(before.services)
        or not set(after.parametrisation) <= set(before.parametrisation)
        or not all(inside(ars, before.territory) for ars in after.territory)
        or (after.passing_on.allowed and not before.passing_on.allowed)
        or (after.charge, before.charge) == ("ENTGELTLICH", "ENTGELTFREI")
    )


def signatures_of(consents: Iterable[Consent]) -> tuple[Signature, ...]:
    """Return the consents of both sides as signatures, the grantor's first."""
    return tuple(it.signature() for it in sorted(consents, key=lambda consent: consent.side, reverse=True))
