"""Messages of ordering about the Klienten for whom a Bündler orders in one Vorgang."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.messages.base import is_absent, message_type
from shared.messages.eligibility import ChangeReason
from shared.messages.ordering import OrderEvent, Why, WhyIfStated
from shared.messages.values import Code, Party, Text, Time, Verdict

Pays = Annotated[bool, Field(description="Whether the Klient pays the Bündler for the service. Not personal.", examples=[True])]
GivesBack = Annotated[
    bool,
    Field(
        description="Whether the Klient has to give anything back, such as further developments. Not personal.", examples=[False]
    ),
]
DecidingCode = Annotated[
    Code, Field(description="Code of the finding that decides. Not personal.", examples=["ACCREDITATION_MISSING"])
]
DecidingReason = Annotated[
    Text, Field(description="The same as a German sentence. Not personal.", examples=["Es fehlt die Akkreditierung."])
]
DecidingRemedy = Annotated[
    Text | None,
    Field(
        description="What helps, in German; null or absent: nothing known. Not personal.",
        examples=["Die Akkreditierung beantragen."],
    ),
]


class KlientEvent(OrderEvent):
    """Base of the events about one Klient of a Vorgang, whose Kunde is the Bündler."""

    klient: Annotated[Party, Field(description="The Klient. Not personal.")]


@message_type("ordering.order.klient-named.v1")
class KlientNamed(KlientEvent):
    """The Bündler has named a Klient for whom it wants to order; the Klient confirms or declines."""

    payment: Pays
    return_duty: GivesBack


@message_type("ordering.order.klient-removed.v1")
class KlientRemoved(KlientEvent):
    """Nothing is ordered for this Klient any more: the Bündler has removed it, or the Vorgang has ended without a contract."""

    reason: Annotated[WhyIfStated, Field(examples=["Die Stadt bestellt selbst."])] = None
    code: Annotated[
        Code | None,
        Field(
            exclude_if=is_absent,
            description="Stable code of the reason where a rule has removed the Klient, not the Bündler: then the reason is its "
            "German sentence; null or absent: none. Not personal.",
            examples=["ordered_without_answer"],
        ),
    ] = None


@message_type("ordering.order.klient-confirmed.v1")
class KlientConfirmed(KlientEvent):
    """The Klient wants the Bündler to order for it."""


@message_type("ordering.order.klient-declined.v1")
class KlientDeclined(KlientEvent):
    """The Klient does not want the Bündler to order for it."""

    reason: Annotated[Why, Field(examples=["Wir nutzen ein eigenes Verfahren."])]


@message_type("ordering.order.klient-check-requested.v1")
class KlientCheckRequested(KlientEvent):
    """The pre-check of the chain down to one Klient is asked for: Anbieter, Bündler, Klient."""

    check: Annotated[int, Field(ge=1, description="Number of the check of this Klient, from 1. Not personal.", examples=[1])]
    payment: Pays
    return_duty: GivesBack


@message_type("ordering.order.klient-checked.v1")
class KlientChecked(KlientEvent):
    """The pre-check of the chain down to one Klient has a result, or a person of the Anbieter answers for its risk."""

    check: Annotated[int, Field(ge=1, description="Number of the check of this Klient, from 1. Not personal.", examples=[1])]
    verdict: Annotated[Verdict, Field(description="The result. Not personal.", examples=["EXEMPT"])]
    code: DecidingCode
    reason: DecidingReason
    remedy: DecidingRemedy = None
    signed_off: Annotated[
        bool, Field(description="Whether a person of the Anbieter answers for the risk. Not personal.", examples=[False])
    ] = False


@message_type("ordering.order.klient-verdict-changed.v1")
class OrderKlientVerdictChanged(KlientEvent):
    """The verdict on the chain down to a Klient is another one now; the Vorgang goes on until somebody decides."""

    check: Annotated[int, Field(ge=1, description="Number of the last check of this Klient. Not personal.", examples=[1])]
    before: Annotated[Verdict, Field(description="The verdict until now. Not personal.", examples=["EXEMPT"])]
    because: Annotated[
        ChangeReason,
        Field(
            description="What has changed it: facts or evidence, the calendar, or the rules. Not personal.", examples=["CALENDAR"]
        ),
    ]
    verdict: Annotated[Verdict, Field(description="The verdict now. Not personal.", examples=["NOT_EXEMPT"])]
    code: DecidingCode
    reason: DecidingReason
    remedy: DecidingRemedy = None
    anbieter_decides: Annotated[
        bool,
        Field(
            description="Whether the Anbieter has to decide: a contract is there or asked for, or it is a risk; else the Klient "
            "mends what is lacking. Not personal.",
            examples=[True],
        ),
    ] = False


@message_type("ordering.order.klient-ordered.v1")
class KlientOrdered(KlientEvent):
    """The Bündler has ordered for a Klient that has confirmed."""


@message_type("ordering.order.klient-reminded.v1")
class KlientReminded(KlientEvent):
    """A Klient that has not answered has been reminded; ``escalated``: the Bündler is told as well."""

    since: Annotated[
        Time, Field(description="Since when its answer is waited for, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    escalated: Annotated[bool, Field(description="Whether the Bündler is told as well. Not personal.", examples=[True])]
