"""Processes of the arm64 image, hardened, do their work: store, search, broker, probes, drain."""

from __future__ import annotations

import httpx
import pytest

from tests.deploy.arm64.conftest import PROCESSES
from tests.deploy.images.stack import Stack


@pytest.mark.parametrize("name", PROCESSES)
async def test_every_process_answers_its_probes(stack: Stack, name: str) -> None:
    assert [await stack.probe(name, path) for path in ("livez", "readyz", "metrics")] == [200, 200, 200]


async def test_the_search_answers_from_the_migrated_store(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.endpoints["catalog"], timeout=30) as client:
        offerings = await client.get("/v1/offerings")
        services = await client.get("/v1/reference/ozg", params={"q": "wohngeld"})
    assert offerings.status_code == httpx.codes.OK, offerings.text
    assert services.status_code == httpx.codes.OK, services.text
    assert any("ohngeld" in item["name"] for item in services.json()["items"]), services.text


@pytest.mark.parametrize("name", PROCESSES)
async def test_sigterm_ends_a_process_within_the_grace_period(stack: Stack, name: str) -> None:
    assert await stack.stop(name) == 0
    events = stack.events(name)
    assert events[-1] == "stopped", events[-5:]
    assert "drain_timeout" not in events
    await stack.start(name)
    await stack.ready(name)
