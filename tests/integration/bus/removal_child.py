"""The worker of the catalog that the tests kill while it removes offers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from services.catalog.app import build
from services.catalog.domain.offering import Offering
from services.catalog.domain.transitions import Actor
from services.catalog.settings import Settings
from shared.aggregate.change import Change
from shared.aggregate.outgoing import Publisher
from shared.bus.produce.publisher import KafkaPublisher
from shared.messages.base import Message
from shared.process.files import shipped
from shared.process.service import Resources, Service
from shared.store.opening import open_store
from shared.store.port import Store
from tests.integration.bus.bus_fixture import fast_settings
from tests.support.builders.offerings import AT, CATALOGUE, PROVIDER, accept, admitted, complete_form, contract

LATE = AT + timedelta(days=400)


def catalog(store: Store, publisher: Publisher) -> Service:
    """Return the catalog at a time when whatever was withdrawn is to be removed."""
    resources = Resources(store=store, publisher=publisher, data_dir=shipped("data"), clock=lambda: LATE)
    return build(resources, Settings(remove_after=timedelta(days=30)))


async def remove(service: Service) -> None:
    """Run the removal once."""
    (removal,) = [it for it in service.periodic if it.name == "catalog.removal"]
    await removal.run()


def publish(offering_id: str) -> Change[Offering]:
    """Bring an offer into the Schaufenster."""

    def decide(_: Offering | None) -> tuple[Offering, Sequence[Message]]:
        offering, drafted = Offering.draft(offering_id, PROVIDER, complete_form(), AT)
        events = [
            *drafted,
            *offering.submit([Actor.BEREITSTELLER], AT, CATALOGUE, admitted),
            *accept(offering, Actor.ANBIETER, AT, offering.form.channels[0]),
        ]
        events += contract(offering, offering.form.channels[0], AT)
        return offering, events

    return Change(offering_id, decide)


def withdraw(offering_id: str) -> Change[Offering]:
    """Withdraw an offer."""

    def decide(offering: Offering | None) -> tuple[Offering, Sequence[Message]]:
        assert offering is not None
        return offering, offering.withdraw([Actor.BEREITSTELLER], AT + timedelta(hours=1), "Eingestellt")

    return Change(offering_id, decide)


async def main(bootstrap: str, path: Path) -> None:
    """Remove what is due in the store of this path."""
    store = open_store(f"sqlite:///{path}")
    publisher = KafkaPublisher(fast_settings(bootstrap))
    await publisher.start()
    await remove(catalog(store, publisher))
    await publisher.stop()
    await store.close()
