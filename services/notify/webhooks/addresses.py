"""Which addresses a webhook may call, and connections to no other (against server-side request forgery).

A name is resolved once per connection, every address that it has is checked, and the connection goes to a checked address: an
answer of the resolver that changes between check and connection has no effect. TLS and the Host header keep the name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from shared.errors import InvalidError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
URL_LENGTH = 2000
HTTPS_PORT = 443
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)+[A-Za-z]([A-Za-z0-9-]{{0,61}}[A-Za-z0-9])")
_PATH = re.compile(r"[!-~]*")
_INNER = (".localhost", ".local", ".internal", ".svc", ".home.arpa", ".localdomain")
_NAT64 = tuple(ipaddress.IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_NOT_PUBLIC: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4"),
        *("100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10"),
    )
)
"""What is not public, whatever the Python version says of it (IANA special-purpose registries)."""


class AddressRefusedError(Exception):
    """A name leads to an address that may not be called."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address of a webhook, taken apart once: nothing parses it a second time."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> httpcore.URL:
        """The address for the client."""
        return httpcore.URL(scheme=self.scheme, host=self.host, port=self.port, target=self.path)


@dataclass(frozen=True, slots=True)
class Guard:
    """The rule. Public addresses are called by HTTPS on port 443 only.

    ``allowed`` are networks of the operator whose receivers are called all the same, at any port, by HTTP too; ``refused`` are
    public addresses that are the marketplace's own.
    """

    allowed: tuple[Network, ...] = ()
    refused: tuple[Network, ...] = ()

    def target(self, url: str) -> Target:
        """Return an address taken apart. Raises InvalidError (``webhook_url_invalid``) for one that can never be called."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _invalid("it is no URL") from None
        if fault := self._fault(url, parts, port):
            raise _invalid(fault)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = (parts.hostname or "").lower()
        return Target(parts.scheme, host, port or (HTTPS_PORT if parts.scheme == "https" else 80), path)

    def _fault(self, url: str, parts: SplitResult, port: int | None) -> str | None:  # noqa: PLR0911 - one per rule
        host = parts.hostname or ""
        literal = _literal(host)
        if len(url) > URL_LENGTH or not _PATH.fullmatch(url) or "\\" in url:
            return f"it is longer than {URL_LENGTH} characters or not plain ASCII without blanks"
        if parts.scheme != "https" and not (parts.scheme == "http" and self.allowed):
            return "it must begin with https://"
        if parts.username is not None or parts.password is not None or parts.fragment:
            return "it must have neither user, password nor fragment"
        if port not in (None, HTTPS_PORT) and not self.allowed:
            return f"its port must be {HTTPS_PORT}"
        if literal is None and (not _NAME.fullmatch(host) or host.lower().endswith(_INNER)):
            return "its host must be a public name"
        if literal is not None and not self.permits(literal, https=parts.scheme == "https", port=port or HTTPS_PORT):
            return "its host is no public address"
        return None

    def permits(self, address: Address, *, https: bool, port: int) -> bool:
        """Return whether an address may be called so."""
        real = list(_meant(address))
        if any(_within(it, self.allowed) for it in real):
            return True
        public = all(_is_public(it) and not _within(it, self.refused) for it in real)
        return public and https and port == HTTPS_PORT

    def checked(self, texts: Iterable[str], *, https: bool, port: int) -> list[str]:
        """Return addresses as they are, if all of them may be called so. Raises AddressRefusedError."""
        addresses = [ipaddress.ip_address(text) for text in texts]
        if not addresses:
            raise AddressRefusedError("the name has no address")
        if not all(self.permits(address, https=https, port=port) for address in addresses):
            raise AddressRefusedError("the name leads to an address that is not public")
        return [str(address) for address in dict.fromkeys(addresses)]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects by TCP to checked addresses of a name only. Raises AddressRefusedError for a name that has any other."""

    def __init__(
        self, guard: Guard, resolve: Resolver, *, https: bool, inner: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._guard = guard
        self._resolve = resolve
        self._https = https
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first checked address that answers."""
        literal = _literal(host)
        found = [str(literal)] if literal is not None else await self._resolve(host, port)
        error: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._guard.checked(found, https=self._https, port=port):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error or httpcore.ConnectError(host)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Return all addresses of a name, as the system knows them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def _meant(address: Address) -> Iterable[Address]:
    """Yield the address and every IPv4 address that it stands for: mapped, compatible, 6to4, Teredo, NAT64."""
    yield address
    if isinstance(address, ipaddress.IPv4Address):
        return
    inner: list[ipaddress.IPv4Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in (*_NAT64, _COMPATIBLE)):
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    yield from (it for it in inner if it is not None)


def _is_public(address: Address) -> bool:
    mapped = isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64[0])
    if mapped:
        return True  # what it stands for is checked too
    special = address.is_multicast or address.is_loopback or address.is_link_local or address.is_private or address.is_unspecified
    return address.is_global and not special and not address.is_reserved and not _within(address, _NOT_PUBLIC)


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _invalid(fault: str) -> InvalidError:
    return InvalidError(f"The address of the webhook cannot be called: {fault}.", code="webhook_url_invalid")
