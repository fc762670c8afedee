"""Facts about stored contracts and number registers."""

from __future__ import annotations

from pathlib import Path

from services.contracts.domain.transitions import Actor
from services.contracts.facts import FACTS, ContractFact, RegisterFact, ReuseFact
from services.contracts.numbering import Number, Register
from services.contracts.repository import CONTRACTS, REGISTERS, Registers
from shared.ids import contract_id
from shared.messages.values import Channel
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.contract_requests import order_id, request
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


async def test_the_fact_of_a_register_is_what_it_has_promised_and_what_is_free() -> None:
    store = SqliteStore(None)
    await store.prepare([REGISTERS])
    assert await Registers(Resources(store, RecordingPublisher(), DATA)).save(
        [Register(FITKO, 2026, last=9, allotted={"c": 8}, free=(2, 5))]
    )
    (document,) = await store.scan(REGISTERS)
    assert FACTS[REGISTERS](document) == RegisterFact(FITKO, 2026, 9, {"c": 8}, (2, 5))
    await store.close()
