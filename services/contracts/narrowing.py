"""Who reads contracts, which of them a list shows, and by which indexes these are found."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date

from services.contracts.domain.amending import party_of, waits_for
from services.contracts.domain.contract import SUB_LEGS, Contract, Listed
from services.contracts.domain.transitions import Actor, ContractState
from services.contracts.merged_list import Position
from shared.messages.contracts import Leg
from shared.messages.ordering import OrderParty
from shared.messages.values import Channel, Role
from shared.search.contains import contain
from shared.store.port import Document, Index

LIST_INDEXES = (
    Index("customer", ("customer_id", "recorded_at")),
    Index("provider", ("provider_id", "recorded_at")),
    Index("channel", ("channel", "recorded_at")),
    Index("customer_state", ("customer_id", "state", "recorded_at")),
    Index("provider_state", ("provider_id", "state", "recorded_at")),
    Index("channel_state", ("channel", "state", "recorded_at")),
    Index("customer_formed", ("customer_id", "formed_at")),
    Index("provider_formed", ("provider_id", "formed_at")),
    Index("grantor_formed", ("grantor_id", "formed_at")),
    Index("formed", ("channel", "formed_at")),
    Index("formed_state", ("channel", "state", "formed_at")),
)
"""Contracts without an order lie in indexes of their own (``formed``)."""
_BY_STATE = frozenset(index.name for index in LIST_INDEXES if index.name.endswith("_state"))
_PARTS = {
    OrderParty.KUNDE: ("customer", "customer_formed", "grantor_formed"),
    OrderParty.BEREITSTELLER: ("provider", "provider_formed"),
    OrderParty.ANBIETER: ("channel", "formed"),
}
"""The indexes in which the contracts of each side lie."""
_OWNER = {
    "customer": "customer_id",
    "provider": "provider_id",
    "grantor": "grantor_id",
    "channel": "channel",
    "formed": "channel",
}
"""The field that names whose contracts an index finds, by the first word of its name."""


def position_of(contract: Listed) -> Position:
    """Return the place of a contract in a list ordered by time of recording."""
    return contract.recorded_at, contract.id


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads: an organisation sees the contracts it is party to, an Anbieter (``channel``) also those of its channel.

    As a party the Anbieter sees a contract by its role alone: not everybody who works there acts as it.
    """

    organisation: str
    channel: Channel | None = None

    def sees(self, document: Document) -> bool:
        """Return whether the contract in a stored document is one of theirs, and shown to them.

        Of one that the Anbieter offers to follow another one nobody else knows before a second person has released it.
        """
        if self.channel is not None and self.channel.value == document["channel"]:
            return True
        sides = {document["customer_id"], document.get("grantor_id")} - {document["channel"]}
        offered = document.get("continues") is None or bool(document.get("signatures"))
        return offered and self.organisation in sides | {document["provider_id"]}

    def acts_as(self, contract: Contract, roles: AbstractSet[Role]) -> Actor | None:
        """Return as whom they give notice of a contract in these roles, None if they are none of its parties."""
        if self.channel is contract.channel:
            return Actor.ANBIETER
        grantor = Role.BEREITSTELLER if contract.leg is Leg.BEREITSTELLUNG else Role.KUNDE
        if self.organisation == contract.channel.value:
            return None
        if self.organisation == contract.customer.id and Role.KUNDE in roles:
            return Actor.KUNDE
        return Actor.BEREITSTELLER if self.organisation == contract.grantor.id and grantor in roles else None

    def is_asked(self, contract: Listed) -> bool:
        """Return whether a change of a contract waits for them: to consent to it, or to release it at the Anbieter."""
        if contract.proposal is None:
            return False
        party = party_of(contract, waits_for(contract, contract.proposal)[0])
        if party.id == contract.channel.value:
            return self.channel is contract.channel
        return self.organisation == party.id

    def is_awaited(self, contract: Listed) -> bool:
        """Return whether a contract waits for them: to sign, release or accept what is offered, or for a change of it."""
        if contract.awaits is not None:
            return self.channel is contract.channel
        side = contract.accepting_side
        party = None if side is None else party_of(contract, side)
        accepts = party is not None and party.id != contract.channel.value and party.id == self.organisation
        return accepts or self.is_asked(contract)

    def is_side(self, contract: Listed, side: OrderParty) -> bool:
        """Return whether they are this side of a contract; who passes on what it uses is a Kunde too, the Anbieter never."""
        if side is OrderParty.ANBIETER:
            return self.channel is contract.channel
        if side is OrderParty.BEREITSTELLER:
            return self.organisation == contract.provider.id
        sides = {contract.customer.id, *([contract.grantor.id] if contract.leg in SUB_LEGS else [])}
        return self.organisation in sides - {contract.channel.value}

    def reads_text(self, contract: Contract) -> bool:
        """Return whether text and grounds of a contract are theirs to read: as one of its sides, at the Anbieter as staff."""
        sides = {contract.customer.id, contract.grantor.id} - {contract.channel.value}
        return self.organisation in sides or self.channel is contract.channel


@dataclass(frozen=True, slots=True)
class ContractFilter:
    """What of a list is asked for; whatever is None does not narrow it.

    ``ends_before``: the last day is known and lies before this one. ``change_waits``: a change of the contract waits for the
    viewer; ``waits_for_me``: anything of it does. ``words``: those that hold all of them, as parts of longer ones too.
    """

    state: ContractState | None = None
    party: OrderParty | None = None
    channel: Channel | None = None
    offering_id: str | None = None
    leg: Leg | None = None
    ends_before: date | None = None
    change_waits: bool = False
    waits_for_me: bool = False
    words: tuple[str, ...] = ()

    @property
    def by_index(self) -> bool:
        """Whether the indexes find nothing else than what is asked for."""
        return replace(self, state=None, party=None) == ContractFilter()

    def parts(self, viewer: Viewer) -> list[tuple[str, dict[str, str]]]:
        """Return the indexes in which the viewer's contracts are looked for, each with the values that it fixes."""
        sides = [
            it for it in _PARTS if self.party in (None, it) and (it is not OrderParty.ANBIETER or viewer.channel is not None)
        ]
        found: list[tuple[str, dict[str, str]]] = []
        for index in (name for side in sides for name in _PARTS[side]):
            owner = _OWNER[index.split("_")[0]]
            anbieter = "" if viewer.channel is None else viewer.channel.value
            equals = {owner: anbieter if owner == "channel" else viewer.organisation}
            narrower = f"{index}_state"
            if self.state is not None and narrower in _BY_STATE:
                found.append((narrower, equals | {"state": self.state.value}))
            else:
                found.append((index, equals))
        return found

    def passes(self, contract: Listed, viewer: Viewer) -> bool:
        """Return whether a contract of the viewer's is in the narrowed list."""
        asked = (self.state, self.channel, self.offering_id, self.leg)
        found = (contract.state, contract.channel, contract.offering_id, contract.leg)
        if any(value is not None and value != has for value, has in zip(asked, found, strict=True)):
            return False
        if self.party is not None and not viewer.is_side(contract, self.party):
            return False
        if (self.change_waits and not viewer.is_asked(contract)) or (self.waits_for_me and not viewer.is_awaited(contract)):
            return False
        in_time = self.ends_before is None or (contract.last_day is not None and contract.last_day < self.ends_before)
        return in_time and (not self.words or contain(_worded(contract), self.words))


def _worded(contract: Listed) -> list[str | None]:
    """Return the texts of a contract in which words are looked for."""
    parties = (contract.customer, contract.provider, contract.grantor)
    named = [text for party in parties for text in (party.name, party.id)]
    return [contract.number, contract.order_number, contract.offering_title, *named]
