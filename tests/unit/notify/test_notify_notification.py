"""The way of a notification: every step by the table, claims fence off late workers, an end is an end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.notify.domain.notification import ClaimLostError, Notification, Occasion, Recipient
from services.notify.domain.parameters import Parameters, Subject, SubjectKind
from services.notify.domain.transitions import TRANSITIONS, Actor, Command, NotificationState
from shared.aggregate.base import Transition
from shared.errors import ConflictError, ForbiddenError, IllegalMoveError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.notify import DeliveryChannel, NotificationDelivered, NotificationFailed

AT = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
LEASE = timedelta(minutes=5)
EVENT_ID = derived_id("test", "event")
OCCASION = Occasion(
    EVENT_ID,
    "ordering.order.went-live.v1",
    AT,
    "went-live",
    Parameters(order_number="GD-1"),
    Subject(kind=SubjectKind.ORDER, id=derived_id("test", "order")),
)
S = NotificationState


def mail() -> Notification:
    return Notification.note(OCCASION, Recipient("dataport", "erika"), AT)[0]


def in_inbox() -> Notification:
    return Notification.note(OCCASION, Recipient("dataport"), AT)[0]


def test_the_inbox_has_a_notification_at_once() -> None:
    notification, events = Notification.note(OCCASION, Recipient("dataport"), AT)
    assert notification.state is S.ZUGESTELLT
    assert (notification.inbox_of, notification.unread_of, notification.next_attempt_at) == ("dataport", "dataport", None)
    assert events == [
        NotificationDelivered(
            notification_id=notification.id,
            event_id=EVENT_ID,
            event_type=OCCASION.event_type,
            organisation="dataport",
            channel=DeliveryChannel.INBOX,
            delivered_at=AT,
        )
    ]


def test_an_e_mail_is_noted_and_due_and_nothing_is_said_yet() -> None:
    notification, events = Notification.note(OCCASION, Recipient("dataport", "erika"), AT)
    assert (notification.state, notification.next_attempt_at, list(events)) == (S.VORGEMERKT, AT, [])
    assert notification.inbox_of is None
    assert notification.unread_of is None


def test_the_id_derives_from_event_recipient_and_channel() -> None:
    ids = [
        Recipient("dataport").notification_id(EVENT_ID),
        Recipient("dataport", "erika").notification_id(EVENT_ID),
        Recipient("dataport", "dataport").notification_id(EVENT_ID),
        Recipient("dataport").notification_id(derived_id("test", "other")),
    ]
    assert len(set(ids)) == len(ids)
    assert ids[1] == Recipient("another", "erika").notification_id(EVENT_ID), "a person is told once"
    assert ids[0] == Recipient("dataport").notification_id(EVENT_ID)


def test_a_claim_holds_until_its_end_and_then_the_next_one_counts() -> None:
    notification = mail()
    assert notification.claim(AT, AT + LEASE) == 1
    with pytest.raises(ConflictError, match="not due"):
        notification.claim(AT + timedelta(days=400), AT + timedelta(days=401))
    assert notification.claim(AT + LEASE, AT + 2 * LEASE, stood=True) == 2
    with pytest.raises(ClaimLostError):
        notification.deliver(1, AT + LEASE)
    assert [type(event) for event in notification.deliver(2, AT + LEASE)] == [NotificationDelivered]


@pytest.mark.parametrize(
    "report",
    [
        lambda n: n.deliver(1, AT),
        lambda n: n.fail(1, "smtp_550", AT),
        lambda n: n.postpone(1, "smtp_451", AT, LEASE),
        lambda n: n.release(1, AT),
    ],
    ids=["deliver", "fail", "postpone", "release"],
)
def test_a_late_report_is_refused_and_changes_nothing(report: Callable[[Notification], object]) -> None:
    notification = mail()
    notification.claim(AT, AT + LEASE)
    notification.claim(AT + LEASE, AT + 2 * LEASE, stood=True)
    before = notification.model_copy(deep=True)
    with pytest.raises(ClaimLostError):
        report(notification)
    assert notification == before


def test_a_postponed_mail_is_due_later_and_remembers_why() -> None:
    notification = mail()
    notification.postpone(notification.claim(AT, AT + LEASE), "smtp_451", AT, timedelta(minutes=1))
    assert (notification.state, notification.code, notification.attempts) == (S.VORGEMERKT, "smtp_451", 1)
    assert (notification.next_attempt_at, notification.pause) == (AT + timedelta(minutes=1), timedelta(minutes=1))
    assert not notification.due(AT)
    assert notification.due(AT, stood=True)


def test_a_released_claim_does_not_count_as_an_attempt_but_keeps_its_number() -> None:
    notification = mail()
    notification.release(notification.claim(AT, AT + LEASE), AT)
    assert (notification.state, notification.attempts, notification.claims) == (S.VORGEMERKT, 0, 1)
    assert notification.claim(AT, AT + LEASE) == 2


def test_a_failed_mail_says_why_and_is_not_due_again() -> None:
    notification = mail()
    (event,) = notification.fail(notification.claim(AT, AT + LEASE), "smtp_550", AT)
    assert isinstance(event, NotificationFailed)
    assert (event.code, event.attempts, event.person) == ("smtp_550", 1, "erika")
    assert (notification.state, notification.next_attempt_at) == (S.FEHLGESCHLAGEN, None)


def test_a_repeated_report_of_an_end_changes_nothing() -> None:
    delivered, failed, dropped = mail(), mail(), mail()
    claim = delivered.claim(AT, AT + LEASE)
    delivered.deliver(claim, AT)
    failed.claim(AT, AT + LEASE)
    failed.fail(claim, "smtp_550", AT)
    dropped.drop("contact_erased", AT)
    assert list(delivered.deliver(claim, AT)) == []
    assert list(failed.fail(claim, "smtp_550", AT)) == []
    assert list(dropped.drop("contact_erased", AT)) == []


def test_a_mail_that_was_dropped_while_a_worker_held_it_stays_dropped() -> None:
    notification = mail()
    claim = notification.claim(AT, AT + LEASE)
    notification.drop("contact_erased", AT)
    with pytest.raises(IllegalMoveError):
        notification.deliver(claim, AT)
    assert notification.state is S.VERWORFEN


def test_reading_marks_once_and_takes_it_from_the_unread() -> None:
    notification = in_inbox()
    assert notification.read(AT) is True
    assert notification.read(AT + LEASE) is False
    assert (notification.state, notification.read_at, notification.unread_of) == (S.GELESEN, AT, None)
    assert notification.inbox_of == "dataport"


def test_an_e_mail_that_is_not_delivered_cannot_be_read() -> None:
    with pytest.raises(IllegalMoveError):
        mail().read(AT)


@pytest.mark.parametrize("row", TRANSITIONS.rows, ids=lambda row: row.command)
@pytest.mark.parametrize("actor", list(Actor))
@pytest.mark.parametrize("state", list(NotificationState))
def test_the_table_alone_says_who_may_do_what(
    row: Transition[Command, NotificationState, Actor], actor: Actor, state: NotificationState
) -> None:
    if actor not in row.actors:
        with pytest.raises(ForbiddenError):
            TRANSITIONS.check(row.command, state, actor)
    elif state in row.sources:
        assert TRANSITIONS.check(row.command, state, actor) is row.target
    elif state is row.target:
        assert TRANSITIONS.check(row.command, state, actor) is None
    else:
        with pytest.raises(IllegalMoveError):
            TRANSITIONS.check(row.command, state, actor)


class Life(RuleBasedStateMachine):
    """Workers, the recipient and the clock act in any order; each claim number is kept by the worker that got it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = AT
        self.claims: list[int] = []
        self.leases: dict[int, datetime] = {}
        self.ends: list[Message] = []
        self.states: list[NotificationState] = []

    @initialize(channel=st.sampled_from(list(DeliveryChannel)))
    def begin(self, channel: DeliveryChannel) -> None:
        person = "erika" if channel is DeliveryChannel.EMAIL else None
        self.it, events = Notification.note(OCCASION, Recipient("dataport", person), self.now)
        self.ends += events

    @rule(minutes=st.integers(0, 10))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def claim(self) -> None:
        before = self.it.model_copy(deep=True)
        stood = self._held(before) and self.now >= self.leases[before.claims]
        try:
            number = self.it.claim(self.now, self.now + LEASE, stood=stood)
        except ConflictError:
            assert self.it == before
            assert before.next_attempt_at is None or self.now < before.next_attempt_at
            return
        assert number not in self.claims
        assert all(end <= self.now for held, end in self.leases.items() if held == before.claims and self._held(before))
        self.claims.append(number)
        self.leases[number] = self.now + LEASE

    @staticmethod
    def _held(notification: Notification) -> bool:
        return notification.state is S.IN_ZUSTELLUNG

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), what=st.sampled_from([Command.DELIVER, Command.FAIL, Command.POSTPONE, Command.RELEASE]))
    def report(self, data: st.DataObject, what: Command) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        before = self.it.model_copy(deep=True)
        reports: dict[Command, Callable[[], object]] = {
            Command.DELIVER: lambda: self.it.deliver(claim, self.now),
            Command.FAIL: lambda: self.it.fail(claim, "smtp_550", self.now),
            Command.POSTPONE: lambda: self.it.postpone(claim, "smtp_451", self.now, timedelta(0)),
            Command.RELEASE: lambda: self.it.release(claim, self.now),
        }
        try:
            events = reports[what]()
        except ConflictError:
            assert self.it == before
            return
        if self.it != before:
            assert claim == before.claims == max(self.claims)
            assert self._held(before)
        if isinstance(events, list):
            self.ends += events

    @rule()
    def drop(self) -> None:
        try:
            self.ends += self.it.drop("contact_erased", self.now)
        except IllegalMoveError:
            assert self.it.next_attempt_at is None

    @rule()
    def retry(self) -> None:
        before = self.it.model_copy(deep=True)
        try:
            self.it.retry(self.now)
        except IllegalMoveError:
            assert before.state in (S.IN_ZUSTELLUNG, S.ZUGESTELLT, S.GELESEN, S.VERWORFEN)
            assert self.it == before
            return
        if before.state is S.FEHLGESCHLAGEN:
            assert (self.it.state, self.it.next_attempt_at, self.it.attempts) == (S.VORGEMERKT, self.now, 0)
            self.ends, self.states = [], []
        else:
            assert self.it == before

    @rule()
    def read(self) -> None:
        try:
            self.it.read(self.now)
        except IllegalMoveError:
            assert self.it.state not in (S.ZUGESTELLT, S.GELESEN)

    @invariant()
    def it_ends_at_most_once_and_says_so(self) -> None:
        if not hasattr(self, "it"):
            return
        ended = self.it.state not in (S.VORGEMERKT, S.IN_ZUSTELLUNG)
        assert len(self.ends) == int(ended)
        assert (self.it.next_attempt_at is None) == ended
        assert 0 <= self.it.attempts <= self.it.claims == len(self.claims)
        assert {event.notification_id for event in self.ends if isinstance(event, NotificationDelivered)} <= {self.it.id}
        if self.it.state in (S.ZUGESTELLT, S.GELESEN):
            assert isinstance(self.ends[0], NotificationDelivered)
        if self.it.state in (S.FEHLGESCHLAGEN, S.VERWORFEN):
            assert isinstance(self.ends[0], NotificationFailed)

    @invariant()
    def it_survives_the_store(self) -> None:
        if hasattr(self, "it"):
            stored = self.it.model_dump(mode="json", exclude={"inbox_of", "unread_of"})
            assert Notification.model_validate(stored) == self.it

    @invariant()
    def an_end_is_an_end(self) -> None:
        if not hasattr(self, "it"):
            return
        ends = {S.FEHLGESCHLAGEN, S.VERWORFEN, S.GELESEN}
        if self.states and self.states[-1] in ends:
            assert self.it.state is self.states[-1]
        self.states.append(self.it.state)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
