"""What the routes of passing on take."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.chain.contract import Ars
from services.contracts.days import ChainDay
from services.contracts.domain.agreed import Charge
from services.contracts.domain.text import AgreedText
from services.contracts.schemas import ContractDetail
from shared.messages.values import PriceItem
from shared.written import NamedParty, WrittenLine


class SubContractRequest(BaseModel):
    """A contract below another one: offered by whose contract that is, with ``grantee``, or asked for by another body for itself.

    Without ``valid_from`` it begins today, without ``valid_to`` it ends with the contract above, as far as that end is known.
    Without ``territory`` (ARS) it covers the body's own, without ``charge`` what the channel has for the leg.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    grantee: NamedParty | None = None
    valid_from: ChainDay | None = None
    valid_to: ChainDay | None = None
    territory: Annotated[list[Ars] | None, Field(min_length=1, max_length=500)] = None
    charge: Charge | None = None
    price_items: Annotated[list[PriceItem], Field(max_length=100)] = []
    order_reference: WrittenLine | None = None


class SubContractPreview(BaseModel):
    """The contract that a request would make, with its agreed text. Its id is that of no contract: nothing was made."""

    contract: ContractDetail
    text: AgreedText


class GiveUpRequest(BaseModel):
    """Why a side turns an offered contract down, or takes it back; told to the other side."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    reason: Annotated[WrittenLine | None, Field(examples=["Kein Bedarf mehr."])] = None
