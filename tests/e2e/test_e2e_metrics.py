"""What running processes really tell Prometheus, over /metrics."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from marktplatz.assembly import BUILDERS
from marktplatz.demo.people import eventually
from shared.messages.values import Channel, OrderState
from shared.topics import contract_groups
from tests.e2e.conftest import Marketplace

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def reported(marketplace: Marketplace, endpoint: str) -> Series:
    async with httpx.AsyncClient(timeout=10) as client:
        text = (await client.get(f"{marketplace.run.endpoints[endpoint]}/metrics")).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labels(series: Series, name: str, label: str) -> set[str]:
    return {dict(found)[label] for series_name, found in series if series_name == name}


async def test_outboxes_of_every_service_are_measured_and_empty_when_all_is_quiet(marketplace: Marketplace) -> None:
    collections = {"catalog_offerings", "organisations", "verdicts", "orders", "listed_offerings", "notifications"}

    async def quiet() -> Series | None:
        series = await reported(marketplace, "ordering")
        ages = {
            dict(found)["collection"]: value for (name, found), value in series.items() if name == "marktplatz_outbox_age_seconds"
        }
        return series if collections <= set(ages) and not any(ages.values()) else None

    series = await eventually("every outbox is measured and empty", quiet)
    assert labels(series, "marktplatz_outbox_events", "collection") >= collections


async def test_readiness_and_periodic_work_are_told(marketplace: Marketplace) -> None:
    series = await reported(marketplace, "ordering")
    checks = {dict(found)["check"]: value for (name, found), value in series.items() if name == "marktplatz_ready"}
    assert {"started", "not_draining", "broker", "consumers", *(f"store_{name.value}" for name in BUILDERS)} == set(checks)
    assert set(checks.values()) == {1.0}
    tasks = labels(series, "marktplatz_periodic_success_timestamp_seconds", "task")
    assert {"relay-orders", "ordering.deadlines", "ordering.census", "send-mail", "purge-idempotency-keys"} <= tasks
    assert series[("process_start_time_seconds", ())] > 0


async def test_vorgaenge_are_counted_for_every_state_and_anbieter(marketplace: Marketplace) -> None:
    series = await reported(marketplace, "ordering")
    assert labels(series, "ordering_orders", "state") == {state.value for state in OrderState}
    assert labels(series, "ordering_orders", "channel") == {channel.value for channel in Channel}


@pytest.mark.parametrize("channel", list(Channel))
async def test_each_processor_tells_of_its_own_channel_only(marketplace: Marketplace, channel: Channel) -> None:
    series = await reported(marketplace, f"contracts-{channel.value}")
    assert labels(series, "contracts_contracts", "channel") == {channel.value}
    assert labels(series, "marktplatz_bus_consumer_stopped", "group") == set(contract_groups(channel))
    outboxes = {
        *("contracts", "accessions", "archive_published", "contract_invoice_addresses", "contract_leitweg_ids"),
        *("contract_offers", "usages", "statements_owed"),
    }
    assert labels(series, "marktplatz_outbox_age_seconds", "collection") == outboxes
