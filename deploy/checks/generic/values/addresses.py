"""Forms of networks, hosts, web addresses and images."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

from deploy.checks.generic.values.formats import Format, is_port_number, is_subdomain

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?))*|\[[0-9a-fA-F:]+\]"
_IMAGE = re.compile(
    rf"(?:(?:{_HOST})(?::[0-9]+)?/)?{_PATH}(?:/{_PATH})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
)


def network_of(value: object) -> Network | None:
    """Return a block of addresses, or None for a text that is none; what stands behind the mask is dropped."""
    return _network_of(value) if isinstance(value, str) else None


@lru_cache(maxsize=1000)
def _network_of(value: str) -> Network | None:
    if not value.rpartition("/")[2].isdigit():  # a mask of numbers (/255.0.0.0) is none here
        return None
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def is_block(value: object) -> bool:
    """Return whether a value is a block of addresses with its mask in bits, and nothing behind the mask."""
    network = network_of(value)
    return network is not None and str(value).partition("/")[0] == str(network.network_address)


def is_ip(value: object) -> bool:
    """Return whether a value is an address of IPv4 or IPv6."""
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def is_host(value: object) -> bool:
    """Return whether a value names a host; an address of numbers is none."""
    return is_subdomain(value) and not is_ip(value)


def is_host_or_wildcard(value: object) -> bool:
    """Return whether a value names a host, or all hosts one element below (``*.example.org``)."""
    return is_host(value.removeprefix("*.") if isinstance(value, str) else value)


def is_server(value: object) -> bool:
    """Return whether a value names a machine: a host in any case, or an address."""
    return isinstance(value, str) and (is_ip(value) or _is_named(value))


def is_server_with_port(value: object) -> bool:
    """Return whether a value is ``host:port``; an address of IPv6 stands in brackets."""
    if not isinstance(value, str):
        return False
    host, _, port = value.rpartition(":")
    if not (port.isascii() and port.isdigit() and is_port_number(int(port))):
        return False
    return is_ip(host[1:-1]) if host.startswith("[") and host.endswith("]") else is_server(host) and ":" not in host


def is_web_address(value: object) -> bool:
    """Return whether a value is an address of HTTP with a host, with no blanks and no password."""
    if not isinstance(value, str) or re.search(r"\s", value):
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.netloc.endswith(":"):
        return False
    return is_server(parts.hostname or "") and port != 0


def _is_named(value: str) -> bool:
    """Return whether a text is a host's name and no failed address: its last element must hold a letter (RFC 3696)."""
    return is_subdomain(value.lower()) and not value.rpartition(".")[2].isdigit()


def is_image(value: object) -> bool:
    """Return whether a value names an image: host, path in small letters, tag and digest (distribution/reference)."""
    return isinstance(value, str) and _IMAGE.fullmatch(value) is not None


BLOCK = Format(
    "value-address", "a block of addresses with its mask and no bits behind it, such as 192.0.2.0/24 or 192.0.2.7/32", is_block
)
IP = Format("value-address", "an address of IPv4 or IPv6", is_ip)
CLUSTER_IP = Format("value-address", "None, or an address of IPv4 or IPv6", lambda value: value in ("", "None") or is_ip(value))
HOST = Format("value-host", "the name of a host in small letters, such as marktplatz.example", is_host)
HOST_OR_WILDCARD = Format(
    "value-host", "the name of a host in small letters, such as marktplatz.example or *.example", is_host_or_wildcard
)
SERVER = Format("value-host", "the name or address of a machine, without port", is_server)
SERVERS = Format(
    "value-host",
    "machines with their ports, such as broker1.example:9093,broker2.example:9093",
    lambda value: isinstance(value, str) and all(is_server_with_port(it) for it in value.split(",")),
)
WEB_ADDRESS = Format("value-host", "an address such as https://marktplatz.example/path", is_web_address)
IMAGE = Format(
    "value-image", "an image such as registry.example/marktplatz/efa-marktplatz:1.0@sha256:..., without https://", is_image
)
