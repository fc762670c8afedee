"""What the contracts API answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.contracts.chain.notice import notify_by_of
from services.contracts.days import ChainDay
from services.contracts.domain.awards import AwardCheck
from services.contracts.domain.chained import chained
from services.contracts.domain.contract import Contract, InHouseCheck, Listed
from services.contracts.domain.moves import Standing, Step, steps_of
from services.contracts.domain.prices import Total
from services.contracts.domain.refusal import Refusal
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import ContractState
from services.contracts.handlers import RegisterReport
from shared.messages.contracts import AgbVersion, Leg
from shared.messages.values import Channel, Condition, Party, PriceItem, Time
from shared.written import WrittenLine

_SUMMARY: dict[str, JsonValue] = {
    "id": "0e0f5f0c-8f0e-5d0a-9d63-6f9a3f0f7a11",
    "state": "GESCHLOSSEN",
    "number": "FITST/2026/0001",
    "title": "SaaS-Nachnutzungsvertrag",
    "leg": "NACHNUTZUNG",
    "channel": "fitko",
    "order_id": "7c1f3a52-51c6-4a57-8a53-0b3a6b1f9b10",
    "order_number": "V-2026-000017",
    "offering_id": "2f0d9c8e-9a64-4c6f-8f5e-64a4a5a7c0de",
    "offering_title": "Digitaler Einbürgerungsantrag",
    "offering_version": 3,
    "anbieter": {"id": "fitko", "name": "FITKO"},
    "customer": {"id": "DE-SN", "name": "Freistaat Sachsen"},
    "provider": {"id": "DE-NW", "name": "Land Nordrhein-Westfalen"},
    "concluded_at": "2026-11-24T10:15:30Z",
    "recorded_at": "2026-11-24T10:15:31Z",
    "refusal": None,
    "awaits": None,
    "grantor": {"id": "fitko", "name": "FITKO"},
    "parent": "5f0f8c1e-2b7a-5b1e-9c55-0e7f4d1d2a10",
    "valid_from": "2026-11-24",
    "valid_to": None,
    "ends_on": None,
}
_DETAIL: dict[str, JsonValue] = {
    **_SUMMARY,
    "agb": {"name": "SaaS-Nachnutzungs-AGB", "version": "EfA-Marktplatz 2022"},
    "documents": ["SaaS-Nachnutzungsvertrag", "Abstimmungsschreiben", "Leistungsbeschreibung", "SaaS-Nachnutzungs-AGB"],
    "conditions": [],
    "awards": [],
    "price_items": [
        {
            "kind": "BETRIEB_ONLINEDIENST",
            "label": "Betrieb und Support",
            "amount": {"cents": 1250000, "currency": "EUR"},
            "period": "JAHR",
            "key": "FEST",
            "funding": None,
            "valid_from": "2026-01-01",
            "valid_to": None,
        }
    ],
    "totals": [{"period": "JAHR", "cents": 1250000, "currency": "EUR"}],
    "leitweg_id": None,
    "order_reference": "Az. 42-1",
    "check": {
        "verdict": "EXEMPT",
        "rule_set": "par108-2026-1",
        "as_of": "2026-11-24",
        "decisive": [{"leg": "l2", "rule": "r3", "code": "joint_control", "reason": "Träger der FITKO"}],
        "signed_off_by": None,
        "override": None,
    },
    "language": "de",
    "ordered_at": "2026-11-24T10:15:29Z",
    "ending": None,
    "continues": None,
    "order_continued": None,
    "allowed_moves": ["notice"],
}


class DeclineRequest(BaseModel):
    """Why the Anbieter declines an offered contract."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    reason: Annotated[
        WrittenLine, Field(description="Told to the Kunde; it should name nobody.", examples=["Die Preise sind überholt."])
    ]


class NoticeRequest(BaseModel):
    """Notice of a contract. ``last_day``: extraordinary or agreed; null or absent: as the agreed period gives it."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    last_day: ChainDay | None = None


class ContractSummary(BaseModel):
    """A contract, or the refusal of one, in a list. ``awaits``: what an offered one waits for at the Anbieter."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [_SUMMARY]})

    id: str
    state: ContractState
    awaits: Literal["SIGNATURE", "RELEASE"] | None = None
    number: str | None
    title: str
    leg: Leg
    channel: Channel
    order_id: str | None
    order_number: str | None
    offering_id: str
    offering_title: str
    offering_version: int
    anbieter: Party
    customer: Party
    provider: Party
    concluded_at: Time | None
    recorded_at: Time
    refusal: Refusal | None
    grantor: Party
    parent: str | None
    valid_from: date
    valid_to: date | None
    ends_on: date | None

    @classmethod
    def of(cls, contract: Listed) -> ContractSummary:
        """Return the summary of a contract."""
        return cls.model_validate({name: getattr(contract, name) for name in cls.model_fields})


class EndingView(BaseModel):
    """The notice by which a contract ends: of itself, or of the contract ``because`` that it rests on and ends with.

    In that case ``notify_by`` is the latest day on which its own notice would have ended it then, null if none is agreed, and
    ``late_days`` counts from there to the receipt: so long the side that passes the use on is bound without cover.
    """

    received_on: date
    because: str | None
    notify_by: date | None
    late_days: int

    @classmethod
    def of(cls, contract: Contract, terms: Terms | None) -> EndingView | None:
        """Return the notice of a contract, None if there was none or it was not recorded."""
        ending = contract.ending
        if ending is None:
            return None
        notify_by = None
        if ending.because is not None and terms is not None:
            found = notify_by_of(chained(contract, terms))
            notify_by = None if found is None else date.fromisoformat(found)
        late = 0 if notify_by is None else max(0, (ending.received_on - notify_by).days)
        return cls(received_on=ending.received_on, because=ending.because, notify_by=notify_by, late_days=late)


class ContractDetail(ContractSummary):
    """A contract in full. ``totals`` are exact sums in cents of the lines valid on the day of conclusion.

    ``awards``: those that it makes anew or rests on, which eligibility judges before it is signed further.
    Of ``check`` and ``awards`` who is no side, such as the Bereitsteller, sees the result; the grounds, who signed off, and until
    when a relation is known to hold are those of both sides and the Anbieter. ``allowed_moves``: what the caller's side can do
    with the contract now, by its path below it; rules of the chain are asked only then.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra={"examples": [_DETAIL]})

    agb: AgbVersion | None
    documents: list[str]
    conditions: list[Condition]
    price_items: list[PriceItem]
    totals: list[Total]
    leitweg_id: str | None
    order_reference: str | None
    check: InHouseCheck | None
    language: str
    ordered_at: Time | None
    ending: EndingView | None = None
    awards: list[AwardCheck] = []
    continues: str | None = None
    order_continued: str | None = None
    allowed_moves: list[Step] = []

    @classmethod
    def seen(cls, contract: Contract, terms: Terms | None, standing: Standing, *, grounds: bool) -> ContractDetail:
        """Return a contract in full, with or without the grounds of its in-house checks. ``terms``: of its channel."""
        moves = list(steps_of(contract, standing, terms))
        detail = cls.whole(contract).model_copy(update={"ending": EndingView.of(contract, terms), "allowed_moves": moves})
        if grounds:
            return detail
        awards = [it.model_copy(update={"until": None}) for it in detail.awards]
        result = detail.check and detail.check.model_copy(update={"decisive": (), "signed_off_by": None, "override": None})
        return detail.model_copy(update={"awards": awards, "check": result})

    @classmethod
    def whole(cls, contract: Contract) -> ContractDetail:
        """Return a contract in full."""
        own = cls.model_fields.keys() - {"ending", "allowed_moves"}
        return cls.model_validate({name: getattr(contract, name) for name in own})


class Promise(BaseModel):
    """A number promised to a contract that does not exist yet: its processor has not come back to it."""

    contract_id: str
    sequence: int


class RegisterView(BaseModel):
    """A number register held against the contracts. ``gaps`` is empty unless the store was tampered with.

    ``free`` are numbers whose contract was refused after all; the next contracts get them.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={
            "examples": [
                {"channel": "fitko", "year": 2026, "last": 17, "contracts": 17, "gaps": [], "allotted": [], "free": []},
            ]
        }
    )

    channel: Channel
    year: int
    last: int
    contracts: int
    gaps: list[int]
    allotted: list[Promise]
    free: list[int]

    @classmethod
    def of(cls, report: RegisterReport) -> RegisterView:
        """Return the view of a report."""
        promises = sorted(report.allotted.items(), key=lambda item: item[1])
        return cls(
            channel=report.channel,
            year=report.year,
            last=report.last,
            contracts=report.contracts,
            gaps=list(report.gaps),
            allotted=[Promise(contract_id=contract_id, sequence=sequence) for contract_id, sequence in promises],
            free=list(report.free),
        )
