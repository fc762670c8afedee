"""Events of orders become verdicts; a whole batch is judged on the same facts. Offers are followed.

That an interest was forwarded is recorded: from then on the Bereitsteller sees the verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.eligibility import handlers
from services.eligibility.awards.judged import judge_awards
from services.eligibility.domain.awards import ContractAwards
from services.eligibility.domain.offering import OfferedService
from services.eligibility.domain.verdict import OrderVerdict
from services.eligibility.handlers import CheckOrder
from services.eligibility.records.check import check
from services.eligibility.records.judge import KnownFacts, Policy, Question, question_of_klient
from services.eligibility.records.record import Because, Occasion, Records
from services.eligibility.repository import OfferedServices, Verdicts
from shared.aggregate.change import Change
from shared.aggregate.ledger import Ledger
from shared.bus.handling import Consumer, Received, Rejection, in_slices, rejections
from shared.calendar import day_of
from shared.followed_offers import offers_consumer
from shared.messages.base import Message
from shared.messages.contracts_awards import AwardsCheckRequested
from shared.messages.eligibility import Stage
from shared.messages.ordering import CheckRequested, InterestDeclared, InterestForwarded, OrderPlaced
from shared.messages.ordering_klienten import KlientCheckRequested
from shared.store.port import Document
from shared.topics import ELIGIBILITY_OFFERINGS, ELIGIBILITY_ORDERS

_HANDLED: Final[frozenset[type[Message]]] = frozenset(
    {InterestDeclared, CheckRequested, InterestForwarded, KlientCheckRequested, OrderPlaced, AwardsCheckRequested}
)


@dataclass(frozen=True, slots=True)
class Judging:
    """What verdicts on orders are made of, and where they are recorded."""

    facts: KnownFacts
    policy: Policy
    records: Records
    verdicts: Verdicts
    awards: Ledger[ContractAwards]


def consumers(judging: Judging, offered: OfferedServices, clock: Callable[[], datetime]) -> tuple[Consumer, ...]:
    """Return the consumers that answer each request of an order or a contract for a check, and follow the catalogue."""
    return (
        _orders(judging, clock),
        offers_consumer(ELIGIBILITY_OFFERINGS, offered.ledger, OfferedService.of),
    )


def _orders(judging: Judging, clock: Callable[[], datetime]) -> Consumer:
    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        recorded, at = await judging.facts.current(), clock()
        changes: list[Change[OrderVerdict]] = []
        records: list[Document] = []
        asked_by_contracts = [event for event in batch if isinstance(event.message, AwardsCheckRequested)]
        awards = [judge_awards(recorded, judging.policy, event, at) for event in asked_by_contracts]
        of_orders = [event for event in batch if not isinstance(event.message, AwardsCheckRequested)]
        for event in of_orders:
            if isinstance(event.message, InterestForwarded):
                changes.append(handlers.forward(event.message.order.id, event.cause))
                continue
            if isinstance(event.message, KlientCheckRequested):
                asked = event.message
                occasion = Occasion(Because.ORDER, order_id=asked.order.id, check=asked.check)
                checked = check(recorded, judging.policy, _question_of_klient(asked), at, occasion)
                changes.append(handlers.judge_klient(asked, checked.assessment, at, event.cause))
            else:
                command = _command(event.message)
                checked = check(recorded, judging.policy, _question(command), at, _occasion(command))
                changes.append(handlers.give_verdict(command, checked.assessment, at, event.cause))
            records += [] if checked.record is None else [checked.record]
        # First the records: a verdict names its own, and a record that no verdict names harms nobody.
        await judging.records.add(records)
        return [
            *rejections(of_orders, await judging.verdicts.ledger.apply(changes)),
            *rejections(asked_by_contracts, await judging.awards.apply(awards)),
        ]

    return Consumer(ELIGIBILITY_ORDERS, _HANDLED, in_slices(handle))


def _question(command: CheckOrder) -> Question:
    order = command.order
    return Question(order.customer.id, order.provider.id, order.channel.value, day_of(command.at))


def _question_of_klient(asked: KlientCheckRequested) -> Question:
    order = asked.order
    owed = (asked.payment, asked.return_duty)
    return question_of_klient(asked.klient.id, order.customer.id, order.provider.id, order.channel.value, day_of(asked.at), owed)


def _occasion(command: CheckOrder) -> Occasion:
    return Occasion(Because.ORDER, order_id=command.order.id, check=command.number)


def _command(message: Message) -> CheckOrder:
    match message:
        case InterestDeclared():
            return CheckOrder(message.order, Stage.INTERESSE, message.check, message.at)
        case CheckRequested():
            return CheckOrder(message.order, message.stage, message.check, message.at)
        case OrderPlaced():
            return CheckOrder(message.order, Stage.BESTELLUNG, message.check, message.at)
        case _:
            raise TypeError(f"{ELIGIBILITY_ORDERS} does not handle {message.TYPE}")
