"""Where a process serves HTTP: its sockets, its servers, and the file that says where they listen."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import uvicorn

from shared.errors import MarktplatzError


class AddressUnavailableError(MarktplatzError):
    """The process cannot listen where its settings want it to; ``detail`` names address, reason and settings."""

    code = "address_unavailable"


class Server(uvicorn.Server):
    """A uvicorn server that leaves the process's signals to the runtime."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address; port 0 takes a free one. Raises AddressUnavailableError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise AddressUnavailableError(
            f"Cannot listen on {host}:{port}: {error.strerror}. MARKTPLATZ_HOST and MARKTPLATZ_PORT name another address; "
            f"who has the port shows: ss -ltnp 'sport = :{port}'"
        ) from error
    return listener


def write_endpoints(path: Path, sockets: Mapping[str, socket.socket]) -> None:
    """Write where each endpoint listens, in one step so that a reader never sees half of it."""
    endpoints: dict[str, str] = {}
    for label, listener in sockets.items():
        host, port = listener.getsockname()[:2]
        endpoints[label] = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(endpoints), encoding="utf-8")
    draft.replace(path)
