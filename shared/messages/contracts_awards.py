"""What contracts asks of eligibility: whether awards behind an offered contract are exempt from a tender."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import Value, message_type
from shared.messages.contracts_chain import ChainEvent
from shared.messages.values import EntityId, OrganisationId


class Award(Value):
    """One award in a chain: the body that awards, and the one that is to be in-house to it (§ 108 GWB)."""

    awarder: Annotated[OrganisationId, Field(description="Key of the body that awards. Not personal.", examples=["DE-SN"])]
    contractor: Annotated[
        OrganisationId, Field(description="Key of the body that it awards to. Not personal.", examples=["fitko"])
    ]


@message_type("contracts.chain.awards-check-requested.v1")
class AwardsCheckRequested(ChainEvent):
    """One side has signed a contract that rests on in-house relations, or a change that widens one, and nobody signs further.

    They are judged first.
    """

    change_id: Annotated[
        EntityId | None,
        Field(
            description="Id of the change of a running contract that they are judged for; null or absent: for its conclusion. "
            "Not personal.",
            examples=["4c8d7d0e-6a2b-5c61-9f0e-2b7f0c9d5a33"],
        ),
    ] = None
    awards: Annotated[tuple[Award, ...], Field(min_length=1, max_length=4, description="The awards to judge. Not personal.")]
