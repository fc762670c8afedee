"""The catalog of the EfA-Marktplatz in a local store: followed over Kafka, verified, and read by a portal."""

from efa_portal.catalog import Catalog, Change, Changes, Subscription
from efa_portal.errors import (
    BrokerError,
    PortalError,
    StoreDamagedError,
    StoreForeignError,
    StoreInUseError,
    StoreMissingError,
    StoreUnavailableError,
)
from efa_portal.follower import Follower, FollowSettings
from efa_portal.states import KnownService, Offer

__all__ = [
    "BrokerError",
    "Catalog",
    "Change",
    "Changes",
    "FollowSettings",
    "Follower",
    "KnownService",
    "Offer",
    "PortalError",
    "StoreDamagedError",
    "StoreForeignError",
    "StoreInUseError",
    "StoreMissingError",
    "StoreUnavailableError",
    "Subscription",
]
