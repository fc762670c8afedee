"""The form and the moves of an offer, and what is answered about it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from services.catalog.access import Seen
from services.catalog.domain import examinations
from services.catalog.domain.completeness import Shortcoming
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import Offering
from services.catalog.domain.pending import PendingVersion
from services.catalog.domain.provision import ProvisionState
from services.catalog.domain.provisioning import known_provisions, named
from services.catalog.domain.reminders import waits_of
from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from services.catalog.rows import Kind, LandId
from services.catalog.schemas.difference import FieldDifference, differences
from shared.messages.catalog import (
    ChannelEnd,
    ChannelListing,
    ChannelSuspension,
    ChannelWithdrawal,
    Parameter,
    RequirementAnswer,
    Suspension,
    VersionEntry,
)
from shared.messages.catalog_operation import Availability, FaultTimes, GoLive, Screenshot, Support
from shared.messages.reasons import Fact
from shared.messages.values import (
    Anbindungsart,
    Channel,
    Code,
    DocumentRef,
    Line,
    Mailbox,
    OfferingState,
    Party,
    PriceItem,
    Text,
    Time,
)
from shared.written import Written


def _request(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class FormRequest(OfferingForm):
    """The standard form. A draft may leave open what ``submit`` asks for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Bewohnerparkausweis online",
                    "summary": "Antrag auf einen Bewohnerparkausweis mit Bezahlung und Ausdruck.",
                    "technical_concept": "Webanwendung in Containern, Übergabe an das Fachverfahren über FIT-Connect.",
                    "nachnutzung": "Gebührensatzung und Parkzonen werden als Parameter gepflegt.",
                    "topic_id": "mobilitaet_reisen",
                    "ozg_ids": ["10173"],
                    "leika_keys": ["99108001001000"],
                    "anbindungsarten": ["FIT_CONNECT"],
                    "parameters": [{"name": "parkzonen", "label": "Parkzonen"}],
                    "price_items": [
                        {
                            "kind": "BETRIEB_ONLINEDIENST",
                            "label": "Betrieb, Wartung und Support",
                            "amount": {"cents": 240000},
                            "period": "JAHR",
                            "key": "FEST",
                            "valid_from": "2027-01-01",
                        }
                    ],
                    "channels": ["govdigital"],
                    "reifegrad": 3,
                    "requirements": [{"id": "R1", "fulfilment": "ERFUELLT"}],
                    "contact_mailbox": "efa-nachnutzung@example.org",
                    "support": [
                        {
                            "level": "SECOND_LEVEL",
                            "mailbox": "support@example.org",
                            "telephone": "+49 431 1234-0",
                            "days": ["MO", "DI", "MI", "DO", "FR"],
                            "opens": "08:00",
                            "closes": "17:00",
                        }
                    ],
                    "availability": {"basis_points": 9950, "period": "MONAT"},
                    "fault_times": [{"fault": "BETRIEBSVERHINDERND", "reaction_minutes": 30, "restoration_minutes": 480}],
                    "go_lives": [{"on": "2026-03-02", "land": "DE-SH"}],
                }
            ]
        }
    )

    def form(self) -> OfferingForm:
        """Return the form without the dress of the request."""
        return OfferingForm.model_validate(self.model_dump())


class RemarksRequest(BaseModel):
    """Why the form goes back."""

    model_config = _request({"remarks": "Die Kurzbeschreibung nennt die Zielgruppe nicht."})
    remarks: Written


class ReasonRequest(BaseModel):
    """Why the offer is suspended or withdrawn; everybody can read it."""

    model_config = _request({"reason": "Umstellung auf die neue Fachverfahrensschnittstelle bis Ende März."})
    reason: Written


class WithdrawalRequest(ReasonRequest):
    """Why the offer, or a channel of it, is withdrawn; and whether Vorgänge end with it in which nothing is ordered yet."""

    model_config = _request({"reason": "Der Dienst wird zum Jahresende eingestellt.", "ends_open_orders": True})
    ends_open_orders: bool = False


class BereitstellungsvertragRequest(BaseModel):
    """What clients of version 0.1.0 send: a number and a date that somebody typed. Both are ignored, ``contracts`` knows them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"deprecated": True, "examples": [{"number": "BV-2026-014"}]})
    number: Line | None = None
    signed_at: Time | None = None


class ProvisionReply(BaseModel):
    """The Bereitstellungsvertrag with one Anbieter: asked for, concluded with its number, or come to nothing with the reason.

    ``code`` and ``facts`` say the same as ``reason``, for any language; null in what a version without them has stored.
    ``contract_id`` is its id in the API of contracts. ``ends_on`` is the last day of the last contract of the two sides, by
    notice or as agreed; the channel closes after it.
    """

    channel: Channel
    contract_id: str
    state: ProvisionState
    number: Line | None
    asked_at: Time
    decided_at: Time | None
    reason: Text | None
    code: Code | None = None
    facts: tuple[Fact, ...] | None = None
    ends_on: date | None = None


class VersionReturnReply(BaseModel):
    """That the Anbieter of a channel has given the version back, and why."""

    channel: Channel
    remarks: Text
    at: Time


class PendingReply(BaseModel):
    """A changed form of a public offer that waits; the published one stays in force.

    ``examining`` are the channels whose Anbieter have still to decide on it: none once it is ``returned``, until its
    Bereitsteller has changed it, or handed it in again. ``differences`` are those to the version in force.
    """

    form: OfferingForm
    submitted_at: Time
    examining: tuple[Channel, ...]
    accepted: tuple[Channel, ...]
    returned: VersionReturnReply | None
    differences: list[FieldDifference]

    @classmethod
    def of(cls, offering: Offering, pending: PendingVersion) -> Self:
        """Return what those in charge see of the version that waits."""
        returned = pending.returned
        return cls(
            form=pending.form,
            submitted_at=pending.submitted_at,
            examining=offering.examining,
            accepted=tuple(it.channel for it in pending.acceptances),
            returned=None if returned is None else VersionReturnReply.model_validate(returned, from_attributes=True),
            differences=differences(offering.form, pending.form),
        )


class ChannelReturnReply(BaseModel):
    """That the Anbieter of a channel has given the form back, and why; the others go on with it.

    ``code`` and ``facts`` say the same as ``remarks``, for any language, where no person has written them.
    """

    channel: Channel
    remarks: Text
    at: Time
    code: Code | None = None
    facts: tuple[Fact, ...] | None = None


class Workflow(BaseModel):
    """What only those in charge see: where the offer stands and what the caller's side can do next.

    ``channel`` is that whose Anbieter the caller is. ``pending`` is a version that is not in force yet. ``returns`` are the forms
    that an Anbieter has given back; ``remarks`` are those of the last one.
    ``provisions`` are its Bereitstellungsverträge: the offer is public once one is concluded, and in each channel that has one.
    ``closed_channels`` take no interest because the Bereitsteller's accreditation at their Anbieter has ended.
    ``shortcomings``: what ``submit`` would refuse the form of a draft for, to its Bereitsteller; null where nobody has looked.
    """

    channel: Channel | None
    wished_channels: tuple[Channel, ...]
    submitted_at: Time | None
    remarks: Text | None
    returns: tuple[ChannelReturnReply, ...]
    pending: PendingReply | None
    closed_channels: tuple[Channel, ...]
    provisions: tuple[ProvisionReply, ...]
    allowed_moves: tuple[Command, ...]
    shortcomings: tuple[Shortcoming, ...] | None = None


class InUseReply(BaseModel):
    """How many bodies reuse the offer by running contracts of this marketplace, and in which Länder (ISO 3166-2).

    A body whose key names no Land, such as an IT-Dienstleister, counts in the number alone.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [{"bodies": 3, "laender": ["DE-SN"]}]})
    bodies: int
    laender: tuple[LandId, ...]


class OfferingReply(BaseModel):
    """An offer, in the version ``version``. ``workflow`` is shown to its Bereitsteller, its Anbieter and the operator.

    ``latest_version`` is above ``version`` where an earlier version is shown: that one cannot be ordered.
    ``channels`` name each Bereitstellungsvertrag by its id: its number is its parties' own.
    ``in_use`` is there where an offer is read and somebody reuses it; answers to steps and recorded versions have null.
    """

    kind: Literal[Kind.OFFERING] = Kind.OFFERING
    id: str
    version: int
    latest_version: int
    state: OfferingState
    orderable: bool
    orderable_channels: tuple[Channel, ...]
    provider: Party
    title: Line
    summary: Text | None
    technical_concept: Text | None
    nachnutzung: Text | None
    topic_id: str | None
    ozg_ids: tuple[str, ...]
    leika_keys: tuple[str, ...]
    anbindungsarten: tuple[Anbindungsart, ...]
    channels: tuple[ChannelListing, ...]
    parameters: tuple[Parameter, ...]
    price_items: tuple[PriceItem, ...]
    funding: Line | None
    documents: tuple[DocumentRef, ...]
    reifegrad: int
    requirements: tuple[RequirementAnswer, ...]
    licence_free_for_states: tuple[str, ...]
    known_listing: str | None
    contact_mailbox: Mailbox | None
    support: tuple[Support, ...]
    availability: Availability | None
    fault_times: tuple[FaultTimes, ...]
    go_lives: tuple[GoLive, ...]
    screenshots: tuple[Screenshot, ...]
    suspension: Suspension | None
    channel_suspensions: tuple[ChannelSuspension, ...] = ()
    channel_withdrawals: tuple[ChannelWithdrawal, ...] = ()
    channel_ends: tuple[ChannelEnd, ...] = ()
    withdrawal_reason: Text | None
    history: tuple[VersionEntry, ...]
    published_at: Time | None
    changed_at: Time
    in_use: InUseReply | None = None
    workflow: Workflow | None = None

    @classmethod
    def of(cls, offering: Offering, seen: Seen, shortcomings: tuple[Shortcoming, ...] | None = None) -> OfferingReply:
        """Return the answer for somebody who sees the offer so."""
        form = {name: getattr(offering.form, name) for name in OfferingForm.model_fields if name != "channels"}
        return cls(
            **form,
            id=offering.id,
            version=offering.version,
            latest_version=offering.version,
            state=offering.state,
            orderable=bool(offering.orderable_channels),
            orderable_channels=offering.orderable_channels,
            provider=offering.provider,
            channels=tuple(named(offering, listing) for listing in offering.listings),
            suspension=offering.public_suspension,
            channel_suspensions=offering.channel_suspensions,
            channel_withdrawals=offering.channel_withdrawals,
            channel_ends=offering.channel_ends,
            withdrawal_reason=offering.withdrawal_reason,
            history=offering.history,
            published_at=offering.published_at,
            changed_at=offering.changed_at,
            workflow=_workflow(offering, seen, shortcomings) if seen.actors else None,
        )


def _workflow(offering: Offering, seen: Seen, shortcomings: tuple[Shortcoming, ...] | None = None) -> Workflow:
    pending = offering.pending
    return Workflow(
        channel=seen.channel,
        wished_channels=offering.form.channels,
        submitted_at=offering.submitted_at,
        remarks=offering.remarks,
        returns=tuple(ChannelReturnReply.model_validate(it, from_attributes=True) for it in offering.returns),
        pending=None if pending is None else PendingReply.of(offering, pending),
        closed_channels=offering.closed_channels,
        provisions=tuple(ProvisionReply.model_validate(it, from_attributes=True) for it in known_provisions(offering)),
        allowed_moves=_moves(offering, seen),
        shortcomings=shortcomings,
    )


def _moves(offering: Offering, seen: Seen) -> tuple[Command, ...]:
    moves: list[Command] = []
    for actor in seen.actors:
        if actor is Actor.ANBIETER and seen.channel is not None:
            moves += examinations.moves_of(offering, seen.channel)
        else:
            idle = _idle(offering)
            moves += [command for command in TRANSITIONS.allowed(offering.state, actor) if command not in idle]
    return tuple(dict.fromkeys(moves))


def _idle(offering: Offering) -> frozenset[Command]:
    """Return what the table allows its Bereitsteller and the operator, and would change nothing.

    To resume what nobody has suspended, to suspend what all have, to hand in again what nobody has given back.
    """
    idle: set[Command] = set()
    given_back = offering.returned_channels or (offering.pending is not None and offering.pending.returned is not None)
    if offering.is_public and not given_back:
        idle.add(Command.SUBMIT)
    if offering.state is OfferingState.VEROEFFENTLICHT and not offering.channel_suspensions:
        idle.add(Command.RESUME)
    if offering.state is OfferingState.AUSGESETZT:
        idle.add(Command.SUSPEND)
    return frozenset(idle)


class MyOffering(BaseModel):
    """A line of the work list of a Bereitsteller or Anbieter.

    ``waiting_channels`` wait for their Bereitstellungsvertrag, ``examining`` are those whose Anbieter have still to decide on a
    new version, ``returned`` those who have given the form or the new version back.
    """

    id: str
    rev: int
    title: Line
    provider: Party
    state: OfferingState
    version: int
    wished_channels: tuple[Channel, ...]
    channels: tuple[Channel, ...]
    closed_channels: tuple[Channel, ...]
    waiting_channels: tuple[Channel, ...]
    examining: tuple[Channel, ...]
    returned: tuple[Channel, ...]
    submitted_at: Time | None
    waits_since: Annotated[
        Time | None,
        Field(description="Since when it waits for the decision of your channel, in UTC; null: it does not, or you have none."),
    ]
    changed_at: Time
    allowed_moves: tuple[Command, ...]

    @classmethod
    def of(cls, offering: Offering, rev: int, seen: Seen) -> MyOffering:
        """Return the line for somebody who sees the offer so."""
        pending = offering.pending
        own = (wait.since for wait in waits_of(offering) if wait.channel is seen.channel)
        returned = () if pending is None or pending.returned is None else (pending.returned.channel,)
        return cls(
            id=offering.id,
            rev=rev,
            title=offering.form.title,
            provider=offering.provider,
            state=offering.state,
            version=offering.version,
            wished_channels=offering.form.channels,
            channels=tuple(listing.channel for listing in offering.listings),
            closed_channels=offering.closed_channels,
            waiting_channels=tuple(it.channel for it in offering.provisions if it.waits),
            examining=offering.examining,
            returned=(*offering.returned_channels, *returned),
            submitted_at=offering.submitted_at,
            waits_since=next(own, None),
            changed_at=offering.changed_at,
            allowed_moves=_moves(offering, seen),
        )
