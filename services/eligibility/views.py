"""Answers of the API, each by what its reader may see. Periods are half-open: ``valid_to`` is the first day after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from services.eligibility.domain.accreditation import AccreditationRecord
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.statement import EvidenceType, RelationType, Statement, StatementStanding
from services.eligibility.domain.transitions import TRANSITIONS, Actor, Command
from services.eligibility.domain.verdict import Check, OrderVerdict, Recheck
from services.eligibility.repository import Viewer
from shared.messages.eligibility import Assessment, ChangeReason, Decision, Finding, InvoiceAddress, Override, Stage
from shared.messages.ordering import OrderParty
from shared.messages.values import (
    AccreditationState,
    Channel,
    Function,
    OrganisationType,
    Party,
    Role,
    Verdict,
)
from shared.store.port import Document as StoredDocument


class BodyView(BaseModel):
    """An entry of the register of public bodies. ``same_as``: it acts as this other body."""

    id: str
    name: str
    type: OrganisationType
    state_code: str | None
    ars: str | None
    same_as: str | None

    @classmethod
    def of(cls, document: StoredDocument) -> BodyView:
        """Return the view of a stored body."""
        return cls(id=document["_id"], **{name: document[name] for name in cls.model_fields if name != "id"})


class EvidenceView(BaseModel):
    """A document on file."""

    id: str
    type: EvidenceType
    title: str
    reference: str
    valid_from: date | None
    valid_to: date | None


class StatedRelationView(BaseModel):
    """The relation that a statement has become once an Anbieter had accredited on it, and what was found of it since.

    ``fact``: its id. REFUTED: a finding speaks against it; WITHDRAWN: it never held.
    """

    fact: str
    state: Literal["UNEXAMINED", "EXAMINED", "REFUTED", "WITHDRAWN"]


class StatementView(BaseModel):
    """A statement on file. ``confirmed``: an Anbieter has accredited on it; ``plausible_by``: the group that it fits into.

    ``standing``: what the Anbieter have made of it, for an Anbieter itself alone. ``relation``: null while it is none, and in
    answers to changes.
    """

    id: str
    type: RelationType
    path: list[str]
    valid_from: date | None
    valid_to: date | None
    evidence: list[EvidenceView]
    plausible_by: str | None
    confirmed: bool
    standing: StatementStanding
    relation: StatedRelationView | None = None

    @classmethod
    def of(
        cls, statement: Statement, organisation: Organisation, viewer: Viewer, relation: StatedRelationView | None = None
    ) -> StatementView:
        """Return the view of a statement, without the person who made it."""
        own = viewer.organisation == organisation.id
        shown = statement.model_dump(include={"id", "type", "valid_from", "valid_to", "plausible_by"})
        evidence = [EvidenceView(**record.model_dump(exclude={"recorded_by", "recorded_at"})) for record in statement.evidence]
        return cls(
            **shown,
            path=list(statement.path),
            evidence=evidence,
            confirmed=organisation.confirmed(statement.id),
            standing=organisation.standing_of(statement.id, None if own else viewer.channel),
            relation=relation,
        )


class StepView(BaseModel):
    """One entry of an accreditation's history."""

    command: Command
    state: AccreditationState
    actor: Actor
    note: str | None
    at: datetime


class ProposalView(BaseModel):
    """A decision that a second person of the Anbieter has still to confirm, by the same command."""

    command: Command
    person: str
    note: str | None
    valid_from: date | None
    valid_to: date | None
    statements: list[str] | None
    at: datetime


class AccreditationView(BaseModel):
    """Standing at an Anbieter in a role. ``allowed``: what the reader can do now.

    For the Anbieter only: ``decider`` who has decided, ``proposer`` who has proposed it, ``proposal`` what waits for a second
    person.
    """

    channel: Channel
    role: Role
    state: AccreditationState
    valid_from: date | None
    valid_to: date | None
    statements: list[str]
    question: str | None
    reason: str | None
    decider: str | None
    proposer: str | None
    proposal: ProposalView | None
    requested_at: datetime
    allowed: list[Command]
    history: list[StepView]

    @classmethod
    def of(cls, record: AccreditationRecord, actor: Actor) -> AccreditationView:
        """Return the view of a record for the organisation or the Anbieter."""
        shown = record.model_dump(exclude={"history", "statements", "decider", "proposer", "proposal"})
        inside = actor is Actor.ANBIETER
        return cls(
            **shown,
            statements=list(record.statements),
            decider=record.decider if inside else None,
            proposer=record.proposer if inside else None,
            proposal=ProposalView(**record.proposal.model_dump()) if inside and record.proposal is not None else None,
            allowed=TRANSITIONS.allowed(record.state, actor),
            history=[StepView(**step.model_dump(exclude={"person"})) for step in record.history],
        )


class MemberView(BaseModel):
    """A person who acts for the organisation, by reference, and what they may do for it."""

    person: str
    functions: list[Function]


class OrganisationView(BaseModel):
    """A registered organisation. ``users`` and ``members``: references to persons, for the organisation itself only."""

    id: str
    name: str
    type: OrganisationType
    state_code: str | None
    ars: str | None
    leitweg_id: str | None
    invoice_address: InvoiceAddress | None
    roles: list[Role]
    users: list[str] | None
    members: list[MemberView] | None
    statements: list[StatementView]
    accreditations: list[AccreditationView]
    registered_at: datetime
    changed_at: datetime

    @classmethod
    def of(
        cls, organisation: Organisation, viewer: Viewer, relations: Mapping[str, StatedRelationView] | None = None
    ) -> OrganisationView:
        """Return what the viewer may see: their own in full, else what concerns their channel.

        ``relations``: those that its statements have become, by id of the statement.
        """
        became = relations or {}
        own = viewer.organisation == organisation.id
        actor = Actor.ORGANISATION if own else Actor.ANBIETER
        shown = organisation.model_dump(
            include={"id", "name", "type", "state_code", "ars", "leitweg_id", "registered_at", "changed_at"}
        )
        return cls(
            **shown,
            invoice_address=organisation.invoice_address,
            roles=list(organisation.roles),
            users=list(organisation.users) if own else None,
            members=[MemberView(**member.model_dump()) for member in organisation.members] if own else None,
            statements=[StatementView.of(s, organisation, viewer, became.get(s.id)) for s in organisation.statements],
            accreditations=[
                AccreditationView.of(a, actor) for a in organisation.accreditations if own or a.channel is viewer.channel
            ],
        )


class WorkItem(BaseModel):
    """An accreditation that waits for the Anbieter or for the organisation's answer, with the statements it rests on."""

    organisation: Party
    type: OrganisationType
    accreditation: AccreditationView
    statements: list[StatementView]

    @classmethod
    def of(cls, organisation: Organisation, record: AccreditationRecord, viewer: Viewer) -> WorkItem:
        """Return the item of one open accreditation."""
        cited = [s for s in organisation.statements if s.id in record.statements]
        return cls(
            organisation=Party(id=organisation.id, name=organisation.name),
            type=organisation.type,
            accreditation=AccreditationView.of(record, Actor.ANBIETER),
            statements=[StatementView.of(s, organisation, viewer) for s in cited],
        )


def of_channels(assessment: Assessment, channels: Sequence[Channel]) -> Assessment:
    """Return an assessment that names no other channel than these: whether another is open is not everybody's to know."""
    return assessment.model_copy(
        update={"allowed_channels": tuple(channel for channel in assessment.allowed_channels if channel in channels)}
    )


class LackingView(BaseModel):
    """What is lacking in a channel. ``who`` must act: KUNDE, BEREITSTELLER or ANBIETER."""

    leg: str
    rule: str
    code: str
    verdict: Verdict
    reason: str
    remedy: str | None
    who: OrderParty


class ChannelAdviceView(BaseModel):
    """May one order the offer through this channel now? ``lacking``: what must happen before, and by whom."""

    channel: Channel
    may: bool
    verdict: Verdict
    lacking: list[LackingView]

    @classmethod
    def of(cls, assessment: Assessment) -> ChannelAdviceView:
        """Return the advice that an assessment gives."""
        # Rules that miss the same on a leg say so in the same words.
        lacking = {(it.leg, it.reason): it for it in reversed(assessment.findings) if it.verdict is not Verdict.EXEMPT}
        return cls(
            channel=assessment.channel,
            may=assessment.verdict is Verdict.EXEMPT,
            verdict=assessment.verdict,
            lacking=[
                LackingView(**finding.model_dump(include=set(LackingView.model_fields) - {"who"}), who=who_acts(finding))
                for finding in reversed(lacking.values())
            ],
        )


def who_acts(finding: Finding) -> OrderParty:
    """Return who must act on a finding: the Anbieter on a risk, else the side of the leg that lacks something."""
    if finding.verdict is Verdict.RISK:
        return OrderParty.ANBIETER
    return OrderParty.BEREITSTELLER if finding.leg == "L1" else OrderParty.KUNDE


class ChecksView(BaseModel):
    """The pre-check per channel, and the channels in which nothing stands in the way; ``channels``: advice on an offer."""

    assessments: list[Assessment]
    allowed_channels: list[Channel]
    offering_id: str | None = None
    orderable: bool | None = None
    """Whether the offer takes interest at all now."""
    channels: list[ChannelAdviceView] | None = None


class OverrideView(BaseModel):
    """Decision of a person beside the verdict of a check. ``by``, ``reason`` and ``evidence``: for Kunde and Anbieter only."""

    check: int
    verdict: Verdict
    verdict_hash: str | None
    decision: Decision
    role: Role
    at: datetime
    valid_until: date
    by: str | None
    reason: str | None
    evidence: list[str] | None

    @classmethod
    def of(cls, override: Override, *, grounds: bool) -> OverrideView:
        """Return the view of a decision, with or without its grounds."""
        shown = override.model_dump(include={"check", "verdict", "verdict_hash", "decision", "role", "at", "valid_until"})
        return cls(
            **shown,
            by=override.by if grounds else None,
            reason=override.reason if grounds else None,
            evidence=list(override.evidence) if grounds else None,
        )


class CheckView(BaseModel):
    """One check of an order. The Bereitsteller sees the result, not its grounds."""

    number: int
    stage: Stage
    verdict: Verdict
    given_at: datetime
    signed_off: bool
    signed_off_by: str | None
    assessment: Assessment | None

    @classmethod
    def of(cls, check: Check, *, grounds: bool, channels: Sequence[Channel]) -> CheckView:
        """Return the view of a check, with or without its grounds, which name no other channels than these."""
        return cls(
            number=check.number,
            stage=check.stage,
            verdict=check.assessment.verdict,
            given_at=check.given_at,
            signed_off=check.sign_off is not None,
            signed_off_by=check.sign_off.person if check.sign_off and grounds else None,
            assessment=of_channels(check.assessment, channels) if grounds else None,
        )


class RecheckView(BaseModel):
    """The verdict that was found without a check. ``check``: the one whose verdict it replaces. Grounds as in a check."""

    check: int
    verdict: Verdict
    because: ChangeReason
    found_at: datetime
    assessment: Assessment | None

    @classmethod
    def of(cls, found: Recheck, *, grounds: bool, channels: Sequence[Channel]) -> RecheckView:
        """Return the view of what was found, with or without its grounds, which name no other channels than these."""
        return cls(
            check=found.check,
            verdict=found.assessment.verdict,
            because=found.because,
            found_at=found.found_at,
            assessment=of_channels(found.assessment, channels) if grounds else None,
        )


class VerdictView(BaseModel):
    """All checks of an order; the last one counts, unless a ``recheck`` has found another verdict since.

    ``overrides``: what persons have decided beside them, oldest first. ``to_sign``: the caller's Anbieter can sign off a
    risk; ``decisions``: what it can decide.
    """

    order_id: str
    customer: Party
    provider: Party
    channel: Channel
    checks: list[CheckView]
    recheck: RecheckView | None = None
    overrides: list[OverrideView] = []
    to_sign: bool = False
    decisions: list[Decision] = []

    @classmethod
    def of(cls, verdict: OrderVerdict, viewer: Viewer) -> VerdictView:
        """Return what the viewer may see: grounds for the Kunde and the Anbieter."""
        decides = viewer.channel is verdict.channel
        own = viewer.organisation == verdict.customer.id
        grounds = own or viewer.channel is verdict.channel
        channels = tuple(Channel) if own else (verdict.channel,)
        found = verdict.replaced_by
        # What was found and decided at another Anbieter, before the order changed to this one, is not the successor's to know.
        here = {check.number for check in verdict.checks if own or check.assessment.channel is verdict.channel}
        return cls(
            order_id=verdict.id,
            customer=verdict.customer,
            provider=verdict.provider,
            channel=verdict.channel,
            checks=[CheckView.of(check, grounds=grounds and check.number in here, channels=channels) for check in verdict.checks],
            recheck=None if found is None else RecheckView.of(found, grounds=grounds, channels=channels),
            overrides=[OverrideView.of(override, grounds=grounds and override.check in here) for override in verdict.overrides],
            to_sign=decides and verdict.to_sign,
            decisions=list(verdict.decisions) if decides else [],
        )
