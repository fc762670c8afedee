"""The contract, of any leg of a chain: numbered if it was concluded, with its reason if it was refused.

A NACHNUTZUNG that a Vorgang has asked for is one record per order, channel and attempt. No Vorgang asks for what follows one, or
for other legs; what follows one names the Vorgang that goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, computed_field, model_serializer, model_validator

from services.contracts.chain.contract import Side
from services.contracts.domain import prices
from services.contracts.domain.agreed import (
    Charge,
    Countersignature,
    Ending,
    EndReminders,
    Notice,
    PassingOn,
    PriceNotice,
    Shortened,
    Signature,
    Territory,
)
from services.contracts.domain.awards import AwardCheck
from services.contracts.domain.papers import Paper
from services.contracts.domain.price_changes import PriceChange
from services.contracts.domain.prices import Total
from services.contracts.domain.provision import Provision
from services.contracts.domain.refusal import Refusal
from services.contracts.domain.request import Request
from services.contracts.domain.rules import Terms
from services.contracts.domain.text import Amendment, Proposal
from services.contracts.domain.transitions import BINDING, TRANSITIONS, Actor, Command, ContractState
from services.contracts.domain.violation_codes import FOUR_EYES
from services.contracts.numbering import Number
from shared.aggregate.base import Aggregate
from shared.calendar import day_of, end_of
from shared.errors import ConflictError, InvalidError
from shared.ids import bereitstellung_id
from shared.messages.base import Message, Value
from shared.messages.contracts import AgbVersion, ContractConcluded, ContractHead, ContractRefused, Leg
from shared.messages.contracts_awards import AwardsCheckRequested
from shared.messages.contracts_chain import (
    ChainConcluded,
    ChainHead,
    ChainRefused,
    ChainState,
    ContractDocumented,
    ContractEnded,
    ContractOffered,
    ContractReleased,
    ContractSigned,
    ContractTerminated,
)
from shared.messages.contracts_changes import ContractSucceeded, SuccessionOffered, SuccessionRefused
from shared.messages.contracts_sub import SubContractAccepted, SubContractConcluded, SubContractRefused
from shared.messages.eligibility import Assessment, Override
from shared.messages.ordering import OrderParty
from shared.messages.values import Channel, Code, Condition, EntityId, Line, Party, PriceItem, Text, Time, Verdict

SUB_LEGS = frozenset({Leg.SUB_NACHNUTZUNG, Leg.SUB_SUB_NACHNUTZUNG})
"""Contracts by which a Kunde passes on what it uses: its two sides sign them, the Anbieter's processor numbers them."""
BELOW = {Leg.NACHNUTZUNG: Leg.SUB_NACHNUTZUNG, Leg.SUB_NACHNUTZUNG: Leg.SUB_SUB_NACHNUTZUNG}
"""What a Kunde passes a contract on by."""


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
        return cls(
            verdict=assessment.verdict,
            rule_set=assessment.rule_set,
            as_of=assessment.as_of.isoformat(),
            decisive=tuple(DecisiveRule(leg=f.leg, rule=f.rule, code=f.code, reason=f.reason) for f in assessment.deciding),
            signed_off_by=signed_off_by,
            override=override,
        )


class Listed(Aggregate):
    """What a list shows of a contract. A refused one has neither number nor ``concluded_at``.

    ``grantor`` passes the use on to the grantee, which is the ``customer`` of whatever leg; ``provider`` is the Bereitsteller.
    It rests on the contract ``parent`` and follows in time the one that it ``continues``. ``valid_to`` is the agreed last day,
    ``ends_on`` that after a notice. ``proposal`` is a change that both sides have not agreed yet. Of one that follows another and
    that the Anbieter offers ``signatures`` has none before a second person has released it.
    """

    state: ContractState
    leg: Leg
    title: Line
    channel: Channel
    number: Line | None = None
    order_id: EntityId | None = None
    order_number: Line | None = None
    offering_id: EntityId
    offering_title: Line
    offering_version: int
    anbieter: Party
    customer: Party
    provider: Party
    concluded_at: Time | None = None
    recorded_at: Time
    refusal: Refusal | None = None
    grantor: Party
    parent: EntityId | None = None
    continues: EntityId | None = None
    valid_from: date
    valid_to: date | None = None
    ends_on: date | None = None
    countersignature: Countersignature | None = None
    shortened: Shortened | None = None
    cascades: int = 0
    proposal: Proposal | None = None
    signatures: tuple[Signature, ...] = ()

    @property
    def awaits(self) -> Literal["SIGNATURE", "RELEASE"] | None:
        """What an offered contract waits for at the Anbieter; None also where it waits for another side, or for the processor."""
        given = self.countersignature
        if self.state is not ContractState.ANGEBOTEN or self.leg in SUB_LEGS:
            return None
        if given is not None:
            return "RELEASE" if given.released_at is None else None
        return None if self._side_of_anbieter in {it.side for it in self.signatures} else "SIGNATURE"

    @property
    def accepting_side(self) -> Side | None:
        """The side that has still to accept an offered contract which its own two sides sign, None for any other."""
        signed = {it.side for it in self.signatures}
        by_its_sides = self.leg in SUB_LEGS or self.continues is not None
        if self.state is not ContractState.ANGEBOTEN or not by_its_sides or len(signed) != 1:
            return None
        return "grantee" if "grantor" in signed else "grantor"

    @property
    def _side_of_anbieter(self) -> Side:
        return "grantor" if self.grantor.id == self.channel.value else "grantee"

    @property
    def last_day(self) -> date | None:
        """Last day: the earlier of the agreed one and that after a notice, None if there is neither."""
        return min((day for day in (self.valid_to, self.ends_on) if day is not None), default=None)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, stored: Any) -> Any:  # noqa: ANN401 - whatever is validated
        """Complete what 0.1.0 stored, which knew one leg and wrote down neither its place nor its first day."""
        if not isinstance(stored, Mapping):
            return stored
        found = dict(stored)
        recorded_at = found.pop("formed_at", None)
        if found.get("recorded_at") is None:
            found["recorded_at"] = recorded_at
        found.setdefault("grantor", found.get("anbieter"))
        if "parent" not in found and found.get("leg") == Leg.NACHNUTZUNG:
            found["parent"] = bereitstellung_id(str(found.get("channel")), str(found.get("offering_id")))
        begin = found.get("concluded_at") or found.get("requested_at") or found["recorded_at"]
        if "valid_from" not in found and begin is not None:
            found["valid_from"] = day_of(begin)
        return found

    @model_serializer(mode="wrap")
    def _hidden_from_lists_of_orders(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Store ``recorded_at`` of a contract without an order as ``formed_at``.

        The lists of 0.1.0 go by ``recorded_at`` and cannot read what has no order; it may run beside this version.
        """
        stored: dict[str, Any] = handler(self)
        if self.order_id is None and "recorded_at" in stored:
            stored["formed_at"], stored["recorded_at"] = stored["recorded_at"], None
        return stored


class Contract(Listed):
    """A contract of the chain, or the refusal of one.

    ``price_items`` are those of the request that are valid on the day of conclusion. ``concluded_at`` and with it number, AGB
    and prices follow the request's own time; ``recorded_at`` is when the processor wrote it down. ``version`` counts the
    versions of the agreed text, ``papers`` are the files that were made of each. ``awards`` are those that it rests on and
    that are judged before it is signed further (``inhouse``). ``territory`` None: scope, periods and signatures were not
    recorded, as in version 0.1.0; what the channel's data assume counts for them.
    """

    year: int | None = None
    sequence: int | None = None
    agb: AgbVersion | None
    documents: tuple[Line, ...] = ()
    conditions: tuple[Condition, ...] = ()
    price_items: tuple[PriceItem, ...] = ()
    totals: tuple[Total, ...] = ()
    leitweg_id: Line | None = None
    order_reference: Line | None = None
    check: InHouseCheck | None = None
    language: Literal["de"] = "de"
    ordered_at: Time | None = None
    requested_at: Time
    version: int = 1
    services: tuple[EntityId, ...] = ()
    parametrisation: tuple[Code, ...] = ()
    territory: Territory | None = None
    passing_on: PassingOn | None = None
    charge: Charge | None = None
    notice: Notice | None = None
    price_notice: PriceNotice | None = None
    annexes: tuple[Line, ...] = ()
    ending: Ending | None = None
    papers: tuple[Paper, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    price_changes: tuple[PriceChange, ...] = ()
    awards: tuple[AwardCheck, ...] = ()
    order_continued: EntityId | None = None
    """Of one that follows another: the Vorgang whose contract that is. ``order_id`` is the one that has asked for a contract."""
    former_last_day: date | None = None
    """Of one that follows another: the last day of that when this one was offered."""
    end_reminders: EndReminders | None = None
    """Which reminders of its last day were given (``reminders``)."""

    @property
    def vorgang(self) -> str | None:
        """The Vorgang that it is of: which has asked for it, or whose contract it continues; None if it is of none."""
        return self.order_id or self.order_continued

    @property
    def awaits_check(self) -> bool:
        """Whether an offered contract waits for the verdict on an award that it rests on."""
        return self.state is ContractState.ANGEBOTEN and any(it.verdict is None for it in self.awards)

    def ask_check(self, at: Time) -> list[Message]:
        """Return the request for the verdicts that it waits for, if it does."""
        if not self.awaits_check:
            return []
        return [AwardsCheckRequested(contract=self.head(), at=at, awards=tuple(it.asked for it in self.awards))]

    def ask_change_check(self, at: Time) -> list[Message]:
        """Return the request for the verdicts that a proposed change waits for, if one does."""
        change = self.proposal
        if change is None or not change.awaits_check:
            return []
        awards = tuple(it.asked for it in change.awards)
        return [AwardsCheckRequested(contract=self.head(), at=at, change_id=change.id, awards=awards)]

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

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def grantor_id(self) -> str:
        """Key of who passes the use on, for the index."""
        return self.grantor.id

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def released_at(self) -> Time | None:
        """When the Anbieter's second person has released a contract that is not concluded yet, for the index."""
        given = self.countersignature
        return given.released_at if given is not None and self.state is ContractState.ANGEBOTEN else None

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def shortened_at(self) -> Time | None:
        """Since when what rests on it waits to be looked at, for the index."""
        return None if self.shortened is None else self.shortened.since

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def announcing_at(self) -> Time | None:
        """Since when what rests on it waits for its new prices, for the index."""
        return min((it.announced_at for it in self.price_changes if it.waits), default=None)

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def runs_until(self) -> str | None:
        """Last day of a binding contract whose end was not recorded yet, for the index."""
        running = self.state in (ContractState.GESCHLOSSEN, ContractState.GEKUENDIGT)
        return self.last_day.isoformat() if running and self.last_day is not None else None

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own pattern
    @property
    def undocumented_at(self) -> Time | None:
        """Since when a binding contract lacks the documents of one of its versions, for the index."""
        return (self.concluded_at or self.recorded_at) if self.undocumented else None

    @property
    def undocumented(self) -> tuple[int, ...]:
        """The versions that have no documents yet; none of a contract that is not binding, or whose number is not known."""
        if self.state not in BINDING or self.number is None:
            return ()
        made = {paper.version for paper in self.papers}
        return tuple(version for version in range(1, self.version + 1) if version not in made)

    @classmethod
    def draft(cls, request: Request, terms: Terms, recorded_at: Time) -> Contract:
        """Return the contract as asked for, neither concluded nor refused. Raises ValidationError for what cannot be recorded."""
        order, body, rules = request.body.order, request.body, terms.rules
        lines = prices.valid_on(body.price_items, request.day)
        agreed = terms.agreed[Leg.NACHNUTZUNG]
        totals = prices.totals(lines)
        ordered = Signature(side="grantee", by=body.placed_by, on=day_of(body.ordered_at))
        offered = Signature(side="grantor", by=body.offered_by, released_by=body.offered_by and terms.processor, on=request.day)
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
            totals=totals,
            leitweg_id=body.leitweg_id,
            order_reference=body.order_reference,
            check=InHouseCheck.summary(body.assessment, body.signed_off_by, body.override),
            ordered_at=body.ordered_at,
            requested_at=request.requested_at,
            recorded_at=recorded_at,
            grantor=rules.anbieter,
            parent=bereitstellung_id(terms.channel.value, order.offering_id),
            valid_from=request.day,
            services=(order.offering_id,),
            territory=terms.territory_of(Leg.NACHNUTZUNG, order.customer),
            **agreed.model_dump(exclude={"territory"}),
            signatures=(ordered, offered) if terms.countersigns(totals) else (ordered,),
        )

    @classmethod
    def bereitstellung(cls, listed: Provision, terms: Terms, recorded_at: Time) -> Contract:
        """Return the Bereitstellungsvertrag by which an offer is listed, concluded outside of the marketplace."""
        leg = Leg.BEREITSTELLUNG
        signed_on = day_of(listed.signed_at)
        return cls(
            id=listed.contract_id,
            state=ContractState.GESCHLOSSEN,
            leg=leg,
            title=terms.rules.contract_names[leg],
            channel=listed.channel,
            number=listed.number,
            offering_id=listed.offering_id,
            offering_title=listed.offering_title,
            offering_version=listed.offering_version,
            anbieter=terms.rules.anbieter,
            grantor=listed.provider,
            customer=terms.rules.anbieter,
            provider=listed.provider,
            concluded_at=listed.signed_at,
            requested_at=listed.signed_at,
            recorded_at=recorded_at,
            agb=None,
            valid_from=signed_on,
            services=(listed.offering_id,),
            territory=terms.territory_of(leg, terms.rules.anbieter),
            **terms.agreed[leg].model_dump(exclude={"territory"}),
            signatures=(Signature(side="grantor", on=signed_on), Signature(side="grantee", on=signed_on)),
        )

    def follow_listing(self, listed: Provision) -> None:
        """Adopt number and day of a Bereitstellungsvertrag that was formed before the catalogue's word of it came.

        What rests on it meanwhile does so from the earliest day that is known. One that is not concluded gets its number here.
        """
        if self.number is not None or self.state not in BINDING:
            return
        signed_on = min(day_of(listed.signed_at), self.valid_from)
        self.number, self.concluded_at, self.valid_from = listed.number, listed.signed_at, signed_on
        self.signatures = tuple(signature.model_copy(update={"on": signed_on}) for signature in self.signatures)

    def complete(self, number: Number, text: str, asked: Contract) -> None:
        """Adopt number and signatures of a Bereitstellungsvertrag that an order presupposed before its request came, or again."""
        if self.number is not None or self.state not in BINDING:
            return
        self.number, self.year, self.sequence = text, number.year, number.sequence
        if asked.signed:
            self.signatures, self.agb = asked.signatures, asked.agb
        self.concluded_at = self.signed_at

    def conclude(self, number: Number, text: str, actor: Actor) -> list[Message]:
        """Give the contract, signed by both sides, its number, written as ``text``.

        Raises ValueError if no AGB version was in force, or if a side has not signed.
        """
        target = TRANSITIONS.check(Command.CONCLUDE, self.state, actor)
        if target is None:
            return []
        if self.agb is None and self.leg is not Leg.BEREITSTELLUNG:
            raise ValueError(f"contract {self.id} has no AGB version")
        if not self.signed:
            raise ValueError(f"contract {self.id} is not signed by both sides")
        self.state = target
        self.number, self.year, self.sequence = text, number.year, number.sequence
        self.concluded_at = self.signed_at
        return self.restate()

    @property
    def signed(self) -> bool:
        """Whether both sides have signed."""
        return {signature.side for signature in self.signatures} == {"grantor", "grantee"}

    @property
    def signed_at(self) -> Time:
        """When the last signature was given: with the release of the second person, or with the request."""
        released = None if self.countersignature is None else self.countersignature.released_at
        return released or self.requested_at

    def offer(self, actor: Actor) -> list[Message]:
        """Offer the draft to the Anbieter, whose two persons have to sign it."""
        target = TRANSITIONS.check(Command.OFFER, self.state, actor)
        if target is None:
            return []
        self.state = target
        return [ContractOffered(contract=self.head(), at=self.recorded_at)]

    def sign(self, person: str, at: Time, actor: Actor) -> list[Message]:
        """Sign for the Anbieter as its first person.

        Raises ConflictError (``already_signed`` if another one has, or the Anbieter has offered it; ``check_pending``).
        """
        TRANSITIONS.check(Command.SIGN, self.state, actor)
        if self.continues is not None:
            self._require_to_be_signed(self._side_of_anbieter)
        if self.countersignature is not None:
            if self.countersignature.by == person:
                return []
            raise ConflictError("Another person has signed; release it instead.", code="already_signed", id=self.id)
        self.countersignature = Countersignature(by=person, at=at)
        return [ContractSigned(contract=self.head(), at=at)]

    def release(self, person: str, at: Time, actor: Actor) -> list[Message]:
        """Release as another person of the Anbieter what the first one has signed: now the Anbieter has signed.

        A contract that the Anbieter offers itself goes to the other side with it.
        Raises ConflictError (``not_signed``; ``four_eyes`` for the person who signed; as ``sign``).
        """
        TRANSITIONS.check(Command.RELEASE, self.state, actor)
        if self.continues is not None:
            self._require_to_be_signed(self._side_of_anbieter)
        first = self.countersignature
        if first is None:
            raise ConflictError("Nobody has signed it yet.", code="not_signed", id=self.id)
        if first.by == person:
            raise ConflictError("Who has signed cannot release it; another person must.", code=FOUR_EYES, id=self.id)
        if first.released_by is not None:
            return []
        if self.continues is not None and not self.signatures:
            side = self._side_of_anbieter
            self.signatures = (Signature(side=side, by=first.by, released_by=person, on=day_of(at)),)
            self.countersignature = None
            by = self.grantor if side == "grantor" else self.customer
            return [SuccessionOffered(contract=self.head(), at=at, continues=self.continues, offered_by=by)]
        self.countersignature = first.model_copy(update={"released_by": person, "released_at": at})
        return [ContractReleased(contract=self.head(), at=at)]

    def _require_to_be_signed(self, side: Side) -> None:
        """Return if a side can sign now. Raises ConflictError (``already_signed``, ``check_pending``)."""
        if side in {signature.side for signature in self.signatures}:
            raise ConflictError("This side has signed; the other one must.", code="already_signed", id=self.id)
        if self.awaits_check:
            raise ConflictError("The in-house check has no result yet; try again in a moment.", code="check_pending", id=self.id)

    def _require_unsigned(self) -> None:
        """Return unless both sides have signed, so that the processor concludes it. Raises ConflictError (``already_signed``)."""
        if self.countersignature is not None and self.countersignature.released_at is not None:
            raise ConflictError("Both sides have signed it.", code="already_signed", id=self.id)

    def countersign(self, at: Time) -> None:
        """Turn what two persons of the Anbieter have done into its signature. Raises ValueError if they have not."""
        given = self.countersignature
        if given is None or given.released_at is None:
            raise ValueError(f"contract {self.id} is not released")
        side: Side = "grantor" if "grantee" in {it.side for it in self.signatures} else "grantee"
        signature = Signature(side=side, by=given.by, released_by=given.released_by, on=day_of(given.released_at))
        self.signatures, self.recorded_at = (*self.signatures, signature), at

    def decline(self, reason: str, at: Time, actor: Actor) -> list[Message]:
        """Decline the offered contract for the Anbieter; the reason, one line, is told to the Kunde.

        Raises ConflictError (``already_signed`` once both sides have signed).
        """
        target = TRANSITIONS.check(Command.DECLINE, self.state, actor)
        if target is None:
            return []
        self._require_unsigned()
        self.state, self.recorded_at = target, at
        if self.leg is Leg.BEREITSTELLUNG:
            self.refusal = Refusal.of("provision_declined", anbieter=self.anbieter.name, reason=reason)
        else:
            self.refusal = Refusal.of("declined_by_anbieter", anbieter=self.anbieter.name, reason=reason)
        return self.restate()

    def refuse(self, refusal: Refusal, actor: Actor) -> list[Message]:
        """Close the draft with the reason why there is no contract."""
        target = TRANSITIONS.check(Command.REFUSE, self.state, actor)
        if target is None:
            return []
        self.state = target
        self.refusal = refusal
        return self.restate()

    def give_notice(
        self, received_on: date, last_day: date | None, at: Time, actor: Actor, notice_id: str | None = None
    ) -> list[Message]:
        """End the contract on a last day, as agreed or extraordinarily; one that ends no later anyway stays as it is.

        ``last_day`` None: no ordinary notice is agreed. ``notice_id`` is that of the request, if there was one.
        Raises InvalidError (``notice_date_invalid``), ConflictError (``notice_not_allowed``).
        """
        TRANSITIONS.check(Command.TERMINATE, self.state, actor)
        if last_day is None:
            raise ConflictError("No ordinary notice is agreed in this contract.", code="notice_not_allowed", id=self.id)
        if last_day < received_on:
            raise InvalidError(f"{last_day.isoformat()} has passed.", code="notice_date_invalid", last_day=last_day.isoformat())
        by = OrderParty.SYSTEM if actor is Actor.PROZESSOR else OrderParty(actor.value)
        if events := self._shorten(last_day, at, None, by):
            self.ending = Ending(id=notice_id, by=by, received_on=received_on, last_day=last_day)
        return events

    def lose(self, last_day: date, because: Contract, at: Time) -> list[Message]:
        """End with the contract ``because`` that it rests on: a binding one on a last day, an offered one at once.

        One that has ended loses days too, and stays BEENDET: else it would outlive what it rests on. A notice of the contract
        above counts from its receipt, and may be decided on when the days that it takes are over.
        """
        if self.state in BINDING:
            events = self._shorten(last_day, at, because.id)
            if events and because.ending is not None:
                self.ending = Ending(
                    received_on=because.ending.received_on, because=because.id, id=None if self.ending is None else self.ending.id
                )
            return events
        target = TRANSITIONS.check(Command.WITHDRAW, self.state, Actor.PROZESSOR)
        if target is None:
            return []
        self._remember(at)
        self.state, self.recorded_at = target, at
        self.refusal = Refusal.of("offer_withdrawn", anbieter=self.anbieter.name)
        return self.restate()

    def _shorten(self, last_day: date, at: Time, because: str | None, by: OrderParty | None = None) -> list[Message]:
        if self.last_day is not None and self.last_day <= last_day:
            return []
        self._remember(at)
        self.ends_on = last_day
        if self.state is not ContractState.BEENDET:
            self.state = ContractState.GEKUENDIGT
        return [ContractTerminated(contract=self.head(), at=at, because=because, by=by)]

    def _remember(self, at: Time) -> None:
        """Store how the contract was before, unless that is stored already, for what rests on it."""
        if self.shortened is None and self.leg is not Leg.SUB_SUB_NACHNUTZUNG:
            self.shortened = Shortened(since=at, state=self.state, ends_on=self.ends_on)

    def before_it_lost(self) -> Contract:
        """Return the contract as it was before it lost days that what rests on it was not held against yet."""
        if self.shortened is None:
            return self
        return self.model_copy(update={"state": self.shortened.state, "ends_on": self.shortened.ends_on})

    def settle(self, seen: Contract) -> None:
        """Record that all that rests on it was held against what it had lost when it was ``seen``; more may have gone since."""
        self.cascades += 1
        if (self.state, self.ends_on) == (seen.state, seen.ends_on):
            self.shortened = None

    def end(self, today: date, at: Time) -> list[Message]:
        """Record that the last day is over; a contract that goes on stays as it is."""
        if self.last_day is None or self.last_day >= today:
            return []
        target = TRANSITIONS.check(Command.END, self.state, Actor.PROZESSOR)
        if target is None:
            return []
        self.state, self.proposal = target, None
        return [ContractEnded(contract=self.head(), at=at)]

    def document(self, papers: Sequence[Paper], at: Time) -> list[Message]:
        """Name the files that were made of a version of the contract; those that were named of it before stay."""
        version = papers[0].version
        if version not in self.undocumented:
            return []
        self.papers = (*self.papers, *papers)
        return [
            ContractDocumented(contract=self.head(), at=at, version=version, documents=tuple(paper.stated() for paper in papers))
        ]

    def as_agreed(self) -> Contract:
        """Return the contract as it was agreed, whatever became of it since: of this its documents are made."""
        later = {
            "state": ContractState.GESCHLOSSEN,
            "ends_on": None,
            "shortened": None,
            "ending": None,
            "cascades": 0,
            "papers": (),
            "proposal": None,
            "price_changes": (),
        }
        return self.model_copy(update=later)

    def head(self) -> ChainHead:
        """Return what every event about a contract of a chain holds of it."""
        return ChainHead(
            id=self.id,
            number=self.number,
            leg=self.leg,
            channel=self.channel,
            offering_id=self.offering_id,
            offering_title=self.offering_title,
            order_id=self.vorgang,
            grantor=self.grantor,
            grantee=self.customer,
            parent=self.parent,
            state=ChainState(self.state.value),
            valid_from=self.valid_from,
            ends_on=self.last_day,
        )

    def restate(self) -> list[Message]:
        """Return the event of the decision: published when it is taken, and again for an order that has not received it."""
        if self.continues is not None:
            refused = partial(SuccessionRefused, offered=bool(self.signatures))
            succeeded = partial(ContractSucceeded, former_ends_on=self.former_last_day)
            return self._restate_as(refused, succeeded, continues=self.continues)
        if self.leg in SUB_LEGS:
            return self._restate_as(SubContractRefused, SubContractConcluded)
        if self.order_id is None:
            return self._restate_as(ChainRefused, ChainConcluded)
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

    def republish(self) -> list[Message]:
        """Return what readers of rebuilt topics must know: the decision and the end, and what the in-house check is asked."""
        asked_at = self.recorded_at if self.proposal is None else self.proposal.proposed_at
        return [*self.restate(), *self._restate_end(), *self.ask_check(self.recorded_at), *self.ask_change_check(asked_at)]

    def _restate_end(self) -> list[Message]:
        """Return the events of notice and end once more, with the days on which they happened."""
        events: list[Message] = []
        if self.ends_on is not None and self.state in BINDING:
            known = self.ending
            at = self.recorded_at if known is None else end_of(known.received_on - timedelta(days=1))
            because, by = (None, None) if known is None else (known.because, known.by)
            events.append(ContractTerminated(contract=self.head(), at=at, because=because, by=by))
        if self.state is ContractState.BEENDET and self.last_day is not None:
            events.append(ContractEnded(contract=self.head(), at=end_of(self.last_day)))
        return events

    def _restate_as(self, refused: Callable[..., Message], concluded: Callable[..., Message], **more: str) -> list[Message]:
        if self.refusal is not None:
            return [refused(contract=self.head(), at=self.recorded_at, **more, **self.refusal.model_dump())]
        if self.number is None or self.concluded_at is None:
            return []
        return [concluded(contract=self.head(), at=self.concluded_at, **more)]

    def accept(self, person: str, side: Side, at: Time, actor: Actor) -> list[Message]:
        """Sign as the side that has not signed yet what the other one has offered; the processor concludes it.

        Raises ConflictError (``already_signed`` for the side that has; ``check_pending``).
        """
        TRANSITIONS.check(Command.ACCEPT, self.state, actor)
        self._require_to_be_signed(side)
        if self.countersignature is not None:
            return []
        self.countersignature = Countersignature(by=person, at=at, released_at=at)
        return [SubContractAccepted(contract=self.head(), at=at)]

    def give_up(self, side: Side, reason: str | None, at: Time, actor: Actor) -> list[Message]:
        """Turn down what the other side has offered, with a reason, or take back what this side has.

        Raises ConflictError (``already_signed`` once both sides have signed).
        """
        own = side in {signature.side for signature in self.signatures}
        target = TRANSITIONS.check(Command.TAKE_BACK if own else Command.TURN_DOWN, self.state, actor)
        if target is None:
            return []
        self._require_unsigned()
        party = self.grantor if side == "grantor" else self.customer
        self.state, self.recorded_at = target, at
        self.refusal = Refusal.of("sub_contract_given_up", party=party.name, reason=reason or "\u2013")
        return self.restate()

    def call_off(self, at: Time) -> list[Message]:
        """Withdraw the Bereitstellungsvertrag, which is not concluded yet: the offer went back to its Bereitsteller."""
        target = TRANSITIONS.check(Command.WITHDRAW, self.state, Actor.PROZESSOR)
        if target is None:
            return []
        self.state, self.recorded_at = target, at
        self.refusal = Refusal.of("provision_withdrawn", anbieter=self.anbieter.name)
        return self.restate()
