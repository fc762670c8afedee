"""Use cases: notify of an event, store and erase a contact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.notify.domain.contact import AddressBook, Contact, Language
from services.notify.domain.digest import Bundle, Pace, Rhythm
from services.notify.domain.facts import Facts, facts_of
from services.notify.domain.notification import MOST_ITEMS, Invited, Notification, Occasion, Recipient
from services.notify.domain.parameters import Parameters, Subject, SubjectKind
from services.notify.domain.routing import Routing
from services.notify.repository import Contacts, InboxFilter, Notifications
from services.notify.texts import INVITATION
from shared.aggregate.change import Change
from shared.aggregate.condition import Condition
from shared.bus.handling import Received
from shared.errors import InvalidError, NotFoundError
from shared.http.auth import Caller
from shared.messages import eligibility, eligibility_reminders
from shared.messages.base import Message
from shared.messages.eligibility import Organisation
from shared.messages.eligibility_invitations import InvitationAddressed

ERASED = "contact_erased"
ORGANISATION_EVENTS = (
    eligibility.OrganisationRegistered,
    eligibility.OrganisationChanged,
    eligibility.AccreditationRequested,
    eligibility.AccreditationQueried,
    eligibility.AccreditationAnswered,
    eligibility.AccreditationDecided,
    eligibility_reminders.AccreditationReminded,
    eligibility_reminders.AccreditationEscalated,
    eligibility.OrganisationRestated,
)
Moments = Mapping[tuple[str, str], datetime]
"""When an organisation is told of an event, by the id of the event and the organisation."""
_PAGE = 100
_TICK = timedelta(milliseconds=1)
"""Precision of the times in the store."""


@dataclass(frozen=True, slots=True)
class PlannedMail:
    """One event for one person; ``bundle`` is what it leaves with, None if it leaves alone and at once."""

    plan: NotificationPlan
    recipient: Recipient
    bundle: Bundle | None


@dataclass(frozen=True, slots=True)
class NotificationPlan:
    """One event, its facts, and the template for each organisation that is notified."""

    event: Received
    facts: Facts
    templates: Mapping[str, str]


def notification_plan(event: Received, routing: Routing) -> NotificationPlan:
    """Return who is notified of an event, with which text."""
    facts = facts_of(event.message)
    return NotificationPlan(event, facts, routing.recipients(event.message.TYPE, facts.parties))


def moments(plans: Sequence[NotificationPlan], at: datetime, since: datetime) -> Moments:
    """Return when each organisation is told of each event of a batch: of what happened last ``at``, of others a tick earlier.

    So lists by time show what happened later first. Nothing is told of before ``since``, up to which earlier batches went; what
    finds no room behind it is told of together.
    """
    earliest = min(since + _TICK, at)
    later: Counter[str] = Counter()
    found: dict[tuple[str, str], datetime] = {}
    in_order = sorted(plans, key=lambda it: it.event.time)
    for plan in reversed(in_order):
        for organisation in plan.templates:
            found[plan.event.cause.event_id, organisation] = max(at - later[organisation] * _TICK, earliest)
            later[organisation] += 1
    return found


def notes(plan: NotificationPlan, times: Moments) -> list[Change[Notification]]:
    """Return the notes of one event for the inbox of each organisation concerned.

    Their ids derive from event, recipient and channel, so a repeat finds them there.
    """
    event_id = plan.event.cause.event_id
    return [_noted(plan, Recipient(organisation), times[event_id, organisation]) for organisation in plan.templates]


def mails(
    plan: NotificationPlan, books: Mapping[str, AddressBook], known: Container[str], oldest: datetime, pace: Pace
) -> list[PlannedMail]:
    """Return the e-mails of one event: to whoever took such news when it happened, once also if two of theirs are concerned.

    A repeat adds nobody: ``known`` are the notes that were there before this batch, and the people of an organisation that has
    its own have their mails too. An event that happened before ``oldest`` makes none.
    """
    event, kind = plan.event, plan.event.message.TYPE
    planned: dict[str, PlannedMail] = {}
    for organisation in plan.templates:
        book = books.get(organisation)
        if book is None or event.time < oldest or note_id(plan, organisation) in known:
            continue
        for contact in book.subscribers(kind, event.time):
            rhythm = contact.rhythm_of(kind)
            subject = (plan.facts.together or plan.facts.subject) if rhythm is Rhythm.IMMEDIATE else None
            alone = rhythm is Rhythm.IMMEDIATE and not pace.window
            bundle = None if alone else Bundle(organisation, contact.person, pace.due(rhythm, event.time), subject)
            planned.setdefault(contact.person, PlannedMail(plan, Recipient(organisation, contact.person), bundle))
    return list(planned.values())


async def mail_changes(notifications_: Notifications, planned: Sequence[PlannedMail], at: datetime) -> list[Change[Notification]]:
    """Return the changes that note e-mails: each by itself, or added to one that has not left yet.

    An event goes into the first mail of its bundle that knows it or has room: a repeat finds it where it is.
    """
    changes = [_noted(mail.plan, mail.recipient, at) for mail in planned if mail.bundle is None]
    left: dict[Bundle, list[PlannedMail]] = {}
    for mail in planned:
        if mail.bundle is not None:
            left.setdefault(mail.bundle, []).append(mail)
    number = 0
    while left:
        ids = {bundle.notification_id(number): bundle for bundle in left}
        present = await notifications_.get_many(list(ids))
        for mail_id, bundle in ids.items():
            there = present.get(mail_id)
            room = MOST_ITEMS if there is None else there.room
            rest: list[PlannedMail] = []
            for mail in left.pop(bundle):
                if there is not None and there.is_about(mail.plan.event.cause.event_id):
                    changes.append(_added(mail, mail_id, bundle.due, at))
                elif room:
                    room -= 1
                    changes.append(_added(mail, mail_id, bundle.due, at))
                else:
                    rest.append(mail)
            if rest:
                left[bundle] = rest
        number += 1
    return changes


def invitation_mails(batch: Sequence[Received], at: datetime) -> list[Change[Notification]]:
    """Return the e-mails to those who are invited to an organisation. A repeat finds them there."""
    return [_invitation_mail(event, event.message, at) for event in batch if isinstance(event.message, InvitationAddressed)]


def _invitation_mail(event: Received, message: InvitationAddressed, at: datetime) -> Change[Notification]:
    organisation = message.organisation
    # The invitation stands for the person, of whom nothing else is known.
    recipient = Recipient(organisation.id, message.invitation_id)
    parameters = Parameters(organisation=organisation.name, functions=message.functions, open_until=message.expires_at)
    subject = Subject(kind=SubjectKind.ORGANISATION, id=organisation.id)
    occasion = Occasion(event.cause.event_id, message.TYPE, event.time, INVITATION, parameters, subject, event.cause.traceparent)
    language = Language(message.language) if message.language in set(Language) else Language.DE
    invited = Invited(invitation_id=message.invitation_id, key=message.key, address=message.address, language=language)

    def decide(present: Notification | None) -> tuple[Notification, Sequence[Message]]:
        if present is not None:
            return present, []
        notification, events = Notification.note(occasion, recipient, at)
        notification.invited = invited
        return notification, events

    return Change(recipient.notification_id(occasion.event_id), decide, event.cause)


def note_id(plan: NotificationPlan, organisation: str) -> str:
    """Return the id of an organisation's own note of an event."""
    return Recipient(organisation).notification_id(plan.event.cause.event_id)


def _occasion(plan: NotificationPlan, organisation: str) -> Occasion:
    event, facts = plan.event, plan.facts
    return Occasion(
        event.cause.event_id,
        event.message.TYPE,
        event.time,
        plan.templates[organisation],
        facts.parameters,
        facts.subject,
        event.cause.traceparent,
        facts.matter,
    )


def _added(mail: PlannedMail, mail_id: str, due: datetime, at: datetime) -> Change[Notification]:
    occasion = _occasion(mail.plan, mail.recipient.organisation)

    def decide(present: Notification | None) -> tuple[Notification, Sequence[Message]]:
        if present is None:
            return Notification.note(occasion, mail.recipient, at, mail_id=mail_id, due=due)
        present.add(occasion)
        return present, []

    return Change(mail_id, decide, mail.plan.event.cause)


def _noted(plan: NotificationPlan, recipient: Recipient, at: datetime) -> Change[Notification]:
    event = plan.event
    occasion = _occasion(plan, recipient.organisation)

    def decide(present: Notification | None) -> tuple[Notification, Sequence[Message]]:
        if present is not None:
            return present, []
        return Notification.note(occasion, recipient, at)

    return Change(recipient.notification_id(occasion.event_id), decide, event.cause)


def delivered(notification_id: str, claim: int, at: datetime) -> Change[Notification]:
    """Return the change that the mail server has accepted the mail."""
    return _changed(notification_id, lambda notification: notification.deliver(claim, at))


def failed(notification_id: str, claim: int, code: str, at: datetime) -> Change[Notification]:
    """Return the change that the mail cannot be delivered."""
    return _changed(notification_id, lambda notification: notification.fail(claim, code, at))


def dropped(notification_id: str, code: str, at: datetime) -> Change[Notification]:
    """Return the change that the mail is not to be sent any more."""
    return _changed(notification_id, lambda notification: notification.drop(code, at))


def _changed(notification_id: str, act: Callable[[Notification], Sequence[Message]]) -> Change[Notification]:
    def decide(notification: Notification | None) -> tuple[Notification, Sequence[Message]]:
        if notification is None:
            raise NotFoundError(f"There is no notification {notification_id}.", id=notification_id)
        return notification, act(notification)

    return Change(notification_id, decide)


def inbox_filter(
    routing: Routing, order_id: str | None, offering_id: str | None, event_type: str | None, *, unread: bool
) -> InboxFilter:
    """Return what of an inbox is asked for. Raises InvalidError for an event type that nobody is notified of."""
    if event_type is not None:
        _require_known({event_type}, routing.kinds)
    return InboxFilter(unread=unread, order_id=order_id, offering_id=offering_id, event_type=event_type)


def require_routed(routing: Routing, types: Iterable[str]) -> None:
    """Return if somebody is notified of each of these events that travel. Raises InvalidError (``event_type_unknown``)."""
    _require_known(types, routing.routes.keys())


def _require_known(types: Iterable[str], known: AbstractSet[str]) -> None:
    if unknown := sorted(set(types) - known):
        raise InvalidError(
            f"These are no event types that anybody is told of: {', '.join(unknown)}.", code="event_type_unknown", unknown=unknown
        )


async def my_contact(contacts: Contacts, caller: Caller) -> Contact:
    """Return the caller's contact. Raises NotFoundError."""
    book = await contacts.book(caller.organisation) or AddressBook(id=caller.organisation, name=caller.organisation_name)
    return book.get(caller.subject)


async def put_my_contact(
    contacts: Contacts, routing: Routing, caller: Caller, contact: Contact, condition: Condition | None
) -> Contact:
    """Store the caller's contact.

    Raises InvalidError for an event type that nobody is notified of, and what ``AddressBook.state`` raises.
    """
    _require_known([*contact.muted, *(kind.event_type for kind in contact.rhythms)], routing.kinds)
    return await contacts.change(caller.organisation, caller.organisation_name, lambda book: book.state(contact, condition))


async def erase_my_contact(
    contacts: Contacts, notifications_: Notifications, caller: Caller, at: datetime, condition: Condition | None = None
) -> None:
    """Erase name and address of the caller and drop the e-mails that wait for them. A repeat changes nothing.

    The contact goes first: from then on no worker can make a mail of it, whatever happens to the rest. What a mail server
    accepts at this very moment cannot be called back.
    """
    await contacts.change(caller.organisation, caller.organisation_name, lambda book: book.erase(caller.subject, condition))
    await _drop_waiting(notifications_, caller.organisation, caller.subject, at)


async def colleagues(contacts: Contacts, caller: Caller) -> tuple[AddressBook, list[Contact]]:
    """Return the caller's organisation's book and who is in it, by name. Raises ForbiddenError for who has left."""
    book = await _book_of(contacts, caller)
    return book, sorted(book.people, key=lambda contact: (contact.name.casefold(), contact.person))


async def erase_colleague(
    contacts: Contacts,
    notifications_: Notifications,
    caller: Caller,
    mark: str,
    at: datetime,
    condition: Condition | None = None,
) -> None:
    """Erase a contact of the caller's organisation as its owner would. A repeat changes nothing."""
    book = await _book_of(contacts, caller)
    person = book.person_of(mark)
    if person is None and condition is not None:
        condition.require("The contact", None)
    if person is not None:
        await contacts.change(caller.organisation, book.name, lambda book: book.erase(person, condition))
        await _drop_waiting(notifications_, caller.organisation, person, at)


async def _book_of(contacts: Contacts, caller: Caller) -> AddressBook:
    book = await contacts.book(caller.organisation) or AddressBook(id=caller.organisation, name=caller.organisation_name)
    book.require_present(caller.subject)
    return book


def departures(batch: Sequence[Received]) -> dict[str, tuple[int, Organisation]]:
    """Return the newest state of each organisation in the events, with its number, if it names who has left."""
    newest: dict[str, tuple[int, Organisation]] = {}
    for event in batch:
        if isinstance(event.message, ORGANISATION_EVENTS) and event.message.organisation.former_users is not None:
            organisation = event.message.organisation
            newest[organisation.id] = max(
                (event.cause.seq, organisation), newest.get(organisation.id, (0, organisation)), key=lambda departed: departed[0]
            )
    return newest


async def let_go(
    contacts: Contacts, notifications_: Notifications, departed: Mapping[str, tuple[int, Organisation]], at: datetime
) -> None:
    """Erase the contacts of those who are no users of their organisation any more, and drop what waits for them.

    Late and repeated events change nothing: the number of the newest one stands in the book.
    """
    books = await contacts.books(sorted(departed))
    for seq, organisation in departed.values():
        former = organisation.former_users or ()
        if former or organisation.id in books:
            name = books[organisation.id].name if organisation.id in books else organisation.name
            gone = await contacts.change(organisation.id, name, partial(_let_go, former=former, seq=seq))
            for person in gone:
                await _drop_waiting(notifications_, organisation.id, person, at)


def _let_go(book: AddressBook, *, former: Sequence[str], seq: int) -> list[str]:
    return book.let_go(former, seq)


async def _drop_waiting(notifications_: Notifications, organisation: str, person: str, at: datetime) -> None:
    while queued := await notifications_.queued_for(organisation, person, _PAGE):
        await notifications_.ledger.apply([dropped(notification_id, ERASED, at) for notification_id in queued])
