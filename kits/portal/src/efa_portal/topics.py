"""The topics of the catalog that a portal follows, and where it reports to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CatalogTopic:
    """A compacted topic of the catalog: its records carry a state in ``member``; ``short`` is its key on the checkpoint topic."""

    name: str
    member: str
    short: str


OFFERINGS: Final = CatalogTopic("catalog.offering.v1", "offering", "offering")
KNOWN_SERVICES: Final = CatalogTopic("catalog.known-service.v1", "service", "known-service")
CATALOG: Final = (OFFERINGS, KNOWN_SERVICES)
CHECKPOINTS: Final = "catalog.checkpoint.v1"
HEALTH: Final = "catalog.portal-health.v1"


def topic_named(name: str) -> CatalogTopic:
    """Return the topic of a name. Raises KeyError."""
    return next(topic for topic in CATALOG if topic.name == name)
