"""Messages of eligibility: organisations with their accreditations, and verdicts of the in-house pre-check."""

from __future__ import annotations

from datetime import date

from shared.messages.base import Message, Value, message_type
from shared.messages.open_enum import OpenEnum
from shared.messages.values import (
    AccreditationState,
    Ars,
    Channel,
    Code,
    EntityId,
    Line,
    OrganisationId,
    OrganisationType,
    Party,
    Role,
    Text,
    Time,
    Verdict,
)


class Accreditation(Value):
    """Standing of an organisation at one Anbieter in one role."""

    channel: Channel
    role: Role
    state: AccreditationState
    valid_from: date | None = None
    valid_to: date | None = None


class Organisation(Value):
    """Full public state of a registered organisation. No personal data: nobody is named.

    ``former_users``: marks of those who are no users of it any more (``shared.ids.person_mark``), None from versions that did
    not have them. They stand in the state, not in one event, because a compacted topic keeps the last event only.
    """

    id: OrganisationId
    name: Line
    type: OrganisationType
    state_code: Line | None = None
    ars: Ars | None = None
    leitweg_id: Line | None = None
    roles: tuple[Role, ...]
    accreditations: tuple[Accreditation, ...]
    registered_at: Time
    changed_at: Time
    former_users: tuple[EntityId, ...] | None = None


@message_type("eligibility.organisation.registered.v1")
class OrganisationRegistered(Message):
    """The first authorised person has registered the organisation."""

    organisation: Organisation


@message_type("eligibility.organisation.changed.v1")
class OrganisationChanged(Message):
    """Master data, roles or the in-house statement of the organisation have changed."""

    organisation: Organisation


@message_type("eligibility.organisation.accreditation-requested.v1")
class AccreditationRequested(Message):
    """The organisation asks an Anbieter for accreditation in a role."""

    organisation: Organisation
    accreditation: Accreditation


@message_type("eligibility.organisation.accreditation-queried.v1")
class AccreditationQueried(Message):
    """The Anbieter has a question before it decides (Rückfrage)."""

    organisation: Organisation
    accreditation: Accreditation
    question: Text


@message_type("eligibility.organisation.accreditation-decided.v1")
class AccreditationDecided(Message):
    """The Anbieter has granted, refused or withdrawn an accreditation, or it has run out."""

    organisation: Organisation
    accreditation: Accreditation
    reason: Text | None = None


@message_type("eligibility.organisation.restated.v1")
class OrganisationRestated(Message):
    """The full state of an organisation once more, because the topic was rebuilt; nothing has happened to it."""

    organisation: Organisation


class Stage(OpenEnum):
    """Moment of the procedure at which the in-house relation is checked."""

    INTERESSE = "INTERESSE"
    BESTELLUNG = "BESTELLUNG"


class Finding(Value):
    """One step of the reasoning: rule, what it found, the facts it used, and what would help."""

    leg: Code
    rule: Code
    code: Code
    verdict: Verdict
    reason: Text
    facts: tuple[Line, ...] = ()
    evidence: tuple[Line, ...] = ()
    remedy: Text | None = None


class Assessment(Value):
    """The verdict with everything needed to follow it: worst leg decides."""

    verdict: Verdict
    rule_set: Code
    as_of: date
    channel: Channel
    customer: OrganisationId
    provider: OrganisationId
    findings: tuple[Finding, ...]
    allowed_channels: tuple[Channel, ...] = ()

    @property
    def decisive(self) -> Finding:
        """The first finding that has the verdict of the whole."""
        return next(finding for finding in self.findings if finding.verdict is self.verdict)


@message_type("eligibility.verdict.given.v1")
class VerdictGiven(Message):
    """The pre-check of an order has a result. ``check`` counts the checks of this order from 1."""

    verdict_id: EntityId
    order_id: EntityId
    stage: Stage
    check: int
    customer: Party
    assessment: Assessment
    signed_off_by: Line | None = None
    given_at: Time
