"""A notice that ordering passes on: the contract's own terms give the day, a repeat is answered alike, nothing else moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.contracts import channels
from services.contracts.app import processor
from services.contracts.domain.agreed import Notice
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import ContractState
from services.contracts.noticing import last_day_from
from shared.aggregate.change import Cause, Change
from shared.bus.handling import Received, Rejection
from shared.ids import contract_id, derived_id
from shared.messages.base import Message, message_types
from shared.messages.contracts_chain import ContractTerminated, NoticeRefused
from shared.messages.ordering import OrderParty
from shared.messages.ordering_notices import NoticeRequested
from shared.messages.values import Channel, Party
from tests.component.contracts.test_contracts_notice import END_OF_2027, LAENDER, ROOT, World
from tests.support.contract_requests import AT, order_id, received, request

SACHSEN = contract_id("fitko", order_id("DE-SN"))
SUBS = 2
"""Contracts that rest on each NACHNUTZUNG."""


def asked(land: str = "DE-SN", ends_on: date = date(2027, 1, 1), **changes: Any) -> NoticeRequested:
    """Return the Kunde's notice of the contract of a Land."""
    values: dict[str, Any] = {
        "order": request(land, customer=Party(id=land, name=land)).order,
        "contract_id": contract_id("fitko", order_id(land)),
        "notice_id": derived_id("test notice", land),
        "ends_on": ends_on,
        "by": OrderParty.KUNDE,
        "requested_at": AT,
    }
    return NoticeRequested(**(values | changes))


async def ask(world: World, *messages: NoticeRequested, seq: int = 20) -> Sequence[Rejection]:
    """Hand notices to the processor in one batch."""
    consumer, *_ = processor(Channel.FITKO)(world.resources).consumers
    return await consumer.handle([_event(message, seq + place) for place, message in enumerate(messages)])


def _event(message: NoticeRequested, seq: int) -> Received:
    cause = Cause(derived_id("test event", message.order.id, str(seq)), message.TYPE, f"/ordering/{message.order.id}", seq)
    return Received(message, message.order.id, cause, AT)


def told(world: World) -> list[ContractTerminated | NoticeRefused]:
    """Return what the contracts said about notices, in order."""
    found = [message_types()[it.type].model_validate_json(it.body) for it in world.publisher.events]
    return [message for message in found if isinstance(message, ContractTerminated | NoticeRefused)]


async def contract(world: World, key: str = SACHSEN) -> Contract:
    """Return a contract of the world."""
    return (await world.contracts.of_ids([key]))[key]


async def change(world: World, **changes: Any) -> None:
    """Give the contract of Sachsen other fields."""

    def decide(stored: Contract | None) -> tuple[Contract, Sequence[Message]]:
        assert stored is not None
        return stored.model_copy(update=changes), []

    await world.contracts.ledger.apply([Change(SACHSEN, decide, Cause(derived_id("test change"), "test", "test", 99))])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.prepare()
    yield made
    await made.store.close()


@pytest.mark.parametrize(
    ("months", "to", "wanted", "last_day"),
    [
        (6, "YEAR_END", date(2026, 12, 31), date(2027, 12, 31)),
        (1, "YEAR_END", date(2026, 11, 30), date(2026, 12, 31)),
        (3, "QUARTER_END", date(2027, 1, 15), date(2027, 3, 31)),
        (3, "QUARTER_END", date(2027, 4, 1), date(2027, 6, 30)),
        (0, "ANY", date(2028, 2, 29), date(2028, 2, 29)),
        (3, "ANY", date(2026, 12, 1), date(2027, 2, 24)),
    ],
)
def test_the_first_agreed_end_after_both_the_period_and_the_stated_day(
    months: int, to: Any, wanted: date, last_day: date
) -> None:
    assert last_day_from(Notice(months=months, to=to), date(2026, 11, 24), wanted) == last_day


async def test_the_contract_ends_by_its_own_terms_and_tells_who_gave_notice(world: World) -> None:
    assert await ask(world, asked()) == []
    found = await contract(world)
    assert (found.state, found.ends_on) == (ContractState.GEKUENDIGT, END_OF_2027)
    assert found.ending is not None
    assert (found.ending.by, found.ending.received_on) == (OrderParty.KUNDE, AT.date())
    (event,) = told(world)
    assert isinstance(event, ContractTerminated)
    assert (event.by, event.because, event.contract.ends_on) == (OrderParty.KUNDE, None, END_OF_2027)
    await world.cascade.run()
    assert [event.because for event in told(world)[1:] if isinstance(event, ContractTerminated)] == [SACHSEN] * SUBS
    assert (await contract(world, ROOT)).ends_on is None


async def test_a_repeat_after_any_time_is_answered_as_it_was_decided(world: World) -> None:
    await ask(world, asked(), asked())
    await ask(world, asked(), seq=20)
    world.now = datetime(2029, 1, 1, tzinfo=UTC)
    await ask(world, asked(), seq=40)
    assert {event.contract.ends_on for event in told(world) if isinstance(event, ContractTerminated)} == {END_OF_2027}
    assert not any(isinstance(event, NoticeRefused) for event in told(world))
    assert (await contract(world)).ends_on == END_OF_2027


async def test_a_late_repeat_that_was_never_decided_counts_from_the_day_it_was_given(world: World) -> None:
    world.now = datetime(2027, 11, 1, tzinfo=UTC)
    await ask(world, asked())
    assert (await contract(world)).ends_on == END_OF_2027


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"notice": None}, "notice_not_agreed"),
        ({"valid_to": date(2027, 6, 30)}, "contract_ends_before"),
        ({"state": ContractState.BEENDET, "ends_on": date(2026, 12, 1)}, "contract_not_running"),
    ],
)
async def test_a_refusal_is_told_with_code_and_reason_and_changes_nothing(
    world: World, changes: dict[str, Any], code: str
) -> None:
    await change(world, **changes)
    before = await contract(world)
    assert await ask(world, asked(by=OrderParty.ANBIETER)) == []
    (event,) = told(world)
    assert isinstance(event, NoticeRefused)
    assert (event.code, event.by, event.notice_id) == (code, OrderParty.ANBIETER, asked().notice_id)
    assert event.contract.number is not None
    assert event.contract.number in event.reason
    assert await contract(world) == before


async def test_a_notice_of_a_contract_that_there_is_not_is_a_dead_letter(world: World) -> None:
    (lost,) = await ask(world, asked(contract_id=derived_id("test", "no contract")))
    assert lost.code == "not_found"
    assert told(world) == []


async def test_a_notice_of_the_contract_of_another_vorgang_changes_nothing(world: World) -> None:
    before = await contract(world)
    await ask(world, asked("DE-BY", contract_id=SACHSEN))
    assert (await contract(world), told(world)) == (before, [])


async def test_a_vorgang_gives_notice_of_the_contract_that_it_goes_on_with(world: World) -> None:
    await change(world, order_id=None, order_continued=order_id("DE-SN"))
    assert await ask(world, asked()) == []
    (event,) = told(world)
    assert isinstance(event, ContractTerminated)
    assert (event.contract.order_id, event.contract.ends_on) == (order_id("DE-SN"), END_OF_2027)


async def test_requests_and_notices_of_one_batch_are_each_answered(world: World) -> None:
    late = request("DE-TH", customer=Party(id="DE-TH", name="Thüringen"))
    consumer, *_ = processor(Channel.FITKO)(world.resources).consumers
    batch = [_event(asked("DE-BY"), 20), received(late), _event(asked("DE-TH"), 21)]
    assert list(await consumer.handle(batch)) == []
    ends = {it.order_id: it.ends_on for it in await world.all() if it.order_id is not None}
    assert ends == {order_id(land): END_OF_2027 if land in {"DE-BY", "DE-TH"} else None for land in (*LAENDER, "DE-TH")}


@pytest.mark.parametrize("killed_at", range(1, 4))
async def test_a_notice_that_is_cut_off_at_any_write_is_ended_by_its_redelivery(world: World, killed_at: int) -> None:
    world.store.until = killed_at - 1
    for _ in range(3):
        try:
            await ask(world, asked())
            await world.cascade.run()
        except BaseException as error:
            if type(error).__name__ != "KilledError":
                raise
    ends = await world.ends()
    assert sum(1 for end in ends.values() if end == END_OF_2027.isoformat()) == 1 + SUBS
    assert {event.contract.id for event in told(world)} == {key for key, end in ends.items() if end is not None}


def test_both_channels_agree_on_notice_of_each_leg() -> None:
    for terms in channels.load_terms(None, {}).values():
        assert all(agreed.notice is not None for agreed in terms.agreed.values())
