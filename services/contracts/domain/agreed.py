"""What the parties of a contract in a chain have agreed besides prices: scope, charge, periods of notice, signatures."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import AliasChoices, Field

from services.contracts.chain.contract import Act, Months, Side
from services.contracts.domain.transitions import ContractState
from shared.messages.base import Value
from shared.messages.ordering import OrderParty
from shared.messages.values import EntityId, PersonRef, Time

Charge: TypeAlias = Literal["ENTGELTFREI", "ENTGELTLICH"]
Territory: TypeAlias = tuple[str, ...]
"""Prefixes of the Amtlicher Regionalschlüssel (ARS), or DE."""


class PassingOn(Value):
    """Whether the grantee may pass the use on, and what the receiving body must do for it."""

    allowed: bool
    act: Act


class Notice(Value):
    """Period of an ordinary notice: months, and the end of a period on which it takes effect."""

    months: Months
    to: Literal["ANY", "MONTH_END", "QUARTER_END", "YEAR_END"]


class PriceNotice(Value):
    """Period of a new price: months, and the start of a period from which it counts."""

    months: Months
    from_: Annotated[
        Literal["ANY", "MONTH_START", "QUARTER_START", "YEAR_START"],
        Field(validation_alias=AliasChoices("from", "from_"), serialization_alias="from"),
    ]


class Signature(Value):
    """Signature of one side; persons by reference.

    Without ``by`` it was given where the marketplace does not record persons: on paper, or before it did. Whoever signed so for
    an Anbieter is taken to have kept to its own rule of two persons.
    """

    side: Side
    by: PersonRef | None = None
    released_by: PersonRef | None = None
    on: date


class Countersignature(Value):
    """What the two persons of the Anbieter have done about an offered contract so far; the second one makes it a signature."""

    by: PersonRef
    at: Time
    released_by: PersonRef | None = None
    released_at: Time | None = None


class Shortened(Value):
    """How a contract was before it lost days, and since when what rests on it waits to be held against that."""

    since: Time
    state: ContractState
    ends_on: date | None = None


class Ending(Value):
    """By which notice a contract ends: the day of its receipt, who gave it and the last day that it gives.

    ``id`` is that of the request of ordering; None: it was given in contracts itself. ``because`` is the contract above that
    the notice was given of, if it was; then nobody gave it of this one.
    """

    received_on: date
    last_day: date | None = None
    by: OrderParty | None = None
    id: EntityId | None = None
    because: EntityId | None = None


class EndReminders(Value):
    """The reminders that both sides got of a last day: for which days they were planned, and when the last one was given."""

    last_day: date
    days: tuple[date, ...]
    at: Time


class LegTerms(Value):
    """What is agreed in the contracts of one leg of a channel where nothing else is recorded: data of the channel.

    ``territory`` None: that of the grantee, and of a grantee without one that of the contract above. ``notice`` None: there is no
    ordinary one.
    """

    territory: Territory | None = None
    parametrisation: tuple[str, ...] = ()
    passing_on: PassingOn
    charge: Charge
    notice: Notice | None
    price_notice: PriceNotice
    annexes: tuple[str, ...] = ()
