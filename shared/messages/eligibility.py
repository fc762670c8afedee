"""Messages of eligibility: organisations with their accreditations, and verdicts of the in-house pre-check."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.messages.base import Message, Value, is_absent, message_type
from shared.messages.open_enum import OpenEnum
from shared.messages.values import (
    AccreditationState,
    Ars,
    Channel,
    Code,
    Country,
    EntityId,
    Line,
    Mailbox,
    OrganisationId,
    OrganisationType,
    Party,
    Role,
    Text,
    Time,
    Verdict,
)

_OF_THE_PORTAL = "R12"
"""Rule of the portal itself: whoever does not meet it takes no part, whatever a person decides."""


class Accreditation(Value):
    """Standing of an organisation at one Anbieter in one role."""

    channel: Annotated[Channel, Field(description="The Anbieter. Not personal.", examples=["govdigital"])]
    role: Annotated[Role, Field(description="Role that it is for. Not personal.", examples=["KUNDE"])]
    state: Annotated[AccreditationState, Field(description="Standing. Not personal.", examples=["ERTEILT"])]
    valid_from: Annotated[
        date | None,
        Field(
            description="First day, a calendar day in Germany; null or absent: not granted yet. Not personal.",
            examples=["2026-01-01"],
        ),
    ] = None
    valid_to: Annotated[
        date | None,
        Field(
            description="First day on which it no longer holds, a calendar day in Germany; null or absent: no end is set. "
            "Not personal.",
            examples=["2028-01-01"],
        ),
    ] = None


class InvoiceAddress(Value):
    """Postal address of the invoices to an organisation: an office of it, never a person."""

    care_of: Annotated[
        tuple[Line, ...],
        Field(
            max_length=2,
            exclude_if=is_absent,
            description="Office above the street (BT-51, BT-163); absent: none. It should name nobody, which nobody checks. "
            "Not personal.",
            examples=[["Amt für Finanzen", "Rechnungseingang"]],
        ),
    ] = ()
    street: Annotated[
        Line | None,
        Field(
            exclude_if=is_absent,
            description="Street and number, or post-office box (BT-50); null or absent: the postcode is the body's own. "
            "Not personal.",
            examples=["Zingel 10"],
        ),
    ] = None
    postcode: Annotated[Line, Field(description="Postcode (BT-53), in Germany five digits. Not personal.", examples=["25813"])]
    city: Annotated[Line, Field(description="Place (BT-52). Not personal.", examples=["Husum"])]
    country: Annotated[Country, Field(description="Country by ISO 3166-1 (BT-55). Not personal.", examples=["DE"])] = "DE"
    email: Annotated[
        Mailbox | None,
        Field(
            exclude_if=is_absent,
            description="Shared mailbox of the office that examines invoices (BT-58), not that of a person, which nobody checks; "
            "null or absent: none. Not personal.",
            examples=["rechnung@husum.example"],
        ),
    ] = None


class Organisation(Value):
    """Full public state of a registered organisation. No personal data: nobody is named.

    ``former_users``: marks of those who are no users of it any more (``shared.ids.person_mark``), None from versions that did
    not have them. They stand in the state, not in one event, because a compacted topic keeps the last event only.
    """

    id: Annotated[
        OrganisationId,
        Field(
            description="Key of the organisation, the record's key: ARS, id of a Land or of an IT provider. Not personal.",
            examples=["01054033"],
        ),
    ]
    name: Annotated[
        Line,
        Field(description="Official name, from the reference data or the registration. Not personal.", examples=["Husum, Stadt"]),
    ]
    type: Annotated[OrganisationType, Field(description="Kind of public body. Not personal.", examples=["KOMMUNE"])]
    state_code: Annotated[
        Line | None,
        Field(description="Land by ISO 3166-2; null or absent: none, such as for the Bund. Not personal.", examples=["DE-SH"]),
    ] = None
    ars: Annotated[
        Ars | None,
        Field(
            description="Amtlicher Regionalschlüssel, 12 digits; null or absent: the body has none. Not personal.",
            examples=["010540033033"],
        ),
    ] = None
    leitweg_id: Annotated[
        Line | None,
        Field(
            description="Leitweg-ID for electronic invoices, stated by the organisation. Not personal.",
            examples=["04011000-900X999-08"],
        ),
    ] = None
    invoice_address: Annotated[
        InvoiceAddress | None,
        Field(
            exclude_if=is_absent,
            description="Address that the organisation wants its invoices to have; null or absent: it has stated none. "
            "Not personal.",
        ),
    ] = None
    roles: Annotated[
        tuple[Role, ...], Field(description="Roles that the organisation holds here. Not personal.", examples=[["KUNDE"]])
    ]
    accreditations: Annotated[
        tuple[Accreditation, ...], Field(description="Standing at each Anbieter in each role. Not personal.")
    ]
    registered_at: Annotated[
        Time, Field(description="When it was registered, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    changed_at: Annotated[
        Time, Field(description="When this state came about, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]
    former_users: Annotated[
        tuple[EntityId, ...] | None,
        Field(
            description="Marks of people who are no users of it any more, made by a one-way function; null or absent in "
            "events of a version without it. Personal: a pseudonym of a person.",
            examples=[["52cf2ee3-9019-5f77-87b7-5f28c193d0c8"]],
        ),
    ] = None


@message_type("eligibility.organisation.registered.v1")
class OrganisationRegistered(Message):
    """The first authorised person has registered the organisation."""

    organisation: Annotated[
        Organisation, Field(description="State of the organisation after the event. Personal: former_users only.")
    ]


@message_type("eligibility.organisation.changed.v1")
class OrganisationChanged(Message):
    """Master data, roles or the in-house statement of the organisation have changed."""

    organisation: Annotated[
        Organisation, Field(description="State of the organisation after the event. Personal: former_users only.")
    ]


@message_type("eligibility.organisation.accreditation-requested.v1")
class AccreditationRequested(Message):
    """The organisation asks an Anbieter for accreditation in a role."""

    organisation: Annotated[
        Organisation, Field(description="State of the organisation after the event. Personal: former_users only.")
    ]
    accreditation: Annotated[Accreditation, Field(description="The accreditation after the event. Not personal.")]


@message_type("eligibility.organisation.accreditation-queried.v1")
class AccreditationQueried(Message):
    """The Anbieter has a question before it decides (Rückfrage)."""

    organisation: Annotated[
        Organisation, Field(description="State of the organisation after the event. Personal: former_users only.")
    ]
    accreditation: Annotated[Accreditation, Field(description="The accreditation after the event. Not personal.")]
    question: Annotated[
        Text,
        Field(
            description="The Anbieter's question. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Bitte reichen Sie den Beitrittsbeschluss nach."],
        ),
    ]


@message_type("eligibility.organisation.accreditation-answered.v1")
class AccreditationAnswered(Message):
    """The organisation has answered a question of the Anbieter, who goes on with the decision."""

    organisation: Annotated[
        Organisation, Field(description="State of the organisation after the event. Personal: former_users only.")
    ]
    accreditation: Annotated[Accreditation, Field(description="The accreditation after the event. Not personal.")]
    question: Annotated[
        Text | None,
        Field(
            description="The question that is answered; null or absent: it is not on record. Free text; it should name nobody, "
            "which nobody checks. Not personal.",
            examples=["Bitte reichen Sie den Beitrittsbeschluss nach."],
        ),
    ] = None
    answer: Annotated[
        Text,
        Field(
            description="The organisation's answer. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Der Beschluss vom 3. März 2025 liegt jetzt bei."],
        ),
    ]


@message_type("eligibility.organisation.accreditation-decided.v1")
class AccreditationDecided(Message):
    """The Anbieter has granted, refused or withdrawn an accreditation, or it has run out."""

    organisation: Annotated[
        Organisation, Field(description="State of the organisation after the event. Personal: former_users only.")
    ]
    accreditation: Annotated[Accreditation, Field(description="The accreditation after the event. Not personal.")]
    reason: Annotated[
        Text | None,
        Field(
            description="Why; null or absent: the Anbieter stated none. Free text; it should name nobody, which nobody "
            "checks. Not personal.",
            examples=["Die Unterlagen sind vollständig."],
        ),
    ] = None


@message_type("eligibility.organisation.restated.v1")
class OrganisationRestated(Message):
    """The full state of an organisation once more, because the topic was rebuilt; nothing has happened to it."""

    organisation: Annotated[Organisation, Field(description="State of the organisation. Personal: former_users only.")]


class Stage(OpenEnum):
    """Moment of the procedure at which the in-house relation is checked."""

    INTERESSE = "INTERESSE"
    BESTELLUNG = "BESTELLUNG"


class LegVerdict(Value):
    """Verdict on one award of the chain."""

    leg: Annotated[Code, Field(description="Leg of the chain: L1, L2 and so on. Not personal.", examples=["L1"])]
    verdict: Annotated[Verdict, Field(description="What holds for this award. Not personal.", examples=["EXEMPT"])]


class DecidingRule(Value):
    """A rule that decides the verdict, with what it found."""

    leg: Annotated[Code, Field(description="Leg of the chain that it decides. Not personal.", examples=["L1"])]
    rule: Annotated[Code, Field(description="Rule, R1 to R12. Not personal.", examples=["R6"])]
    code: Annotated[Code, Field(description="Stable code of what it found. Not personal.", examples=["INVERSE"])]


class Finding(Value):
    """One step of the reasoning: rule, what it found, the facts it used, and what would help."""

    leg: Annotated[
        Code, Field(description="Leg of the contract chain that was looked at. Not personal.", examples=["govdigital"])
    ]
    rule: Annotated[
        Code, Field(description="Rule that was applied, by its name in the rule set. Not personal.", examples=["GWB108-4"])
    ]
    code: Annotated[Code, Field(description="Stable code of what it found. Not personal.", examples=["SHAREHOLDER"])]
    verdict: Annotated[Verdict, Field(description="What the rule concludes. Not personal.", examples=["EXEMPT"])]
    reason: Annotated[
        Text,
        Field(
            description="The conclusion in a German sentence. Not personal.",
            examples=["Beide sind Mitglieder der Genossenschaft."],
        ),
    ]
    facts: Annotated[
        tuple[Line, ...],
        Field(
            description="Facts that the rule used, in German lines. Not personal.",
            examples=[["Husum ist Mitglied der govdigital eG."]],
        ),
    ] = ()
    evidence: Annotated[
        tuple[Line, ...],
        Field(
            description="Sources of the facts: files of the reference data, registrations. Not personal.",
            examples=[["data/reference/members.csv"]],
        ),
    ] = ()
    remedy: Annotated[
        Text | None,
        Field(
            description="What would help, in a German sentence; null or absent: nothing is known to. Not personal.",
            examples=["Beantragen Sie die Akkreditierung."],
        ),
    ] = None
    law: Annotated[
        Line | None,
        Field(
            exclude_if=is_absent,
            description="Provision that the rule applies; null or absent in findings of a version without it. Not personal.",
            examples=["§ 108 Abs. 4 Nr. 1 GWB"],
        ),
    ] = None
    remedy_code: Annotated[
        Code | None,
        Field(
            exclude_if=is_absent,
            description="Stable code of what would help; null or absent: nothing is known to. Not personal.",
            examples=["PROVIDE_EVIDENCE"],
        ),
    ] = None


class Assessment(Value):
    """The verdict with everything needed to follow it: worst leg decides."""

    verdict: Annotated[Verdict, Field(description="The worst verdict of the legs decides. Not personal.", examples=["EXEMPT"])]
    rule_set: Annotated[Code, Field(description="Version of the rules. Not personal.", examples=["2026-10"])]
    as_of: Annotated[
        date, Field(description="Calendar day in Germany for which the facts hold. Not personal.", examples=["2026-11-24"])
    ]
    channel: Annotated[Channel, Field(description="Anbieter that was looked at. Not personal.", examples=["govdigital"])]
    customer: Annotated[OrganisationId, Field(description="Key of the Kunde. Not personal.", examples=["01054033"])]
    provider: Annotated[OrganisationId, Field(description="Key of the Bereitsteller. Not personal.", examples=["dataport"])]
    findings: Annotated[tuple[Finding, ...], Field(description="The steps of the reasoning, in order. Not personal.")]
    allowed_channels: Annotated[
        tuple[Channel, ...],
        Field(description="Anbieter through whom the Kunde may order instead. Not personal.", examples=[["govdigital"]]),
    ] = ()
    hash: Annotated[
        Line | None,
        Field(
            exclude_if=is_absent,
            description="SHA-256 of the verdict's canonical core, by which it is replayed; null or absent: it has none. "
            "Not personal.",
            examples=["d0a838805730335065463e2c68fefdc3c2db3fef78f980365f4428d3c3f84dc1"],
        ),
    ] = None
    record: Annotated[
        EntityId | None,
        Field(
            exclude_if=is_absent,
            description="Id of the verdict of record at eligibility, with facts and documents used; null or absent: there is "
            "none. Not personal.",
            examples=["a81a3462-6468-5c52-9420-d40e81e94c5a"],
        ),
    ] = None
    legs: Annotated[
        tuple[LegVerdict, ...] | None,
        Field(exclude_if=is_absent, description="Verdict per award of the chain; null or absent: not stated. Not personal."),
    ] = None
    rules: Annotated[
        tuple[DecidingRule, ...] | None,
        Field(exclude_if=is_absent, description="Rules that decide the verdict; null or absent: not stated. Not personal."),
    ] = None
    changes_on: Annotated[
        date | None,
        Field(
            exclude_if=is_absent,
            description="First later day on which the verdict is another if nothing new is recorded; null or absent: none is "
            "known. Not personal.",
            examples=["2027-07-01"],
        ),
    ] = None
    changes_to: Annotated[
        Verdict | None,
        Field(
            exclude_if=is_absent,
            description="The verdict from that day on; null or absent: none is known. Not personal.",
            examples=["NO_EVIDENCE"],
        ),
    ] = None

    @property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings that have the verdict of the whole."""
        return tuple(finding for finding in self.findings if finding.verdict is self.verdict)

    @property
    def decisive(self) -> Finding:
        """The first of them."""
        return self.deciding[0]

    @property
    def is_fixed(self) -> bool:
        """Whether nobody may decide beside it, since it rests on the conditions of the portal itself."""
        return self.verdict is Verdict.NOT_EXEMPT and any(finding.rule == _OF_THE_PORTAL for finding in self.deciding)


@message_type("eligibility.verdict.given.v1")
class VerdictGiven(Message):
    """The pre-check of an order has a result. ``check`` counts the checks of this order from 1."""

    verdict_id: Annotated[
        EntityId, Field(description="Id of the verdict. Not personal.", examples=["a81a3462-6468-5c52-9420-d40e81e94c5a"])
    ]
    order_id: Annotated[
        EntityId,
        Field(description="The Vorgang, the record's key. Not personal.", examples=["6567c570-29f9-5802-be12-1ed9f73a83ae"]),
    ]
    stage: Annotated[Stage, Field(description="Moment of the procedure. Not personal.", examples=["INTERESSE"])]
    check: Annotated[int, Field(description="Number of the check within the Vorgang, from 1. Not personal.", examples=[1])]
    customer: Annotated[Party, Field(description="The Kunde. Not personal.")]
    assessment: Annotated[Assessment, Field(description="The verdict with its reasoning. Not personal.")]
    signed_off_by: Annotated[
        Line | None,
        Field(
            description="Reference to the person who signed off a verdict that needs a decision of a person; null or absent: "
            "none. Personal: a reference to a person (sub of the token), no name.",
            examples=["3f0c8b7e-vergabestelle"],
        ),
    ] = None
    given_at: Annotated[
        Time, Field(description="When the verdict was given, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])
    ]


class Decision(OpenEnum):
    """What a named person decides beside the verdict."""

    PROCEED = "PROCEED"
    STOP = "STOP"


class Override(Value):
    """Decision of a named person of the Anbieter on a verdict, beside it: it changes neither verdict nor hash."""

    check: Annotated[
        int, Field(description="Number of the check within the Vorgang that it is about. Not personal.", examples=[2])
    ]
    verdict: Annotated[Verdict, Field(description="The verdict that it stands beside. Not personal.", examples=["NO_EVIDENCE"])]
    verdict_hash: Annotated[
        Line | None,
        Field(
            description="Hash of that verdict; null or absent: it has none. Not personal.",
            examples=["d0a838805730335065463e2c68fefdc3c2db3fef78f980365f4428d3c3f84dc1"],
        ),
    ] = None
    decision: Annotated[
        Decision, Field(description="Whether the award goes on or is stopped. Not personal.", examples=["PROCEED"])
    ]
    by: Annotated[
        Line,
        Field(
            description="Who decided. Personal: a reference to a person (sub of the token), no name.",
            examples=["3f0c8b7e-vergabestelle"],
        ),
    ]
    role: Annotated[Role, Field(description="Role in which they decided. Not personal.", examples=["ANBIETER"])]
    at: Annotated[Time, Field(description="When they decided, in UTC. Not personal.", examples=["2026-11-24T09:00:00Z"])]
    reason: Annotated[
        Text,
        Field(
            description="Why. Free text; it should name nobody, which nobody checks. Not personal.",
            examples=["Der Gesellschaftsvertrag liegt uns im Entwurf vor; die Zeichnung ist auf den 1.12. terminiert."],
        ),
    ]
    valid_until: Annotated[
        date,
        Field(
            description="First day on which it no longer holds, a calendar day in Germany. Not personal.", examples=["2027-01-01"]
        ),
    ]
    evidence: Annotated[
        tuple[Line, ...], Field(description="Ids of the documents that it rests on. Not personal.", examples=[["doc-17"]])
    ] = ()


@message_type("eligibility.verdict.overridden.v1")
class VerdictOverridden(Message):
    """A named person has decided beside the last verdict on a Vorgang. A new verdict ends the decision."""

    order_id: Annotated[
        EntityId,
        Field(description="The Vorgang, the record's key. Not personal.", examples=["6567c570-29f9-5802-be12-1ed9f73a83ae"]),
    ]
    stage: Annotated[Stage, Field(description="Moment of the procedure. Not personal.", examples=["BESTELLUNG"])]
    customer: Annotated[Party, Field(description="The Kunde. Not personal.")]
    channel: Annotated[Channel, Field(description="The Anbieter. Not personal.", examples=["govdigital"])]
    override: Annotated[Override, Field(description="The decision. Personal: by only.")]


class ChangeReason(OpenEnum):
    """Why a verdict is another one than before, though nobody has asked for a check."""

    FACTS = "FACTS"
    CALENDAR = "CALENDAR"
    RULES = "RULES"


@message_type("eligibility.verdict.changed.v1")
class VerdictChanged(Message):
    """The verdict on an open Vorgang or a running contract is another one now. ``check`` stays that of the last check."""

    order_id: Annotated[
        EntityId,
        Field(description="The Vorgang, the record's key. Not personal.", examples=["6567c570-29f9-5802-be12-1ed9f73a83ae"]),
    ]
    stage: Annotated[
        Stage, Field(description="Moment of the procedure of the last check. Not personal.", examples=["BESTELLUNG"])
    ]
    check: Annotated[int, Field(description="Number of the last check within the Vorgang. Not personal.", examples=[2])]
    customer: Annotated[Party, Field(description="The Kunde. Not personal.")]
    before: Annotated[Verdict, Field(description="The verdict until now. Not personal.", examples=["EXEMPT"])]
    because: Annotated[
        ChangeReason,
        Field(
            description="What has changed it: facts or evidence, the calendar, or the rules. Not personal.", examples=["CALENDAR"]
        ),
    ]
    assessment: Annotated[Assessment, Field(description="The verdict with its reasoning. Not personal.")]
    found_at: Annotated[Time, Field(description="When it was found, in UTC. Not personal.", examples=["2027-07-01T00:00:30Z"])]
