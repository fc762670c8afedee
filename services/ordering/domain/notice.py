"""Notice and the end: a side asks the processor of the contract, which decides; the Vorgang follows its contract."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from services.ordering.domain.guards import Violation
from services.ordering.domain.order import Order
from services.ordering.domain.parts import SYSTEM, Actor, AskedNotice, EarlyContract, FormerContract, Refusal
from services.ordering.domain.steps import Taken, check_step, conflict, record_step, step
from services.ordering.domain.transitions import CONTRACTED, Command
from shared.calendar import day_of
from shared.errors import InvalidError
from shared.ids import derived_id
from shared.messages.base import Message
from shared.messages.contracts_chain import ChainHead, ContractTerminated, NoticeRefused
from shared.messages.ordering import OrderEnded, OrderParty, OrderTerminated
from shared.messages.ordering_notices import NoticeRequested
from shared.messages.values import OrderState

_SIDES = (OrderParty.KUNDE, OrderParty.ANBIETER)


def terminate(order: Order, actor: Actor, at: datetime, ends_on: date) -> list[Message]:
    """Ask for the end of the contract; the use goes on through ``ends_on``, or longer if the agreed period says so.

    A repeat changes nothing. Raises InvalidError (``ends_on_past``), ConflictError (``notice_pending``, ``already_terminated``)
    if notice was given for another day, ForbiddenError, IllegalMoveError.
    """
    asked = order.notice.value
    if order.state is OrderState.GEKUENDIGT and actor.party in _SIDES:
        if ends_on in {order.ends_on, None if asked is None else asked.ends_on}:
            return []
        given = Violation("already_terminated", "Notice was given for another day.")
        raise conflict(order, given, Command.TERMINATE, actor, at)
    return _ask(order, actor, at, ends_on)


@step(Command.TERMINATE)
def _ask(order: Order, actor: Actor, at: datetime, ends_on: date) -> Taken | Violation | None:
    asked = order.notice.value
    if asked is not None and asked.refusal is None:
        if asked.ends_on == ends_on:
            return None
        return Violation("notice_pending", f"Notice for {asked.ends_on.isoformat()} waits for an answer.")
    if ends_on < day_of(at):
        raise InvalidError(f"{ends_on.isoformat()} has passed.", code="ends_on_past", ends_on=ends_on.isoformat())
    notice_id = derived_id("notice", order.id, at.isoformat())
    given = AskedNotice(id=notice_id, ends_on=ends_on, by=actor.party, person=actor.person, at=at)
    order.notice.value = given
    return Taken(lambda: _request(order, given), note=ends_on.isoformat())


def outstanding_notice(order: Order) -> NoticeRequested | None:
    """Return the request for the end of the contract once more, None if none waits for an answer."""
    asked = order.notice.value
    if asked is None or not asked.pending(order.state):
        return None
    return _request(order, asked)


def _request(order: Order, asked: AskedNotice) -> NoticeRequested:
    return NoticeRequested(
        order=order.head(),
        contract_id=order.contract_id or "",
        notice_id=asked.id,
        ends_on=asked.ends_on,
        by=asked.by,
        requested_at=asked.at,
    )


def record_refusal(order: Order, refused: NoticeRefused) -> list[Message]:
    """Record why the contract stays as it is; another notice may be given then."""
    asked = order.notice.value
    if asked is not None and asked.id == refused.notice_id and asked.pending(order.state):
        reasons = {"reason": refused.reason, "remedy": refused.remedy, "facts": refused.facts}
        order.notice.value = asked.model_copy(update={"refusal": Refusal(code=refused.code, **reasons)})
    return []


def follow_contract(order: Order, terminated: ContractTerminated, at: datetime) -> list[Message]:
    """End the use with the contract, unless it ends before; the contract of another Vorgang changes nothing.

    What has ended stays so and follows to an earlier last day. The former contract counts as long as the one that follows it
    never begins.
    """
    return _end_with(order, terminated.contract, terminated.by, at)


def follow_end(order: Order, contract: ChainHead, at: datetime) -> list[Message]:
    """Record the end of use with that of the contract, also of one whose agreed term has run out without notice."""
    events = _end_with(order, contract, None, at, ended=True)
    if order.contract_id != contract.id:
        return events
    return [*events, *end(order, SYSTEM, at)] if order.state is OrderState.GEKUENDIGT and _over(order, at) else events


def _over(order: Order, at: datetime) -> bool:
    return order.ends_on is not None and order.ends_on <= day_of(at)


def _former(order: Order) -> FormerContract | None:
    """Return the contract before the present one."""
    return order.former_contracts.value[-1] if order.former_contracts.value else None


def end_early(order: Order, early: EarlyContract, at: datetime) -> list[Message]:
    """End the use with a contract that the Vorgang has now, if its end was told of before."""
    ends_on = _last_day(order, early)
    if order.contract_id != early.id or ends_on is None:
        return []
    events = _end_on(order, ends_on, early.id, early.by, at)
    over = early.ended and order.state is OrderState.GEKUENDIGT and _over(order, at)
    return [*events, *end(order, SYSTEM, at)] if over else events


def _last_day(order: Order, contract: ChainHead | EarlyContract) -> date | None:
    """Return the last day of use by a contract; one that follows and ends before it begins leaves it that of the one before."""
    former = _former(order)
    if former is None or contract.ends_on is None or contract.ends_on >= contract.valid_from:
        return contract.ends_on
    return former.ends_on or contract.valid_from - timedelta(days=1)


def _end_with(order: Order, contract: ChainHead, by: OrderParty | None, at: datetime, *, ended: bool = False) -> list[Message]:
    former = _former(order)
    if former is not None and former.id == contract.id:
        return _end_with_former(order, former, contract, by, at)
    if order.contract_id != contract.id:
        _note_end(order, contract, by, ended=ended)
        return []
    ends_on = _last_day(order, contract)
    return [] if ends_on is None else _end_on(order, ends_on, contract.id, by, at)


def _note_end(order: Order, contract: ChainHead, by: OrderParty | None, *, ended: bool) -> None:
    """Note the end of a contract that waits for the one that it follows."""
    for early in order.early_contracts.value:
        if early.id == contract.id:
            noted = early.model_copy(update={"ends_on": contract.ends_on, "by": by or early.by, "ended": ended or early.ended})
            order.early_contracts.value = [noted if it.id == early.id else it for it in order.early_contracts.value]


def _end_with_former(
    order: Order, former: FormerContract, contract: ChainHead, by: OrderParty | None, at: datetime
) -> list[Message]:
    """Record the last day of the former contract; it is that of the use only where the one that follows never begins."""
    ends_on = contract.ends_on
    if ends_on is None or (former.ends_on is not None and former.ends_on <= ends_on):
        return []
    order.former_contracts.value = [*order.former_contracts.value[:-1], former.model_copy(update={"ends_on": ends_on})]
    never_begins = order.ends_on is not None and order.ends_on < former.followed_on
    return _end_on(order, ends_on, contract.id, by, at) if never_begins else []


def _end_on(order: Order, ends_on: date, contract_id: str, by: OrderParty | None, at: datetime) -> list[Message]:
    if order.state not in CONTRACTED:
        return []
    if order.ends_on is not None and order.ends_on <= ends_on:
        return []
    # A contract that was given notice of, or has ended, may still lose days with the one that it rests on; the table has no such
    # step, as only the contract decides it.
    ended = order.state is OrderState.BEENDET
    target = order.state if ended else check_step(order, Command.TERMINATE, SYSTEM, at) or order.state
    order.ends_on = ends_on
    asked = order.notice.value
    person = asked.person if asked is not None and asked.by is by and asked.pending(order.state) else None
    party = SYSTEM.party if by is None else by
    record_step(order, Command.TERMINATE, Actor(party, person), at, target, ends_on.isoformat())
    return [OrderTerminated(order=order.head(), at=at, ends_on=ends_on, by=party, contract_id=contract_id)]


@step(Command.END)
def end(order: Order, _actor: Actor, at: datetime) -> Taken:
    """Record the end of use, on the day of the notice or later. Raises ConflictError (``notice_running``)."""
    return Taken(lambda: OrderEnded(order=order.head(), at=at))
