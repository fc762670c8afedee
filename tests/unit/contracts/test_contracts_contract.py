"""A contract records what was agreed; only its processor concludes or refuses it, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.contracts import channels
from services.contracts.domain import prices
from services.contracts.domain.agreed import Countersignature
from services.contracts.domain.contract import Contract
from services.contracts.domain.refusal import Refusal
from services.contracts.domain.request import Request
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import TRANSITIONS, Actor, Command, ContractState
from services.contracts.numbering import Number
from services.contracts.settings import Settings
from shared.errors import ForbiddenError, IllegalMoveError
from shared.ids import contract_id, derived_id
from shared.messages.base import Message
from shared.messages.contracts import AgbVersion, ContractConcluded, ContractRefused
from shared.messages.contracts_chain import ContractEnded, ContractTerminated
from shared.messages.ordering import ContractRequested
from shared.messages.values import Channel, Condition, Money, Period, PriceItem, Verdict
from tests.support.contract_requests import AT, NRW, SACHSEN, order_id, price, request

RECORDED = datetime(2026, 11, 24, 10, 15, 31, tzinfo=UTC)
REFUSAL = Refusal(code="not_exempt", reason="Nicht vergabefrei.", remedy="Nachweise ergänzen.")


def terms(channel: Channel = Channel.FITKO) -> Terms:
    return channels.load_terms(Settings().agb_folder, {})[channel]


def draft(body: ContractRequested | None = None, channel: Channel = Channel.FITKO, at: datetime = AT) -> Contract:
    return Contract.draft(Request(channel, body or request(channel=channel), at), terms(channel), RECORDED)


def test_a_concluded_contract_holds_number_parties_terms_and_the_time_of_the_request() -> None:
    contract = draft()
    events = contract.conclude(Number(2026, 1), "FITST/2026/0001", Actor.PROZESSOR)
    assert (contract.state, contract.number) == (ContractState.GESCHLOSSEN, "FITST/2026/0001")
    assert (contract.year, contract.sequence) == (2026, 1)
    assert (contract.customer, contract.provider, contract.anbieter.id) == (SACHSEN, NRW, "fitko")
    assert (contract.title, contract.language) == ("SaaS-Nachnutzungsvertrag", "de")
    assert contract.concluded_at == AT
    (event,) = events
    assert isinstance(event, ContractConcluded)
    assert event.contract.number == "FITST/2026/0001"
    assert event.contract.agb == AgbVersion(name="SaaS-Nachnutzungs-AGB", version="EfA-Marktplatz 2022")
    assert event.concluded_at == AT


def test_what_is_told_again_of_a_contract_is_its_conclusion_its_notice_and_its_end() -> None:
    contract = draft()
    concluded = contract.conclude(Number(2026, 1), "FITST/2026/0001", Actor.PROZESSOR)
    assert contract.republish() == concluded
    received, last = date(2027, 1, 4), date(2027, 12, 31)
    (notice,) = contract.give_notice(received, last, datetime(2027, 1, 3, 23, tzinfo=UTC), Actor.KUNDE)
    assert contract.republish() == [*concluded, notice]
    (ended,) = contract.end(date(2028, 1, 1), datetime(2027, 12, 31, 23, tzinfo=UTC))
    told = contract.republish()
    assert [type(it) for it in told] == [ContractConcluded, ContractTerminated, ContractEnded]
    assert told[-1] == ended


def test_a_refused_contract_has_no_number_and_says_why() -> None:
    contract = draft()
    (event,) = contract.refuse(REFUSAL, Actor.PROZESSOR)
    assert (contract.state, contract.number, contract.concluded_at) == (ContractState.ABGELEHNT, None, None)
    assert isinstance(event, ContractRefused)
    assert (event.code, event.reason, event.remedy) == (REFUSAL.code, REFUSAL.reason, REFUSAL.remedy)
    assert (event.order_id, event.refused_at) == (order_id("a"), RECORDED)


DRAFT, OFFERED, PROZESSOR = ContractState.ANGEFORDERT, ContractState.ANGEBOTEN, Actor.PROZESSOR
CONCLUDED, ENDING = ContractState.GESCHLOSSEN, ContractState.GEKUENDIGT
ALLOWED = {
    (Command.OFFER, DRAFT, PROZESSOR): OFFERED,
    (Command.SIGN, OFFERED, Actor.ANBIETER): OFFERED,
    (Command.RELEASE, OFFERED, Actor.ANBIETER): OFFERED,
    (Command.CONCLUDE, DRAFT, PROZESSOR): ContractState.GESCHLOSSEN,
    (Command.CONCLUDE, OFFERED, PROZESSOR): ContractState.GESCHLOSSEN,
    (Command.DECLINE, OFFERED, Actor.ANBIETER): ContractState.ABGELEHNT,
    (Command.REFUSE, DRAFT, PROZESSOR): ContractState.ABGELEHNT,
    (Command.REFUSE, OFFERED, PROZESSOR): ContractState.ABGELEHNT,
    **{(Command.TERMINATE, state, actor): ENDING for state in (CONCLUDED, ENDING) for actor in Actor},
    (Command.WITHDRAW, ContractState.ENTWURF, PROZESSOR): ContractState.ZURUECKGEZOGEN,
    (Command.WITHDRAW, OFFERED, PROZESSOR): ContractState.ZURUECKGEZOGEN,
    (Command.END, CONCLUDED, PROZESSOR): ContractState.BEENDET,
    (Command.END, ENDING, PROZESSOR): ContractState.BEENDET,
    **{(Command.ACCEPT, OFFERED, actor): OFFERED for actor in (Actor.KUNDE, Actor.BEREITSTELLER)},
    **{(Command.TURN_DOWN, OFFERED, actor): ContractState.ABGELEHNT for actor in (Actor.KUNDE, Actor.BEREITSTELLER)},
    **{(Command.TAKE_BACK, OFFERED, actor): ContractState.ZURUECKGEZOGEN for actor in (Actor.KUNDE, Actor.BEREITSTELLER)},
    **{
        (command, state, actor): state
        for command in (Command.PROPOSE_CHANGE, Command.CONSENT_TO_CHANGE, Command.REFUSE_CHANGE, Command.RELEASE_CHANGE)
        for state in (CONCLUDED, ENDING)
        for actor in (Actor.KUNDE, Actor.ANBIETER, Actor.BEREITSTELLER)
        if command is not Command.RELEASE_CHANGE or actor is Actor.ANBIETER
    },
}
REPEATS = {
    (Command.OFFER, OFFERED, PROZESSOR),
    (Command.CONCLUDE, ContractState.GESCHLOSSEN, PROZESSOR),
    (Command.DECLINE, ContractState.ABGELEHNT, Actor.ANBIETER),
    (Command.REFUSE, ContractState.ABGELEHNT, PROZESSOR),
}
MOVES: dict[Command, Callable[[Contract, Actor], list[Message]]] = {
    Command.OFFER: Contract.offer,
    Command.SIGN: lambda contract, actor: contract.sign("anna", AT, actor),
    Command.RELEASE: lambda contract, actor: contract.release("anton", AT, actor),
    Command.CONCLUDE: lambda contract, actor: contract.conclude(Number(2026, 1), "FITST/2026/0001", actor),
    Command.DECLINE: lambda contract, actor: contract.decline("Die Preise sind überholt.", AT, actor),
    Command.REFUSE: lambda contract, actor: contract.refuse(REFUSAL, actor),
}
ACTORS = {command: actor for command, _, actor in ALLOWED}


@pytest.mark.parametrize("actor", Actor)
@pytest.mark.parametrize("state", ContractState)
@pytest.mark.parametrize("command", Command)
def test_the_processor_forms_a_contract_and_the_anbieter_signs_what_is_offered_and_nobody_else_moves_it(
    command: Command, state: ContractState, actor: Actor
) -> None:
    row = (command, state, actor)
    may = {who for what, _, who in ALLOWED if what is command}
    if row in ALLOWED:
        assert (TRANSITIONS.check(command, state, actor) or state) is ALLOWED[row]
    elif actor not in may:
        with pytest.raises(ForbiddenError):
            TRANSITIONS.check(command, state, actor)
    elif state in {ALLOWED[it] for it in ALLOWED if it[0] is command} and command not in {
        Command.SIGN,
        Command.RELEASE,
        Command.ACCEPT,
    }:
        assert TRANSITIONS.check(command, state, actor) is None
    else:
        with pytest.raises(IllegalMoveError):
            TRANSITIONS.check(command, state, actor)


@pytest.mark.parametrize("state", ContractState)
@pytest.mark.parametrize("command", MOVES)
def test_a_move_that_the_table_does_not_allow_changes_nothing(command: Command, state: ContractState) -> None:
    contract = draft()
    contract.state = state
    if command is Command.RELEASE:
        contract.countersignature = Countersignature(by="anna", at=AT)
    before, actor = contract.model_copy(), ACTORS[command]
    if (command, state, actor) in ALLOWED:
        assert len(MOVES[command](contract, actor)) == 1
        assert contract.state is ALLOWED[command, state, actor]
    elif (command, state, actor) in REPEATS:
        assert MOVES[command](contract, actor) == []
        assert contract == before
    else:
        with pytest.raises(IllegalMoveError):
            MOVES[command](contract, actor)
        assert contract == before


def test_what_has_ended_or_is_dead_is_final() -> None:
    going_on = {DRAFT, ContractState.ENTWURF, OFFERED, CONCLUDED, ENDING}
    assert {state for state in ContractState if TRANSITIONS.allowed(state)} == going_on


def test_a_contract_that_a_side_has_not_signed_is_not_concluded() -> None:
    contract = draft()
    contract.signatures = contract.signatures[:1]
    with pytest.raises(ValueError, match="not signed by both"):
        contract.conclude(Number(2026, 1), "FITST/2026/0001", PROZESSOR)
    with pytest.raises(ValueError, match="not released"):
        contract.countersign(AT)
    assert contract.state is DRAFT


def test_a_contract_without_agb_cannot_be_concluded() -> None:
    contract = draft(at=datetime(2019, 5, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="no AGB"):
        contract.conclude(Number(2019, 1), "FITST/2019/0001", Actor.PROZESSOR)
    assert contract.state is ContractState.ANGEFORDERT


def test_the_id_follows_from_channel_and_order_alone() -> None:
    assert contract_id(Channel.FITKO, order_id("a")) == derived_id("contract", "fitko", order_id("a"))
    ids = {contract_id(channel, order_id(name)) for channel in Channel for name in "ab"}
    assert len(ids) == 2 * len(Channel)


def test_the_contract_keeps_the_decisive_rules_of_the_in_house_check_and_who_signed_off() -> None:
    check = draft(request(verdict=Verdict.RISK, signed_off_by="justiziariat-sn")).check
    assert check is not None
    assert (check.verdict, check.rule_set, check.as_of) == (Verdict.RISK, "test-1", "2026-11-24")
    assert [(rule.leg, rule.rule) for rule in check.decisive] == [("l2", "r3")]
    assert check.signed_off_by == "justiziariat-sn"


def test_conditions_order_reference_and_leitweg_id_are_taken_over() -> None:
    condition = Condition(id=derived_id("condition", "1"), text="Betrieb nur im Standard-Servicelevel.", agreed_at=AT)
    contract = draft(request(conditions=(condition,), leitweg_id="04011000-900X999-08", order_reference="Az. 42-1"))
    assert contract.conditions == (condition,)
    assert (contract.leitweg_id, contract.order_reference) == ("04011000-900X999-08", "Az. 42-1")


def test_a_condition_has_no_time_without_a_zone() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Condition(id=derived_id("condition", "1"), text="x", agreed_at=AT.replace(tzinfo=None))


def test_the_abstimmungsschreiben_always_belongs_to_a_fitko_contract() -> None:
    assert "Abstimmungsschreiben" in draft().documents


def test_agreed_conditions_are_a_document_of_a_govdigital_contract_only_if_there_are_any() -> None:
    condition = Condition(id=derived_id("condition", "1"), text="x")
    govdigital = Channel.GOVDIGITAL
    without = draft(channel=govdigital)
    with_one = draft(request(channel=govdigital, conditions=(condition,)), govdigital)
    assert "Vereinbarte Konditionen" not in without.documents
    assert "Vereinbarte Konditionen" in with_one.documents


def test_only_price_lines_valid_on_the_day_of_conclusion_are_copied() -> None:
    day = date(2026, 11, 24)
    lines = (
        price(1, label="erster Tag", valid_from=day),
        price(2, label="letzter Tag", valid_to=day),
        price(4, label="vorbei", valid_to=date(2026, 11, 23)),
        price(8, label="künftig", valid_from=date(2026, 11, 25)),
    )
    contract = draft(request(price_items=lines))
    assert [line.label for line in contract.price_items] == ["erster Tag", "letzter Tag"]
    assert [(total.period, total.cents) for total in contract.totals] == [(Period.JAHR, 3)]


def test_the_day_of_conclusion_is_a_day_in_germany() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    contract = draft(request(price_items=(price(8, valid_from=date(2026, 11, 25)),)), at=late)
    assert len(contract.price_items) == 1


amounts = st.integers(0, 10**13)
items = st.builds(
    lambda cents, currency, period: price(amount=Money(cents=cents, currency=currency), period=period),
    amounts,
    st.sampled_from(["EUR", "CHF"]),
    st.sampled_from(Period),
)


@given(st.lists(items, max_size=40))
def test_totals_are_exact_to_the_cent_and_lose_no_line(lines: list[PriceItem]) -> None:
    sums = prices.totals(lines)
    keys = [(total.period, total.currency) for total in sums]
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys, key=lambda key: (list(Period).index(key[0]), key[1]))
    for total in sums:
        fitting = [i for i in lines if (i.period, i.amount.currency) == (total.period, total.currency)]
        assert fitting
        assert total.cents == sum(item.amount.cents for item in fitting)
    assert sum(total.cents for total in sums) == sum(item.amount.cents for item in lines)
