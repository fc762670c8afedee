"""What a verified event does: the same commands as HTTP, as the organisation that the partner acts for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError

from services.ordering import commands, handlers, schemas
from services.ordering.domain.order import Order
from services.ordering.domain.partner.partner import Partner
from services.ordering.inbound.verify import invalid
from services.ordering.repository import Offerings, Orders
from shared.aggregate.change import Result
from shared.aggregate.condition import Condition
from shared.errors import ForbiddenError
from shared.http.auth import Caller
from shared.ids import derived_id
from shared.messages.partner import (
    InterestData,
    MilestoneReachedData,
    OrderData,
    OrderPlacedData,
    OrderWithdrawnData,
    PartnerData,
    PointAddedData,
    PointSettledData,
    QuestionAnsweredData,
    QuestionAskedData,
    UsesReportedData,
)
from shared.rights.projection import Rights

NewId: TypeAlias = Callable[[str], str]
"""Gives the id of something new of a kind: the same for each repeat of the event."""

BodyT = TypeVar("BodyT", bound=schemas.Body)
_NOT_OF_THE_BODY = frozenset({"organisation", "order_id", "if_revision"})


class Actions:
    """Runs the commands of partners, with the ``rights`` that their organisations have at that moment."""

    def __init__(self, orders: Orders, offerings: Offerings, clock: Callable[[], datetime], rights: Rights | None = None) -> None:
        self._rights = rights
        self._orders = orders
        self._offerings = offerings
        self._clock = clock

    async def run(self, partner: Partner, command: PartnerData, jti: str) -> Result[Order]:
        """Run a command and return its result. Raises RejectedError for what a rule or right refuses, RetryableError."""
        caller = caller_of(partner, command.organisation)
        if self._rights is not None and self._rights.decides:
            caller = replace(caller, roles=caller.roles & self._rights.roles_of(caller.organisation))

        def new_id(kind: str) -> str:
            return derived_id("partner-event", kind, partner.id, jti)

        ledger = self._orders.ledger
        if isinstance(command, InterestData):
            body = _body(schemas.DeclareInterest, _fields(command))
            change = await commands.declare_interest(
                self._orders, self._offerings, caller, self._clock(), body, request_id=new_id("order")
            )
            return await ledger.apply_one(change)
        if not isinstance(command, OrderData):
            raise TypeError(f"no command: {type(command).__name__}")
        await self._orders.require_part(command.order_id, caller)
        change = handlers.take(command.order_id, caller, self._clock(), step_of(command, new_id))
        condition = None if command.if_revision is None else Condition(command.if_revision)
        return await ledger.apply_one(change, condition=condition)


def step_of(command: OrderData, new_id: NewId) -> commands.Step:  # noqa: PLR0911 - one per event
    """Return the step that an event asks for, by the body that HTTP takes for it."""
    fields = _fields(command)
    match command:
        case PointAddedData():
            return commands.add_point(_body(schemas.PointBody, fields), new_id("point"))
        case PointSettledData():
            point_id = fields.pop("point_id")
            return commands.settle_point(point_id, _body(schemas.SettlePoint, fields))
        case QuestionAskedData():
            return commands.ask(_body(schemas.AskQuestion, fields), new_id("question"))
        case QuestionAnsweredData():
            question_id = fields.pop("question_id")
            return commands.answer(question_id, _body(schemas.AnswerQuestion, fields))
        case OrderPlacedData():
            return commands.place(_body(schemas.PlaceOrder, fields))
        case OrderWithdrawnData():
            return commands.withdraw(_body(schemas.Withdraw, fields))
        case MilestoneReachedData():
            code = fields.pop("code")
            return commands.reach_milestone(code, _body(schemas.ReachMilestone, fields))
        case UsesReportedData():
            return commands.report_uses(_body(schemas.ReportUses, fields))
    raise TypeError(f"no command: {type(command).__name__}")


def caller_of(partner: Partner, organisation: str) -> Caller:
    """Return the partner as a caller for an organisation, with the roles of its registration. Raises ForbiddenError."""
    represented = partner.represented(organisation)
    if represented is None:
        raise ForbiddenError(f"{partner.id} does not act for {organisation}.", code="organisation_foreign")
    return Caller(f"partner:{partner.id}", represented.id, represented.name, frozenset(represented.roles))


def _body(kind: type[BodyT], fields: Mapping[str, Any]) -> BodyT:
    """Return the body that HTTP takes. Raises RefusedEventError (``data_invalid``) for what may travel but says nothing."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise invalid("data_invalid", "data", error) from error


def _fields(command: PartnerData) -> dict[str, Any]:
    found: Mapping[str, Any] = dict(command)
    return {name: value for name, value in found.items() if name not in _NOT_OF_THE_BODY}
