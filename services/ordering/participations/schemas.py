"""Bodies of the requests about Klienten."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.ordering.schemas import Body
from shared.messages.values import OrganisationId
from shared.written import WrittenLine, WrittenRemark


class NameKlient(Body):
    """A Klient, and what it owes the Bündler. ``name`` is for a body that is not registered here yet."""

    klient: Annotated[OrganisationId, Field(examples=["010540056056"])]
    name: Annotated[WrittenLine | None, Field(examples=["Husum, Stadt"])] = None
    payment: Annotated[bool, Field(examples=[True])] = True
    return_duty: Annotated[bool, Field(examples=[False])] = False


class RemoveKlient(Body):
    """Why the Bündler orders no more for a Klient."""

    reason: Annotated[WrittenRemark | None, Field(examples=["Die Stadt bestellt selbst."])] = None


class SignOffKlient(Body):
    """Why the Anbieter answers for the risk in the chain down to a Klient."""

    reason: Annotated[WrittenRemark, Field(examples=["Das Gutachten vom 3. März liegt vor."])]


class DeclineParticipation(Body):
    """Why the Klient does not want the Bündler to order for it."""

    reason: Annotated[WrittenRemark, Field(examples=["Wir nutzen ein eigenes Verfahren."])]
