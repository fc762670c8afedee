"""The contract: one record per order and channel, numbered if it was concluded, with its reason if it was refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, computed_field

from services.contracts.domain import prices
from services.contracts.domain.prices import Total
from services.contracts.domain.refusal import Refusal
from services.contracts.domain.request import Request
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import TRANSITIONS, Actor, Command, ContractState
from services.contracts.numbering import Number
from shared.aggregate.base import Aggregate
from shared.messages.base import Message, Value
from shared.messages.contracts import AgbVersion, ContractConcluded, ContractHead, ContractRefused, Leg
from shared.messages.eligibility import Assessment, Override
from shared.messages.values import Channel, Code, Condition, EntityId, Line, Party, PriceItem, Text, Time, Verdict


class DecisiveRule(Value):
    """A rule of the in-house check whose finding has the verdict of the whole."""

    leg: Code
    rule: Code
    code: Code
    reason: Text


class InHouseCheck(Value):
    """What the contract keeps of the in-house check (§ 108 GWB) at the moment of award."""

    verdict: Verdict
    rule_set: Code
    as_of: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    decisive: tuple[DecisiveRule, ...]
    signed_off_by: Line | None = None
    override: Override | None = None
    """Decision of a named person that let the award go on beside the verdict."""

    @classmethod
    def summary(cls, assessment: Assessment, signed_off_by: str | None, override: Override | None = None) -> InHouseCheck:
        """Return the summary of an assessment."""
        decisive = (finding for finding in assessment.findings if finding.verdict is assessment.verdict)
        return cls(
            verdict=assessment.verdict,
            rule_set=assessment.rule_set,
            as_of=assessment.as_of.isoformat(),
            decisive=tuple(DecisiveRule(leg=f.leg, rule=f.rule, code=f.code, reason=f.reason) for f in decisive),
            signed_off_by=signed_off_by,
            override=override,
        )


class Listed(Aggregate):
    """What a list shows of a contract. A refused one has neither number nor ``concluded_at``."""

    state: ContractState
    leg: Leg
    title: Line
    channel: Channel
    number: Line | None = None
    order_id: EntityId
    order_number: Line
    offering_id: EntityId
    offering_title: Line
    offering_version: int
    anbieter: Party
    customer: Party
    provider: Party
    concluded_at: Time | None = None
    recorded_at: Time
    refusal: Refusal | None = None


class Contract(Listed):
    """A Nachnutzungsvertrag between Anbieter and Kunde, or the refusal of one.

    ``price_items`` are those of the request that are valid on the day of conclusion. ``concluded_at`` and with it number, AGB
    and prices follow the request's own time; ``recorded_at`` is when the processor wrote it down.
    """

    year: int | None = None
    sequence: int | None = None
    agb: AgbVersion | None
    documents: tuple[Line, ...]
    conditions: tuple[Condition, ...]
    price_items: tuple[PriceItem, ...]
    totals: tuple[Total, ...]
    leitweg_id: Line | None
    order_reference: Line | None
    check: InHouseCheck
    language: Literal["de"] = "de"
    ordered_at: Time
    requested_at: Time

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def customer_id(self) -> str:
        """The Kunde's key, for the index."""
        return self.customer.id

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def provider_id(self) -> str:
        """The Bereitsteller's key, for the index."""
        return self.provider.id

    @classmethod
    def draft(cls, request: Request, terms: Terms, recorded_at: Time) -> Contract:
        """Return the contract as asked for, neither concluded nor refused. Raises ValidationError for what cannot be recorded."""
        order, body, rules = request.body.order, request.body, terms.rules
        lines = prices.valid_on(body.price_items, request.day)
        return cls(
            id=request.contract_id,
            state=ContractState.ANGEFORDERT,
            leg=Leg.NACHNUTZUNG,
            title=rules.contract_names[Leg.NACHNUTZUNG],
            channel=terms.channel,
            order_id=order.id,
            order_number=order.number,
            offering_id=order.offering_id,
            offering_title=order.offering_title,
            offering_version=order.offering_version,
            anbieter=rules.anbieter,
            customer=order.customer,
            provider=order.provider,
            agb=terms.agb_on(request.day),
            documents=rules.documents_for(conditions=bool(body.conditions)),
            conditions=body.conditions,
            price_items=lines,
            totals=prices.totals(lines),
            leitweg_id=body.leitweg_id,
            order_reference=body.order_reference,
            check=InHouseCheck.summary(body.assessment, body.signed_off_by, body.override),
            ordered_at=body.ordered_at,
            requested_at=request.requested_at,
            recorded_at=recorded_at,
        )

    def conclude(self, number: Number, text: str, actor: Actor) -> list[Message]:
        """Give the draft its number, written as ``text``. Raises ValueError if no AGB version was in force."""
        target = TRANSITIONS.check(Command.CONCLUDE, self.state, actor)
        if target is None:
            return []
        if self.agb is None:
            raise ValueError(f"contract {self.id} has no AGB version")
        self.state = target
        self.number, self.year, self.sequence = text, number.year, number.sequence
        self.concluded_at = self.requested_at
        return self.restate()

    def refuse(self, refusal: Refusal, actor: Actor) -> list[Message]:
        """Close the draft with the reason why there is no contract."""
        target = TRANSITIONS.check(Command.REFUSE, self.state, actor)
        if target is None:
            return []
        self.state = target
        self.refusal = refusal
        return self.restate()

    def restate(self) -> list[Message]:
        """Return the event of the decision: published when it is taken, and again for an order that has not received it."""
        if self.refusal is not None:
            return [
                ContractRefused(
                    contract_id=self.id,
                    order_id=self.order_id,
                    channel=self.channel,
                    customer=self.customer,
                    provider=self.provider,
                    code=self.refusal.code,
                    reason=self.refusal.reason,
                    remedy=self.refusal.remedy,
                    facts=self.refusal.facts,
                    refused_at=self.recorded_at,
                )
            ]
        if self.number is None or self.agb is None or self.concluded_at is None:
            return []
        head = ContractHead(
            id=self.id,
            number=self.number,
            leg=self.leg,
            channel=self.channel,
            order_id=self.order_id,
            offering_id=self.offering_id,
            offering_title=self.offering_title,
            anbieter=self.anbieter,
            customer=self.customer,
            provider=self.provider,
            agb=self.agb,
        )
        return [ContractConcluded(contract=head, concluded_at=self.concluded_at)]
