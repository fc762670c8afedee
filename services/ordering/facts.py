"""Facts about stored Vorgänge and listed offers, for reconciliation with the stores of other services.

Nobody else reads fields of these documents: who compares stores compares these facts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.ordering.domain.transitions import CONTRACTED, takes_verdict
from services.ordering.participations.repository import PARTICIPATIONS
from services.ordering.repository import LISTED_OFFERINGS, ORDERS, RESERVED_FOR
from shared.ids import contract_id
from shared.messages.values import Channel, OfferingState, OrderState
from shared.store.port import Collection, Document

_VERSION_DIGIT = 14
"""Place of the version in the text of a UUID."""


@dataclass(frozen=True, slots=True)
class OrderFact:
    """A Vorgang. ``check`` counts its checks, ``answered``: the last one has its verdict, ``signed``: a person answers for it.

    ``requested``: its contract was asked for. ``needs_place``: its id is random and stands in a reserved place. ``klienten`` are
    the ids of those that are named in it. ``ends_on`` is its last day (ISO 8601). ``former_contracts`` are the numbers of the
    contracts that it had before, by id; ``following_contract`` is the id of one that follows though it ends.
    ``contract_refusals`` counts the requests for its contract that were refused.
    """

    id: str
    number: str
    state: OrderState
    channel: Channel
    check: int
    answered: bool
    requested: bool
    contract_id: str | None = None
    contract_number: str | None = None
    signed: bool = False
    needs_place: bool = False
    klienten: tuple[str, ...] = ()
    ends_on: str | None = None
    former_contracts: tuple[tuple[str, str], ...] = ()
    following_contract: str | None = None
    contract_refusals: int = 0

    @property
    def attempt(self) -> int:
        """Which contract it asks for, or will, counted from 1."""
        return self.contract_refusals + 1

    @property
    def asked_contract(self) -> str:
        """Id of the contract that it asks for, or will."""
        return contract_id(self.channel, self.id, self.attempt)

    @property
    def takes_verdict(self) -> bool:
        """Whether a verdict, or a signature under it, would move it on."""
        return takes_verdict(self.state, requested=self.requested)

    @property
    def awaits_verdict(self) -> bool:
        """Whether it waits for the answer of eligibility."""
        return self.takes_verdict and not self.answered

    @property
    def awaits_contract(self) -> bool:
        """Whether it waits for its contract processor."""
        return self.state is OrderState.BESTELLT and self.requested

    @property
    def contracted(self) -> bool:
        """Whether it has a contract, or had one."""
        return self.state in CONTRACTED


@dataclass(frozen=True, slots=True)
class PlaceFact:
    """A reserved place, with the id of the Vorgang that it is for."""

    order_id: str


@dataclass(frozen=True, slots=True)
class ParticipationFact:
    """By which a Klient finds a Vorgang in which it is named, or was."""

    order_id: str
    klient: str


@dataclass(frozen=True, slots=True)
class ListedOfferingFact:
    """An offer as ordering lists it."""

    id: str
    title: str
    version: int
    state: OfferingState


def _order_or_place(document: Document) -> OrderFact | PlaceFact:
    if RESERVED_FOR in document:
        return PlaceFact(document[RESERVED_FOR])
    return OrderFact(
        id=document["_id"],
        number=document["number"],
        state=OrderState.read(document["state"]),
        channel=Channel.read(document["channel"]),
        check=document["check"],
        answered=document["verdict_at"] is not None,
        requested=document["contract_requested_at"] is not None,
        contract_id=document["contract_id"],
        contract_number=document["contract_number"],
        signed=document["signed_off_by"] is not None,
        # An id of version 5 follows from customer and offer: that Vorgang, of an earlier version, lies in the place itself.
        needs_place=document["_id"][_VERSION_DIGIT] != "5",
        klienten=tuple(klient["id"] for klient in json.loads(document.get("klienten") or "[]")),
        ends_on=document.get("ends_on"),
        former_contracts=tuple((it["id"], it["number"]) for it in json.loads(document.get("former_contracts") or "[]")),
        following_contract=(json.loads(document.get("following_contract") or "null") or {}).get("id"),
        contract_refusals=document.get("contract_refusals") or 0,
    )


def _listed(document: Document) -> ListedOfferingFact:
    return ListedOfferingFact(document["_id"], document["title"], document["version"], OfferingState.read(document["state"]))


def _participation(document: Document) -> ParticipationFact:
    return ParticipationFact(document["order_id"], document["klient_id"])


FACTS: Mapping[Collection, Callable[[Document], OrderFact | PlaceFact | ParticipationFact | ListedOfferingFact]] = {
    ORDERS: _order_or_place,
    PARTICIPATIONS: _participation,
    LISTED_OFFERINGS: _listed,
}
