"""Ordering reads partners where it has keys to sign their receipts, and lets records go from the quarantine by the same way."""

from __future__ import annotations

from pathlib import Path

from joserfc.jws import extract_compact

from services.ordering.app import build
from services.ordering.domain.receipt import Receipt
from services.ordering.inbound.actions import Actions
from services.ordering.inbound.intake import RecordIntake
from services.ordering.inbound.receipts import Receipts
from services.ordering.inbound.released import ReleasedRecords
from services.ordering.partners.quarantine import Quarantine
from services.ordering.partners.receipt_keys import ReceiptKeys, make_key
from services.ordering.partners.repository import Partners
from services.ordering.repository import Offerings, Orders
from services.ordering.settings import Settings
from shared.aggregate.change import Cause, Change
from shared.bus.consume.work import RecordWork
from shared.messages.ordering_partners import PartnerState
from tests.component.ordering.ordering_world import INTEREST, World
from tests.support.builders.orders import CUSTOMER
from tests.support.partners import AUDIENCE, PartnerSystem, customer, event_in, receipt_in


async def test_partners_are_read_only_where_receipts_can_be_signed(world: World, tmp_path: Path) -> None:
    assert build(world.resources, Settings()).readers == ()
    service = build(world.resources, Settings(receipt_keys=tmp_path))
    (readers,) = service.readers
    assert await readers.current() == {}
    system = PartnerSystem("nord", (customer(CUSTOMER.id, CUSTOMER.name),))
    await register(world, system, PartnerState.ACTIVE, 1)
    first = await readers.current()
    work = first["nord"]
    assert isinstance(work, RecordWork)
    assert (work.group, work.topic) == ("ordering.partner.nord", "partner.nord.orders.v1")
    assert (await readers.current())["nord"] is work
    await register(world, system, PartnerState.SUSPENDED, 2)
    assert await readers.current() == {}


async def test_a_record_let_go_is_answered_by_a_receipt_of_the_mounted_key(world: World, tmp_path: Path) -> None:
    key = make_key(tmp_path, world.now)
    orders, quarantine = Orders(world.resources), Quarantine(world.resources)
    receipts, keys = Receipts(world.resources), ReceiptKeys(tmp_path, world.clock, Settings().receipt_key_overlap)
    actions = Actions(orders, Offerings(world.resources), world.clock)
    intake = RecordIntake(actions, receipts, quarantine, keys, world.clock, AUDIENCE)
    system = PartnerSystem("nord", (customer(CUSTOMER.id, CUSTOMER.name),))
    await register(world, system, PartnerState.ACTIVE, 1)
    released = ReleasedRecords(Partners(world.resources), intake)
    event = system.event("interest-declared", {"organisation": CUSTOMER.id} | INTEREST, world.now)
    record = system.record(system.sign(event), world.now)
    issued = await released.take("nord", record)
    assert (issued.status, issued.code) == ("accepted", None)
    assert receipt_in(issued.jws)["id"] == issued.id == event_in(issued.jws)["id"]
    assert await released.take("nord", record) == issued
    (stored,) = (await receipts.find([issued.id])).values()
    assert isinstance(stored, Receipt)
    assert stored.jws == issued.jws
    assert extract_compact(issued.jws.encode()).headers()["kid"] == key.kid


async def register(world: World, system: PartnerSystem, state: PartnerState, seq: int) -> None:
    partner = system.registered(world.now).model_copy(update={"state": state})
    cause = Cause("event", "test.v1", "test:source", seq)
    await Partners(world.resources).ledger.apply([Change(partner.id, lambda _: (partner, ()), cause)])
