"""Contracts and accessions as they are given, and the states of a contract."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, StringConstraints
from pydantic_core import PydanticCustomError

from services.contracts.chain.days import OPEN, Interval

NO_SUCH_DAY: Final = "no_such_day"


def _in_calendar(day: str) -> str:
    try:
        date.fromisoformat(day)
    except ValueError:
        raise PydanticCustomError(NO_SUCH_DAY, "not in the calendar") from None
    return day


def unique(items: tuple[str, ...]) -> tuple[str, ...]:
    """Return the items. Raises ValueError if one is there twice."""
    if len(set(items)) != len(items):
        raise ValueError("each at most once")
    return items


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
DayText = Annotated[
    str,
    StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
    AfterValidator(_in_calendar),
]
Ars = Annotated[str, StringConstraints(pattern=r"^(DE|[0-9]{2,12})$")]
Months = Annotated[int, Field(ge=0, le=120)]
Ids = Annotated[tuple[Id, ...], Strict(strict=False), AfterValidator(unique)]
Lines = Annotated[tuple[Line, ...], Strict(strict=False), AfterValidator(unique)]
Territory = Annotated[tuple[Ars, ...], Strict(strict=False), AfterValidator(unique)]

Leg = Literal["BEREITSTELLUNG", "NACHNUTZUNG", "SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG"]
Side = Literal["grantor", "grantee"]
Act = Literal["BEITRITT", "SUB_VERTRAG"]
State = Literal[
    "ENTWURF", "ANGEBOTEN", "GESCHLOSSEN", "GEKUENDIGT", "BEENDET", "ZURUECKGEZOGEN", "ABGELEHNT", "VERFALLEN", "NICHTIG"
]

LEGS: Final[tuple[Leg, ...]] = ("BEREITSTELLUNG", "NACHNUTZUNG", "SUB_NACHNUTZUNG", "SUB_SUB_NACHNUTZUNG")
"""From the top of the chain to its foot."""
DEAD: Final = frozenset({"ZURUECKGEZOGEN", "ABGELEHNT", "VERFALLEN", "NICHTIG"})
BINDING: Final = frozenset({"GESCHLOSSEN", "GEKUENDIGT", "BEENDET"})


class Given(BaseModel):
    """Base of everything that is given: exactly the members of the format, nothing converted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PassingOn(Given):
    """Whether the grantee may pass the use on, and what the receiving body must do for it."""

    allowed: bool
    act: Act


class Notice(Given):
    """Agreed period of an ordinary notice: months, and the end of a period on which it takes effect."""

    months: Months
    to: Literal["ANY", "MONTH_END", "QUARTER_END", "YEAR_END"]


class PriceNotice(Given):
    """Agreed period of a new price: months, and the start of a period from which it counts."""

    months: Months
    from_: Annotated[Literal["ANY", "MONTH_START", "QUARTER_START", "YEAR_START"], Field(alias="from")]


class Signature(Given):
    """Signature of one side; persons by reference."""

    side: Side
    by: Id
    released_by: Id | None
    on: DayText


class Accession(Given):
    """Beitritt: one body uses what a contract passes on."""

    id: Id
    org: Id
    contract: Id
    valid_from: DayText
    valid_to: DayText | None

    @property
    def term(self) -> Interval:
        """Days of the accession, none if it ends before it begins."""
        return Interval(self.valid_from, self.valid_to or OPEN)


class Contract(Given):
    """One contract of the chain: ``grantor`` passes the use on to ``grantee``."""

    id: Id
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    leg: Leg
    channel: Id
    grantor: Id
    grantee: Id
    parent: Id | None
    continues: Id | None
    state: State
    valid_from: DayText
    valid_to: DayText | None
    ends_on: DayText | None
    services: Ids
    parametrisation: Ids
    territory: Territory
    passing_on: PassingOn
    charge: Literal["ENTGELTFREI", "ENTGELTLICH"]
    notice: Notice | None
    price_notice: PriceNotice
    agb_version: Line | None
    annexes: Lines
    signatures: Annotated[tuple[Signature, ...], Strict(strict=False)]

    @property
    def place(self) -> tuple[int, str]:
        """Place in lists that go down the chain: leg, then id."""
        return LEGS.index(self.leg), self.id

    @property
    def live(self) -> bool:
        """Whether it was neither refused, withdrawn nor void and has not lapsed."""
        return self.state not in DEAD

    @property
    def binding(self) -> bool:
        """Whether it has been concluded, whatever the day."""
        return self.state in BINDING

    @property
    def end(self) -> str:
        """Last day: the earlier of the agreed one and the one after notice, OPEN if there is neither."""
        return min(self.valid_to or OPEN, self.ends_on or OPEN)

    @property
    def term(self) -> Interval:
        """Days from the first to the last one, none if it never begins."""
        return Interval(self.valid_from, self.end)

    @property
    def begins(self) -> bool:
        """Whether it has a term."""
        return not self.term.empty

    def party(self, side: Side) -> str:
        """Return the organisation on a side."""
        return self.grantor if side == "grantor" else self.grantee
