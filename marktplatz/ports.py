"""Where the processes of a run on one machine listen: at free ports, or from ``MARKTPLATZ_PORT`` on at fixed ones."""

from __future__ import annotations

from dataclasses import dataclass

from marktplatz.infrastructure.broker_process import free_port
from marktplatz.names import ServiceName

APIS = tuple(sorted(name.value for name in ServiceName if name is not ServiceName.ALL))


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a run, in this order: the portal, the APIs by name, Kafka, the log-in. ``first`` is 0 for free ones."""

    first: int

    def portal(self) -> int:
        """Return the port of the portal."""
        return self.first or free_port()

    def apis(self) -> dict[str, int]:
        """Return the port of each API; none where each takes a free one."""
        return {name: self.first + 1 + place for place, name in enumerate(APIS)} if self.first else {}

    def kafka(self) -> int:
        """Return the port of Kafka, 0 for a free one."""
        return self.first and self.first + 1 + len(APIS)

    def login(self) -> int:
        """Return the port of the identity provider, 0 for a free one."""
        return self.first and self.first + 2 + len(APIS)
