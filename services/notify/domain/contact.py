"""Contact persons of organisations, to whom mail is sent. One address book per organisation, so that a batch reads few."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from services.notify.domain.digest import Rhythm
from services.notify.domain.routing import SWITCHED_OFF
from shared.aggregate.base import Aggregate
from shared.aggregate.condition import Condition, require_read
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.ids import person_mark
from shared.mail_address import MailAddress
from shared.messages.base import Value
from shared.messages.catalog_reminders import SubmissionEscalated
from shared.messages.contracts_reminders import AccessionEndEscalated, ContractEndEscalated
from shared.messages.eligibility_reminders import AccreditationEscalated
from shared.messages.ordering import OrderEscalated
from shared.messages.values import EntityId, Line, PersonRef, Time

PEOPLE_LIMIT = 500
ESCALATIONS = frozenset(
    it.TYPE for it in (OrderEscalated, SubmissionEscalated, AccreditationEscalated, ContractEndEscalated, AccessionEndEscalated)
)
"""Event types by which deputies are told that nobody has acted."""
AT_ONCE = ESCALATIONS | {SWITCHED_OFF}
"""Event types about which e-mail waits for no digest."""


def rhythms_of(event_type: str) -> tuple[Rhythm, ...]:
    """Return the rhythms in which e-mail about such events can be wanted; what is sent at once waits for no digest."""
    return (Rhythm.IMMEDIATE,) if event_type in AT_ONCE else tuple(Rhythm)


class Language(StrEnum):
    """Languages that the texts exist in."""

    DE = "de"
    EN = "en"


class Unmuted(Value):
    """Since when e-mail is sent again about an event type that had been muted."""

    event_type: str
    since: Time


class KindRhythm(Value):
    """How often e-mail is wanted about one event type."""

    event_type: str
    rhythm: Rhythm


class Contact(Value):
    """A contact person of an organisation. ``muted``: event types that they want no e-mail about.

    ``rhythm``: how often they want e-mail, but for the event types in ``rhythms``. ``deputy``: they want it only about what is
    escalated because nobody has acted.

    ``mail_since``: when they began to want e-mail, None in what versions before have stored; ``unmuted``: since when they want
    it about types that they had muted.
    """

    person: PersonRef
    name: Line
    email: MailAddress
    language: Language = Language.DE
    email_enabled: bool = True
    muted: tuple[str, ...] = ()
    changed_at: Time
    rev: int = 1
    mail_since: Time | None = None
    unmuted: tuple[Unmuted, ...] = ()
    rhythm: Rhythm = Rhythm.IMMEDIATE
    rhythms: tuple[KindRhythm, ...] = ()
    deputy: bool = False

    def rhythm_of(self, event_type: str) -> Rhythm:
        """Return how often they want e-mail about such events; what is sent at once waits for no digest."""
        if event_type in AT_ONCE:
            return Rhythm.IMMEDIATE
        return next((kind.rhythm for kind in self.rhythms if kind.event_type == event_type), self.rhythm)

    def wants(self, event_type: str) -> bool:
        """Return whether this event makes an e-mail; to a deputy only what is escalated does."""
        return self.email_enabled and event_type not in self.muted and (not self.deputy or event_type in ESCALATIONS)

    def subscribed(self, event_type: str, at: datetime) -> bool:
        """Return whether this event made an e-mail already when it happened: nobody is mailed about the past."""
        since = self.mail_since or self.changed_at
        unmuted = (kind.since for kind in self.unmuted if kind.event_type == event_type)
        return self.wants(event_type) and max(since, *unmuted, since) <= at

    def after(self, present: Contact | None) -> Contact:
        """Return it as the next revision of what is stored, with the times from which e-mail is sent."""
        if present is None:
            return self.model_copy(update={"rev": 1, "mail_since": self.changed_at, "unmuted": ()})
        unchanged = (present.email_enabled or not self.email_enabled) and (not present.deputy or self.deputy)
        since = {kind.event_type: kind.since for kind in present.unmuted} | dict.fromkeys(present.muted, self.changed_at)
        return self.model_copy(
            update={
                "rev": present.rev + 1,
                "mail_since": present.mail_since or present.changed_at if unchanged else self.changed_at,
                "unmuted": tuple(Unmuted(event_type=k, since=at) for k, at in since.items() if k not in self.muted),
            }
        )


class AddressBook(Aggregate):
    """The contact persons of one organisation (``id``); ``name`` is the organisation's.

    ``former``: marks of those who are no users of the organisation any more, by its event number ``heard``.
    """

    name: Line
    people: tuple[Contact, ...] = ()
    former: tuple[EntityId, ...] = ()
    heard: int = 0

    def find(self, person: str) -> Contact | None:
        """Return the contact of a person, or None."""
        return next((contact for contact in self.people if contact.person == person), None)

    def subscribers(self, event_type: str, at: datetime) -> Sequence[Contact]:
        """Return whoever took e-mails about such events when this one happened."""
        return [contact for contact in self.people if contact.subscribed(event_type, at)]

    def state(self, contact: Contact, condition: Condition | None) -> Contact:
        """Do what ``put`` does; a contact that is there is replaced only by who has read it.

        Raises PreconditionRequiredError, PreconditionFailedError, and as ``put``.
        """
        self.require_present(contact.person)
        present = self.find(contact.person)
        require_read(condition, "The contact", None if present is None else present.rev)
        return self.put(contact)

    def put(self, contact: Contact) -> Contact:
        """Enter or replace a contact and return it with its revision; an equal one stays as it is.

        Raises ConflictError when the book is full, ForbiddenError (``not_a_user``) for a person who has left the organisation.
        """
        self.require_present(contact.person)
        present = self.find(contact.person)
        if present is None and len(self.people) >= PEOPLE_LIMIT:
            raise ConflictError(f"{self.id} has {PEOPLE_LIMIT} contacts already.", code="contacts_full", organisation=self.id)
        entered = contact.after(present)
        entered_fields = {"person", "name", "email", "language", "email_enabled", "muted", "rhythm", "rhythms", "deputy"}
        if present is not None and present.model_dump(include=entered_fields) == entered.model_dump(include=entered_fields):
            return present
        self.people = (*(other for other in self.people if other.person != contact.person), entered)
        return entered

    def get(self, person: str) -> Contact:
        """Return the contact of a person. Raises NotFoundError."""
        contact = self.find(person)
        if contact is None:
            raise NotFoundError("No contact is stored for you.")
        return contact

    def mark_of(self, person: str) -> str:
        """Return the id of a person's contact in this book."""
        return person_mark(self.id, person)

    def require_present(self, person: str) -> None:
        """Return unless the person has left the organisation. Raises ForbiddenError (``not_a_user``)."""
        if self.mark_of(person) in self.former:
            raise ForbiddenError(f"You are no user of {self.name} any more; an active user can add you.", code="not_a_user")

    def person_of(self, mark: str) -> str | None:
        """Return the person whose contact has this id, or None."""
        return next((contact.person for contact in self.people if self.mark_of(contact.person) == mark), None)

    def let_go(self, former: Sequence[str], seq: int) -> list[str]:
        """Remove who has left by event ``seq`` of the organisation, and return them. An older event changes nothing."""
        if seq <= self.heard:
            return []
        self.heard, self.former = seq, tuple(former)
        gone = [contact.person for contact in self.people if self.mark_of(contact.person) in self.former]
        for person in gone:
            self.erase(person)
        return gone

    def erase(self, person: str, condition: Condition | None = None) -> bool:
        """Remove a person from the book and return whether they were in it.

        Raises PreconditionFailedError unless the condition holds.
        """
        if condition is not None:
            present = self.find(person)
            condition.require("The contact", present.rev if present else None)
        left = tuple(contact for contact in self.people if contact.person != person)
        erased = len(left) < len(self.people)
        self.people = left
        return erased
