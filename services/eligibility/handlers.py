"""Use cases: each returns the change of one aggregate, or reads. Decisions are pure; ``at`` is the time of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise

from services.eligibility.domain import reminders
from services.eligibility.domain.accreditation import Move, Term
from services.eligibility.domain.appointment import Appointment
from services.eligibility.domain.invitation import Invitation, InvitationMail
from services.eligibility.domain.invoice_address import AddressChange
from services.eligibility.domain.organisation import Organisation
from services.eligibility.domain.registration import Capacity, LeitwegChange, PublicBody, Registration
from services.eligibility.domain.rights import record_rights
from services.eligibility.domain.statement import Document as EvidenceDocument
from services.eligibility.domain.statement import RelationType, Statement, make_statement
from services.eligibility.domain.verdict import Check, KlientCheck, OrderVerdict
from services.eligibility.domain.vollmacht import Vollmacht
from services.eligibility.engine.view import View
from services.eligibility.repository import Bodies, Organisations
from shared.aggregate.change import Cause, Change
from shared.aggregate.sweep import Sweep
from shared.calendar import day_of
from shared.errors import InvalidError, NotFoundError
from shared.messages.base import Message
from shared.messages.eligibility import Assessment, Override, Stage
from shared.messages.ordering import OrderHead
from shared.messages.ordering_klienten import KlientCheckRequested
from shared.messages.values import Channel, Function, OrganisationType, Role
from shared.store.port import Document

EXPIRY_BATCH = 200


def public_body(document: Document) -> PublicBody:
    """Return the entry of the register that registers. Raises InvalidError (``register_as``) for one that acts as another."""
    if document["same_as"] is not None:
        raise InvalidError(
            f"{document['name']} is Land and Gemeinde in one; register it as {document['same_as']}.",
            code="register_as",
            body=document["same_as"],
        )
    kind = OrganisationType.read(document["type"])
    twelve = kind in (OrganisationType.KOMMUNE, OrganisationType.VERBAND)
    return PublicBody(document["_id"], document["name"], kind, document["state_code"], document["ars"] if twelve else None)


def register(body: PublicBody, registration: Registration, at: datetime) -> Change[Organisation]:
    """Register an organisation; the first authorised person wins."""

    def decide(organisation: Organisation | None) -> tuple[Organisation, Sequence[Message]]:
        if organisation is not None:
            return organisation, organisation.registered_again(registration)
        return Organisation.register(body, registration, at)

    return Change(body.id, decide)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a user changes on their organisation; empty fields stay as they are."""

    add_roles: tuple[Role, ...] = ()
    add_users: tuple[str, ...] = ()
    remove_users: tuple[str, ...] = ()
    functions: Mapping[str, Sequence[Function]] = field(default_factory=dict)
    leitweg_id: LeitwegChange | None = None
    invoice_address: AddressChange | None = None


def change_organisation(organisation_id: str, changes: Changes, person: str, at: datetime) -> Change[Organisation]:
    """Add roles, add or remove users, give functions, set or remove Leitweg-ID and invoice address."""
    return _on(
        organisation_id,
        lambda organisation: organisation.change(
            person,
            at,
            add_roles=changes.add_roles,
            add_users=changes.add_users,
            remove_users=changes.remove_users,
            functions=changes.functions,
            leitweg_id=changes.leitweg_id,
            invoice_address=changes.invoice_address,
        ),
    )


def invite(
    organisation_id: str, invitation: Invitation, at: datetime, mail: InvitationMail | None = None
) -> Change[Organisation]:
    """Record an invitation, and have it sent if ``mail`` says where to."""
    return _on(organisation_id, lambda organisation: organisation.invite(invitation, at, mail))


def mail_invitation(
    organisation_id: str, invitation_id: str, mail: InvitationMail, person: str, at: datetime
) -> Change[Organisation]:
    """Have an invitation sent, for the first time or again."""
    return _on(organisation_id, lambda organisation: organisation.mail_invitation(invitation_id, mail, person, at))


def revoke_invitation(organisation_id: str, invitation_id: str, person: str, at: datetime) -> Change[Organisation]:
    """Revoke an invitation."""
    return _on(organisation_id, lambda organisation: organisation.revoke_invitation(invitation_id, person, at))


def accept_invitation(organisation_id: str, secret_sha256: str, person: str, at: datetime) -> Change[Organisation]:
    """Make whoever shows the secret of an invitation a member."""
    return _on(organisation_id, lambda organisation: organisation.accept(secret_sha256, person, at))


def leave(organisation_id: str, person: str, at: datetime) -> Change[Organisation]:
    """Remove a member at their own wish."""
    return _on(organisation_id, lambda organisation: organisation.leave(person, at))


def authorise(organisation_id: str, candidate: str, capacity: Capacity, person: str, at: datetime) -> Change[Organisation]:
    """Propose or confirm another authorised person."""
    return _on(organisation_id, lambda organisation: organisation.authorise(candidate, capacity, person, at))


@dataclass(frozen=True, slots=True)
class StateRelation:
    """An organisation's statement: the path from itself to the Anbieter, kind and period of its own leg, documents."""

    path: tuple[str, ...]
    type: RelationType
    valid_from: date | None
    valid_to: date | None
    evidence: tuple[EvidenceDocument, ...]


async def statement_of(
    command: StateRelation, organisation_id: str, bodies: Bodies, facts: View, person: str, at: datetime
) -> Statement:
    """Return the statement, after looking up that its bodies exist and that its further legs are known.

    Raises InvalidError: ``own_leg_missing``, ``body_unknown``, ``path_leg_unknown``, or as ``make_statement``.
    """
    if command.path[0] != organisation_id:
        raise InvalidError("The first leg of the path must be the organisation's own.", code="own_leg_missing")
    known = await bodies.get_many(list(command.path))
    missing = [body for body in command.path if body not in known]
    if missing:
        raise InvalidError(f"The register knows no body {', '.join(missing)}.", code="body_unknown", bodies=missing)
    _check_legs(command.path[1:], facts)
    plausible = await bodies.group_of(known[organisation_id], command.path[1], day_of(at))
    relation = (command.type, command.valid_from, command.valid_to)
    return make_statement(command.path, relation, command.evidence, plausible, person, at)


def _check_legs(path: Sequence[str], facts: View) -> None:
    for source, target in pairwise(path):
        parts = (*facts.part_of.get(source, ()), *facts.parts.get(source, ()))
        targets = {relation.target for relation in facts.relations_from.get(source, ())}
        if target not in targets | {end for part in parts for end in (part.source, part.target)}:
            raise InvalidError(
                f"No relation of {source} to {target} is known; {source} must state it itself.",
                code="path_leg_unknown",
                source=source,
                target=target,
            )


def state_relation(organisation_id: str, statement: Statement, person: str, at: datetime) -> Change[Organisation]:
    """Record a statement."""
    return _on(organisation_id, lambda organisation: organisation.state_relation(statement, person, at))


def request_accreditation(organisation_id: str, channel: Channel, role: Role, person: str, at: datetime) -> Change[Organisation]:
    """Ask an Anbieter for accreditation."""
    return _on(organisation_id, lambda organisation: organisation.request_accreditation(channel, role, person, at))


def take_back(organisation_id: str, statement_id: str, person: str, reason: str | None, at: datetime) -> Change[Organisation]:
    """Withdraw a statement."""
    return _on(organisation_id, lambda organisation: organisation.take_back(statement_id, person, at, reason))


def put_vollmacht(organisation_id: str, vollmacht: Vollmacht | None, person: str, at: datetime) -> Change[Organisation]:
    """Record the Vollmacht of the authorised person, None: delete it."""
    return _on(organisation_id, lambda organisation: organisation.put_vollmacht(vollmacht, person, at))


def expire_vollmacht(organisation_id: str, before: datetime, at: datetime) -> Change[Organisation]:
    """Delete a Vollmacht that was brought before a moment."""
    return _on(organisation_id, lambda organisation: organisation.expire_vollmacht(before, at))


async def expire_vollmachten(organisations: Organisations, term: timedelta, at: datetime) -> int:
    """Delete every Vollmacht that was brought longer ago than ``term``; return how many.

    Raises OutboxFullError after the others, for an organisation whose outbox was full.
    """
    sweep, total = Sweep(organisations.ledger), 0
    async for ids in organisations.with_vollmacht_before(at - term):
        results = await sweep.apply([expire_vollmacht(organisation_id, at - term, at) for organisation_id in ids])
        total += sum(1 for result in results if result.events)
    sweep.finish()
    return total


def move_accreditation(organisation_id: str, move: Move, *, four_eyes: bool) -> Change[Organisation]:
    """Move an accreditation one step on, other than by a grant; ``four_eyes``: decisions need two persons."""
    return _on(organisation_id, lambda organisation: organisation.move(move, four_eyes=four_eyes))


def grant_accreditation(
    organisation_id: str, move: Move, term: Term, default_term: timedelta, *, four_eyes: bool
) -> Change[Organisation]:
    """Grant an accreditation; without a named end it lasts ``default_term``. ``four_eyes``: it needs two persons."""
    today = day_of(move.at)
    return _on(
        organisation_id, lambda organisation: organisation.grant(move, term, today, today + default_term, four_eyes=four_eyes)
    )


def expire_accreditations(organisation_id: str, at: datetime) -> Change[Organisation]:
    """Expire the accreditations whose term has ended."""
    return _on(organisation_id, lambda organisation: organisation.expire(day_of(at), at))


async def expire_due(organisations: Organisations, at: datetime) -> int:
    """Expire all accreditations whose term has ended; return the number of organisations concerned.

    Raises OutboxFullError after the others, for an organisation whose outbox was full.
    """
    sweep, total = Sweep(organisations.ledger), 0
    while True:
        found = await organisations.expiring(day_of(at) + timedelta(days=1), EXPIRY_BATCH + len(sweep.left))
        due = [organisation_id for organisation_id in found if organisation_id not in sweep.left]
        await sweep.apply([expire_accreditations(organisation_id, at) for organisation_id in due])
        total += len(due)
        if len(due) < EXPIRY_BATCH:
            break
    sweep.finish()
    return total


def remind(organisation_id: str, schedule: reminders.Schedule, at: datetime) -> Change[Organisation]:
    """Record the reminders that are due, unless somebody has decided or given them meanwhile."""
    return _on(organisation_id, lambda organisation: reminders.remind(organisation, schedule, at))


async def remind_due(organisations: Organisations, schedule: reminders.Schedule, at: datetime) -> int:
    """Remind whoever accreditations wait for, and of those that end; return the number of organisations concerned.

    Each reminder is given once, whoever crashes and however many processes look: it is recorded in the organisation.
    Raises OutboxFullError after the others, for an organisation whose outbox was full.
    """
    first, sweep, total = schedule.first_after, Sweep(organisations.ledger), 0
    waits = () if first is None else tuple(organisations.waiting(channel, at - first) for channel in Channel)
    ends = (organisations.ending(day_of(at) + schedule.ahead),) if schedule.ends else ()
    for portions in (*waits, *ends):
        async for found in portions:
            due = [organisation.id for organisation in found if reminders.is_due(organisation, schedule, at)]
            if due:
                await sweep.apply([remind(organisation_id, schedule, at) for organisation_id in due])
            total += len(due)
    sweep.finish()
    return total


async def appoint(organisations: Organisations, appointments: Sequence[Appointment], at: datetime) -> None:
    """Give the operator and the Anbieter the first members that the settings name.

    Raises after the others the error of the first that failed, or OutboxFullError.
    """
    sweep = Sweep(organisations.ledger)
    results = await sweep.apply([Change(it.organisation, partial(_appointed, it, at)) for it in appointments])
    for result in results:
        if result.error is not None:
            raise result.error
    sweep.finish()


def _appointed(
    appointment: Appointment, at: datetime, organisation: Organisation | None
) -> tuple[Organisation, Sequence[Message]]:
    return appointment.apply_to(organisation, at)


def state_rights(organisation_id: str) -> Change[Organisation]:
    """Publish the rights of an organisation if they are not those published last."""
    return _on(organisation_id, record_rights)


async def state_unrecorded_rights(organisations: Organisations) -> int:
    """Publish all rights that are not those published last, such as those of a version without them; return how many.

    Raises OutboxFullError after the others, for an organisation whose outbox was full.
    """
    sweep, total = Sweep(organisations.ledger), 0
    async for ids in organisations.unrecorded():
        results = await sweep.apply([state_rights(organisation_id) for organisation_id in ids])
        total += sum(1 for result in results if result.events)
    sweep.finish()
    return total


@dataclass(frozen=True, slots=True)
class CheckOrder:
    """The request of an order for a check, from its event."""

    order: OrderHead
    stage: Stage
    number: int
    at: datetime


def give_verdict(command: CheckOrder, assessment: Assessment, at: datetime, cause: Cause | None = None) -> Change[OrderVerdict]:
    """Record the verdict on a check; a check that has been answered already changes nothing."""
    check = Check(number=command.number, stage=command.stage, assessment=assessment, given_at=at)
    order = command.order

    def decide(verdict: OrderVerdict | None) -> tuple[OrderVerdict, Sequence[Message]]:
        if verdict is None:
            return OrderVerdict.give_first(order.id, (order.customer, order.provider), check)
        return verdict, verdict.give(check)

    return Change(order.id, decide, cause)


def judge_klient(
    asked: KlientCheckRequested, assessment: Assessment, at: datetime, cause: Cause | None = None
) -> Change[OrderVerdict]:
    """Record the verdict on the chain down to a Klient; a check that has been answered already changes nothing."""
    check = KlientCheck(
        klient=asked.klient,
        number=asked.check,
        assessment=assessment,
        given_at=at,
        payment=asked.payment,
        return_duty=asked.return_duty,
    )

    def decide(verdict: OrderVerdict | None) -> tuple[OrderVerdict, Sequence[Message]]:
        if verdict is None:
            raise NotFoundError(f"There is no verdict on an order {asked.order.id}.", code="verdict_not_found")
        return verdict, verdict.judge_klient(check)

    return Change(asked.order.id, decide, cause)


def forward(order_id: str, cause: Cause) -> Change[OrderVerdict]:
    """Record that the interest of an order has been forwarded to the Bereitsteller."""

    def decide(verdict: OrderVerdict | None) -> tuple[OrderVerdict, Sequence[Message]]:
        if verdict is None:
            raise NotFoundError(f"There is no verdict on an order {order_id}.", code="verdict_not_found")
        return verdict, verdict.forward()

    return Change(order_id, decide, cause)


def sign_off(order_id: str, person: str, note: str, at: datetime) -> Change[OrderVerdict]:
    """Record that a named person of the Anbieter answers for a RISK."""

    def decide(verdict: OrderVerdict | None) -> tuple[OrderVerdict, Sequence[Message]]:
        if verdict is None:
            raise NotFoundError(f"There is no verdict on an order {order_id}.", code="verdict_not_found")
        return verdict, verdict.sign_off(person, note, at)

    return Change(order_id, decide, correlation_id=order_id)


def override(order_id: str, decided: Override) -> Change[OrderVerdict]:
    """Record the decision of a person beside the last verdict on an order."""

    def decide(verdict: OrderVerdict | None) -> tuple[OrderVerdict, Sequence[Message]]:
        if verdict is None:
            raise NotFoundError(f"There is no verdict on an order {order_id}.", code="verdict_not_found")
        return verdict, verdict.override(decided)

    return Change(order_id, decide, correlation_id=order_id)


def _on(organisation_id: str, command: Callable[[Organisation], Sequence[Message]]) -> Change[Organisation]:
    def decide(organisation: Organisation | None) -> tuple[Organisation, Sequence[Message]]:
        if organisation is None:
            raise NotFoundError(f"No organisation {organisation_id} is registered.", code="organisation_not_found")
        return organisation, command(organisation)

    return Change(organisation_id, decide)
