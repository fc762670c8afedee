"""The input of a cost statement, refused with a code if it is not of its form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Discriminator, Field, Strict, StringConstraints, Tag, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from services.contracts.chain.contract import NO_SUCH_DAY, Ars, DayText, Given, Line
from services.contracts.chain.days import OPEN, Interval
from services.contracts.pricing.refusal import RefusedError


def _in_calendar(instant: str) -> str:
    try:
        datetime.fromisoformat(instant)
    except ValueError:
        raise PydanticCustomError(NO_SUCH_DAY, "not in the calendar") from None
    return instant


_LIST: Final = Strict(strict=False)
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
InstantText = Annotated[
    str,
    StringConstraints(
        pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"
    ),
    AfterValidator(_in_calendar),
]
ShareBp = Annotated[int, Field(ge=0, le=10_000)]
"""Basis points: 10,000 are the whole."""
Number = Annotated[int, Field(ge=1, le=1_000_000)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000_000)]
Weight = Annotated[int, Field(ge=0, le=10_000_000)]
OrganisationType = Literal["BUND", "LAND", "KREIS", "VERBAND", "KOMMUNE", "IT_PROVIDER", "SONSTIGE"]
Period = Literal["JAHR", "MONAT", "EINMALIG", "JE_NUTZUNG"]


class Days(Given):
    """Days from ``from_`` to ``to``, both included."""

    from_: Annotated[DayText, Field(alias="from")]
    to: DayText

    @property
    def interval(self) -> Interval:
        """The days as an interval."""
        return Interval(self.from_, self.to)


class Participation(Given):
    """Days on which a body takes part; without a last day it goes on."""

    from_: Annotated[DayText, Field(alias="from")]
    to: DayText | None

    @property
    def interval(self) -> Interval:
        """The days as an interval."""
        return Interval(self.from_, self.to or OPEN)


class Table(Given):
    """Weight of each Land by its ARS: percentage times 100,000, such as a Königsteiner Schlüssel."""

    l01: Annotated[Weight, Field(alias="01")]
    l02: Annotated[Weight, Field(alias="02")]
    l03: Annotated[Weight, Field(alias="03")]
    l04: Annotated[Weight, Field(alias="04")]
    l05: Annotated[Weight, Field(alias="05")]
    l06: Annotated[Weight, Field(alias="06")]
    l07: Annotated[Weight, Field(alias="07")]
    l08: Annotated[Weight, Field(alias="08")]
    l09: Annotated[Weight, Field(alias="09")]
    l10: Annotated[Weight, Field(alias="10")]
    l11: Annotated[Weight, Field(alias="11")]
    l12: Annotated[Weight, Field(alias="12")]
    l13: Annotated[Weight, Field(alias="13")]
    l14: Annotated[Weight, Field(alias="14")]
    l15: Annotated[Weight, Field(alias="15")]
    l16: Annotated[Weight, Field(alias="16")]

    @property
    def weights(self) -> dict[str, int]:
        """Weight by ARS of the Land."""
        return self.model_dump(by_alias=True)


class PlainKey(Given):
    """A key by what the participants state or report, or no distribution at all (FEST)."""

    type: Literal["EINWOHNER", "NUTZUNG", "ZIELGRUPPE", "GLEICH", "FEST"]


class KoenigsteinKey(Given):
    """A key by the weights of the Länder in a table."""

    type: Literal["KOENIGSTEIN"]
    table: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class DirectKey(Given):
    """One participant bears all."""

    type: Literal["DIREKT"]
    participant: Id


class CombinedKey(Given):
    """Several keys, each for a share of the cost."""

    type: Literal["KOMBINATION"]
    parts: Annotated[tuple[Part, ...], _LIST]


def _type(value: object) -> str:
    found = value.get("type") if isinstance(value, Mapping) else getattr(value, "type", None)
    return found if isinstance(found, str) and found in {"KOENIGSTEIN", "DIREKT", "KOMBINATION"} else "PLAIN"


Key = Annotated[
    Annotated[PlainKey, Tag("PLAIN")]
    | Annotated[KoenigsteinKey, Tag("KOENIGSTEIN")]
    | Annotated[DirectKey, Tag("DIREKT")]
    | Annotated[CombinedKey, Tag("KOMBINATION")],
    Discriminator(_type),
]


class Part(Given):
    """A part of a combination."""

    share_bp: ShareBp
    key: Key


CombinedKey.model_rebuild()


class SomeParticipants(Given):
    """Participants of the given types; None: all."""

    type: Literal["PARTICIPANTS"]
    types: Annotated[tuple[OrganisationType, ...], _LIST] | None


class Payer(Given):
    """One payer, who need not take part."""

    type: Literal["PAYER"]
    id: Id


class AllLaender(Given):
    """All 16 Länder, whether they take part or not."""

    type: Literal["ALL_LAENDER"]


class Pool(Given):
    """A share of the cost, who bears it by which key, and whether it is invoiced or paid from a joint budget."""

    id: Id
    share_bp: ShareBp
    members: Annotated[SomeParticipants | Payer | AllLaender, Field(discriminator="type")]
    key: Literal["ITEM"] | Key | None
    settled: Literal["CONTRACT", "BUDGET"]


class FundingRule(Given):
    """Who bears what shares of a cost, such as EfA-finanziert (IT-Planungsrat 2023/35)."""

    id: Id
    valid_from: DayText | None
    valid_to: DayText | None
    pools: Annotated[tuple[Pool, ...], _LIST]

    @property
    def interval(self) -> Interval:
        """The days on which the rule is in force."""
        return Interval(self.valid_from or "", self.valid_to or OPEN)


class Item(Given):
    """One cost of a version of the cost information."""

    id: Id
    kind: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    label: Line
    amount_cents: int
    period: Period
    valid_from: DayText | None
    valid_to: DayText | None
    due_on: DayText | None
    key: Key
    decision: Literal["UNANIMOUS", "NOT_UNANIMOUS"]
    fallback_key: Key | None
    funding: Id
    efa_share_bp: int | None
    cost_object: Line | None

    @property
    def interval(self) -> Interval:
        """The days of the item: the due day, or those on which it is valid."""
        if self.due_on is not None:
            return Interval(self.due_on, self.due_on)
        return Interval(self.valid_from or "", self.valid_to or OPEN)


class Version(Given):
    """A version of the binding cost information (IT-Planungsrat 2022/21)."""

    version: Number
    issued_on: DayText
    effective_from: DayText
    items: Annotated[tuple[Item, ...], _LIST]


class Report(Given):
    """An entry of reported uses. A later entry for the same days with a higher ``rev`` corrects it."""

    from_: Annotated[DayText, Field(alias="from")]
    to: DayText
    count: Count
    rev: Number = 1
    recorded_at: InstantText | None = None
    withdrawn: bool = False

    @property
    def interval(self) -> Interval:
        """The days that are reported on."""
        return Interval(self.from_, self.to)


class Participant(Given):
    """A body that takes part, on some days, with what keys need to know of it."""

    id: Id
    type: OrganisationType
    ars: Ars | None
    population: Count | None
    target_group: Count | None
    participations: Annotated[tuple[Participation, ...], _LIST]
    uses: Annotated[tuple[Report, ...], _LIST]


TableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")]


class Input(Given):
    """Everything that a cost statement is made of."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    period: Days
    known_at: InstantText | None = None
    previous_known_at: InstantText = ""
    """Empty: the statement corrects none."""
    tables: dict[TableName, Table]
    funding_rules: Annotated[tuple[FundingRule, ...], _LIST]
    cost_information: Annotated[tuple[Version, ...], _LIST]
    participants: Annotated[tuple[Participant, ...], _LIST]


_INPUT: Final = TypeAdapter(Input)


def read(data: object) -> Input:
    """Return the input of parsed JSON. Raises RefusedError: INVALID_FIELD, or INVALID_DATE if nothing else is wrong."""
    try:
        return _INPUT.validate_python(data)
    except ValidationError as error:
        faults: list[Any] = error.errors(include_input=False, include_url=False)
        only_days = all(fault["type"] == NO_SUCH_DAY for fault in faults)
        raise RefusedError("INVALID_DATE" if only_days else "INVALID_FIELD") from error
