"""Requests and answers about what an offer costs."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.contracts.costs.information import CostVersion
from services.contracts.costs.own_costs import OwnLine, OwnYear, RestOfPool
from services.contracts.costs.sentences import sentence
from services.contracts.pricing.given import Item
from shared.http.days import Day
from shared.messages.values import Channel

MOST_ITEMS = 50
_ITEM: dict[str, JsonValue] = {
    "id": "betrieb",
    "kind": "BETRIEB_ONLINEDIENST",
    "label": "Betrieb, Wartung und Support",
    "amount_cents": 10_000_000,
    "period": "JAHR",
    "valid_from": "2027-01-01",
    "valid_to": None,
    "due_on": None,
    "key": {"type": "EINWOHNER"},
    "decision": "UNANIMOUS",
    "fallback_key": None,
    "funding": "PARTICIPANTS",
    "efa_share_bp": None,
    "cost_object": None,
}


class CostInformationRequest(BaseModel):
    """A new version of the cost information of an offer in a channel, binding from ``effective_from`` on.

    It replaces all items of the version before it. It is issued on the day of the request, and never takes effect before.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"channel": "govdigital", "effective_from": "2027-01-01", "items": [_ITEM]}]},
    )

    channel: Channel
    effective_from: Day
    items: Annotated[list[Item], Field(min_length=1, max_length=MOST_ITEMS)]


class CostVersionView(BaseModel):
    """A version of the cost information. ``items`` have the form in which they are issued.

    ``published``: it was not issued as such, but is the price sheet of the offer, binding from its publication on.
    """

    offering_id: str
    channel: Channel
    version: int
    issued_on: date
    effective_from: date
    published: bool
    items: list[dict[str, Any]]

    @classmethod
    def of(cls, version: CostVersion, offering_id: str, channel: Channel, *, published: bool) -> CostVersionView:
        """Return the view of a version."""
        return cls(
            offering_id=offering_id,
            channel=channel,
            version=version.version,
            issued_on=version.issued_on,
            effective_from=version.effective_from,
            published=published,
            items=[dict(item) for item in version.items],
        )


class CostInformationView(BaseModel):
    """All versions of the cost information of an offer in a channel, oldest first; its Bereitsteller can issue a further one."""

    offering_id: str
    channel: Channel
    versions: list[CostVersionView]
    allowed_moves: list[Literal["cost-information"]]


class Sentences(BaseModel):
    """What the line says, for people."""

    de: str
    en: str


class RestView(BaseModel):
    """What others bear of an item: pool, how it is settled (CONTRACT, BUDGET), cents, and how many bodies they are."""

    pool: str
    settled: str
    cents: int
    payers: int

    @classmethod
    def of(cls, rest: RestOfPool) -> RestView:
        """Return the view of a rest."""
        return cls(pool=rest.pool, settled=rest.settled, cents=rest.cents, payers=rest.payers)


class CostLineView(BaseModel):
    """An item as the body bears it: by ``base`` of ``base_total``, on ``days`` of ``basis_days``, the exact ``share`` of it.

    ``financed``: it is settled by a joint budget and nothing is invoiced.
    """

    version: int
    item: str
    kind: str
    label: str
    amount_cents: int
    period: str
    key: str
    from_: Annotated[str, Field(serialization_alias="from")]
    to: str
    days: int
    basis_days: int
    base: int | None
    base_total: int | None
    share: str
    cents: int
    total_cents: int
    financed: bool
    rest: list[RestView]
    text: Sentences

    @classmethod
    def of(cls, line: OwnLine) -> CostLineView:
        """Return the view of a line."""
        return cls(
            version=line.version,
            item=line.item["id"],
            kind=line.item["kind"],
            label=line.item["label"],
            amount_cents=line.item["amount_cents"],
            period=line.item["period"],
            key=line.key,
            from_=line.window.first,
            to=line.window.last,
            days=line.days,
            basis_days=line.basis_days,
            base=line.base,
            base_total=line.base_total,
            share=line.share,
            cents=line.cents,
            total_cents=line.total_cents,
            financed=line.financed,
            rest=[RestView.of(rest) for rest in line.rest],
            text=Sentences(de=sentence(line, "de"), en=sentence(line, "en")),
        )


class CostYearView(BaseModel):
    """What the body pays in a calendar year with so many participants, itself included. ``financed_cents`` are paid for all."""

    from_: Annotated[str, Field(serialization_alias="from")]
    to: str
    participants: int
    lines: list[CostLineView]
    invoiced_cents: int
    financed_cents: int

    @classmethod
    def of(cls, year: OwnYear) -> CostYearView:
        """Return the view of a year."""
        return cls(
            from_=year.period.first,
            to=year.period.last,
            participants=year.participants,
            lines=[CostLineView.of(line) for line in year.lines],
            invoiced_cents=year.invoiced_cents,
            financed_cents=year.financed_cents,
        )


class OwnCostsView(BaseModel):
    """What a body will pay if it takes part from a day on, with those who take part on that day: an estimate, no offer.

    ``uses`` are those that it expects in a year; null: none were stated, and an item by uses counts zero.
    """

    organisation: str
    offering_id: str
    channel: Channel
    from_: Annotated[date, Field(serialization_alias="from")]
    uses: int | None
    needs_uses: bool
    first_year: CostYearView
    full_year: CostYearView
