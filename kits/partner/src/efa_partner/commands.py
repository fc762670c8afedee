"""What a partner can send: one model for each command, with the fields that the marketplace takes and no others."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from efa_partner.errors import SettingsError

PARTNER_ID = r"^[a-z0-9][a-z0-9-]{1,39}$"
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
Id: TypeAlias = Annotated[str, StringConstraints(pattern=_UUID)]
"""A UUID in lower case."""
OrganisationId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Code: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Line: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=8000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$")
]
Remark: TypeAlias = Annotated[Text, StringConstraints(max_length=2000)]
Month: TypeAlias = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


class Side(StrEnum):
    """The two sides of a Vorgang."""

    KUNDE = "KUNDE"
    BEREITSTELLER = "BEREITSTELLER"


class Command(BaseModel):
    """Base of the commands. ``organisation``: for whom the partner acts, one of those in its registration."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=False)
    TYPE: ClassVar[str]

    organisation: OrganisationId

    def data(self) -> dict[str, Any]:
        """Return what the event holds as ``data``: the fields that were given."""
        return self.model_dump(mode="json", exclude_none=True)


class OrderCommand(Command):
    """Base of the commands about a Vorgang. ``if_revision``: refuse unless the Vorgang has this revision."""

    order_id: Id
    if_revision: Annotated[int, Field(ge=1, lt=2**53)] | None = None


class DeclareInterest(Command):
    """Declare interest in an offer: begins a Vorgang."""

    TYPE = "partner.order.interest-declared.v1"

    offering_id: Id
    channel: Code
    message: Text | None = None
    anbindungsart: Code | None = None


class AddPoint(OrderCommand):
    """Put a further point on the list of what is to be settled."""

    TYPE = "partner.order.point-added.v1"

    label: Line
    owner: Side
    mandatory: bool | None = None


class SettlePoint(OrderCommand):
    """Settle a point with its value, or correct the value."""

    TYPE = "partner.order.point-settled.v1"

    point_id: Id
    value: Remark
    note: Remark | None = None


class AskQuestion(OrderCommand):
    """Ask the other side."""

    TYPE = "partner.order.question-asked.v1"

    text: Text


class AnswerQuestion(OrderCommand):
    """Answer a question of the other side."""

    TYPE = "partner.order.question-answered.v1"

    question_id: Id
    text: Text


class PlaceOrder(OrderCommand):
    """Order on the offer made (Bestellung). ``accepts_agb`` must be true.

    ``offer_number`` names the offer that is accepted; it is needed once the Anbieter has made more than one.
    """

    TYPE = "partner.order.order-placed.v1"

    accepts_agb: bool
    leitweg_id: Line | None = None
    order_reference: Line | None = None
    offer_number: Annotated[int, Field(ge=1)] | None = None


class WithdrawOrder(OrderCommand):
    """Withdraw, which is possible until the contract is asked for."""

    TYPE = "partner.order.order-withdrawn.v1"

    reason: Remark | None = None


class ReachMilestone(OrderCommand):
    """Report a milestone of the Anbindung as reached."""

    TYPE = "partner.order.milestone-reached.v1"

    code: Code
    note: Remark | None = None


class ReportUses(OrderCommand):
    """Report the uses of a calendar month; a later report for the month replaces the earlier one."""

    TYPE = "partner.order.uses-reported.v1"

    period: Month
    count: Annotated[int, Field(ge=0, le=1_000_000_000)]


COMMANDS: Mapping[str, type[Command]] = {
    command.TYPE.removeprefix("partner.order.").removesuffix(".v1"): command
    for command in (
        DeclareInterest,
        AddPoint,
        SettlePoint,
        AskQuestion,
        AnswerQuestion,
        PlaceOrder,
        WithdrawOrder,
        ReachMilestone,
        ReportUses,
    )
}
"""The commands by the short name that the command line takes: the middle of the type."""


def command_from(name: str, fields: Mapping[str, Any]) -> Command:
    """Return a command by its short name or whole type. Raises SettingsError (``command_unknown``, ``data_invalid``)."""
    short = name.removeprefix("partner.order.").removesuffix(".v1")
    if short not in COMMANDS:
        raise SettingsError(f"there is no command {name}; there are {', '.join(COMMANDS)}", code="command_unknown")
    try:
        return COMMANDS[short].model_validate(dict(fields))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, it['loc'])) or 'data'}: {it['msg']}" for it in error.errors(include_url=False))
        raise SettingsError(f"{short} cannot be sent: {faults}", code="data_invalid") from error
