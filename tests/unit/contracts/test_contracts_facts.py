"""Facts about stored contracts and number registers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from services.contracts.domain.awards import AwardCheck
from services.contracts.domain.transitions import Actor, ContractState
from services.contracts.facts import FACTS, ContractFact, OfferedFact, ProvisionFact, RegisterFact, ReuseFact
from services.contracts.numbering import Number, Register
from services.contracts.repository import CONTRACTS, REGISTERS, Registers
from shared.ids import contract_id
from shared.messages.values import Channel, Verdict
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.contract_requests import AT, order_id, request
from tests.support.publisher import RecordingPublisher
from tests.support.stored import stored
from tests.unit.contracts.test_contracts_contract import REFUSAL, draft

DATA = Path(__file__).parents[3] / "data"
FITKO = Channel.FITKO


async def test_the_fact_of_a_contract_is_its_number_and_its_place_in_the_register() -> None:
    contract = draft()
    contract.conclude(Number(2026, 7), "FITST/2026/0007", Actor.PROZESSOR)
    fact = FACTS[CONTRACTS](await stored(CONTRACTS, contract))
    order = request().order
    assert fact == ContractFact(
        contract_id(FITKO, order_id("a")),
        order.id,
        order.number,
        FITKO,
        concluded=True,
        number="FITST/2026/0007",
        year=2026,
        sequence=7,
        reuse=ReuseFact(contract.offering_id, contract.customer.id, runs=True),
    )


async def test_a_refusal_is_not_concluded_and_has_no_place_in_a_register() -> None:
    contract = draft()
    contract.refuse(REFUSAL, Actor.PROZESSOR)
    fact = FACTS[CONTRACTS](await stored(CONTRACTS, contract))
    assert isinstance(fact, ContractFact)
    assert (fact.concluded, fact.number, fact.year, fact.sequence, fact.reuse) == (False, None, None, None, None)


async def test_the_last_day_is_the_earlier_one_of_term_and_notice() -> None:
    contract = draft().model_copy(update={"valid_to": date(2028, 12, 31), "order_id": None})
    contract.conclude(Number(2026, 7), "FITST/2026/0007", Actor.PROZESSOR)
    first = FACTS[CONTRACTS](await stored(CONTRACTS, contract))
    contract.give_notice(date(2027, 1, 4), date(2027, 12, 31), AT, Actor.KUNDE)
    second = FACTS[CONTRACTS](await stored(CONTRACTS, contract))
    assert isinstance(first, ProvisionFact)
    assert isinstance(second, ProvisionFact)
    assert (first.last_day, first.state, first.number) == ("2028-12-31", ContractState.GESCHLOSSEN, "FITST/2026/0007")
    assert (second.last_day, second.state, second.leg) == ("2027-12-31", ContractState.GEKUENDIGT, "NACHNUTZUNG")


async def test_what_waits_for_the_in_house_check_is_known() -> None:
    asked = AwardCheck(awarder="DE-SN", contractor="fitko")
    judged = asked.model_copy(update={"verdict": Verdict.EXEMPT, "as_of": AT.date()})
    for award, waits in ((asked, True), (judged, False)):
        offered = draft().model_copy(update={"awards": (award,), "state": ContractState.ANGEBOTEN})
        assert FACTS[CONTRACTS](await stored(CONTRACTS, offered)) == OfferedFact(offered.id, awaits_check=waits)


async def test_the_fact_of_a_register_is_what_it_has_promised_and_what_is_free() -> None:
    store = SqliteStore(None)
    await store.prepare([REGISTERS])
    assert await Registers(Resources(store, RecordingPublisher(), DATA)).save(
        [Register(FITKO, 2026, last=9, allotted={"c": 8}, free=(2, 5))]
    )
    (document,) = await store.scan(REGISTERS)
    assert FACTS[REGISTERS](document) == RegisterFact(FITKO, 2026, 9, {"c": 8}, (2, 5))
    await store.close()
