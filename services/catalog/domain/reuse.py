"""Who reuses an offer by a running contract or accession: counted per Land, since there may be as many as there are Kommunen.

Everybody reads how many bodies there are and in which Länder, nobody reads who they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from shared.aggregate.base import Aggregate
from shared.holidays import land_of
from shared.ids import derived_id
from shared.messages.base import Message, Value
from shared.messages.contracts import ContractConcluded, Leg
from shared.messages.contracts_accessions import AccessionDeclared, AccessionEnded, AccessionEvent
from shared.messages.contracts_chain import ChainEvent, ChainState, ContractEnded, ContractTerminated
from shared.messages.contracts_changes import ContractAmended, ContractSucceeded
from shared.messages.contracts_sub import SubContractConcluded
from shared.messages.values import EntityId, OrganisationId, Time

FOLLOWED: frozenset[type[Message]] = frozenset(
    {
        *(ContractConcluded, SubContractConcluded, ContractSucceeded, ContractAmended, ContractTerminated, ContractEnded),
        *(AccessionDeclared, AccessionEnded),
    }
)
"""The events that tell whether a contract or accession runs by which a body reuses an offer."""
_LEGS = frozenset({Leg.NACHNUTZUNG, Leg.SUB_NACHNUTZUNG, Leg.SUB_SUB_NACHNUTZUNG})
_RUNNING = frozenset({ChainState.GESCHLOSSEN, ChainState.GEKUENDIGT})
_OVER = frozenset({ChainState.BEENDET, ChainState.ABGELEHNT, ChainState.ZURUECKGEZOGEN, ChainState.VERFALLEN, ChainState.NICHTIG})


class StatedContract(Value):
    """What an event tells of a contract or accession: whether it ``runs``, and until which day if that is known.

    ``land`` None: the key of the body names none.
    """

    contract_id: EntityId
    offering_id: EntityId
    organisation: OrganisationId
    land: str | None
    runs: bool
    last_day: date | None = None


class ReuseContract(Value):
    """A contract or accession by which a body reuses an offer. One that is over is remembered: it may be told of again.

    ``last_day``: of an accession, whose end nobody tells when it has come; None: none is known, or the end is told.
    """

    contract_id: EntityId
    organisation: OrganisationId
    runs: bool
    last_day: date | None = None


class Reuse(Aggregate):
    """The contracts by which the bodies of a Land reuse an offer. ``land`` None: those of bodies whose key names none."""

    offering_id: EntityId
    land: str | None
    contracts: tuple[ReuseContract, ...] = ()
    changed_at: Time

    @property
    def bodies(self) -> int:
        """How many bodies have a running contract or accession."""
        return len({it.organisation for it in self.contracts if it.runs})

    def end(self, today: date, at: datetime) -> None:
        """Count no more what has had its last day."""
        over = {it.contract_id for it in self.contracts if it.runs and it.last_day is not None and it.last_day < today}
        if over:
            self.contracts = tuple(
                it.model_copy(update={"runs": False}) if it.contract_id in over else it for it in self.contracts
            )
            self.changed_at = at

    @model_serializer(mode="wrap")
    def _with_number(self, handler: SerializerFunctionWrapHandler) -> Mapping[str, Any]:
        """Add the number, so that those who read it need not read the contracts, and when the next one is over."""
        document: dict[str, Any] = handler(self)
        last_days = (it.last_day for it in self.contracts if it.runs and it.last_day is not None)
        ends = min(last_days, default=None)
        return document | {"bodies": self.bodies, "ends_next": None if ends is None else ends.isoformat()}


def stated_contract(
    contract_id: str, offering_id: str, organisation: str, *, runs: bool, last_day: date | None = None
) -> StatedContract:
    """Return what is known of a contract or accession: the Land is that of the body's key."""
    land = land_of(organisation)
    return StatedContract(
        contract_id=contract_id,
        offering_id=offering_id,
        organisation=organisation,
        land=None if land is None else f"DE-{land}",
        runs=runs,
        last_day=last_day,
    )


def stated_by(message: Message) -> StatedContract | None:
    """Return what an event tells of a contract or accession by which a body reuses an offer, None for any other or state."""
    if isinstance(message, AccessionEvent):
        acceded = message.accession
        return stated_contract(acceded.id, acceded.offering_id, acceded.organisation.id, runs=True, last_day=acceded.ends_on)
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
    """Count a contract or accession, or count it no more, once and in whatever order its events arrive.

    One that is over stays so, and a last day only comes nearer.
    """
    if reuse is None:
        reuse = Reuse(id=reuse_id(stated), offering_id=stated.offering_id, land=stated.land, changed_at=at)
    known = next((it for it in reuse.contracts if it.contract_id == stated.contract_id), None)
    days = [it.last_day for it in (known, stated) if it is not None and it.last_day is not None]
    contract = ReuseContract(
        contract_id=stated.contract_id,
        organisation=stated.organisation,
        runs=stated.runs and (known is None or known.runs),
        last_day=min(days, default=None),
    )
    if contract != known:
        reuse.contracts, reuse.changed_at = (*(it for it in reuse.contracts if it is not known), contract), at
    return reuse, []
