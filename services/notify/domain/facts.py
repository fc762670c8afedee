"""What an event is about: the organisations it concerns, by their part in it, and the values for the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from services.notify.domain.parameters import Matter, Parameters, Subject, SubjectKind
from shared.calendar import last_day_before
from shared.followed_offers import open_channels
from shared.messages import (
    catalog,
    catalog_reminders,
    catalog_versions,
    contracts,
    contracts_accessions,
    contracts_chain,
    contracts_changes,
    contracts_reminders,
    contracts_statements,
    contracts_sub,
    eligibility,
    eligibility_reminders,
    ordering,
    ordering_klienten,
    ordering_offerings,
)
from shared.messages.base import Message
from shared.messages.contracts import Leg
from shared.messages.eligibility import Stage
from shared.messages.ordering import OrderParty
from shared.messages.values import AccreditationState, Channel, OfferingState, OrderState, Party, Verdict


class Audience(StrEnum):
    """Part that an organisation has in an event.

    ORGANISATION: the one that the event is about; of a contract of a chain or an accession who passes the use on, of a change of
    channel the Anbieter that is left.
    COUNTERPART: the sides of the Vorgang, or of a contract, other than the one that acted.
    OWNER: whoever an open point belongs to.
    KLIENT: the Klient that an event is about, for whom the Kunde orders as Bündler.
    SIGN_OFF: the Anbieter, when the pre-check leaves a risk that somebody must answer for.
    """

    KUNDE = "KUNDE"
    BEREITSTELLER = "BEREITSTELLER"
    ANBIETER = "ANBIETER"
    ORGANISATION = "ORGANISATION"
    COUNTERPART = "COUNTERPART"
    OWNER = "OWNER"
    KLIENT = "KLIENT"
    SIGN_OFF = "SIGN_OFF"


Parties = Mapping[Audience, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What one event is about. ``parties`` maps a part to the ids of the organisations that have it; none, if nobody has.

    ``together`` is what its mails are gathered by in place of the subject: an act that is about several.
    """

    parties: Parties
    parameters: Parameters
    subject: Subject
    matter: Matter = field(default_factory=Matter)
    together: Subject | None = None


_OFFERING_EVENTS = (
    catalog.OfferingPublished,
    catalog.OfferingChanged,
    catalog.OfferingSuspended,
    catalog.OfferingResumed,
    catalog.OfferingWithdrawn,
)
_SUBMISSION_EVENTS = (
    catalog.OfferingSubmitted,
    catalog.OfferingReturned,
    catalog.OfferingAccepted,
    catalog_versions.VersionSubmitted,
    catalog_versions.VersionAccepted,
    catalog_versions.VersionReturned,
    catalog_versions.VersionDiscarded,
    catalog_reminders.ExaminationReminder,
)
_ACCREDITATION_EVENTS = (
    eligibility.AccreditationRequested,
    eligibility.AccreditationQueried,
    eligibility.AccreditationAnswered,
    eligibility.AccreditationDecided,
    eligibility_reminders.AccreditationReminder,
)


def facts_of(message: Message) -> Facts:
    """Return what an event is about. Raises TypeError for a type that leads to no notification."""
    if isinstance(message, ordering.OrderEvent):
        return _order(message)
    if isinstance(message, _OFFERING_EVENTS):
        by: Party | None = getattr(message, "by", None)
        ended = message.offering.state is OfferingState.ZURUECKGEZOGEN
        channel: Channel | None = None if ended else getattr(message, "channel", None)
        changed = isinstance(message, catalog.OfferingChanged)
        ended_on = message.contract_ended_on if isinstance(message, catalog.OfferingWithdrawn) else None
        reason: str | None = getattr(message, "reason", None)
        if isinstance(message, catalog.OfferingResumed) and message.offering.suspension is not None:
            # Somebody else's suspension goes on: why, is what there is to know.
            reason = message.offering.suspension.reason
        return _offering(message.offering, reason, by, channel, ended_on, changed=changed)
    if isinstance(message, _SUBMISSION_EVENTS):
        return _submission(message.submission, message)
    if isinstance(message, _ACCREDITATION_EVENTS):
        return _accreditation(message)
    if isinstance(message, eligibility.OrganisationRegistered):
        organisation = message.organisation
        return _organisation(organisation, Parameters(organisation=organisation.name))
    return _contract(message)


def _order(message: ordering.OrderEvent) -> Facts:
    order = message.order
    sides = _sides(order.customer.id, order.provider.id, order.channel)
    parties = {part: ids for part, ids in sides.items() if part not in _hidden_from(message)} | _relative(message)
    parameters = Parameters(
        order_number=order.number,
        offering_title=order.offering_title,
        customer=order.customer.name,
        provider=order.provider.name,
        channel=order.channel,
        actor=_actor(message),
        **_particulars(message),
    )
    matter = Matter(order_id=order.id, offering_id=order.offering_id)
    together = message.placement_id if isinstance(message, ordering.OrderPlaced) else None
    act = None if together is None else Subject(kind=SubjectKind.ORDER, id=together)
    return Facts(parties, parameters, Subject(kind=SubjectKind.ORDER, id=order.id), matter, act)


def _actor(message: ordering.OrderEvent) -> str | None:
    """Return the name of the side that acted, None where the text names it anyhow or nobody is known to."""
    match message:
        case (
            ordering.QuestionAsked(asked_by=party)
            | ordering.QuestionAnswered(answered_by=party)
            | ordering.PointSettled(owner=party)
            | ordering.PointAdded(by=party)
            | ordering.MilestonePlanned(by=party)
            | ordering.MilestoneReached(by=party)
            | ordering.OrderTerminated(by=party)
            | ordering.ClarificationReopened(by=party)
        ):
            return _names(message.order).get(party) if party is not None else None
    return None


def _names(order: ordering.OrderHead) -> dict[OrderParty, str]:
    return {OrderParty.KUNDE: order.customer.name, OrderParty.BEREITSTELLER: order.provider.name}


def _sides(customer: str, provider: str, channel: Channel) -> dict[Audience, tuple[str, ...]]:
    return {
        Audience.KUNDE: (customer,),
        Audience.BEREITSTELLER: (provider,),
        Audience.ANBIETER: (channel.value,),
    }


def _hidden_from(message: ordering.OrderEvent) -> tuple[Audience, ...]:  # noqa: PLR0911 - one case per message type
    """Return the parts that do not know of the Vorgang, and are not to learn of it by its end."""
    match message:
        case ordering.OrderRefused(stage=stage) if stage is not Stage.BESTELLUNG:
            return Audience.BEREITSTELLER, Audience.ANBIETER
        case ordering.OrderDeclined(agreed=False) | ordering.OrderEscalated(to_anbieter=False):
            return (Audience.ANBIETER,)
        case ordering_klienten.KlientReminded(escalated=False):
            return (Audience.KUNDE,)
        case ordering.CheckRecorded(hold_until=None):
            return Audience.BEREITSTELLER, Audience.ANBIETER
        case ordering.OrderVerdictChanged(order=order) if order.state is OrderState.INTERESSE_BEKUNDET:
            return (Audience.BEREITSTELLER,)
        case ordering.OrderTerminated(by=by, contract_id=contract) if by is OrderParty.SYSTEM or contract is not None:
            # They are told of the contract that the Vorgang ends with.
            return Audience.KUNDE, Audience.ANBIETER
        case ordering.OrderWithdrawn(forwarded=False) | ordering.OrderExpired(forwarded=False):
            return (Audience.BEREITSTELLER,)
    return ()


def _relative(message: ordering.OrderEvent) -> dict[Audience, tuple[str, ...]]:  # noqa: PLR0911 - one case per message type
    """Return the parts that depend on who acted or must act."""
    match message:
        case (
            ordering.QuestionAsked(asked_by=actor)
            | ordering.QuestionAnswered(answered_by=actor)
            | ordering.ClarificationReopened(by=actor)
            | ordering.MilestonePlanned(by=actor)
        ):
            return {Audience.COUNTERPART: _counterpart(message.order, actor)}
        case ordering.PointAdded(owner=owner) | ordering.PointSettled(owner=owner):
            return {
                Audience.OWNER: _organisation_of(message.order, owner),
                Audience.COUNTERPART: _counterpart(message.order, owner),
            }
        case ordering_klienten.KlientChecked(klient=klient, verdict=verdict, signed_off=signed_off):
            return _concerned_by_check(message.order, klient, verdict, signed_off=signed_off)
        case ordering_klienten.KlientEvent(klient=klient):
            return {Audience.KLIENT: (klient.id,)}
        case ordering.ChannelChanged(before=channel):
            return {Audience.ORGANISATION: (channel.value,)}
        case ordering.OrderReminded(party=party) | ordering.OrderEscalated(party=party):
            return {Audience.OWNER: _organisation_of(message.order, party)}
        case ordering.CheckRecorded(assessment=assessment) if assessment.verdict is Verdict.RISK:
            return {Audience.SIGN_OFF: (message.order.channel.value,)}
    return {}


def _concerned_by_check(
    order: ordering.OrderHead, klient: Party, verdict: Verdict, *, signed_off: bool
) -> dict[Audience, tuple[str, ...]]:
    """Return who has to act on the result of a Klient's pre-check: on a risk the Anbieter, else the Klient; nobody if free."""
    if verdict is Verdict.EXEMPT or signed_off:
        return {}
    return {Audience.SIGN_OFF: (order.channel.value,)} if verdict is Verdict.RISK else {Audience.KLIENT: (klient.id,)}


def _organisation_of(order: ordering.OrderHead, party: OrderParty) -> tuple[str, ...]:
    match party:
        case OrderParty.KUNDE:
            return (order.customer.id,)
        case OrderParty.BEREITSTELLER:
            return (order.provider.id,)
        case OrderParty.ANBIETER:
            return (order.channel.value,)
        case OrderParty.SYSTEM:
            return ()


def _counterpart(order: ordering.OrderHead, actor: OrderParty) -> tuple[str, ...]:
    sides = {OrderParty.KUNDE: order.customer.id, OrderParty.BEREITSTELLER: order.provider.id}
    return tuple(organisation for side, organisation in sides.items() if side is not actor)


def _particulars(message: ordering.OrderEvent) -> dict[str, Any]:  # noqa: C901, PLR0911, PLR0912 - one case per message type
    match message:
        case ordering.CheckRecorded(assessment=assessment, hold_until=until):
            finding = assessment.decisive
            return {
                "verdict": assessment.verdict,
                "code": finding.code,
                "reason": finding.reason,
                "remedy": "\n".join(dict.fromkeys(it.remedy for it in (finding, *_lacking(assessment)) if it.remedy)) or None,
                "lacking": tuple(dict.fromkeys(it.code for it in _lacking(assessment) if it.code != finding.code)) or None,
                "valid_until": None if until is None else last_day_before(until),
            }
        case ordering.OrderVerdictChanged(assessment=assessment):
            finding = assessment.decisive
            return {"verdict": assessment.verdict, "code": finding.code, "reason": finding.reason, "remedy": finding.remedy}
        case ordering.OrderRefused():
            return _grounds(message)
        case ordering.OrderReopened(order=order, hold_until=until):
            offered = order.state is OrderState.ANGEBOT_ERSTELLT
            party = OrderParty.KUNDE if offered else OrderParty.ANBIETER
            return {**_grounds(message), "party": party, "valid_until": last_day_before(until)}
        case ordering_klienten.KlientChecked(klient=klient, verdict=verdict, code=code, reason=reason, remedy=remedy):
            return {"organisation": klient.name, "verdict": verdict, "code": code, "reason": reason, "remedy": remedy}
        case ordering_klienten.OrderKlientVerdictChanged(klient=klient, verdict=verdict, code=code, reason=reason):
            found = {"organisation": klient.name, "verdict": verdict, "code": code, "reason": reason}
            return {**found, "remedy": message.remedy, "party": OrderParty.ANBIETER if message.anbieter_decides else None}
        case ordering_klienten.KlientReminded(klient=klient, since=since):
            return {"organisation": klient.name, "since": since}
        case ordering_klienten.KlientEvent(klient=klient):
            return {
                "organisation": klient.name,
                "reason": getattr(message, "reason", None),
                "code": getattr(message, "code", None),
            }
        case (
            ordering.OrderDeclined(reason=reason)
            | ordering.OrderWithdrawn(reason=reason)
            | ordering.OfferWithdrawn(reason=reason)
            | ordering.ClarificationReopened(reason=reason)
            | ordering.ChannelChanged(reason=reason)
        ):
            return {"reason": reason}
        case ordering_offerings.OfferingEnded(reason=reason, contract_ended_on=day):
            return {"reason": reason, "ends_on": day}
        case ordering.ClarificationStarted(points=points, points_en=english):
            return {"points": points, "points_en": english or None}
        case ordering.PointAdded(label=label, owner=owner):
            return {"point": label, "party": owner}
        case ordering.PointSettled(label=label, label_en=english, owner=owner, open_points=count):
            return {"point": label, "point_en": english, "party": owner, "open_points": count}
        case ordering.QuestionAsked(asked_by=party) | ordering.QuestionAnswered(answered_by=party):
            return {"party": party}
        case ordering.ConditionsConfirmed(conditions=conditions):
            return {"condition_count": len(conditions)}
        case (
            ordering.OrderReminded(label=label, label_en=english, since=since, lapses_at=lapses)
            | ordering.OrderEscalated(label=label, label_en=english, since=since, lapses_at=lapses)
        ):
            last = None if lapses is None else last_day_before(lapses)
            holder = _names(message.order).get(message.party)
            task = {"task": label, "task_en": english, "since": since, "planned_on": message.planned_on}
            return {**task, "valid_until": last, "organisation": holder}
        case ordering.OfferMade(valid_until=day):
            return {"valid_until": day}
        case ordering.OfferAmended(valid_until=day, reason=reason):
            return {"valid_until": day, "reason": reason}
        case ordering.OnboardingStarted(milestones=milestones, milestones_en=english):
            return {"milestones": milestones, "milestones_en": english or None}
        case ordering.MilestonePlanned(label=label, label_en=english, day=day, before=before, reason=reason):
            planned = {"planned_on": day, "planned_before": before, "reason": reason}
            return {"milestone": label, "milestone_en": english, **planned}
        case ordering.MilestoneReached(label=label, label_en=english, open_milestones=count):
            return {"milestone": label, "milestone_en": english, "open_milestones": count}
        case ordering.OrderTerminated(ends_on=day, by=party):
            return {"ends_on": day, "party": party}
        case ordering.OrderContinued(contract_number=number, valid_from=first, before=day):
            return {"contract_number": number, "valid_from": first, "ends_on": day}
    return {}


_Refused = (
    ordering.OrderRefused
    | ordering.OrderReopened
    | contracts_chain.NoticeRefused
    | contracts_sub.SubContractRefused
    | contracts_changes.SuccessionRefused
    | contracts_changes.ChangeFailed
    | contracts_chain.ChainRefused
)


def _grounds(refused: _Refused) -> dict[str, Any]:
    """Return why a rule has refused: stable code with its facts, and the German sentences."""
    return {"code": refused.code, "facts": refused.facts, "reason": refused.reason, "remedy": refused.remedy}


def _lacking(assessment: eligibility.Assessment) -> list[eligibility.Finding]:
    """Return what the Kunde lacks: beside what decides all else of the same leg, such as its accreditation."""
    leg = assessment.decisive.leg
    return [it for it in assessment.findings if it.leg == leg and it.verdict is not Verdict.EXEMPT]


def _offering(
    offering: catalog.Offering,
    reason: str | None,
    by: Party | None,
    channel: Channel | None,
    ends_on: date | None,
    *,
    changed: bool,
) -> Facts:
    version = _new_version(offering) if changed else None
    concerned = not changed or version is not None
    return Facts(
        {
            Audience.BEREITSTELLER: (offering.provider.id,),
            # Of a change that is no new version, such as a further channel, the Anbieter of the others learn by the topic.
            Audience.ANBIETER: tuple(listing.channel.value for listing in offering.channels) if concerned else (),
        },
        Parameters(
            offering_title=offering.title,
            provider=offering.provider.name,
            reason=reason,
            actor=by.name if by is not None else None,
            channel=channel,
            closed_channels=_closed(offering) or None,
            version=version,
            accepted_by=(offering.history[-1].accepted_by or None) if version is not None else None,
            ends_on=ends_on,
        ),
        Subject(kind=SubjectKind.OFFERING, id=offering.id),
        Matter(offering_id=offering.id),
    )


def _new_version(offering: catalog.Offering) -> int | None:
    """Return the version of an offer if the change that the state comes from has published it."""
    newest = offering.history[-1] if offering.history else None
    return newest.version if newest is not None and newest.at == offering.changed_at else None


def _closed(offering: catalog.Offering) -> tuple[Channel, ...]:
    suspended = (it.channel for it in offering.channel_suspensions)
    withdrawn = (it.channel for it in offering.channel_withdrawals)
    open_now = (*open_channels(offering), *suspended, *withdrawn)
    return tuple(listing.channel for listing in offering.channels if listing.channel not in open_now)


def _submission(submission: catalog.Submission, message: Message) -> Facts:
    """Return what a form, or a new version, is about; its last acceptance is told by the version that is in force with it."""
    by: Party | None = getattr(message, "by", None)
    waiting_for = message.waiting_for if isinstance(message, catalog_versions.VersionAccepted) else None
    waited = isinstance(message, catalog_reminders.ExaminationReminder) and message.new_version
    return Facts(
        {}
        if waiting_for == ()
        else {
            Audience.BEREITSTELLER: (submission.provider.id,),
            Audience.ANBIETER: tuple(channel.value for channel in submission.channels),
        },
        Parameters(
            offering_title=submission.title,
            provider=submission.provider.name,
            reason=getattr(message, "remarks", None),
            code=getattr(message, "code", None),
            facts=getattr(message, "facts", None),
            actor=by.name if by is not None else None,
            waiting_for=waiting_for,
            new_version=waited or None,
            since=getattr(message, "since", None),
        ),
        Subject(kind=SubjectKind.OFFERING, id=submission.offering_id),
        Matter(offering_id=submission.offering_id),
    )


def _accreditation(
    message: eligibility.AccreditationRequested
    | eligibility.AccreditationQueried
    | eligibility.AccreditationAnswered
    | eligibility.AccreditationDecided
    | eligibility_reminders.AccreditationReminder,
) -> Facts:
    accreditation = message.accreditation
    match message:
        case eligibility.AccreditationQueried():
            reason: str | None = message.question
        case eligibility.AccreditationAnswered():
            reason = message.answer
        case _:
            reason = getattr(message, "reason", None)
    parameters = Parameters(
        organisation=message.organisation.name,
        channel=accreditation.channel,
        role=accreditation.role,
        accreditation=accreditation.state,
        valid_until=accreditation.valid_to,
        reason=reason,
        since=getattr(message, "since", None),
    )
    facts = _organisation(message.organisation, parameters, accreditation.channel)
    if not isinstance(message, eligibility_reminders.AccreditationReminder):
        return facts
    if accreditation.state is AccreditationState.ERTEILT:
        return facts
    asked = accreditation.state is AccreditationState.RUECKFRAGE
    part = Audience.ORGANISATION if asked else Audience.ANBIETER
    return replace(facts, parties={part: facts.parties[part]})


def _organisation(organisation: eligibility.Organisation, parameters: Parameters, channel: Channel | None = None) -> Facts:
    parties: dict[Audience, tuple[str, ...]] = {Audience.ORGANISATION: (organisation.id,)}
    if channel is not None:
        parties[Audience.ANBIETER] = (channel.value,)
    return Facts(parties, parameters, Subject(kind=SubjectKind.ORGANISATION, id=organisation.id))


def _contract(message: Message) -> Facts:
    if isinstance(message, contracts.ContractConcluded):
        return _contract_concluded(message.contract)
    if isinstance(message, contracts_sub.SubContractOffered | contracts_sub.SubContractRefused):
        return _sub_contract(message)
    if isinstance(message, contracts_chain.ChainEvent):
        return _chain(message)
    if isinstance(message, contracts_accessions.AccessionEvent):
        return _accession(message.accession)
    if isinstance(message, contracts_statements.StatementEvent):
        return _statement(message.statement)
    raise TypeError(f"nobody is told of {message.TYPE}")


def _chain(message: contracts_chain.ChainEvent) -> Facts:
    if isinstance(message, contracts_chain.NoticeRefused):
        return _notice_refused(message)
    if isinstance(message, contracts_chain.ChainRefused):
        return _provision_refused(message)
    if isinstance(message, contracts_changes.ChangeEvent):
        return _change(message)
    if isinstance(message, contracts_changes.PriceAnnounced):
        return _new_price(message)
    if isinstance(message, contracts_changes.SuccessionEvent):
        return _succession(message)
    facts = _contract_of_a_chain(
        message.contract, message.by if isinstance(message, contracts_chain.ContractTerminated) else None
    )
    return _end_of_contract(facts, message.contract) if isinstance(message, contracts_reminders.ContractEndReminder) else facts


def _statement(statement: contracts_statements.StatementHead) -> Facts:
    contract_id = statement.contract_id
    return Facts(
        {Audience.KUNDE: (statement.payer,)},
        Parameters(
            contract_number=statement.contract_number,
            offering_title=statement.offering_title,
            channel=statement.channel,
            year=statement.year,
        ),
        Subject(kind=SubjectKind.OFFERING, id=statement.offering_id)
        if contract_id is None
        else Subject(kind=SubjectKind.CONTRACT, id=contract_id),
        Matter(offering_id=statement.offering_id),
    )


def _contract_concluded(contract: contracts.ContractHead) -> Facts:
    return Facts(
        _sides(contract.customer.id, contract.provider.id, contract.channel),
        Parameters(
            contract_number=contract.number,
            offering_title=contract.offering_title,
            customer=contract.customer.name,
            provider=contract.provider.name,
            channel=contract.channel,
        ),
        Subject(kind=SubjectKind.CONTRACT, id=contract.id),
        Matter(order_id=contract.order_id, offering_id=contract.offering_id),
    )


def _notice_refused(message: contracts_chain.NoticeRefused) -> Facts:
    """Return what a refused notice is about; it is told to the side that gave it alone."""
    facts = _with_grounds(_contract_of_a_chain(message.contract), message)
    side = Audience.KUNDE if message.by is OrderParty.KUNDE else Audience.ANBIETER
    return replace(facts, parties={side: facts.parties[side]})


def _provision_refused(message: contracts_chain.ChainRefused) -> Facts:
    """Return what a contract that came to nothing is about; of one that is withdrawn its parties know by their own doing."""
    facts = _with_grounds(_contract_of_a_chain(message.contract), message)
    return replace(facts, parties={}) if message.contract.state is contracts_chain.ChainState.ZURUECKGEZOGEN else facts


def _with_grounds(
    facts: Facts, message: contracts_chain.NoticeRefused | contracts_chain.ChainRefused | contracts_sub.SubContractRefused
) -> Facts:
    return replace(facts, parameters=facts.parameters.model_copy(update=_grounds(message)))


def _contract_of_a_chain(contract: contracts_chain.ChainHead, by: OrderParty | None = None) -> Facts:
    provision = contract.leg is Leg.BEREITSTELLUNG
    sides = {OrderParty.KUNDE: contract.grantee.name, OrderParty.BEREITSTELLER: contract.grantor.name}
    if not provision:
        sides |= {OrderParty.ANBIETER: contract.grantor.name}
    parties: dict[Audience, tuple[str, ...]] = {
        Audience.KUNDE: () if provision else (contract.grantee.id,),
        Audience.ANBIETER: (contract.channel.value,),
        Audience.ORGANISATION: (contract.grantor.id,),
    }
    return Facts(
        parties,
        Parameters(
            contract_number=contract.number,
            offering_title=contract.offering_title,
            customer=contract.grantee.name,
            provider=contract.grantor.name if provision else None,
            organisation=contract.grantor.name,
            channel=contract.channel,
            ends_on=contract.ends_on,
            actor=None if by is None else sides.get(by),
        ),
        Subject(kind=SubjectKind.CONTRACT, id=contract.id),
        Matter(offering_id=contract.offering_id if provision else None),
    )


def _end_of_contract(facts: Facts, contract: contracts_chain.ChainHead) -> Facts:
    noticed = {"noticed": True} if contract.state is contracts_chain.ChainState.GEKUENDIGT else {}
    return replace(facts, parameters=facts.parameters.model_copy(update=noticed))


def _accession(accession: contracts_accessions.AccessionHead) -> Facts:
    return Facts(
        {
            Audience.KUNDE: (accession.organisation.id,),
            Audience.BEREITSTELLER: (accession.provider.id,),
            Audience.ANBIETER: (accession.channel.value,),
            Audience.ORGANISATION: (accession.licensee.id,),
        },
        Parameters(
            offering_title=accession.offering_title,
            customer=accession.organisation.name,
            organisation=accession.licensee.name,
            channel=accession.channel,
            ends_on=accession.ends_on,
        ),
        Subject(kind=SubjectKind.OFFERING, id=accession.offering_id),
        Matter(offering_id=accession.offering_id),
    )


def _sub_contract(message: contracts_sub.SubContractOffered | contracts_sub.SubContractRefused) -> Facts:
    facts = _contract_of_a_chain(message.contract)
    if isinstance(message, contracts_sub.SubContractOffered):
        sides = {message.contract.grantor.id, message.contract.grantee.id} - {message.offered_by.id}
        parameters = facts.parameters.model_copy(update={"actor": message.offered_by.name})
        return replace(facts, parties={**facts.parties, Audience.COUNTERPART: tuple(sorted(sides))}, parameters=parameters)
    return _with_grounds(facts, message)


def _change(message: contracts_changes.ChangeEvent) -> Facts:
    """Return what a change of a contract is about; COUNTERPART is the side across from the one that has acted."""
    facts = _contract_of_a_chain(message.contract)
    stated: dict[str, Any] = {"parts": message.parts, "agb": message.agb, "ends_on": None}
    by: Party | None = None
    match message:
        case contracts_changes.OfferedChange(offered_by=by, reason=reason):
            stated["reason"] = reason
        case contracts_changes.ChangeRefused(refused_by=by, reason=reason):
            stated["reason"] = reason
        case contracts_changes.ChangeFailed():
            stated |= _grounds(message)
            if not message.offered:
                # Only the Anbieter knows of it, one of whose persons has signed.
                facts = replace(facts, parties={Audience.ANBIETER: facts.parties[Audience.ANBIETER]})
    if isinstance(message, contracts_changes.AgbOffered):
        stated["ends_on"] = message.earliest_end
    across = {message.contract.grantor.id, message.contract.grantee.id} - {None if by is None else by.id}
    if by is None or (isinstance(message, contracts_changes.ChangeRefused) and not message.offered):
        across = set()
    return replace(
        facts,
        parties={**facts.parties, Audience.COUNTERPART: tuple(sorted(across))},
        parameters=facts.parameters.model_copy(update=stated | {"actor": None if by is None else by.name}),
    )


def _new_price(message: contracts_changes.PriceAnnounced) -> Facts:
    facts = _contract_of_a_chain(message.contract)
    stated = {
        "price_from": message.effective_from,
        "borne_by": None if message.borne_by is None else message.borne_by.name,
        "borne_from": message.borne_from,
        "borne_to": message.borne_to,
        "ends_on": None,
    }
    return replace(facts, parameters=facts.parameters.model_copy(update=stated))


def _succession(message: contracts_changes.SuccessionEvent) -> Facts:
    facts = _contract_of_a_chain(message.contract)
    stated: dict[str, Any] = {"valid_from": message.contract.valid_from}
    parties = dict(facts.parties)
    if isinstance(message, contracts_changes.SuccessionOffered):
        stated["actor"] = message.offered_by.name
        across = {message.contract.grantor.id, message.contract.grantee.id} - {message.offered_by.id}
        parties[Audience.COUNTERPART] = tuple(sorted(across))
    if isinstance(message, contracts_changes.SuccessionRefused):
        stated |= _grounds(message)
        if not message.offered:
            parties = {Audience.ANBIETER: parties[Audience.ANBIETER]}
    return replace(facts, parties=parties, parameters=facts.parameters.model_copy(update=stated))
