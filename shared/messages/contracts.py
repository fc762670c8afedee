"""Messages of the contract processors."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, Value, message_type
from shared.messages.open_enum import OpenEnum
from shared.messages.reasons import RefusalCode, RefusalFactsIfStated, RefusalReason, RefusalRemedy
from shared.messages.values import Channel, EntityId, Line, Party, Time


class AgbVersion(Value):
    """General terms, pinned by the version that was in force at conclusion."""

    name: Annotated[
        Line,
        Field(description="Name of the general terms, from the file of the channel. Not personal.", examples=["AGB Nachnutzung"]),
    ]
    version: Annotated[Line, Field(description="Version that was in force at conclusion. Not personal.", examples=["2026-01"])]


class Leg(OpenEnum):
    """Position of a contract in the chain, from the top to its foot."""

    BEREITSTELLUNG = "BEREITSTELLUNG"
    NACHNUTZUNG = "NACHNUTZUNG"
    SUB_NACHNUTZUNG = "SUB_NACHNUTZUNG"
    SUB_SUB_NACHNUTZUNG = "SUB_SUB_NACHNUTZUNG"


class ContractHead(Value):
    """What every event holds of a contract."""

    id: Annotated[
        EntityId,
        Field(
            description="Id of the contract, the record's key. Not personal.", examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"]
        ),
    ]
    number: Annotated[
        Line,
        Field(
            description="Number of the contract, without gaps within channel and year. Not personal.", examples=["GD/2026/00001"]
        ),
    ]
    leg: Annotated[Leg, Field(description="Position of the contract in the chain. Not personal.", examples=["NACHNUTZUNG"])]
    channel: Annotated[
        Channel, Field(description="Anbieter through whom the contract runs. Not personal.", examples=["govdigital"])
    ]
    order_id: Annotated[
        EntityId,
        Field(
            description="The Vorgang that the contract is of. Not personal.", examples=["6567c570-29f9-5802-be12-1ed9f73a83ae"]
        ),
    ]
    offering_id: Annotated[
        EntityId,
        Field(description="The offer that was ordered. Not personal.", examples=["1e2223c7-801c-5113-bfb4-1b999d81a5e6"]),
    ]
    offering_title: Annotated[
        Line, Field(description="Name of the online service at conclusion. Not personal.", examples=["Anwohnerparken"])
    ]
    anbieter: Annotated[Party, Field(description="The Anbieter as a party of the contract. Not personal.")]
    customer: Annotated[Party, Field(description="The Kunde. Not personal.")]
    provider: Annotated[Party, Field(description="The Bereitsteller. Not personal.")]
    agb: Annotated[AgbVersion, Field(description="General terms that the contract rests on. Not personal.")]


@message_type("contracts.contract.concluded.v1")
class ContractConcluded(Message):
    """The contract exists, with its gap-free number."""

    contract: Annotated[ContractHead, Field(description="The contract. Not personal.")]
    concluded_at: Annotated[
        Time, Field(description="When the contract was concluded, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]


@message_type("contracts.contract.refused.v1")
class ContractRefused(Message):
    """The processor cannot form the contract: code, reason in a German sentence, what would help.

    ``facts`` are what the sentences are made of (None from versions that had none); they can be made in another language.
    """

    contract_id: Annotated[
        EntityId,
        Field(
            description="Id that the contract would have had, the record's key. Not personal.",
            examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"],
        ),
    ]
    order_id: Annotated[
        EntityId,
        Field(
            description="The Vorgang that asked for the contract. Not personal.",
            examples=["6567c570-29f9-5802-be12-1ed9f73a83ae"],
        ),
    ]
    channel: Annotated[Channel, Field(description="Anbieter that was asked. Not personal.", examples=["govdigital"])]
    customer: Annotated[Party, Field(description="The Kunde. Not personal.")]
    provider: Annotated[Party, Field(description="The Bereitsteller. Not personal.")]
    code: Annotated[RefusalCode, Field(examples=["price_kind_not_allowed"])]
    reason: Annotated[RefusalReason, Field(examples=["Diese Kostenart darf nicht umgelegt werden."])]
    remedy: Annotated[RefusalRemedy, Field(examples=["Bitte den Bereitsteller um eine zulässige Preisposition."])] = None
    facts: RefusalFactsIfStated = None
    refused_at: Annotated[
        Time, Field(description="When the processor refused, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
