"""One notification: one event, for one recipient, by one channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import computed_field

from services.notify.domain.contact import Language
from services.notify.domain.parameters import Matter, Parameters, Subject
from services.notify.domain.transitions import TRANSITIONS, Actor, Command, NotificationState
from shared.aggregate.base import Aggregate
from shared.errors import ConflictError, RetryableError
from shared.ids import derived_id
from shared.messages.base import Message, Value
from shared.messages.eligibility_invitations import SealedAddress
from shared.messages.notify import DeliveryChannel, NotificationDelivered, NotificationFailed
from shared.messages.values import Code, EntityId, Line, OrganisationId, PersonRef, Time

MOST_ITEMS = 50
"""As many events one mail is about at most."""
ITEM_BYTES = 128 * 1024
"""From this size on a mail takes no further events."""


class ClaimLostError(ConflictError):
    """The claim ended before its worker reported: another worker may have sent the mail again, or it was dropped."""

    code = "claim_lost"


@dataclass(frozen=True, slots=True)
class Occasion:
    """The event, and the text of its notification."""

    event_id: str
    event_type: str
    occurred_at: datetime
    template: str
    parameters: Parameters
    subject: Subject
    traceparent: str | None = None
    matter: Matter = field(default_factory=Matter)


@dataclass(frozen=True, slots=True)
class Recipient:
    """An organisation's inbox (no ``person``), or a contact person of it by e-mail."""

    organisation: str
    person: str | None = None

    @property
    def channel(self) -> DeliveryChannel:
        """The way to this recipient."""
        return DeliveryChannel.INBOX if self.person is None else DeliveryChannel.EMAIL

    def notification_id(self, event_id: str) -> str:
        """Return the id of the one notification that there can be of this event."""
        return derived_id("notification", event_id, self.person or self.organisation, self.channel.value)


class Invited(Value):
    """Whom an invitation goes to, who is nobody's contact yet: ``address`` is encrypted by ``key``."""

    invitation_id: EntityId
    key: Line
    address: SealedAddress
    language: Language = Language.DE


class Item(Value):
    """One event among several that a mail is about."""

    event_id: EntityId
    event_type: str
    occurred_at: Time
    template: str
    parameters: Parameters
    subject: Subject


class DigestClosedError(RetryableError):
    """The mail that an event was to go with has left meanwhile: the next attempt finds another one."""

    code = "digest_closed"


class Notification(Aggregate):
    """A notification. ``claims`` counts the claims and fences off late reports; ``attempts`` counts tries to send.

    ``next_attempt_at`` is the moment from which a worker may take it, None once it is done; ``marked_at`` is when that was set,
    by the same clock: others, whose clocks differ, can rely on the time between the two only. Nothing here names a person or
    holds an address in clear: texts are made from ``parameters`` when they are read or sent. ``traceparent`` ties the sending to
    the trace of the event. ``invited``: where the mail of an invitation goes, None as soon as it has ended. ``more`` are further
    events that leave with the same mail; whoever has claimed it once closes it: every attempt says the same.
    """

    event_id: EntityId
    event_type: str
    occurred_at: Time
    template: str
    parameters: Parameters
    subject: Subject
    organisation: OrganisationId
    person: PersonRef | None
    channel: DeliveryChannel
    state: NotificationState = NotificationState.VORGEMERKT
    created_at: Time
    next_attempt_at: Time | None = None
    marked_at: Time | None = None
    claims: int = 0
    attempts: int = 0
    code: Code | None = None
    ended_at: Time | None = None
    read_at: Time | None = None
    traceparent: str | None = None
    invited: Invited | None = None
    order_id: EntityId | None = None
    offering_id: EntityId | None = None
    more: tuple[Item, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def inbox_of(self) -> str | None:
        """Organisation in whose inbox it lies."""
        return self.organisation if self.channel is DeliveryChannel.INBOX else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unread_of(self) -> str | None:
        """Organisation in whose inbox it lies unread."""
        return self.inbox_of if self.state is NotificationState.ZUGESTELLT else None

    @classmethod
    def note(
        cls, occasion: Occasion, recipient: Recipient, at: datetime, *, mail_id: str | None = None, due: datetime | None = None
    ) -> tuple[Self, list[Message]]:
        """Return the new notification. The inbox has it at once; an e-mail is due from ``due`` on, without it from ``at``."""
        due = at if due is None else max(at, due)
        notification = cls(
            id=mail_id or recipient.notification_id(occasion.event_id),
            event_id=occasion.event_id,
            event_type=occasion.event_type,
            occurred_at=occasion.occurred_at,
            template=occasion.template,
            parameters=occasion.parameters,
            subject=occasion.subject,
            order_id=occasion.matter.order_id,
            offering_id=occasion.matter.offering_id,
            organisation=recipient.organisation,
            person=recipient.person,
            channel=recipient.channel,
            traceparent=occasion.traceparent,
            created_at=at,
            next_attempt_at=due if recipient.channel is DeliveryChannel.EMAIL else None,
            marked_at=at if recipient.channel is DeliveryChannel.EMAIL else None,
        )
        if recipient.channel is DeliveryChannel.EMAIL:
            return notification, []
        notification._go(Command.FILE, Actor.SYSTEM)
        return notification, [notification._delivered(at, item) for item in notification.items]

    @property
    def items(self) -> Sequence[Item]:
        """All events that it is about, in the order in which they were noted."""
        fields = {name: getattr(self, name) for name in Item.model_fields}
        return [Item(**fields), *self.more]

    def is_about(self, event_id: str) -> bool:
        """Return whether an event is among those that it is about."""
        return any(item.event_id == event_id for item in self.items)

    @property
    def room(self) -> int:
        """How many further events can go with it: none once it has been claimed."""
        if self.state is not NotificationState.VORGEMERKT or self.claims:
            return 0
        size = sum(len(item.model_dump_json()) for item in self.items)
        return MOST_ITEMS - 1 - len(self.more) if size < ITEM_BYTES else 0

    def add(self, occasion: Occasion) -> None:
        """Have a further event go with it; a repeat changes nothing. Raises DigestClosedError."""
        if self.is_about(occasion.event_id):
            return
        if not self.room:
            raise DigestClosedError(f"The mail {self.id} takes no further events.", id=self.id)
        fields = {name: getattr(occasion, name) for name in Item.model_fields}
        self.more = (*self.more, Item(**fields))

    @property
    def pause(self) -> timedelta | None:
        """How long it was to stand as it is when it was marked; None where an earlier version marked it."""
        if self.next_attempt_at is None or self.marked_at is None:
            return None
        return self.next_attempt_at - self.marked_at

    def due(self, at: datetime, *, stood: bool = False) -> bool:
        """Return whether a worker may take it. ``stood``: it has watched it stand for its pause, whatever any clock says.

        A claim of another ends by that alone: neither its clock nor the own one shows whether a worker is still sending.
        """
        mark = self.next_attempt_at
        return mark is not None and (stood or (mark <= at and self.state is NotificationState.VORGEMERKT))

    def claim(self, at: datetime, until: datetime, *, stood: bool = False) -> int:
        """Claim it for one try until ``until`` and return the number of the claim. Raises ConflictError if it is held."""
        TRANSITIONS.check(Command.CLAIM, self.state, Actor.WORKER)
        if not self.due(at, stood=stood):
            raise ConflictError(f"{self.id} is not due before {self.next_attempt_at}.", code="not_due", id=self.id)
        self._go(Command.CLAIM, Actor.WORKER)
        self._put_off(at, until)
        self.claims += 1
        self.attempts += 1
        return self.claims

    def release(self, claim: int, at: datetime) -> None:
        """Release the claim without having tried. Raises ClaimLostError."""
        self._must_hold(claim)
        self._go(Command.RELEASE, Actor.WORKER)
        self.attempts -= 1
        self._put_off(at, at)

    def postpone(self, claim: int, code: str, at: datetime, pause: timedelta) -> None:
        """Postpone the next try by a pause; ``code`` is what hindered this one. Raises ClaimLostError."""
        self._must_hold(claim)
        self._go(Command.POSTPONE, Actor.WORKER)
        self._put_off(at, at + pause)
        self.code = code

    def deliver(self, claim: int, at: datetime) -> Sequence[Message]:
        """Record that the mail server has accepted it. A repeated report changes nothing. Raises ClaimLostError."""
        if TRANSITIONS.check(Command.DELIVER, self.state, Actor.WORKER) is None:
            return []
        self._must_hold(claim)
        self._end(Command.DELIVER, Actor.WORKER, None, at)
        return [self._delivered(at, item) for item in self.items]

    def fail(self, claim: int, code: str, at: datetime) -> Sequence[Message]:
        """Record that it cannot be delivered and is not tried again. A repeated report changes nothing. Raises ClaimLostError."""
        if TRANSITIONS.check(Command.FAIL, self.state, Actor.WORKER) is None:
            return []
        self._must_hold(claim)
        self._end(Command.FAIL, Actor.WORKER, code, at)
        return [self._failed(code, at, item) for item in self.items]

    def drop(self, code: str, at: datetime, actor: Actor = Actor.SYSTEM) -> Sequence[Message]:
        """Drop it: the contact is erased or has turned e-mail off. A repeat changes nothing."""
        if TRANSITIONS.check(Command.DROP, self.state, actor) is None:
            return []
        self._end(Command.DROP, actor, code, at)
        return [self._failed(code, at, item) for item in self.items]

    def retry(self, at: datetime) -> None:
        """Queue a failed mail again from ``at`` on, with as many tries as a new one; one that waits stays as it is.

        Raises ConflictError for any other.
        """
        if TRANSITIONS.check(Command.RETRY, self.state, Actor.OPERATOR) is None:
            return
        self._go(Command.RETRY, Actor.OPERATOR)
        self._put_off(at, at)
        self.attempts = 0
        self.code = None
        self.ended_at = None

    def read(self, at: datetime) -> bool:
        """Mark it as read and return whether it was unread."""
        if TRANSITIONS.check(Command.READ, self.state, Actor.RECIPIENT) is None:
            return False
        self._go(Command.READ, Actor.RECIPIENT)
        self.read_at = at
        return True

    def _go(self, command: Command, actor: Actor) -> None:
        self.state = TRANSITIONS.check(command, self.state, actor) or self.state

    def _must_hold(self, claim: int) -> None:
        if self.state is not NotificationState.IN_ZUSTELLUNG or self.claims != claim:
            raise ClaimLostError(f"claim {claim} on {self.id} has ended; the last one is {self.claims}.", id=self.id, claim=claim)

    def _put_off(self, at: datetime, until: datetime) -> None:
        self.marked_at, self.next_attempt_at = at, until

    def _end(self, command: Command, actor: Actor, code: str | None, at: datetime) -> None:
        self._go(command, actor)
        self.marked_at = self.next_attempt_at = self.invited = None
        self.code = code
        self.ended_at = at

    def _delivered(self, at: datetime, item: Item) -> NotificationDelivered:
        return NotificationDelivered(**self._reference(item), delivered_at=at)

    def _failed(self, code: str, at: datetime, item: Item) -> NotificationFailed:
        return NotificationFailed(**self._reference(item), code=code, attempts=self.attempts, failed_at=at)

    def _reference(self, item: Item) -> dict[str, Any]:
        """Return what every event holds of a notification, for one of the events that it is about."""
        return {
            "notification_id": self.id,
            "event_id": item.event_id,
            "event_type": item.event_type,
            "organisation": self.organisation,
            "person": self.person,
            "channel": self.channel,
        }
