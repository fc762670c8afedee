"""The figures of a channel's contracts."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.contracts.app import build, processor
from services.contracts.repository import CONTRACTS, REGISTERS
from shared.messages.values import Channel, Verdict
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.support.contract_requests import AT, received, request
from tests.support.publisher import RecordingPublisher


def shown(channel: Channel, state: str) -> float | None:
    return REGISTRY.get_sample_value("contracts_contracts", {"channel": channel.value, "state": state})


async def test_a_processor_counts_the_contracts_of_its_channel_only() -> None:
    store = SqliteStore(None)
    await store.prepare([CONTRACTS, REGISTERS])
    resources = Resources(store, RecordingPublisher(), Path("data"), clock=lambda: AT)
    fitko, govdigital = processor(Channel.FITKO)(resources), processor(Channel.GOVDIGITAL)(resources)
    await fitko.consumers[0].handle(
        [received(request("a")), received(request("b")), received(request("c", verdict=Verdict.NOT_EXEMPT))]
    )
    for service in (fitko, govdigital):
        (census,) = (it for it in service.periodic if it.name.endswith(".census"))
        await census.run()
    assert (shown(Channel.FITKO, "GESCHLOSSEN"), shown(Channel.FITKO, "ABGELEHNT")) == (2, 1)
    assert (shown(Channel.GOVDIGITAL, "GESCHLOSSEN"), shown(Channel.GOVDIGITAL, "ABGELEHNT")) == (0, 0)
    await store.close()


@pytest.mark.parametrize("channel", list(Channel))
def test_the_api_of_contracts_counts_nothing(channel: Channel) -> None:
    resources = Resources(SqliteStore(None), RecordingPublisher(), Path("data"))
    assert build(resources).periodic == ()
    names = [periodic.name for periodic in processor(channel)(resources).periodic]
    begun = ("census", "conclude", "archive", "statement-documents", "documents")
    works = (*begun, "cascade", "prices", "accessions", "contacts", "reminders", "cost-information", "statements")
    assert names == [f"contracts.{channel.value}.{work}" for work in works]
