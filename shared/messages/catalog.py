"""Messages of the catalog: published offers and known EfA services, for portals and ordering; submissions, for the Anbieter."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.messages.base import Message, Tombstone, Value, is_absent, is_false, message_type
from shared.messages.catalog_operation import Availability, FaultTimes, GoLive, Screenshot, Support
from shared.messages.open_enum import OpenEnum
from shared.messages.reasons import Fact
from shared.messages.values import (
    Anbindungsart,
    Channel,
    Code,
    DocumentRef,
    EntityId,
    LeikaKey,
    Line,
    Mailbox,
    OfferingState,
    OrganisationId,
    Party,
    PriceItem,
    Text,
    Time,
)

Author = Annotated[
    Party | None,
    Field(
        exclude_if=is_absent,
        description="Organisation that did it; null or absent in events of a version without it. Not personal.",
    ),
]


OneChannel = Annotated[
    Channel | None,
    Field(
        exclude_if=is_absent,
        description="The only channel that it is about; null or absent: the whole offer. Not personal.",
        examples=["govdigital"],
    ),
]


class Parameter(Value):
    """A setting that each reusing authority fills in for itself (EfA-Parametrisierung)."""

    name: Annotated[
        Code,
        Field(description="Machine name of the setting, unique within the offer. Not personal.", examples=["gebuehrenordnung"]),
    ]
    label: Annotated[
        Line, Field(description="Name of the setting for people, in German. Not personal.", examples=["Gebührenordnung"])
    ]
    required: Annotated[
        bool, Field(description="Whether each reusing authority must fill it in. Not personal.", examples=[True])
    ] = True


class ChannelListing(Value):
    """An Anbieter through whom the offer can be ordered: the Bereitstellungsvertrag with them is signed."""

    channel: Annotated[Channel, Field(description="The Anbieter. Not personal.", examples=["govdigital"])]
    bereitstellungsvertrag: Annotated[
        Line,
        Field(
            description="Reference of the signed Bereitstellungsvertrag, from the Anbieter. Not personal.",
            examples=["BV-2026-017"],
        ),
    ]
    signed_at: Annotated[
        Time,
        Field(
            description="When the Anbieter recorded the signed contract, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"]
        ),
    ]


class Fulfilment(OpenEnum):
    """Answer to one point of the EfA-Mindestanforderungen."""

    ERFUELLT = "ERFUELLT"
    NICHT_ERFUELLT = "NICHT_ERFUELLT"
    NICHT_ZUTREFFEND = "NICHT_ZUTREFFEND"


class RequirementAnswer(Value):
    """Answer of the Bereitsteller to one point of the checklist; ``id`` is that of requirements.csv."""

    id: Annotated[
        Code,
        Field(description="Id of the point in the checklist (reference data, requirements.csv). Not personal.", examples=["E01"]),
    ]
    fulfilment: Annotated[Fulfilment, Field(description="The answer. Not personal.", examples=["ERFUELLT"])]
    note: Annotated[
        Text | None,
        Field(
            description="Remark of the Bereitsteller; null or absent: none. Free text; it should name nobody, which nobody "
            "checks. Not personal.",
            examples=["Nachweis im Betriebskonzept."],
        ),
    ] = None


class Suspension(Value):
    """Who has suspended the offer, and why; only they or the operator lift it."""

    by: Annotated[
        OrganisationId, Field(description="Organisation that suspended the offer. Not personal.", examples=["dataport"])
    ]
    reason: Annotated[
        Text,
        Field(
            description="Why. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Der Dienst wird überarbeitet."],
        ),
    ]
    at: Annotated[Time, Field(description="When, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]


class ChannelSuspension(Value):
    """That the Anbieter of a channel takes no new interest through it, and why; only they or the operator lift it."""

    channel: Annotated[Channel, Field(description="The channel. Not personal.", examples=["govdigital"])]
    by: Annotated[
        OrganisationId, Field(description="Organisation that suspended the channel. Not personal.", examples=["govdigital"])
    ]
    reason: Annotated[
        Text,
        Field(
            description="Why. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Die Anbindung wird umgestellt."],
        ),
    ]
    at: Annotated[Time, Field(description="When, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]


class ChannelWithdrawal(Value):
    """That the Anbieter of a channel offers nothing through it any more, and why; contracts that exist go on."""

    channel: Annotated[Channel, Field(description="The channel. Not personal.", examples=["govdigital"])]
    by: Annotated[
        OrganisationId, Field(description="Organisation that withdrew the channel. Not personal.", examples=["govdigital"])
    ]
    reason: Annotated[
        Text,
        Field(
            description="Why. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Der Bereitstellungsvertrag endet zum Jahresende."],
        ),
    ]
    at: Annotated[Time, Field(description="When, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]
    contract_ended_on: Annotated[
        date | None,
        Field(
            exclude_if=is_absent,
            description="Last day, in Germany, of the Bereitstellungsvertrag with which the channel has closed; `reason` says "
            "the same in German. Null or absent: somebody withdrew it, or a record of a version without it. Not personal.",
            examples=["2027-12-31"],
        ),
    ] = None


class ChannelEnd(Value):
    """Until when an offer can be ordered through a channel whose Bereitstellungsvertrag ends, and why it ends."""

    channel: Annotated[Channel, Field(description="The channel. Not personal.", examples=["govdigital"])]
    orderable_until: Annotated[
        date,
        Field(
            description="Last day on which it can be ordered through the channel, in Germany. Not personal.",
            examples=["2027-12-31"],
        ),
    ]
    reason: Annotated[
        Text,
        Field(
            description="Why, in a German sentence. Not personal.",
            examples=["Der Bereitstellungsvertrag mit govdigital endet durch Kündigung am 31.12.2027."],
        ),
    ]


class VersionEntry(Value):
    """One publication of a changed form: when, and which fields differ from the version before."""

    version: Annotated[int, Field(ge=1, description="Version that was published, from 1. Not personal.", examples=[3])]
    at: Annotated[Time, Field(description="When it was published, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]
    changed_fields: Annotated[
        tuple[str, ...],
        Field(
            description="Names of the form's fields that differ from the version before. Not personal.",
            examples=[["summary", "price_items"]],
        ),
    ] = ()
    accepted_by: Annotated[
        tuple[Channel, ...],
        Field(
            exclude_if=is_absent,
            description="Channels whose Anbieter have examined and accepted the version; absent: a small change that went out at "
            "once, or a record of a version without it. Not personal.",
        ),
    ] = ()


class Offering(Value):
    """Full public state of an offer. ``version`` rises with each publication of a changed form.

    ``orderable_channels`` are those of ``channels`` through which interest can be declared now; None in records of a version
    that did not state them. ``contact_mailbox`` is a shared mailbox of the organisation, never that of a person.
    """

    id: Annotated[
        EntityId,
        Field(description="Id of the offer, the record's key. Not personal.", examples=["1e2223c7-801c-5113-bfb4-1b999d81a5e6"]),
    ]
    version: Annotated[
        int,
        Field(
            ge=1,
            description="Version of the offer's form, from 1; rises by one with each publication of a changed form. Not "
            "personal.",
            examples=[3],
        ),
    ]
    state: Annotated[OfferingState, Field(description="State of the offer. Not personal.", examples=["VEROEFFENTLICHT"])]
    title: Annotated[
        Line,
        Field(
            description="Name of the online service, from the form of the Bereitsteller. Not personal.",
            examples=["Anwohnerparken"],
        ),
    ]
    summary: Annotated[
        Text,
        Field(
            description="What the service does, in German, from the form. Not personal.",
            examples=["Bewohnerparkausweise online beantragen und verlängern."],
        ),
    ]
    technical_concept: Annotated[
        Text,
        Field(
            description="How the service is built and run, in German, from the form. Not personal.",
            examples=["Webanwendung im Rechenzentrum, Übergabe über FIT-Connect."],
        ),
    ]
    nachnutzung: Annotated[
        Text,
        Field(
            description="What a reusing authority must know and do, in German, from the form. Not personal.",
            examples=["Gebührensatzung und Parkzonen werden als Parameter gepflegt."],
        ),
    ]
    provider: Annotated[Party, Field(description="The Bereitsteller. Not personal.")]
    topic_id: Annotated[
        Code | None,
        Field(
            description="Themenfeld of the OZG, from the reference data; null or absent: none stated. Not personal.",
            examples=["mobilitaet_reisen"],
        ),
    ] = None
    ozg_ids: Annotated[
        tuple[str, ...],
        Field(
            description="Ids of the OZG services that it covers, from the OZG-Umsetzungskatalog. Not personal.",
            examples=[["10287"]],
        ),
    ] = ()
    leika_keys: Annotated[
        tuple[LeikaKey, ...],
        Field(description="Leistungsschlüssel (LeiKa) that it covers. Not personal.", examples=[["99102005001000"]]),
    ] = ()
    anbindungsarten: Annotated[
        tuple[Anbindungsart, ...],
        Field(
            description="Ways by which the Fachverfahren of an authority can be reached. Not personal.",
            examples=[["FIT_CONNECT"]],
        ),
    ]
    channels: Annotated[
        tuple[ChannelListing, ...],
        Field(description="Anbieter that list the offer, each with its Bereitstellungsvertrag. Not personal."),
    ]
    parameters: Annotated[
        tuple[Parameter, ...], Field(description="Settings that each reusing authority fills in for itself. Not personal.")
    ] = ()
    price_items: Annotated[
        tuple[PriceItem, ...], Field(description="Price sheet; amounts are net, in whole cents. Not personal.")
    ] = ()
    funding: Annotated[
        Line | None,
        Field(
            description="Programme that paid for the development, from the form; null or absent: none stated. Not personal.",
            examples=["Konjunkturpaket des Bundes"],
        ),
    ] = None
    documents: Annotated[
        tuple[DocumentRef, ...], Field(description="Documents about the offer, by address and SHA-256. Not personal.")
    ] = ()
    reifegrad: Annotated[
        int,
        Field(
            ge=0, le=4, description="Maturity of the OZG model, a level from 0 to 4, from the form. Not personal.", examples=[3]
        ),
    ]
    licence_free_for_states: Annotated[
        tuple[str, ...],
        Field(
            description="Länder whose bodies pay nothing, by a Landeslizenz; ids such as DE-SH. Not personal.",
            examples=[["DE-SH"]],
        ),
    ] = ()
    published_at: Annotated[
        Time, Field(description="When the offer was first published, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    changed_at: Annotated[
        Time, Field(description="When this state came about, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    requirements: Annotated[
        tuple[RequirementAnswer, ...],
        Field(description="Answers to the EfA-Mindestanforderungen (checklist of the form). Not personal."),
    ] = ()
    known_listing: Annotated[
        Code | None,
        Field(
            description="Id of the known EfA service whose place the offer takes (catalog.known-service.v1). Not personal.",
            examples=["E001"],
        ),
    ] = None
    contact_mailbox: Annotated[
        Mailbox | None,
        Field(
            description="Shared mailbox of the Bereitsteller for questions about the offer. It belongs to an organisation. "
            "Not personal.",
            examples=["efa-nachnutzung@example.org"],
        ),
    ] = None
    orderable_channels: Annotated[
        tuple[Channel, ...] | None,
        Field(
            description="Anbieter through whom interest can be declared now; empty while the offer is suspended or withdrawn, "
            "without those at whom the accreditation of the Bereitsteller has ended, absent in records of a version that did not "
            "state it. Not personal.",
            examples=[["govdigital"]],
        ),
    ] = None
    suspension: Annotated[
        Suspension | None,
        Field(description="Organisation that suspended the offer, reason and time; absent unless suspended. Not personal."),
    ] = None
    channel_suspensions: Annotated[
        tuple[ChannelSuspension, ...],
        Field(
            exclude_if=is_absent,
            description="Channels whose Anbieter takes no new interest for the time being; absent: none, or a record of a "
            "version without them. Not personal.",
        ),
    ] = ()
    channel_withdrawals: Annotated[
        tuple[ChannelWithdrawal, ...],
        Field(
            exclude_if=is_absent,
            description="Channels through which their Anbieter offers nothing any more; absent: none, or a record of a version "
            "without them. Not personal.",
        ),
    ] = ()
    channel_ends: Annotated[
        tuple[ChannelEnd, ...],
        Field(
            exclude_if=is_absent,
            description="Channels that close because their Bereitstellungsvertrag ends; absent: none, or a record of a version "
            "without them. Not personal.",
        ),
    ] = ()
    withdrawal_reason: Annotated[
        Text | None,
        Field(
            description="Why the offer was withdrawn, as its Bereitsteller or the operator published it. Not personal.",
            examples=["Der Dienst wird zum Jahresende eingestellt."],
        ),
    ] = None
    withdrawn_at: Annotated[
        Time | None,
        Field(description="When the offer was withdrawn, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"]),
    ] = None
    support: Annotated[
        tuple[Support, ...],
        Field(
            exclude_if=is_absent,
            description="Support of the Bereitsteller, level by level; absent: none stated, or a record of a version without it. "
            "Not personal.",
        ),
    ] = ()
    availability: Annotated[
        Availability | None,
        Field(
            exclude_if=is_absent,
            description="Which share of the time the service can be used at least; absent: not stated, or a record of a version "
            "without it. Not personal.",
        ),
    ] = None
    fault_times: Annotated[
        tuple[FaultTimes, ...],
        Field(
            exclude_if=is_absent,
            description="Times within which faults are attended to and mended, by their class; absent: none stated, or a record "
            "of a version without them. Not personal.",
        ),
    ] = ()
    go_lives: Annotated[
        tuple[GoLive, ...],
        Field(
            exclude_if=is_absent,
            description="Where the service is live since when, as its Bereitsteller states; absent: none stated, or a record of "
            "a version without them. Not personal.",
        ),
    ] = ()
    screenshots: Annotated[
        tuple[Screenshot, ...],
        Field(
            exclude_if=is_absent,
            description="Pictures of the service, by address and SHA-256; absent: none, or a record of a version without them. "
            "Not personal.",
        ),
    ] = ()
    history: Annotated[
        tuple[VersionEntry, ...],
        Field(description="The newest 200 publications of a changed form, oldest first. Not personal."),
    ] = ()


@message_type("catalog.offering.published.v1")
class OfferingPublished(Message):
    """The offer is in the Schaufenster for the first time."""

    offering: Annotated[Offering, Field(description="Full public state of the offer after the event. Not personal.")]


@message_type("catalog.offering.changed.v1")
class OfferingChanged(Message):
    """A published offer has a new version or a further channel, or one of its channels closes or opens again."""

    offering: Annotated[Offering, Field(description="Full public state of the offer after the event. Not personal.")]


@message_type("catalog.offering.suspended.v1")
class OfferingSuspended(Message):
    """The offer, or a channel of it, takes no new interest for the time being."""

    offering: Annotated[Offering, Field(description="Full public state of the offer after the event. Not personal.")]
    reason: Annotated[
        Text,
        Field(
            description="Why. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Der Dienst wird überarbeitet."],
        ),
    ]
    by: Author = None
    channel: OneChannel = None


@message_type("catalog.offering.resumed.v1")
class OfferingResumed(Message):
    """The suspended offer, or a channel of it, takes interest again."""

    offering: Annotated[Offering, Field(description="Full public state of the offer after the event. Not personal.")]
    by: Author = None
    channel: OneChannel = None


@message_type("catalog.offering.withdrawn.v1")
class OfferingWithdrawn(Message):
    """The offer has left the Schaufenster for good, or one of its channels is closed for good.

    Contracts that exist go on, unless the Bereitstellungsvertrag has ended.
    """

    offering: Annotated[Offering, Field(description="Full public state of the offer after the event. Not personal.")]
    reason: Annotated[
        Text,
        Field(
            description="Why. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Der Dienst wird überarbeitet."],
        ),
    ]
    by: Author = None
    channel: OneChannel = None
    contract_ended_on: Annotated[
        date | None,
        Field(
            exclude_if=is_absent,
            description="Last day, in Germany, of the Bereitstellungsvertrag with which the channel and all contracts close that "
            "rest on it; null or absent: those go on. Not personal.",
            examples=["2027-12-31"],
        ),
    ] = None
    ends_open_orders: Annotated[
        bool,
        Field(
            exclude_if=is_false,
            description="Whether Vorgänge of the offer in which nothing is ordered yet end with it; absent: they may go on. Not "
            "personal.",
            examples=[True],
        ),
    ] = False


@message_type("catalog.offering.restated.v1")
class OfferingRestated(Message):
    """The full state of an offer once more, because the topic was rebuilt; nothing has happened to the offer."""

    offering: Annotated[Offering, Field(description="Full public state of the offer after the event. Not personal.")]


@message_type("catalog.offering.removed.v1")
class OfferingRemoved(Tombstone):
    """The offer, withdrawn long ago, leaves the topic; it never comes back."""


class KnownStatus(OpenEnum):
    """How far a known EfA service has come by its public source."""

    IN_REUSE = "in_reuse"
    OFFERED = "offered"
    PROJECT = "project"


KnownServiceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""Id of a known EfA service, the key of its records."""


class KnownService(Value):
    """An EfA service known from public sources that nobody offers on this marketplace yet. It cannot be ordered here."""

    id: Annotated[
        KnownServiceId, Field(description="Id of the known service, the record's key. Not personal.", examples=["E001"])
    ]
    title: Annotated[Line, Field(description="Name of the service by its source. Not personal.", examples=["BAföG Digital"])]
    providers: Annotated[
        tuple[Party, ...],
        Field(description="Länder that provide the service, by key and name. Not personal."),
    ] = ()
    provider_organisation: Annotated[
        Line | None,
        Field(
            description="Organisation that answers for the service, as the source names it. Not personal.",
            examples=["Land Sachsen-Anhalt"],
        ),
    ] = None
    it_provider: Annotated[
        tuple[Line, ...],
        Field(description="Public IT providers that run it, as the source names them. Not personal.", examples=[["Dataport"]]),
    ] = ()
    channels: Annotated[
        tuple[Channel, ...],
        Field(
            description="Anbieter through whom it is to be had elsewhere, where the source names one we know. Not personal.",
            examples=[["govdigital"]],
        ),
    ] = ()
    status: Annotated[
        KnownStatus, Field(description="How far the service has come by its source. Not personal.", examples=["in_reuse"])
    ]
    topic_id: Annotated[Code | None, Field(description="Themenfeld of the OZG. Not personal.", examples=["bauen_wohnen"])] = None
    ozg_ids: Annotated[
        tuple[str, ...], Field(description="Ids of OZG services that it covers. Not personal.", examples=[["10519"]])
    ] = ()
    source: Annotated[
        Text,
        Field(
            description="Address of the public page that states it. Not personal.",
            examples=["https://www.example.org/efa-dienste"],
        ),
    ]
    as_of: Annotated[
        Line | None, Field(description="Day or month of the source, as it writes it. Not personal.", examples=["2025-11"])
    ] = None
    listed_at: Annotated[Time, Field(description="When it was last put on the list, in UTC. Not personal.")]
    changed_at: Annotated[Time, Field(description="When this state came about, in UTC. Not personal.")]


@message_type("catalog.known-service.listed.v1")
class KnownServiceListed(Message):
    """The known service is on the list: it is new in the reference data, or the offer in its place was withdrawn."""

    service: Annotated[KnownService, Field(description="The known service after the event. Not personal.")]


@message_type("catalog.known-service.changed.v1")
class KnownServiceChanged(Message):
    """The reference data state something else of a listed service."""

    service: Annotated[KnownService, Field(description="The known service after the event. Not personal.")]


@message_type("catalog.known-service.restated.v1")
class KnownServiceRestated(Message):
    """The full state of a listed service once more, because the topic was rebuilt; nothing has happened to the service."""

    service: Annotated[KnownService, Field(description="The known service after the event. Not personal.")]


@message_type("catalog.known-service.removed.v1")
class KnownServiceRemoved(Tombstone):
    """The known service is off the list: an offer has taken its place, or the reference data name it no more."""


class Submission(Value):
    """What the Anbieter must know of an offer that is not public yet."""

    offering_id: Annotated[
        EntityId,
        Field(description="Id of the offer, the record's key. Not personal.", examples=["1e2223c7-801c-5113-bfb4-1b999d81a5e6"]),
    ]
    title: Annotated[
        Line, Field(description="Name of the online service, from the form. Not personal.", examples=["Anwohnerparken"])
    ]
    provider: Annotated[Party, Field(description="The Bereitsteller. Not personal.")]
    channels: Annotated[
        tuple[Channel, ...], Field(description="Anbieter to whom the form is handed in. Not personal.", examples=[["govdigital"]])
    ]


@message_type("catalog.submission.drafted.v1")
class OfferingDrafted(Message):
    """A Bereitsteller has begun to fill in the form. Only they see it."""

    submission: Annotated[Submission, Field(description="The offer as the Anbieter may know it. Not personal.")]
    drafted_at: Annotated[
        Time, Field(description="When the form was begun, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]


@message_type("catalog.submission.revised.v1")
class OfferingRevised(Message):
    """The Bereitsteller has changed a form that is not submitted."""

    submission: Annotated[Submission, Field(description="The offer as the Anbieter may know it. Not personal.")]
    revised_at: Annotated[
        Time, Field(description="When the form was changed, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]


@message_type("catalog.submission.submitted.v1")
class OfferingSubmitted(Message):
    """A Bereitsteller has handed in the form; the Anbieter checks it."""

    submission: Annotated[Submission, Field(description="The offer as the Anbieter may know it. Not personal.")]
    submitted_at: Annotated[
        Time, Field(description="When the form was handed in, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]


@message_type("catalog.submission.returned.v1")
class OfferingReturned(Message):
    """The Anbieter has sent the form back with remarks, or its Bereitstellungsvertrag has come to nothing.

    Then ``code`` and ``facts`` say why, and the remarks are the German sentence that they make.
    """

    submission: Annotated[Submission, Field(description="The offer as the Anbieter may know it. Not personal.")]
    remarks: Annotated[
        Text,
        Field(
            description="What the Anbieter asks to mend. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Bitte das Betriebskonzept ergänzen."],
        ),
    ]
    returned_at: Annotated[
        Time, Field(description="When the form was sent back, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    by: Author = None
    code: Annotated[
        Code | None,
        Field(
            exclude_if=is_absent,
            description="Stable code of the reason where a rule or a contract has sent it back; null or absent: a person has. "
            "Not personal.",
            examples=["provision_declined"],
        ),
    ] = None
    facts: Annotated[
        tuple[Fact, ...] | None,
        Field(exclude_if=is_absent, description="What its sentence is made of; null or absent: nothing. Not personal."),
    ] = None


@message_type("catalog.submission.accepted.v1")
class OfferingAccepted(Message):
    """The form is in order; the Bereitstellungsvertrag is to be signed."""

    submission: Annotated[Submission, Field(description="The offer as the Anbieter may know it. Not personal.")]
    accepted_at: Annotated[
        Time, Field(description="When the form was accepted, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    by: Author = None


@message_type("catalog.submission.discarded.v1")
class OfferingDiscarded(Message):
    """The Bereitsteller has given the offer up before it was public."""

    submission: Annotated[Submission, Field(description="The offer as the Anbieter may know it. Not personal.")]
    reason: Annotated[
        Text,
        Field(
            description="Why. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Das Vorhaben wird nicht weiter verfolgt."],
        ),
    ]
    discarded_at: Annotated[
        Time, Field(description="When the offer was given up, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
