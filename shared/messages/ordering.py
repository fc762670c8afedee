"""Messages of ordering: the Vorgang from Interesse to PRODUKTIV, and the request for a contract."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, Value, is_absent, is_false, message_type
from shared.messages.eligibility import Assessment, ChangeReason, Override, Stage
from shared.messages.open_enum import OpenEnum
from shared.messages.reasons import RefusalCode, RefusalFactsIfStated, RefusalReason, RefusalRemedy
from shared.messages.values import (
    Channel,
    Code,
    Condition,
    EntityId,
    Line,
    Month,
    OrderState,
    OrganisationId,
    Party,
    PersonRef,
    PriceItem,
    Text,
    Time,
    Verdict,
)


class OrderParty(OpenEnum):
    """Who an open point, a question or the next step belongs to."""

    KUNDE = "KUNDE"
    BEREITSTELLER = "BEREITSTELLER"
    ANBIETER = "ANBIETER"
    SYSTEM = "SYSTEM"


Why = Annotated[Text, Field(description="Why. Free text; it should name nobody, which nobody checks. Not personal.")]
WhyIfStated = Annotated[
    Text | None,
    Field(description="Why; null or absent: none stated. Free text; it should name nobody, which nobody checks. Not personal."),
]
OfferEnd = Annotated[
    date,
    Field(
        description="Last day on which the offer can be accepted, a calendar day in Germany. Not personal.",
        examples=["2026-12-31"],
    ),
]
OfferPrices = Annotated[
    tuple[PriceItem, ...], Field(description="Prices of the offer; amounts are net, in whole cents. Not personal.")
]


class OrderHead(Value):
    """What every event of a Vorgang holds of it."""

    id: Annotated[
        EntityId,
        Field(
            description="Id of the Vorgang, the record's key. Not personal.", examples=["6567c570-29f9-5802-be12-1ed9f73a83ae"]
        ),
    ]
    number: Annotated[Line, Field(description="Number of the Vorgang for people. Not personal.", examples=["V-2026-6567c570"])]
    state: Annotated[OrderState, Field(description="State of the Vorgang after the event. Not personal.", examples=["BESTELLT"])]
    channel: Annotated[
        Channel, Field(description="Anbieter through whom the contract runs. Not personal.", examples=["govdigital"])
    ]
    offering_id: Annotated[
        EntityId, Field(description="The offer. Not personal.", examples=["1e2223c7-801c-5113-bfb4-1b999d81a5e6"])
    ]
    offering_title: Annotated[
        Line,
        Field(description="Name of the online service when interest was declared. Not personal.", examples=["Anwohnerparken"]),
    ]
    offering_version: Annotated[
        int, Field(ge=1, description="Version of the offer that the Vorgang is about, from 1. Not personal.", examples=[3])
    ]
    customer: Annotated[Party, Field(description="The Kunde. Not personal.")]
    provider: Annotated[Party, Field(description="The Bereitsteller. Not personal.")]
    partner: Annotated[
        OrganisationId | None,
        Field(
            description="Key of the IT provider that acts for the Kunde; null or absent: none. Not personal.",
            examples=["dataport"],
        ),
    ] = None


class OrderEvent(Message):
    """Base of the events of a Vorgang: ``order`` shows it after the event."""

    order: Annotated[OrderHead, Field(description="The Vorgang after the event. Not personal.")]
    at: Annotated[Time, Field(description="When it happened, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]


@message_type("ordering.order.interest-declared.v1")
class InterestDeclared(OrderEvent):
    """A Kunde has declared interest (Interessensbekundung); the in-house pre-check follows."""

    check: Annotated[int, Field(description="Number of the pre-check that is asked for, from 1. Not personal.", examples=[1])]


@message_type("ordering.order.check-requested.v1")
class CheckRequested(OrderEvent):
    """The Kunde asks for a new pre-check, after mending what was missing."""

    stage: Annotated[Stage, Field(description="Moment of the procedure. Not personal.", examples=["INTERESSE"])]
    check: Annotated[int, Field(description="Number of the pre-check that is asked for, from 1. Not personal.", examples=[2])]


@message_type("ordering.order.check-recorded.v1")
class CheckRecorded(OrderEvent):
    """The pre-check gave neither way free nor refusal: somebody must act first. An order is held until then."""

    assessment: Annotated[Assessment, Field(description="Result of the pre-check with its reasoning. Not personal.")]
    hold_until: Annotated[
        Time | None,
        Field(
            exclude_if=is_absent,
            description="Until when the order is held for what is lacking, in UTC; absent: it is no order, or waits for the "
            "Anbieter. Not personal.",
            examples=["2026-12-24T09:00:00Z"],
        ),
    ] = None


@message_type("ordering.order.interest-forwarded.v1")
class InterestForwarded(OrderEvent):
    """The pre-check leaves the way free; the Bereitsteller learns of the interest."""

    assessment: Annotated[Assessment, Field(description="Result of the pre-check with its reasoning. Not personal.")]


@message_type("ordering.order.verdict-changed.v1")
class OrderVerdictChanged(OrderEvent):
    """The verdict on the Vorgang, or on its running contract, is another one now; it goes on until somebody decides."""

    stage: Annotated[Stage, Field(description="Moment of the last check. Not personal.", examples=["BESTELLUNG"])]
    before: Annotated[Verdict, Field(description="The verdict until now. Not personal.", examples=["EXEMPT"])]
    because: Annotated[
        ChangeReason,
        Field(
            description="What has changed it: facts or evidence, the calendar, or the rules. Not personal.", examples=["CALENDAR"]
        ),
    ]
    assessment: Annotated[Assessment, Field(description="The verdict now, with its reasoning. Not personal.")]


@message_type("ordering.order.refused.v1")
class OrderRefused(OrderEvent):
    """A rule refuses the Vorgang: code, reason in a German sentence, what would help instead.

    ``facts`` are what the sentences are made of, as far as the rule named them. ``stage`` is when: at the Interesse nobody but
    the Kunde knows of it, at the Bestellung all parties do.
    """

    code: Annotated[RefusalCode, Field(examples=["FITKO_LAENDER_ONLY"])]
    reason: Annotated[RefusalReason, Field(examples=["Bei FITKO bestellen nur der Bund und die Länder unmittelbar."])]
    remedy: Annotated[RefusalRemedy, Field(examples=["Bestellen Sie über govdigital eG."])] = None
    facts: RefusalFactsIfStated = None
    stage: Annotated[
        Stage | None,
        Field(
            description="Moment of the procedure; null or absent in events of a version without it. Not personal.",
            examples=["INTERESSE"],
        ),
    ] = None


@message_type("ordering.order.reopened.v1")
class OrderReopened(OrderEvent):
    """The processor forms no contract on the order, and the Vorgang goes back: nothing that was agreed is lost.

    In ANGEBOT_ERSTELLT the Kunde mends it and orders again, in ABGESTIMMT the Anbieter makes another offer. ``code`` and the rest
    say why, as in ``ContractRefused``.
    """

    code: Annotated[RefusalCode, Field(examples=["agb_changed"])]
    reason: Annotated[
        RefusalReason,
        Field(examples=["Die Bestellung hat eine Fassung der AGB angenommen, die nicht mehr in Kraft ist."]),
    ]
    remedy: Annotated[RefusalRemedy, Field(examples=["Lesen Sie die geltende Fassung und bestellen Sie damit erneut."])] = None
    facts: RefusalFactsIfStated = None
    hold_until: Annotated[
        Time,
        Field(
            description="Until when the Vorgang is held for it, in UTC; then it is refused. Not personal.",
            examples=["2026-12-24T23:00:00Z"],
        ),
    ]


@message_type("ordering.order.declined.v1")
class OrderDeclined(OrderEvent):
    """The Bereitsteller declines."""

    reason: Annotated[
        Text,
        Field(
            description="Why the Bereitsteller declines. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Die Kapazität für die Anbindung fehlt."],
        ),
    ]
    agreed: Annotated[
        bool,
        Field(
            exclude_if=is_false,
            description="Whether the conditions were confirmed already, so that the Anbieter was to make an offer or had; "
            "absent: no. Not personal.",
            examples=[True],
        ),
    ] = False


@message_type("ordering.order.clarification-started.v1")
class ClarificationStarted(OrderEvent):
    """The Bereitsteller has taken up the technical clarification (Abstimmung) with its list of open points."""

    points: Annotated[
        tuple[Line, ...], Field(description="Labels of the open points, in German. Not personal.", examples=[["Gebührenordnung"]])
    ]
    points_en: Annotated[
        tuple[Line, ...],
        Field(
            exclude_if=is_absent,
            description="The same labels in English, the German one where there is no other; absent: none. Not personal.",
            examples=[["Fee schedule"]],
        ),
    ] = ()


@message_type("ordering.order.point-added.v1")
class PointAdded(OrderEvent):
    """A further open point has been put on the list."""

    point_id: Annotated[
        EntityId,
        Field(description="Id of the point within the Vorgang. Not personal.", examples=["911c9f2a-3688-5585-bd3f-bcb468897a59"]),
    ]
    label: Annotated[Line, Field(description="What is to be settled. Not personal.", examples=["Gebührenordnung"])]
    owner: Annotated[OrderParty, Field(description="Side that has to settle it. Not personal.", examples=["KUNDE"])]
    by: Annotated[
        OrderParty | None,
        Field(
            exclude_if=is_absent,
            description="Side that did it; null or absent in events of a version without it. Not personal.",
            examples=["KUNDE"],
        ),
    ] = None


@message_type("ordering.order.point-settled.v1")
class PointSettled(OrderEvent):
    """An open point is settled. Its value stays in ordering."""

    point_id: Annotated[
        EntityId,
        Field(description="Id of the point within the Vorgang. Not personal.", examples=["911c9f2a-3688-5585-bd3f-bcb468897a59"]),
    ]
    label: Annotated[Line, Field(description="What was to be settled. Not personal.", examples=["Gebührenordnung"])]
    owner: Annotated[OrderParty, Field(description="Side that had to settle it. Not personal.", examples=["KUNDE"])]
    open_points: Annotated[int, Field(description="Number of points still open. Not personal.", examples=[4])]
    label_en: Annotated[
        Line | None,
        Field(
            exclude_if=is_absent,
            description="Its name in English, where the standard list has one; null or absent: none. Not personal.",
            examples=["Fee schedule"],
        ),
    ] = None


@message_type("ordering.order.question-asked.v1")
class QuestionAsked(OrderEvent):
    """One side has asked the other a question. Its text stays in ordering."""

    question_id: Annotated[
        EntityId,
        Field(
            description="Id of the question within the Vorgang. Not personal.", examples=["998105e4-ca6f-56a7-9d80-d6b1e88d1738"]
        ),
    ]
    asked_by: Annotated[OrderParty, Field(description="Side that asks. Not personal.", examples=["KUNDE"])]


@message_type("ordering.order.question-answered.v1")
class QuestionAnswered(OrderEvent):
    """A question is answered. The text stays in ordering."""

    question_id: Annotated[
        EntityId,
        Field(
            description="Id of the question within the Vorgang. Not personal.", examples=["998105e4-ca6f-56a7-9d80-d6b1e88d1738"]
        ),
    ]
    answered_by: Annotated[OrderParty, Field(description="Side that answers. Not personal.", examples=["BEREITSTELLER"])]


@message_type("ordering.order.conditions-confirmed.v1")
class ConditionsConfirmed(OrderEvent):
    """The Bereitsteller has confirmed that and on which conditions reuse is possible (Abstimmungsschreiben)."""

    conditions: Annotated[tuple[Condition, ...], Field(description="The conditions that were agreed. Not personal.")]


@message_type("ordering.order.offer-made.v1")
class OfferMade(OrderEvent):
    """The Anbieter has made the Kunde an offer for the Nachnutzungsvertrag."""

    valid_until: OfferEnd
    price_items: OfferPrices
    number: Annotated[
        int | None,
        Field(
            exclude_if=is_absent,
            description="Number of the offer in the Vorgang, from 1; absent in events of a version without it. Not personal.",
            examples=[1],
        ),
    ] = None


@message_type("ordering.order.offer-amended.v1")
class OfferAmended(OrderEvent):
    """The Anbieter has replaced an offer that was not accepted yet by another one."""

    number: Annotated[
        int, Field(ge=2, description="Number of the offer that counts now; who orders names it. Not personal.", examples=[2])
    ]
    valid_until: OfferEnd
    price_items: OfferPrices
    reason: Annotated[WhyIfStated, Field(examples=["Die Frist war falsch eingetragen."])] = None


@message_type("ordering.order.offer-withdrawn.v1")
class OfferWithdrawn(OrderEvent):
    """The Anbieter has taken an offer back before it was accepted; another one may follow."""

    number: Annotated[int, Field(ge=1, description="Number of the offer that counts no more. Not personal.", examples=[1])]
    reason: Annotated[Why, Field(examples=["Die Preise waren falsch."])]


@message_type("ordering.order.clarification-reopened.v1")
class ClarificationReopened(OrderEvent):
    """One side has gone back to the Abstimmung; an offer that was made counts no more."""

    by: Annotated[OrderParty, Field(description="Side that went back. Not personal.", examples=["KUNDE"])]
    reason: Annotated[Why, Field(examples=["Das Fachverfahren wird gewechselt."])]


@message_type("ordering.order.channel-changed.v1")
class ChannelChanged(OrderEvent):
    """The Kunde goes on through another Anbieter; the pre-check for it follows, and what was settled stays."""

    before: Annotated[Channel, Field(description="Anbieter until now. Not personal.", examples=["govdigital"])]
    reason: Annotated[WhyIfStated, Field(examples=["Wir sind dort akkreditiert."])] = None


@message_type("ordering.order.clarification-resumed.v1")
class ClarificationResumed(OrderEvent):
    """The pre-check leaves the way free through the other Anbieter; the Abstimmung goes on where it was."""

    assessment: Annotated[Assessment, Field(description="Result of the pre-check with its reasoning. Not personal.")]


@message_type("ordering.order.placed.v1")
class OrderPlaced(OrderEvent):
    """The Kunde has ordered (Bestellung); the in-house relation is checked at the moment of award."""

    check: Annotated[int, Field(description="Number of the pre-check that is asked for, from 1. Not personal.", examples=[2])]
    klienten: Annotated[
        tuple[Party, ...],
        Field(
            exclude_if=is_absent,
            description="Klienten for whom the Kunde orders as Bündler; absent: it orders for itself. Not personal.",
        ),
    ] = ()
    placement_id: Annotated[
        EntityId | None,
        Field(
            exclude_if=is_absent,
            description="Act in which the Kunde has ordered this and other Vorgänge together; absent: it was ordered by itself. "
            "Not personal.",
            examples=["5b0ff2a4-6f0e-5c0f-9a53-0c62ac4b1f07"],
        ),
    ] = None


@message_type("ordering.order.contracted.v1")
class OrderContracted(OrderEvent):
    """The contract of the Vorgang is concluded and recorded here."""

    contract_id: Annotated[
        EntityId, Field(description="The contract. Not personal.", examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"])
    ]
    contract_number: Annotated[Line, Field(description="Its number. Not personal.", examples=["GD/2026/00001"])]


@message_type("ordering.order.onboarding-started.v1")
class OnboardingStarted(OrderEvent):
    """The Anbindung has begun, with its milestones."""

    milestones: Annotated[
        tuple[Line, ...],
        Field(description="Labels of the milestones, in German, in order. Not personal.", examples=[["Testbetrieb", "Abnahme"]]),
    ]
    milestones_en: Annotated[
        tuple[Line, ...],
        Field(
            exclude_if=is_absent,
            description="The same labels in English, the German one where there is no other; absent: none. Not personal.",
            examples=[["Test run", "Acceptance"]],
        ),
    ] = ()


@message_type("ordering.order.milestone-planned.v1")
class MilestonePlanned(OrderEvent):
    """The side in charge of a milestone has set the day by which it is to be reached, or moved it."""

    milestone: Annotated[Code, Field(description="Code of the milestone. Not personal.", examples=["test_done"])]
    label: Annotated[Line, Field(description="Its name, in German. Not personal.", examples=["Testbetrieb"])]
    label_en: Annotated[
        Line | None,
        Field(
            description="Its name in English, where the standard list has one; null: none. Not personal.", examples=["Test run"]
        ),
    ]
    by: Annotated[OrderParty, Field(description="Side that is in charge of it. Not personal.", examples=["KUNDE"])]
    day: Annotated[date, Field(description="The planned day, a calendar day in Germany. Not personal.", examples=["2027-02-26"])]
    before: Annotated[
        date | None,
        Field(description="The planned day until now; null or absent: none was set. Not personal.", examples=["2027-01-29"]),
    ] = None
    reason: Annotated[WhyIfStated, Field(examples=["Das Zertifikat verzögert sich."])] = None


@message_type("ordering.order.milestone-reached.v1")
class MilestoneReached(OrderEvent):
    """A milestone of the Anbindung is reached."""

    milestone: Annotated[Code, Field(description="Code of the milestone. Not personal.", examples=["test_done"])]
    label: Annotated[Line, Field(description="Its name, in German. Not personal.", examples=["Testbetrieb"])]
    open_milestones: Annotated[int, Field(description="Number of milestones still open. Not personal.", examples=[1])]
    label_en: Annotated[
        Line | None,
        Field(
            exclude_if=is_absent,
            description="Its name in English, where the standard list has one; null or absent: none. Not personal.",
            examples=["Test run"],
        ),
    ] = None
    by: Annotated[
        OrderParty | None,
        Field(
            exclude_if=is_absent,
            description="Side that did it; null or absent in events of a version without it. Not personal.",
            examples=["KUNDE"],
        ),
    ] = None


class ReminderEvent(OrderEvent):
    """Base of the reminders: somebody has held the ball for long, a milestone is due, or the Vorgang is about to lapse."""

    party: Annotated[OrderParty, Field(description="Side that holds the ball. Not personal.", examples=["BEREITSTELLER"])]
    task: Annotated[
        Code, Field(description="What it is to do, a code of the vocabulary. Not personal.", examples=["start_clarification"])
    ]
    label: Annotated[Line, Field(description="The same in German. Not personal.", examples=["Abstimmung aufnehmen"])]
    label_en: Annotated[Line, Field(description="The same in English. Not personal.", examples=["Start the clarification"])]
    since: Annotated[
        Time, Field(description="Since when it holds the ball, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    lapses_at: Annotated[
        Time | None,
        Field(
            description="When the Vorgang ends by itself if nobody moves it, in UTC; null or absent: it does not. Not personal.",
            examples=["2026-12-31T23:00:00Z"],
        ),
    ] = None
    planned_on: Annotated[
        date | None,
        Field(
            exclude_if=is_absent,
            description="Planned day of the milestone that the label names, a calendar day in Germany; absent: it is not about "
            "one. Not personal.",
            examples=["2027-02-26"],
        ),
    ] = None


@message_type("ordering.order.reminded.v1")
class OrderReminded(ReminderEvent):
    """Whoever holds the ball has been reminded."""


@message_type("ordering.order.escalated.v1")
class OrderEscalated(ReminderEvent):
    """Whoever holds the ball has been reminded again, its deputies too; ``to_anbieter``: the Anbieter too."""

    to_anbieter: Annotated[bool, Field(description="Whether the Anbieter is told as well. Not personal.", examples=[True])]


@message_type("ordering.order.went-live.v1")
class WentLive(OrderEvent):
    """The service is in productive use at the Kunde."""


@message_type("ordering.order.uses-reported.v1")
class UsesReported(OrderEvent):
    """The Kunde has reported how often the service was used in a month (``YYYY-MM``); ``corrected``: in place of a report."""

    period: Annotated[Month, Field(description="The calendar month in Germany, YYYY-MM. Not personal.", examples=["2027-03"])]
    count: Annotated[int, Field(ge=0, description="Number of uses in the month. Not personal.", examples=[1284])]
    corrected: Annotated[
        bool, Field(description="Whether it replaces a report of the same month. Not personal.", examples=[False])
    ] = False


@message_type("ordering.order.withdrawn.v1")
class OrderWithdrawn(OrderEvent):
    """The Kunde has withdrawn before a contract came about. ``forwarded``: the Bereitsteller knew of the interest."""

    reason: Annotated[WhyIfStated, Field(examples=["Haushaltsmittel gesperrt."])] = None
    forwarded: Annotated[
        bool, Field(description="Whether the Bereitsteller knew of the interest. Not personal.", examples=[True])
    ] = True


@message_type("ordering.order.expired.v1")
class OrderExpired(OrderEvent):
    """The Vorgang lapsed: nobody went on with it in time. ``forwarded`` as in ``OrderWithdrawn``."""

    forwarded: Annotated[
        bool, Field(description="Whether the Bereitsteller knew of the interest. Not personal.", examples=[True])
    ] = True


@message_type("ordering.order.terminated.v1")
class OrderTerminated(OrderEvent):
    """Notice has been given (Kündigung)."""

    ends_on: Annotated[
        date, Field(description="Last day of use, a calendar day in Germany. Not personal.", examples=["2027-12-31"])
    ]
    by: Annotated[OrderParty, Field(description="Side that gave notice. Not personal.", examples=["KUNDE"])]
    contract_id: Annotated[
        EntityId | None,
        Field(
            description="The contract that the Vorgang ends with; null or absent in events of a version in which it ended alone. "
            "Not personal.",
            examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"],
        ),
    ] = None


@message_type("ordering.order.continued.v1")
class OrderContinued(OrderEvent):
    """The use goes on with a contract that follows the one before; a notice of that no longer ends it."""

    contract_id: Annotated[
        EntityId,
        Field(description="The contract that follows. Not personal.", examples=["2b0c4d1e-0f35-5b0e-8f3a-6d1c7a9e4b52"]),
    ]
    contract_number: Annotated[Line, Field(description="Its number. Not personal.", examples=["GD/2028/00001"])]
    former_contract_id: Annotated[
        EntityId, Field(description="The contract before. Not personal.", examples=["91078be3-7731-5094-bb8a-13bdc94e1a42"])
    ]
    valid_from: Annotated[
        date, Field(description="First day of the contract that follows, in Germany. Not personal.", examples=["2028-01-01"])
    ]
    before: Annotated[
        date | None,
        Field(
            description="Last day of use until now, a calendar day in Germany; null or absent: none was set. Not personal.",
            examples=["2027-12-31"],
        ),
    ] = None


@message_type("ordering.order.ended.v1")
class OrderEnded(OrderEvent):
    """The use has ended."""


@message_type("ordering.contract-request.requested.v1")
class ContractRequested(Message):
    """Ordering asks the processor of one channel for the contract of one Vorgang. Repeats have the same order id and attempt.

    ``requested_at`` is set when the same is asked once more in a later event: the moment of the first request, which counts.
    """

    order: Annotated[OrderHead, Field(description="The Vorgang. Not personal.")]
    price_items: Annotated[
        tuple[PriceItem, ...], Field(description="Prices that were accepted; amounts are net, in whole cents. Not personal.")
    ]
    conditions: Annotated[tuple[Condition, ...], Field(description="Conditions that become part of the contract. Not personal.")]
    leitweg_id: Annotated[
        Line | None,
        Field(description="Leitweg-ID for the invoice, stated by the Kunde. Not personal.", examples=["04011000-900X999-08"]),
    ] = None
    order_reference: Annotated[
        Line | None, Field(description="The Kunde's own reference, for the invoice. Not personal.", examples=["HH-2027-0815"])
    ] = None
    assessment: Annotated[Assessment, Field(description="Result of the pre-check at the moment of award. Not personal.")]
    signed_off_by: Annotated[
        Line | None,
        Field(
            description="Reference to the person who signed off the verdict; null or absent: none. Personal: a reference to "
            "a person (sub of the token), no name.",
            examples=["3f0c8b7e-vergabestelle"],
        ),
    ] = None
    ordered_at: Annotated[
        Time, Field(description="When the Kunde ordered, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    requested_at: Annotated[
        Time | None,
        Field(
            description="When the contract was first asked for, in UTC; null or absent: with this event. Not personal.",
            examples=["2026-11-24T09:00:00Z"],
        ),
    ] = None
    override: Annotated[
        Override | None,
        Field(
            description="Decision of a named person of the Anbieter that lets the award go on beside the verdict; null or "
            "absent: none was needed. Personal: by only."
        ),
    ] = None
    offered_by: Annotated[
        PersonRef | None,
        Field(
            description="Reference to the person who made the offer for the Anbieter; null or absent: not known. Personal: a "
            "reference to a person (sub of the token), no name.",
            examples=["3f0c8b7e-vertrieb"],
        ),
    ] = None
    placed_by: Annotated[
        PersonRef | None,
        Field(
            description="Reference to the person who ordered for the Kunde; null or absent: not known. Personal: a reference "
            "to a person (sub of the token), no name.",
            examples=["3f0c8b7e-digitales"],
        ),
    ] = None
    agb_version: Annotated[
        Line | None,
        Field(
            exclude_if=is_absent,
            description="Version of the general terms (AGB) that the Kunde has accepted; null or absent: the one in force. Not "
            "personal.",
            examples=["EfA-Marktplatz 2022"],
        ),
    ] = None
    attempt: Annotated[
        int | None,
        Field(
            exclude_if=is_absent,
            ge=2,
            description="Which contract of the Vorgang is asked for, counted from 1: rises after each that was refused; null or "
            "absent: the first. Not personal.",
            examples=[2],
        ),
    ] = None
