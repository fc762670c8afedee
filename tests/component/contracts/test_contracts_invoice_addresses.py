"""A channel follows the invoice addresses that organisations register: the newest state counts, whatever comes again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.contracts.app import processor
from services.contracts.followed_organisations import FOLLOWED
from services.contracts.invoice_address.follow import INVOICE_ADDRESSES, InvoiceAddresses
from services.contracts.leitweg.follow import LeitwegIds
from shared.aggregate.change import Cause
from shared.bus.handling import Received
from shared.errors import StoreUnavailableError
from shared.ids import derived_id
from shared.messages.eligibility import (
    Accreditation,
    InvoiceAddress,
    Organisation,
    OrganisationChanged,
    OrganisationRegistered,
    OrganisationRestated,
)
from shared.messages.eligibility_reminders import AccreditationReminded
from shared.messages.values import AccreditationState, Channel, OrganisationType, Role
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from shared.topics import CONTRACTS_USES, ORGANISATIONS
from tests.component.contracts.test_contracts_processor import CountingStore
from tests.support.publisher import RecordingPublisher

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
GOVDIGITAL, FITKO = Channel.GOVDIGITAL, Channel.FITKO
HUSUM, HEIDE = "010540056056", "010510044044"
OLD = InvoiceAddress(street="Zingel 10", postcode="25813", city="Husum")
NEW = InvoiceAddress(care_of=("Amt für Finanzen",), postcode="25801", city="Husum", email="rechnung@husum.example")


def state(address: InvoiceAddress | None, organisation: str = HUSUM, leitweg_id: str | None = None) -> Organisation:
    return Organisation(
        id=organisation,
        name="Husum, Stadt",
        type=OrganisationType.KOMMUNE,
        leitweg_id=leitweg_id,
        invoice_address=address,
        roles=(Role.KUNDE,),
        accreditations=(),
        registered_at=AT,
        changed_at=AT,
    )


def event(
    seq: int,
    address: InvoiceAddress | None,
    organisation: str = HUSUM,
    kind: type[OrganisationRegistered | OrganisationChanged | OrganisationRestated] = OrganisationChanged,
) -> Received:
    message = kind(organisation=state(address, organisation))
    return Received(
        message, organisation, Cause(derived_id("event", organisation, str(seq)), message.TYPE, "eligibility", seq), AT
    )


@pytest.fixture
async def store() -> AsyncIterator[CountingStore]:
    found = CountingStore()
    await found.prepare((INVOICE_ADDRESSES,))
    yield found
    await found.close()


@pytest.fixture
def addresses(store: CountingStore) -> InvoiceAddresses:
    return fresh(store)


def fresh(store: SqliteStore) -> InvoiceAddresses:
    """Return what a process that has just started knows."""
    return InvoiceAddresses(Resources(store, RecordingPublisher(), Path(), lambda: AT))


async def test_the_newest_address_counts_for_its_organisation_and_channel_alone(addresses: InvoiceAddresses) -> None:
    await addresses.follow(GOVDIGITAL, [event(1, OLD), event(1, None, HEIDE), event(2, NEW)])
    assert await addresses.find(GOVDIGITAL, HUSUM) == NEW
    assert await addresses.find(GOVDIGITAL, HEIDE) is None
    assert await addresses.find(FITKO, HUSUM) is None


async def test_an_older_event_brings_no_address_back(addresses: InvoiceAddresses) -> None:
    await addresses.follow(GOVDIGITAL, [event(5, NEW)])
    await addresses.follow(GOVDIGITAL, [event(4, OLD), event(5, OLD)])
    assert await addresses.find(GOVDIGITAL, HUSUM) == NEW
    await addresses.follow(GOVDIGITAL, [event(6, None)])
    await addresses.follow(GOVDIGITAL, [event(5, NEW)])
    assert await addresses.find(GOVDIGITAL, HUSUM) is None


async def test_what_was_removed_before_the_first_event_that_is_read_stays_removed(addresses: InvoiceAddresses) -> None:
    await addresses.follow(GOVDIGITAL, [event(7, None)])
    await addresses.follow(GOVDIGITAL, [event(3, OLD)])
    assert await addresses.find(GOVDIGITAL, HUSUM) is None
    assert addresses.changes == 0


async def test_a_new_process_knows_what_the_one_before_has_read(addresses: InvoiceAddresses, store: CountingStore) -> None:
    await addresses.follow(GOVDIGITAL, [event(1, NEW, kind=OrganisationRegistered)])
    again = fresh(store)
    assert await again.find(GOVDIGITAL, HUSUM) == NEW
    await again.follow(GOVDIGITAL, [event(1, NEW, kind=OrganisationRegistered), event(2, NEW, kind=OrganisationRestated)])
    assert (await again.find(GOVDIGITAL, HUSUM), again.changes) == (NEW, 0)


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_write_that_fails_is_seen_as_a_change_once_it_can_be_read(
    addresses: InvoiceAddresses, store: CountingStore, where: str
) -> None:
    store.fail["insert contract_invoice_addresses"] = where
    with pytest.raises(StoreUnavailableError):
        await addresses.follow(GOVDIGITAL, [event(1, NEW)])
    seen = addresses.changes if where == "before" else 0
    await addresses.follow(GOVDIGITAL, [event(1, NEW)])
    assert await addresses.find(GOVDIGITAL, HUSUM) == NEW
    assert addresses.changes > seen


async def test_nothing_counts_as_changed_before_it_can_be_read(addresses: InvoiceAddresses, store: CountingStore) -> None:
    seen: list[tuple[int, InvoiceAddress | None]] = []
    insert = store.insert_many

    async def watched(collection: object, documents: object) -> set[str]:
        seen.append((addresses.changes, await addresses.find(GOVDIGITAL, HUSUM)))
        return await insert(collection, documents)  # type: ignore[arg-type] # as it was called

    store.insert_many = watched  # type: ignore[method-assign]
    await addresses.follow(GOVDIGITAL, [event(1, NEW)])
    assert (seen, addresses.changes) == ([(0, None)], 1)


def test_every_event_with_the_state_of_an_organisation_is_followed() -> None:
    """On the compacted topic any of them may be the last one left."""
    assert set(ORGANISATIONS.messages) == FOLLOWED
    assert all("organisation" in message.model_fields for message in ORGANISATIONS.messages)


async def test_a_reminder_may_be_the_last_event_left_and_brings_leitweg_id_and_address_too() -> None:
    store = SqliteStore(None)
    resources = Resources(store, RecordingPublisher(), Path(), lambda: AT)
    service = processor(GOVDIGITAL)(resources)
    await store.prepare(service.collections)
    (consumer,) = [it for it in service.consumers if it.group == CONTRACTS_USES[GOVDIGITAL]]
    asked = Accreditation(channel=GOVDIGITAL, role=Role.KUNDE, state=AccreditationState.BEANTRAGT)
    message = AccreditationReminded(
        organisation=state(NEW, leitweg_id="01054056-HUSUM1-64"), accreditation=asked, since=AT, at=AT
    )
    cause = Cause(derived_id("event", "reminded"), message.TYPE, "eligibility", 9)
    assert type(message) in consumer.handles
    assert list(await consumer.handle([Received(message, HUSUM, cause, AT)])) == []
    assert await InvoiceAddresses(resources).find(GOVDIGITAL, HUSUM) == NEW
    assert await LeitwegIds(resources).for_invoice(GOVDIGITAL, HUSUM, None) == "01054056-HUSUM1-64"
    removed = AccreditationReminded(organisation=state(None), accreditation=asked, since=AT, at=AT)
    later = Cause(derived_id("event", "removed"), removed.TYPE, "eligibility", 10)
    assert list(await consumer.handle([Received(removed, HUSUM, later, AT)])) == []
    assert await LeitwegIds(resources).for_invoice(GOVDIGITAL, HUSUM, "01054056-HUSUM1-64") is None
    assert list(await consumer.handle([Received(message, HUSUM, cause, AT)])) == []
    assert await LeitwegIds(resources).for_invoice(GOVDIGITAL, HUSUM, None) is None, "an older event brings none back"
    await store.close()
