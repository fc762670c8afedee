"""Messages of the contract processors."""

from __future__ import annotations

from shared.messages.base import Message, Value, message_type
from shared.messages.open_enum import OpenEnum
from shared.messages.reasons import Fact
from shared.messages.values import Channel, Code, EntityId, Line, Party, Text, Time


class AgbVersion(Value):
    """General terms, pinned by the version that was in force at conclusion."""

    name: Line
    version: Line


class Leg(OpenEnum):
    """Position of a contract in the chain."""

    NACHNUTZUNG = "NACHNUTZUNG"


class ContractHead(Value):
    """What every event holds of a contract."""

    id: EntityId
    number: Line
    leg: Leg
    channel: Channel
    order_id: EntityId
    offering_id: EntityId
    offering_title: Line
    anbieter: Party
    customer: Party
    provider: Party
    agb: AgbVersion


@message_type("contracts.contract.concluded.v1")
class ContractConcluded(Message):
    """The contract exists, with its gap-free number."""

    contract: ContractHead
    concluded_at: Time


@message_type("contracts.contract.refused.v1")
class ContractRefused(Message):
    """The processor cannot form the contract: code, reason in a German sentence, what would help.

    ``facts`` are what the sentences are made of (None from versions that had none); they can be made in another language.
    """

    contract_id: EntityId
    order_id: EntityId
    channel: Channel
    customer: Party
    provider: Party
    code: Code
    reason: Text
    remedy: Text | None = None
    facts: tuple[Fact, ...] | None = None
    refused_at: Time
