"""Who reuses an offer by a running contract: counted per Land, since an offer may have as many contracts as there are Kommunen.

Everybody reads how many bodies there are and in which Länder, nobody reads who they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from shared.aggregate.base import Aggregate
from shared.holidays import land_of
from shared.ids import derived_id
from shared.messages.base import Message, Value
from shared.messages.contracts import ContractConcluded, Leg
from shared.messages.contracts_chain import ChainEvent, ChainState, ContractEnded, ContractTerminated
from shared.messages.contracts_changes import ContractAmended, ContractSucceeded
from shared.messages.contracts_sub import SubContractConcluded
from shared.messages.values import EntityId, OrganisationId, Time

FOLLOWED: frozenset[type[Message]] = frozenset(
    {ContractConcluded, SubContractConcluded, ContractSucceeded, ContractAmended, ContractTerminated, ContractEnded}
)
"""The events that tell whether a contract runs by which a body reuses an offer."""
_LEGS = frozenset({Leg.NACHNUTZUNG, Leg.SUB_NACHNUTZUNG, Leg.SUB_SUB_NACHNUTZUNG})
_RUNNING = frozenset({ChainState.GESCHLOSSEN, ChainState.GEKUENDIGT})
_OVER = frozenset({ChainState.BEENDET, ChainState.ABGELEHNT, ChainState.ZURUECKGEZOGEN, ChainState.VERFALLEN, ChainState.NICHTIG})


class StatedContract(Value):
    """What an event tells of a contract: whether it ``runs``. ``land`` None: the key of the body names none."""

    contract_id: EntityId
    offering_id: EntityId
    organisation: OrganisationId
    land: str | None
    runs: bool


class ReuseContract(Value):
    """A contract by which a body reuses an offer. One that is over is remembered: its conclusion may be told again."""

    contract_id: EntityId
    organisation: OrganisationId
    runs: bool


class Reuse(Aggregate):
    """The contracts by which the bodies of a Land reuse an offer. ``land`` None: those of bodies whose key names none."""

    offering_id: EntityId
    land: str | None
    contracts: tuple[ReuseContract, ...] = ()
    changed_at: Time

    @property
    def bodies(self) -> int:
        """How many bodies have a running contract."""
        return len({it.organisation for it in self.contracts if it.runs})

    @model_serializer(mode="wrap")
    def _with_number(self, handler: SerializerFunctionWrapHandler) -> Mapping[str, Any]:
        """Add the number, so that those who read it need not read the contracts."""
        document: dict[str, Any] = handler(self)
        document["bodies"] = self.bodies
        return document


def stated_contract(contract_id: str, offering_id: str, organisation: str, *, runs: bool) -> StatedContract:
    """Return what is known of a contract: the Land is that of the body's key."""
    land = land_of(organisation)
    return StatedContract(
        contract_id=contract_id,
        offering_id=offering_id,
        organisation=organisation,
        land=None if land is None else f"DE-{land}",
        runs=runs,
    )


def stated_by(message: Message) -> StatedContract | None:
    """Return what an event tells of a contract by which a body reuses an offer, None for any other contract or state."""
    if isinstance(message, ContractConcluded):
        concluded = message.contract
        if concluded.leg not in _LEGS:
            return None
        return stated_contract(concluded.id, concluded.offering_id, concluded.customer.id, runs=True)
    if not isinstance(message, ChainEvent):
        return None
    head = message.contract
    if head.leg not in _LEGS or head.state not in _RUNNING | _OVER:
        return None
    return stated_contract(head.id, head.offering_id, head.grantee.id, runs=head.state in _RUNNING)


def reuse_id(stated: StatedContract) -> str:
    """Return the id under which the contracts of an offer and a Land are counted."""
    return derived_id("reuse", stated.offering_id, stated.land or "")


def follow(reuse: Reuse | None, stated: StatedContract, at: datetime) -> tuple[Reuse, Sequence[Message]]:
    """Count a contract, or count it no more, once and in whatever order its events arrive: one that is over stays so."""
    if reuse is None:
        reuse = Reuse(id=reuse_id(stated), offering_id=stated.offering_id, land=stated.land, changed_at=at)
    known = next((it for it in reuse.contracts if it.contract_id == stated.contract_id), None)
    if known is None or (known.runs and not stated.runs):
        others = tuple(it for it in reuse.contracts if it is not known)
        contract = ReuseContract(contract_id=stated.contract_id, organisation=stated.organisation, runs=stated.runs)
        reuse.contracts, reuse.changed_at = (*others, contract), at
    return reuse, []
