"""Bodies of the requests."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.ordering.domain.clarification import NewPoint
from services.ordering.domain.delivery import NewMilestone
from shared.http.days import Day
from shared.messages.partner import Side, Uses
from shared.messages.values import Anbindungsart, Channel, Code, EntityId, Line, Month, PriceItem
from shared.written import Written, WrittenLine, WrittenRemark

ConditionText = Annotated[Written, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
EndDay = Annotated[Day, Field(lt=date(3000, 1, 1))]
MOST_CONDITIONS = 40
MOST_LISTED = 50


class Body(BaseModel):
    """Base of request bodies: unknown fields are refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)


class DeclareInterest(Body):
    """Interessensbekundung. ``anbindungsart`` is a wish; without it the Bereitsteller chooses.

    ``bundled``: as Bündler, for Klienten that are named in the Vorgang.
    """

    offering_id: Annotated[EntityId, Field(examples=["3f2b8c1e-7d4a-4f6b-9a51-0c2d3e4f5a6b"])]
    channel: Annotated[Channel, Field(examples=["govdigital"])]
    message: Annotated[Written | None, Field(examples=["Wir möchten zum 1. April starten."])] = None
    anbindungsart: Annotated[Anbindungsart | None, Field(examples=["FIT_CONNECT"])] = None
    bundled: Annotated[bool, Field(examples=[False])] = False


class PointBody(Body):
    """A further open point and the side that has to settle it."""

    label: Annotated[WrittenLine, Field(examples=["Gebührenordnung der Stadt"])]
    owner: Annotated[Side, Field(examples=["KUNDE"])]
    mandatory: bool = True

    def new(self) -> NewPoint:
        """Return it as the domain takes it."""
        return NewPoint(self.label, self.owner, self.mandatory)


class StartClarification(Body):
    """Beginning of the Abstimmung. ``points`` come on top of the standard list of the Anbindungsart."""

    anbindungsart: Anbindungsart | None = None
    points: Annotated[tuple[PointBody, ...], Field(max_length=MOST_LISTED)] = ()


class SettlePoint(Body):
    """The value that settles a point, in the point's format."""

    value: Annotated[WrittenRemark, Field(examples=["203.0.113.17, 2001:db8:12::/48"])]
    note: WrittenRemark | None = None


class AskQuestion(Body):
    """A question to the other side."""

    text: Annotated[Written, Field(examples=["Welche Portfreigaben braucht der Testbetrieb?"])]


class AnswerQuestion(Body):
    """The answer."""

    text: Annotated[Written, Field(examples=["443/tcp ausgehend genügt."])]


class ConfirmConditions(Body):
    """The conditions of the reuse; none if there are none."""

    conditions: Annotated[
        tuple[ConditionText, ...],
        Field(
            max_length=MOST_CONDITIONS, examples=[["Der Kunde stellt den 1st-Level-Support.", "Start frühestens am 01.04.2027."]]
        ),
    ] = ()


class ChangeChannel(Body):
    """The Anbieter through whom it goes on, and why."""

    channel: Annotated[Channel, Field(examples=["fitko"])]
    reason: Annotated[WrittenRemark | None, Field(examples=["Wir sind dort akkreditiert."])] = None


class ReopenClarification(Body):
    """Why one side goes back to the Abstimmung."""

    reason: Annotated[WrittenRemark, Field(examples=["Das Fachverfahren wird gewechselt."])]


class Decline(Body):
    """Why the Bereitsteller declines."""

    reason: Annotated[WrittenRemark, Field(examples=["Der Dienst unterstützt das Landesrecht noch nicht."])]


class MakeOffer(Body):
    """Offer of the contract, valid through a day in Germany. ``price_items`` only where they differ from the price sheet."""

    valid_until: Annotated[EndDay, Field(examples=["2027-01-31"])]
    price_items: Annotated[tuple[PriceItem, ...] | None, Field(max_length=MOST_LISTED)] = None


class AmendOffer(MakeOffer):
    """Another offer in place of the one made. Without ``price_items`` its prices stay."""

    reason: Annotated[WrittenRemark | None, Field(examples=["Die Frist war falsch eingetragen."])] = None


class WithdrawOffer(Body):
    """Why the Anbieter takes the offer back."""

    reason: Annotated[WrittenRemark, Field(examples=["Die Preise waren falsch."])]


class PlaceOrder(Body):
    """Bestellung. ``accepts_agb`` must be true; ``order_reference`` is the Kunde's own, for the invoice.

    ``offer_number`` names the offer that is accepted; it is needed once the Anbieter has made more than one.
    ``agb_version`` names the version of the AGB that was read; if another one is in force by then, no contract is formed.
    """

    accepts_agb: Annotated[bool, Field(examples=[True])]
    leitweg_id: Annotated[Line | None, Field(examples=["04011000-900X999-08"])] = None
    order_reference: Annotated[WrittenLine | None, Field(examples=["HH-2027-0815"])] = None
    offer_number: Annotated[int | None, Field(ge=1, examples=[2])] = None
    agb_version: Annotated[Line | None, Field(examples=["EfA-Marktplatz 2022"])] = None


class MilestoneBody(Body):
    """A further milestone and the side that reports it."""

    code: Annotated[Code, Field(examples=["payment_tested"])]
    label: Annotated[WrittenLine, Field(examples=["ePayment getestet"])]
    owner: Annotated[Side, Field(examples=["KUNDE"])]
    mandatory: bool = True

    def new(self) -> NewMilestone:
        """Return it as the domain takes it."""
        return NewMilestone(self.code, self.label, self.owner, self.mandatory)


class StartOnboarding(Body):
    """Beginning of the Anbindung. ``milestones`` come on top of the standard ones of the Anbindungsart."""

    milestones: Annotated[tuple[MilestoneBody, ...], Field(max_length=MOST_LISTED)] = ()


class PlanMilestone(Body):
    """The day by which a milestone is to be reached. ``reason`` is needed to move a day that was set before."""

    day: Annotated[EndDay, Field(examples=["2027-02-26"])]
    reason: Annotated[WrittenRemark | None, Field(examples=["Das Zertifikat verzögert sich."])] = None


class ReachMilestone(Body):
    """Report of a milestone."""

    note: Annotated[WrittenRemark | None, Field(examples=["Testnachricht 4711 kam im Fachverfahren an."])] = None


class ReportUses(Body):
    """How often the service was used in a month; a new report for the month replaces the one before."""

    period: Annotated[Month, Field(examples=["2027-03"])]
    count: Annotated[Uses, Field(examples=[1284])]


class Withdraw(Body):
    """Withdrawal by the Kunde."""

    reason: Annotated[WrittenRemark | None, Field(examples=["Haushaltsmittel gesperrt."])] = None


class Terminate(Body):
    """Notice; the use goes on through ``ends_on``, or longer if the agreed period of the contract says so."""

    ends_on: Annotated[EndDay, Field(examples=["2027-12-31"])]
