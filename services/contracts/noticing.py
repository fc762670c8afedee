"""Notices that ordering passes on: the contract's own terms decide, and what is decided is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from services.contracts.chain.days import period_end, plus_months
from services.contracts.changes import change_of
from services.contracts.domain.agreed import Notice
from services.contracts.domain.chained import agreed_notice
from services.contracts.domain.contract import Contract
from services.contracts.domain.refusal import Refusal
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import TRANSITIONS, Actor, Command
from shared.aggregate.change import Cause, Change
from shared.calendar import day_of
from shared.errors import ConflictError
from shared.messages.base import Message
from shared.messages.contracts_chain import ContractTerminated, NoticeRefused
from shared.messages.ordering import OrderParty
from shared.messages.ordering_notices import NoticeRequested

_ACTORS = {OrderParty.KUNDE: Actor.KUNDE, OrderParty.ANBIETER: Actor.ANBIETER}


def requested_notice(asked: NoticeRequested, terms: Terms, at: datetime, cause: Cause) -> Change[Contract]:
    """Return the change by which the processor decides on a notice; a repeat is answered as it was decided."""

    def decide(contract: Contract) -> Sequence[Message]:
        if contract.vorgang != asked.order.id:
            raise ConflictError("The contract is of another Vorgang.", code="contract_of_other_order", id=contract.id)
        return _decided(contract, asked, terms, at)

    return change_of(asked.contract_id, decide, cause, correlation_id=asked.order.id)


def last_day_from(notice: Notice, received_on: date, stated: date) -> date:
    """Return the last day that an ordinary notice gives a contract that is to end on a day.

    It is the first end of an agreed period on which both the period of notice and the stated day have passed.
    """
    earliest = max(plus_months(received_on.isoformat(), notice.months), stated.isoformat())
    return date.fromisoformat(period_end(earliest, notice.to))


def _decided(contract: Contract, asked: NoticeRequested, terms: Terms, at: datetime) -> list[Message]:
    given = contract.ending
    if given is not None and given.id == asked.notice_id:
        return [ContractTerminated(contract=contract.head(), at=at, by=given.by)]
    actor = _ACTORS.get(asked.by, Actor.PROZESSOR)
    name = contract.number or contract.id
    if Command.TERMINATE not in TRANSITIONS.allowed(contract.state, actor):
        return _refused(contract, asked, Refusal.of("contract_not_running", contract=name), at)
    notice, received_on = agreed_notice(contract, terms), day_of(asked.requested_at)
    if notice is None:
        return _refused(contract, asked, Refusal.of("notice_not_agreed", contract=name), at)
    last_day = last_day_from(notice, received_on, asked.ends_on)
    if contract.last_day is not None and contract.last_day <= last_day:
        return _refused(contract, asked, Refusal.of("contract_ends_before", contract=name, ends_on=contract.last_day), at)
    return contract.give_notice(received_on, last_day, at, actor, asked.notice_id)


def _refused(contract: Contract, asked: NoticeRequested, refusal: Refusal, at: datetime) -> list[Message]:
    refused = NoticeRefused(contract=contract.head(), at=at, notice_id=asked.notice_id, by=asked.by, **refusal.model_dump())
    return [refused]
