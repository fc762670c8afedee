"""Which services exist and how a process is put together from them. The only place that knows them all."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from marktplatz.names import RoleName, ServiceName
from shared.messages.values import Channel
from shared.process.runtime import Assignment
from shared.process.service import Builder, Resources, Service

__all__ = ["BUILDERS", "SITES", "RoleName", "ServiceName", "assignments", "processor", "site"]


def _builder(name: str) -> Builder:
    """Return ``build`` of a service, imported when it is called: a process loads what it runs, and nothing of the others."""

    def build(resources: Resources, settings: Any = None) -> Service:  # noqa: ANN401 - each has its own
        of_service: Builder = import_module(f"services.{name}.app").build
        return of_service(resources, settings)

    return build


def processor(channel: Channel) -> Builder:
    """Return the builder of a channel's contract processor, imported when it is called."""

    def build(resources: Resources, settings: Any = None) -> Service:  # noqa: ANN401 - each has its own
        of_channel: Builder = import_module("services.contracts.app").processor(channel)
        return of_channel(resources, settings)

    return build


BUILDERS: dict[ServiceName, Builder] = {name: _builder(name.value) for name in ServiceName if name is not ServiceName.ALL}
"""The services with an API: they own aggregates, publish, and are what backups, rights and rules for topics speak of."""
SITES: dict[str, Builder] = {"portal": _builder("portal")}
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
