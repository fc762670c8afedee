"""What services and roles are called on the command line; to know the names takes none of the services."""

from __future__ import annotations

from enum import StrEnum


class ServiceName(StrEnum):
    """The services of the marketplace, and ``all`` for one process that holds every one of them."""

    CATALOG = "catalog"
    ELIGIBILITY = "eligibility"
    ORDERING = "ordering"
    CONTRACTS = "contracts"
    NOTIFY = "notify"
    ALL = "all"


class RoleName(StrEnum):
    """What a process does for its service: serve HTTP, work on the bus, or both."""

    API = "api"
    WORKER = "worker"
    ALL = "all"
