"""The form and the moves of an offer, and what is answered about it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.catalog.domain.completeness import Shortcoming
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import Offering
from services.catalog.domain.provision import ProvisionState
from services.catalog.domain.provisioning import known_provisions, named
from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from services.catalog.rows import Kind
from shared.messages.catalog import ChannelListing, ChannelSuspension, Parameter, RequirementAnswer, Suspension, VersionEntry
from shared.messages.values import (
    Anbindungsart,
    Channel,
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


class BereitstellungsvertragRequest(BaseModel):
    """What clients of version 0.1.0 send: a number and a date that somebody typed. Both are ignored, ``contracts`` knows them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"deprecated": True, "examples": [{"number": "BV-2026-014"}]})
    number: Line | None = None
    signed_at: Time | None = None


class ProvisionReply(BaseModel):
    """The Bereitstellungsvertrag with one Anbieter: asked for, concluded with its number, or come to nothing with the reason.

    ``contract_id`` is its id in the API of contracts.
    """

    channel: Channel
    contract_id: str
    state: ProvisionState
    number: Line | None
    asked_at: Time
    decided_at: Time | None
    reason: Text | None


class Workflow(BaseModel):
    """What only those in charge see: where the offer stands and what the caller can do next.

    ``provisions`` are its Bereitstellungsverträge: the offer is public once one is concluded, and in each channel that has one.
    ``closed_channels`` take no interest because the Bereitsteller's accreditation at their Anbieter has ended.
    ``shortcomings``: what ``submit`` would refuse the form of a draft for, to its Bereitsteller; null where nobody has looked.
    """

    wished_channels: tuple[Channel, ...]
    submitted_at: Time | None
    remarks: Text | None
    closed_channels: tuple[Channel, ...]
    provisions: tuple[ProvisionReply, ...]
    allowed_moves: tuple[Command, ...]
    shortcomings: tuple[Shortcoming, ...] | None = None


class OfferingReply(BaseModel):
    """An offer, in the version ``version``. ``workflow`` is shown to its Bereitsteller, its Anbieter and the operator.

    ``latest_version`` is above ``version`` where an earlier version is shown: that one cannot be ordered.
    ``channels`` name each Bereitstellungsvertrag by its id: its number is its parties' own.
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
    suspension: Suspension | None
    channel_suspensions: tuple[ChannelSuspension, ...] = ()
    withdrawal_reason: Text | None
    history: tuple[VersionEntry, ...]
    published_at: Time | None
    changed_at: Time
    workflow: Workflow | None = None

    @classmethod
    def of(cls, offering: Offering, actors: list[Actor], shortcomings: tuple[Shortcoming, ...] | None = None) -> OfferingReply:
        """Return the answer for somebody who has these capacities in the offer."""
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
            withdrawal_reason=offering.withdrawal_reason,
            history=offering.history,
            published_at=offering.published_at,
            changed_at=offering.changed_at,
            workflow=_workflow(offering, actors, shortcomings) if actors else None,
        )


def _workflow(offering: Offering, actors: list[Actor], shortcomings: tuple[Shortcoming, ...] | None = None) -> Workflow:
    idle = _idle(offering)
    moves = dict.fromkeys(
        command for actor in actors for command in TRANSITIONS.allowed(offering.state, actor) if command not in idle
    )
    return Workflow(
        wished_channels=offering.form.channels,
        submitted_at=offering.submitted_at,
        remarks=offering.remarks,
        closed_channels=offering.closed_channels,
        provisions=tuple(ProvisionReply.model_validate(it, from_attributes=True) for it in known_provisions(offering)),
        allowed_moves=tuple(moves),
        shortcomings=shortcomings,
    )


def _idle(offering: Offering) -> frozenset[Command]:
    """Return what the table allows and would change nothing.

    To resume what nobody has suspended, to suspend what all have, to ask for a contract where each Anbieter has one.
    """
    bound = {it.channel for it in offering.listings} | {it.channel for it in offering.provisions if it.waits}
    idle = {Command.BEREITSTELLUNGSVERTRAG} if bound >= set(offering.form.channels) else set()
    if offering.state is OfferingState.VEROEFFENTLICHT and not offering.channel_suspensions:
        idle.add(Command.RESUME)
    if offering.state is OfferingState.AUSGESETZT:
        idle.add(Command.SUSPEND)
    return frozenset(idle)


class MyOffering(BaseModel):
    """A line of the work list of a Bereitsteller or Anbieter.

    ``waiting_channels`` wait for their Bereitstellungsvertrag.
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
    submitted_at: Time | None
    changed_at: Time
    allowed_moves: tuple[Command, ...]

    @classmethod
    def of(cls, offering: Offering, rev: int, actors: list[Actor]) -> MyOffering:
        """Return the line for somebody who has these capacities in the offer."""
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
            submitted_at=offering.submitted_at,
            changed_at=offering.changed_at,
            allowed_moves=_workflow(offering, actors).allowed_moves,
        )
