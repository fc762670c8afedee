"""Messages about changes of a running contract: of its agreed text, and of its general terms (AGB)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import is_absent, message_type
from shared.messages.contracts import AgbVersion
from shared.messages.contracts_chain import ChainEvent
from shared.messages.open_enum import OpenEnum
from shared.messages.reasons import RefusalCode, RefusalFacts, RefusalReason, RefusalRemedy
from shared.messages.values import EntityId, Line, Party


class AgreedPart(OpenEnum):
    """Parts of the agreed text of a contract that an amendment can change."""

    VALID_TO = "VALID_TO"
    SERVICES = "SERVICES"
    PARAMETRISATION = "PARAMETRISATION"
    TERRITORY = "TERRITORY"
    PASSING_ON = "PASSING_ON"
    CHARGE = "CHARGE"
    NOTICE = "NOTICE"
    PRICE_NOTICE = "PRICE_NOTICE"
    AGB = "AGB"
    ANNEXES = "ANNEXES"


class ChangeEvent(ChainEvent):
    """Base of the events about a change of a contract's agreed text."""

    change_id: Annotated[
        EntityId, Field(description="Id of the change. Not personal.", examples=["4c8d7d0e-6a2b-5c61-9f0e-2b7f0c9d5a33"])
    ]
    version: Annotated[
        int, Field(ge=2, description="Version of the agreed text that the change makes. Not personal.", examples=[2])
    ]
    parts: Annotated[
        tuple[AgreedPart, ...],
        Field(min_length=1, description="Parts of the text that it changes. Not personal.", examples=[["VALID_TO", "TERRITORY"]]),
    ]
    agb: Annotated[
        AgbVersion | None,
        Field(description="General terms that count with the change; null or absent: they stay as they are. Not personal."),
    ] = None


class OfferedChange(ChangeEvent):
    """Base of the events about a change that waits for the consent of the other side."""

    offered_by: Annotated[Party, Field(description="The side that has signed. Not personal.")]
    reason: Annotated[
        Line | None,
        Field(
            description="Why the change is proposed, in the words of that side; null or absent: not stated. Not personal.",
            examples=["Das Gebiet umfasst seit der Reform einen weiteren Kreis."],
        ),
    ] = None


@message_type("contracts.chain.amendment-offered.v1")
class AmendmentOffered(OfferedChange):
    """One side has signed an amendment and the other one has to consent; until then the contract stays as it is."""


@message_type("contracts.chain.agb-offered.v1")
class AgbOffered(OfferedChange):
    """Newer general terms are offered and the grantee has to consent; without that the old ones go on."""

    earliest_end: Annotated[
        date | None,
        Field(
            description="Last day of the contract if ordinary notice of it were received on the day of the offer, in Germany; "
            "null or absent: open. Not personal.",
            examples=["2027-12-31"],
        ),
    ] = None


@message_type("contracts.chain.change-signed.v1")
class ChangeSigned(ChangeEvent):
    """One person of the Anbieter has signed a change, and another one has to release it."""


@message_type("contracts.chain.amended.v1")
class ContractAmended(ChangeEvent):
    """Both sides have consented: the contract has a new version of its agreed text."""


@message_type("contracts.chain.change-refused.v1")
class ChangeRefused(ChangeEvent):
    """A proposed change came to nothing: turned down, or taken back. The contract stays as it is."""

    refused_by: Annotated[Party, Field(description="The side that does not want it. Not personal.")]
    offered: Annotated[
        bool, Field(description="Whether it waited for the other side, or was taken back before. Not personal.", examples=[True])
    ]
    reason: Annotated[
        Line | None,
        Field(
            description="Why, in the words of that side; null or absent: not stated. Not personal.",
            examples=["Die Laufzeit ist nicht beschlossen."],
        ),
    ] = None


@message_type("contracts.chain.change-failed.v1")
class ChangeFailed(ChangeEvent):
    """A proposed change came to nothing because an award behind it is not in-house. The contract stays as it is."""

    offered: Annotated[bool, Field(description="Whether the other side had learnt of it. Not personal.", examples=[True])]
    code: Annotated[RefusalCode, Field(examples=["change_not_exempt"])]
    reason: Annotated[
        RefusalReason,
        Field(examples=["Die Inhouse-Prüfung vom 24.11.2026 ergab NOT_EXEMPT für die Vergabe von DE-SN an FITKO."]),
    ]
    remedy: Annotated[
        RefusalRemedy, Field(examples=["Beziehung oder Nachweise ergänzen und die Änderung noch einmal vorschlagen."])
    ] = None
    facts: RefusalFacts = None


@message_type("contracts.chain.price-announced.v1")
class PriceAnnounced(ChainEvent):
    """A new price has reached the contract: from which day it counts there, by the agreed period, and who bears it until then."""

    change_id: Annotated[
        EntityId,
        Field(
            description="Id of the new price, the same in all contracts that it reaches. Not personal.",
            examples=["7e0c5a0e-91a5-5d53-8c7e-7b8d2a1f6c44"],
        ),
    ]
    issued_on: Annotated[date, Field(description="When it was issued, in Germany. Not personal.", examples=["2027-02-01"])]
    effective_from: Annotated[
        date | None,
        Field(
            description="First day on which it counts in this contract, in Germany; null or absent: it never does. Not personal.",
            examples=["2028-01-01"],
        ),
    ] = None
    borne_by: Annotated[
        Party | None,
        Field(description="Who bears the difference on the days that follow; null or absent: nobody has to. Not personal."),
    ] = None
    borne_from: Annotated[
        date | None,
        Field(
            description="First day on which that side bears it, in Germany; null or absent: none. Not personal.",
            examples=["2027-07-01"],
        ),
    ] = None
    borne_to: Annotated[
        date | None,
        Field(
            description="Last day on which that side bears it, in Germany; null or absent: open. Not personal.",
            examples=["2027-12-31"],
        ),
    ] = None
    because: Annotated[
        EntityId | None,
        Field(
            description="Contract above that the new price was announced at; null or absent: at this one. Not personal.",
            examples=["5f0f8c1e-2b7a-5b1e-9c55-0e7f4d1d2a10"],
        ),
    ] = None


class SuccessionEvent(ChainEvent):
    """Base of the events about a contract that follows another one in time."""

    continues: Annotated[
        EntityId, Field(description="Contract that it follows. Not personal.", examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"])
    ]


@message_type("contracts.chain.succession-offered.v1")
class SuccessionOffered(SuccessionEvent):
    """One side has signed a contract that follows a running one, and the other one has to sign it."""

    offered_by: Annotated[Party, Field(description="The side that has signed. Not personal.")]


@message_type("contracts.chain.succeeded.v1")
class ContractSucceeded(SuccessionEvent):
    """The contract that follows another one is concluded, with its number."""

    former_ends_on: Annotated[
        date | None,
        Field(
            exclude_if=is_absent,
            description="Last day of the contract that it follows, in Germany, when this one was offered; null or absent in "
            "events of a version without it. Not personal.",
            examples=["2027-12-31"],
        ),
    ] = None


@message_type("contracts.chain.succession-refused.v1")
class SuccessionRefused(SuccessionEvent):
    """The contract that was to follow came to nothing: turned down, taken back, or refused by a rule of the chain."""

    offered: Annotated[
        bool,
        Field(
            description="Whether the other side was told of it; absent: it was. What the Anbieter has not released is its own. "
            "Not personal.",
            examples=[True],
        ),
    ] = True
    code: Annotated[RefusalCode, Field(examples=["declined_by_anbieter"])]
    reason: Annotated[RefusalReason, Field(examples=["FITKO hat den Vertrag abgelehnt (Die Preise sind überholt.)."])]
    remedy: Annotated[RefusalRemedy, Field(examples=["Den Grund klären und den Vertrag neu anbieten."])] = None
    facts: RefusalFacts = None
