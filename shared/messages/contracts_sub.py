"""Messages about contracts by which a Kunde passes on what it uses (Sub-, Sub-Sub-Nachnutzungsvertrag)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import message_type
from shared.messages.contracts_chain import ChainEvent
from shared.messages.reasons import RefusalCode, RefusalFacts, RefusalReason, RefusalRemedy
from shared.messages.values import Party


@message_type("contracts.chain.sub-offered.v1")
class SubContractOffered(ChainEvent):
    """One side has signed and the other one has to: who passes the use on has offered it, or who wants it has asked for it."""

    offered_by: Annotated[Party, Field(description="The side that has signed. Not personal.")]


@message_type("contracts.chain.sub-accepted.v1")
class SubContractAccepted(ChainEvent):
    """The other side has signed too; the Anbieter's processor concludes it next, with a number."""


@message_type("contracts.chain.sub-concluded.v1")
class SubContractConcluded(ChainEvent):
    """The contract that both sides have signed has its number."""


@message_type("contracts.chain.sub-refused.v1")
class SubContractRefused(ChainEvent):
    """The contract came to nothing: turned down, taken back, or refused by a rule of the chain."""

    code: Annotated[RefusalCode, Field(examples=["sub_contract_given_up"])]
    reason: Annotated[
        RefusalReason,
        Field(examples=["Die Stadt Husum hat den angebotenen Vertrag nicht gewollt oder zurückgezogen (Kein Bedarf.)."]),
    ]
    remedy: Annotated[RefusalRemedy, Field(examples=["Den Grund klären und den Vertrag neu anbieten."])] = None
    facts: RefusalFacts = None
