"""Where the processes of a run on one machine listen: at free ports, or from ``MARKTPLATZ_PORT`` on at fixed ones."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from marktplatz.infrastructure.broker_process import free_port
from marktplatz.infrastructure.errors import EmbeddedError
from marktplatz.names import ServiceName

APIS = tuple(sorted(name.value for name in ServiceName if name is not ServiceName.ALL))
_BESIDE_APIS, _LAST = 3, 65_535


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a run, in this order: the portal, the APIs by name, Kafka, the log-in. ``first`` is 0 for free ones."""

    first: int

    @property
    def fixed(self) -> range:
        """All of them where they are fixed, none where each takes a free one."""
        return range(self.first, self.first + len(APIS) + _BESIDE_APIS) if self.first else range(0)

    def require_free(self, host: str) -> None:
        """Return if something can listen at each of the fixed ports now.

        Raises EmbeddedError for the first of them that is taken, or that there is not.
        """
        others = f"take others: export MARKTPLATZ_PORT=<the first of {len(self.fixed)}>"
        if self.fixed and self.fixed[-1] > _LAST:
            raise EmbeddedError(f"There are no {len(self.fixed)} ports from {self.first} on; {_LAST} is the last.", remedy=others)
        for port in self.fixed:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError as error:
                    remedy = f"see who has it and end it: ss -ltnp 'sport = :{port}', or {others}"
                    raise EmbeddedError(f"Nothing can listen at {host}:{port}: {error.strerror}.", remedy=remedy) from error

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
