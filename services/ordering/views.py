"""Bodies of the answers: codes without labels (those are in the vocabulary), for the side that asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from services.ordering.domain.award import offer_number_of
from services.ordering.domain.formats import Format, example_of
from services.ordering.domain.klient import Klient, KlientState
from services.ordering.domain.klienten_rechecks import anbieter_decides
from services.ordering.domain.order import Deadline, Order
from services.ordering.domain.parts import Milestone, Point, Question, Refusal, Step, Task
from services.ordering.domain.rechecks import task_of
from services.ordering.domain.steps import allowed_moves, blocked_moves
from services.ordering.domain.transitions import FINAL, Command
from shared.calendar import day_of
from shared.messages.eligibility import ChangeReason, Finding, Override
from shared.messages.ordering import OrderParty
from shared.messages.values import Anbindungsart, Channel, Condition, OrderState, Party, PriceItem, Verdict
from shared.store.port import Document


class WaitingView(BaseModel):
    """Who holds the ball, since when, and what is to be done; ``planned_on`` which day at the latest, None if none is set."""

    party: OrderParty
    since: datetime
    what: Task
    planned_on: date | None = None


class DeadlineView(BaseModel):
    """What happens by itself at a moment, if nobody moves the Vorgang: an offer or an interest lapses, a notice or hold ends."""

    kind: Deadline
    at: datetime


class OfferingRef(BaseModel):
    """The offer, at the version that the Vorgang has pinned."""

    id: str
    title: str
    version: int


class OrderSummary(BaseModel):
    """A Vorgang in a list."""

    id: str
    number: str
    state: OrderState
    state_since: datetime
    channel: Channel
    offering: OfferingRef
    customer: Party
    provider: Party
    declared_at: datetime
    your_party: OrderParty
    waiting: WaitingView | None
    deadline: DeadlineView | None


class OrderCount(BaseModel):
    """How many Vorgänge a list has; ``more``: there may be more than were counted."""

    count: Annotated[int, Field(description="Number of Vorgänge, at most 1000.", examples=[12])]
    more: Annotated[bool, Field(description="Whether there may be more than that.", examples=[False])]


class StateCount(BaseModel):
    """How many Vorgänge are in a state. ``may_end``: nothing is ordered yet, so that a withdrawal of the offer can end them."""

    state: OrderState
    count: int
    may_end: bool


class OfferingCounts(BaseModel):
    """Open Vorgänge of an offer that lie with whoever asks, by state in the order of the way; states without any are left out."""

    offering_id: str
    your_party: OrderParty
    states: tuple[StateCount, ...]


class LaterVerdictView(BaseModel):
    """The verdict that was found since the last check, without one. ``who`` has to act on it, None if nobody has to any more.

    Its grounds, and the decision beside it, are those of Kunde and Anbieter.
    """

    verdict: Verdict
    before: Verdict
    because: ChangeReason
    at: datetime
    as_of: date
    who: OrderParty | None
    code: str | None = None
    reason: str | None = None
    remedy: str | None = None
    findings: tuple[Finding, ...] = ()
    decided: Override | None = None


class VerdictView(BaseModel):
    """The in-house pre-check. ``pending``: another one has been asked for; the rest then is that of the one before.

    The grounds (rule, reason, findings, who signed off) are those of Kunde and Anbieter; the Bereitsteller sees the result.
    Which other channels are open is the Kunde's alone to know.
    """

    check: int
    pending: bool
    verdict: Verdict | None = None
    as_of: date | None = None
    rule_set: str | None = None
    code: str | None = None
    reason: str | None = None
    remedy: str | None = None
    allowed_channels: tuple[Channel, ...] = ()
    findings: tuple[Finding, ...] = ()
    signed_off_by: str | None = None
    override: Override | None = None
    later: LaterVerdictView | None = None


class PointView(BaseModel):
    """An open or settled point; its owner has had it since ``since``. ``example`` shows what its value may look like."""

    id: str
    code: str | None
    label: str
    label_en: str | None
    owner: OrderParty
    mandatory: bool
    since: datetime
    format: Format
    example: str
    settled: bool
    settled_at: datetime | None
    value: str | None
    note: str | None


class MilestoneView(Milestone):
    """A milestone with the day by which its owner plans to reach it; ``overdue``: that day has passed and it is not reached."""

    planned_on: date | None = None
    overdue: bool = False


class KlientLaterView(BaseModel):
    """The verdict that was found since the last check of a Klient, without one. ``open``: somebody has to act on it.

    ``anbieter_decides``: that is the Anbieter, else the Klient, which mends what is lacking. The grounds are theirs to read.
    """

    verdict: Verdict
    before: Verdict
    because: ChangeReason
    at: datetime
    as_of: date
    open: bool
    anbieter_decides: bool
    code: str | None = None
    reason: str | None = None
    remedy: str | None = None
    decided_by: str | None = None


class KlientView(BaseModel):
    """A Klient, for whom a Bündler orders. ``free``: its pre-check leaves the way free; it holds for the day ``as_of``.

    The grounds are those of the Klient and the Anbieter. The Bereitsteller sees who is asked, and the answer.
    """

    klient: Party
    state: KlientState
    named_at: datetime
    answered_at: datetime | None
    payment: bool | None = None
    return_duty: bool | None = None
    reason: str | None = None
    pending: bool = False
    verdict: Verdict | None = None
    as_of: date | None = None
    free: bool | None = None
    code: str | None = None
    grounds: str | None = None
    remedy: str | None = None
    signed_off_by: str | None = None
    later: KlientLaterView | None = None


class UsesView(BaseModel):
    """How often the service was used in a month, by the last report."""

    period: str
    count: int
    reported_at: datetime


class ContractRef(BaseModel):
    """The contract in the register of its channel."""

    id: str
    number: str


class FollowingContractView(ContractRef):
    """The contract that follows where the Vorgang ends all the same: from its first day on without a Vorgang."""

    valid_from: date


class NoticeView(BaseModel):
    """The notice that was given here last. ``pending``: the contract has not decided yet; with ``refusal`` it has stayed."""

    ends_on: date
    by: OrderParty
    at: datetime
    pending: bool
    refusal: Refusal | None


class RefusedEvent(BaseModel):
    """An event of another service that the Vorgang could not take, with the rule that refused it."""

    event_id: str
    type: str
    code: str
    detail: str
    at: datetime


class BlockedMove(BaseModel):
    """A step that the reader takes next, once what is in its way is gone."""

    command: Command
    code: str
    detail: str


class OrderView(OrderSummary):
    """A Vorgang in full. Persons show by reference, and only those of the side that asks.

    ``offer_number`` counts the offers of the Anbieter; who orders names the one that is accepted, None before there is one.
    ``placement_id`` is the act in which it was ordered together with others, None if by itself.
    ``contract`` is the one that it goes on with, ``former_contracts`` are those before, oldest first.
    ``reminded_at``: when whoever holds the ball was reminded last, None if they were not while this wait lasts.
    ``refusal`` is hidden from the Bereitsteller where the pre-check refused: its grounds are those of Kunde and Anbieter.
    """

    allowed_moves: tuple[Command, ...]
    blocked_moves: Annotated[
        tuple[BlockedMove, ...],
        Field(description="Steps that move the Vorgang on and are yours to take, but not yet, each with what is in its way."),
    ]
    message: str | None
    anbindungsart: Anbindungsart | None
    anbindungsarten: tuple[Anbindungsart, ...]
    verdict: VerdictView
    refusal: Refusal | None
    contract_refusal: Annotated[
        Refusal | None,
        Field(
            description="Why no contract came about on the order, until another one is made or another offer; "
            "the Vorgang is held for it until its `deadline` of kind hold."
        ),
    ]
    points: tuple[PointView, ...]
    questions: tuple[Question, ...]
    conditions: tuple[Condition, ...]
    offer_number: int | None
    valid_until: date | None
    price_items: tuple[PriceItem, ...]
    price_sheet: Annotated[
        tuple[PriceItem, ...],
        Field(description="Prices of the version of the offer that it is about; an offer of the Anbieter may state its own."),
    ]
    placed_at: datetime | None
    leitweg_id: str | None
    order_reference: str | None
    agb_version: str | None
    placement_id: str | None
    contract: ContractRef | None
    former_contracts: tuple[ContractRef, ...] = ()
    following_contract: FollowingContractView | None = None
    bundled: bool
    klienten: tuple[KlientView, ...]
    milestones: tuple[MilestoneView, ...]
    ends_on: date | None
    notice: NoticeView | None
    uses: tuple[UsesView, ...]
    reminded_at: datetime | None
    refused_events: tuple[RefusedEvent, ...]
    timeline: tuple[Step, ...]
    timeline_omitted: int


def summary_of(order: Order, party: OrderParty, idle_after: timedelta) -> OrderSummary:
    """Return the line of a list; ``idle_after`` as in the settings."""
    return OrderSummary(**_summary(order, party, idle_after))


def view_of(order: Order, party: OrderParty, at: datetime, idle_after: timedelta, refused: Sequence[Document] = ()) -> OrderView:
    """Return a Vorgang as ``party`` sees it at a moment; ``idle_after`` as in the settings."""
    return OrderView(
        **_summary(order, party, idle_after),
        allowed_moves=tuple(allowed_moves(order, party, at)),
        blocked_moves=tuple(
            BlockedMove(command=command, code=violation.code, detail=violation.detail)
            for command, violation in blocked_moves(order, party, at)
        ),
        message=order.message,
        anbindungsart=order.anbindungsart,
        anbindungsarten=tuple(order.anbindungsarten.value),
        verdict=_verdict(order, party),
        refusal=order.why if _may_know_why(order, party) else None,
        contract_refusal=None if order.state in FINAL else order.contract_refusal.value,
        points=tuple(_point(point, order.example_of(point.id)) for point in order.points.value),
        questions=tuple(order.questions.value),
        conditions=tuple(order.conditions.value),
        offer_number=None if order.valid_until is None else offer_number_of(order),
        valid_until=order.valid_until,
        price_items=tuple(order.price_items.value),
        price_sheet=tuple(order.price_sheet.value),
        placed_at=order.placed_at,
        leitweg_id=order.leitweg_id,
        order_reference=order.order_reference,
        agb_version=order.agb_version,
        placement_id=order.placement_id,
        contract=ContractRef(id=order.contract_id, number=order.contract_number)
        if order.contract_id and order.contract_number
        else None,
        former_contracts=tuple(ContractRef(id=it.id, number=it.number) for it in order.former_contracts.value),
        following_contract=_following(order),
        bundled=order.bundled,
        klienten=tuple(_klient(order, it, party) for it in order.klienten.value),
        milestones=tuple(_milestone(item, order.target_of(item.code), party, at) for item in order.milestones.value),
        ends_on=order.ends_on,
        notice=_notice(order),
        uses=tuple(UsesView(period=it.period, count=it.count, reported_at=it.reported_at) for it in order.uses.value),
        reminded_at=order.reminded_at if order.reminded.value else None,
        refused_events=tuple(RefusedEvent.model_validate(entry) for entry in refused),
        timeline=_timeline(order, party),
        timeline_omitted=order.timeline_omitted,
    )


def _summary(order: Order, party: OrderParty, idle_after: timedelta) -> Document:
    waiting = order.waiting
    deadline = order.deadline(idle_after)
    return {
        "id": order.id,
        "number": order.number,
        "state": order.state,
        "state_since": order.state_since,
        "channel": order.channel,
        "offering": OfferingRef(id=order.offering_id, title=order.offering_title, version=order.offering_version),
        "customer": order.customer,
        "provider": order.provider,
        "declared_at": order.declared_at,
        "your_party": party,
        "waiting": WaitingView.model_validate(waiting, from_attributes=True) if waiting else None,
        "deadline": DeadlineView(kind=deadline[0], at=deadline[1]) if deadline else None,
    }


def _following(order: Order) -> FollowingContractView | None:
    following = order.following_contract.value
    return None if following is None else FollowingContractView(**following.model_dump())


def _notice(order: Order) -> NoticeView | None:
    asked = order.notice.value
    if asked is None:
        return None
    return NoticeView(ends_on=asked.ends_on, by=asked.by, at=asked.at, pending=asked.pending(order.state), refusal=asked.refusal)


def _verdict(order: Order, party: OrderParty) -> VerdictView:
    pending = order.verdict_at is None
    assessment = order.judged
    if assessment is None:
        return VerdictView(check=order.check, pending=pending)
    if party is OrderParty.BEREITSTELLER:
        return VerdictView(
            check=order.check, pending=pending, verdict=assessment.verdict, as_of=assessment.as_of, later=_later(order, party)
        )
    decisive = assessment.decisive
    return VerdictView(
        check=order.check,
        pending=pending,
        verdict=assessment.verdict,
        as_of=assessment.as_of,
        rule_set=assessment.rule_set,
        code=decisive.code,
        reason=decisive.reason,
        remedy=decisive.remedy,
        allowed_channels=tuple(
            channel for channel in assessment.allowed_channels if party is OrderParty.KUNDE or channel is order.channel
        ),
        findings=assessment.findings,
        signed_off_by=order.signed_off_by,
        override=order.override.value,
        later=_later(order, party),
    )


def _later(order: Order, party: OrderParty) -> LaterVerdictView | None:
    later = order.later.value
    if later is None:
        return None
    assessment = later.assessment
    shown = {
        "verdict": assessment.verdict,
        "before": later.before,
        "because": later.because,
        "at": later.at,
        "as_of": assessment.as_of,
        "who": task_of(order),
    }
    if party is OrderParty.BEREITSTELLER:
        return LaterVerdictView(**shown)
    decisive = assessment.decisive
    grounds = {"code": decisive.code, "reason": decisive.reason, "remedy": decisive.remedy, "findings": assessment.findings}
    return LaterVerdictView(**shown, **grounds, decided=later.decided)


def _may_know_why(order: Order, party: OrderParty) -> bool:
    """Return whether a side may read why the Vorgang was refused: the grounds of the pre-check are not the Bereitsteller's."""
    by_processor = order.contract_requested_at is not None or order.is_refused_by_processor
    return party is not OrderParty.BEREITSTELLER or by_processor


def _timeline(order: Order, party: OrderParty) -> tuple[Step, ...]:
    """Return the timeline as a side sees it; what was done at another Anbieter is not its successor's to know."""
    steps = [_step(order, step, party) for step in order.steps()]
    if party is OrderParty.ANBIETER:
        changes = [position for position, step in enumerate(steps) if step.command is Command.CHANGE_CHANNEL]
        for position in range(changes[-1] if changes else 0):
            if steps[position].party in (OrderParty.ANBIETER, OrderParty.SYSTEM):
                steps[position] = steps[position].model_copy(update={"person": None, "note": None})
    return tuple(steps)


def _step(order: Order, step: Step, party: OrderParty) -> Step:
    hidden: dict[str, None] = {} if step.party is party else {"person": None}
    if step.command is Command.REFUSE and not _may_know_why(order, party):
        hidden["note"] = None
    if step.command is Command.RECORD_CHECK and party is OrderParty.BEREITSTELLER:
        hidden["note"] = None
    return step.model_copy(update=hidden) if hidden else step


def _klient(order: Order, klient: Klient, party: OrderParty) -> KlientView:
    view = KlientView(klient=klient.party, state=klient.state, named_at=klient.named_at, answered_at=klient.answered_at)
    if party is OrderParty.BEREITSTELLER:
        return view
    checked = klient.checked
    shown: dict[str, object] = {
        "payment": klient.payment,
        "return_duty": klient.return_duty,
        "reason": klient.reason,
        "pending": checked is None and klient.state is KlientState.BESTAETIGT and order.state not in FINAL,
        "free": klient.is_free,
    }
    if checked is not None:
        shown |= {"verdict": checked.verdict, "as_of": checked.as_of}
        shown["later"] = klient_later(order, klient, party)
        if party is OrderParty.ANBIETER:
            shown |= {"code": checked.code, "grounds": checked.reason, "remedy": checked.remedy}
            shown["signed_off_by"] = klient.signed_off_by
    return view.model_copy(update=shown)


def klient_later(order: Order, klient: Klient, party: OrderParty | None) -> KlientLaterView | None:
    """Return what was found of a Klient since its last check; ``party`` None is the Klient itself."""
    later = klient.later
    if later is None:
        return None
    is_open = klient.is_open and order.state not in FINAL
    shown = later.model_dump(include={"verdict", "before", "because", "at", "as_of"})
    decides = is_open and anbieter_decides(order, later)
    view = KlientLaterView(**shown, open=is_open, anbieter_decides=decides)
    if party is OrderParty.KUNDE:
        return view
    grounds: dict[str, object] = {"code": later.code, "reason": later.reason, "remedy": later.remedy}
    if party is OrderParty.ANBIETER:
        grounds["decided_by"] = later.decided_by
    return view.model_copy(update=grounds)


def _milestone(milestone: Milestone, day: date | None, party: OrderParty, at: datetime) -> MilestoneView:
    hidden = {} if milestone.owner is party else {"reached_by": None}
    overdue = day is not None and milestone.reached_at is None and day < day_of(at)
    return MilestoneView(**(milestone.model_dump() | hidden), planned_on=day, overdue=overdue)


def _point(point: Point, example: str | None) -> PointView:
    return PointView(
        id=point.id,
        code=point.code,
        label=point.label,
        label_en=point.label_en,
        owner=point.owner,
        mandatory=point.mandatory,
        since=point.since,
        format=point.format,
        example=example or example_of(point.format),
        settled=point.settled_at is not None,
        settled_at=point.settled_at,
        value=point.value,
        note=point.note,
    )
