"""What is built of a service bears its name, and agrees with the registry of topics."""

from __future__ import annotations

from pathlib import Path

import pytest

from marktplatz.assembly import BUILDERS, SITES, RoleName, ServiceName, assignments, site
from shared.messages.values import Channel
from shared.process.service import Resources, Service
from shared.store.sqlite.store import SqliteStore
from tests.contract.services.shape import PACKAGES, faults_of_site, groups_of
from tests.support.publisher import RecordingPublisher

DATA = Path(__file__).parents[3] / "data"


def built(name: str, channel: Channel | None = None) -> Service:
    """Return a service as its worker runs it."""
    (assignment,) = assignments(ServiceName(name), RoleName.WORKER, channel)
    return assignment.build(Resources(SqliteStore(None), RecordingPublisher(), DATA))


@pytest.mark.parametrize("name", PACKAGES)
def test_a_service_bears_the_name_of_its_package_and_states_its_facts(name: str) -> None:
    service = BUILDERS[ServiceName(name)](Resources(SqliteStore(None), RecordingPublisher(), DATA))
    assert service.name == name
    assert {ledger.service for ledger in service.ledgers} == {name}
    assert {ledger.collection for ledger in service.ledgers} <= set(service.collections)
    assert service.facts.keys() <= set(service.collections)
    assert service.ledgers, "a service without aggregates owns nothing that others could ask it for"
    assert [it.state_type for it in service.ledgers if not it.state_type.__module__.startswith(f"services.{name}.domain.")] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_a_service_consumes_with_the_groups_that_the_registry_gives_it(name: str) -> None:
    channels = list(Channel) if name == ServiceName.CONTRACTS else [None]
    groups = [consumer.group for channel in channels for consumer in built(name, channel).consumers]
    assert sorted(groups) == sorted(groups_of(name))


@pytest.mark.parametrize("name", SITES)
def test_every_service_of_pages_has_the_one_shape_and_needs_no_broker(name: str) -> None:
    assert faults_of_site(name) == []
    (assignment,) = site(name)
    service = assignment.build(Resources(SqliteStore(None), RecordingPublisher(), DATA))
    assert service.name == assignment.service == name
    assert service.site is not None
    assert (service.publishes, service.ledgers, service.consumers, service.readers, service.mirrors) == (False, (), (), (), ())
