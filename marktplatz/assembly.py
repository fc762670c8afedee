"""Which services exist and how a process is put together from them. The only place that knows them all."""

from __future__ import annotations

from marktplatz.names import RoleName, ServiceName
from services.catalog.app import build as build_catalog
from services.contracts.app import build as build_contracts
from services.contracts.app import processor
from services.eligibility.app import build as build_eligibility
from services.notify.app import build as build_notify
from services.ordering.app import build as build_ordering
from services.portal.app import SERVICE as PORTAL
from services.portal.app import build as build_portal
from shared.messages.values import Channel
from shared.process.runtime import Assignment
from shared.process.service import Builder

__all__ = ["BUILDERS", "SITES", "RoleName", "ServiceName", "assignments", "site"]

BUILDERS: dict[ServiceName, Builder] = {
    ServiceName.CATALOG: build_catalog,
    ServiceName.ELIGIBILITY: build_eligibility,
    ServiceName.ORDERING: build_ordering,
    ServiceName.CONTRACTS: build_contracts,
    ServiceName.NOTIFY: build_notify,
}
"""The services with an API: they own aggregates, publish, and are what backups, rights and rules for topics speak of."""
SITES: dict[str, Builder] = {PORTAL: build_portal}
"""Services that show pages: clients of the others, without aggregates, topics or reference data."""


def assignments(service: ServiceName, role: RoleName, channel: Channel | None = None) -> list[Assignment]:
    """Return what a process runs for a command line. Raises ValueError with what to change when it makes no sense.

    A contract processor is always a process of its own: ``all`` holds the contracts API only.
    """
    if service is ServiceName.CONTRACTS and role is not RoleName.API:
        if role is RoleName.ALL or channel is None:
            raise ValueError("a contract processor runs alone: 'run contracts worker --channel fitko' (or govdigital)")
        return [Assignment(service.value, f"contracts-{channel.value}", processor(channel), api=False, worker=True)]
    if channel is not None:
        raise ValueError("--channel belongs to 'run contracts worker' only")
    names = [service] if service is not ServiceName.ALL else list(BUILDERS)
    api, worker = role is not RoleName.WORKER, role is not RoleName.API
    return [
        Assignment(name.value, name.value, BUILDERS[name], api=api, worker=worker and name is not ServiceName.CONTRACTS)
        for name in names
    ]


def site(name: str) -> list[Assignment]:
    """Return what the process of a site runs: its pages and the upkeep of its own store. Raises KeyError for an unknown name."""
    return [Assignment(name, name, SITES[name], api=True, worker=True)]
