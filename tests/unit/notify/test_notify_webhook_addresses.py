"""A webhook calls public addresses only, whatever its name leads to, and when."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpcore
import pytest

from services.notify.webhooks.addresses import AddressRefusedError, Guard, GuardedBackend
from services.notify.webhooks.client import REFUSED_ADDRESS, WebhookClient
from shared.errors import InvalidError

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
PUBLIC = ("93.184.216.34", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d822", "::ffff:93.184.216.34")
NOT_PUBLIC = (
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1"),  # noqa: S104
    *("192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    *("255.255.255.255", "192.88.99.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1"),
    *("2001:db8::1", "100::1", "3fff::1", "5f00::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    *("::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:a9fe:a9fe", "::127.0.0.1", "::a00:1"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1"),
)
GUARD = Guard()


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_called(address: str) -> None:
    assert GUARD.permits(ipaddress.ip_address(address), https=True, port=443)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_address_that_is_not_public_is_called(address: str) -> None:
    assert not GUARD.permits(ipaddress.ip_address(address), https=True, port=443)


@pytest.mark.parametrize(("https", "port"), [(False, 443), (True, 8443), (False, 80)])
def test_a_public_address_is_called_by_https_on_its_port_only(https: bool, port: int) -> None:  # noqa: FBT001
    assert not GUARD.permits(ipaddress.ip_address(PUBLIC[0]), https=https, port=port)


def test_an_operator_can_allow_networks_and_refuse_public_ones() -> None:
    guard = Guard(allowed=(ipaddress.ip_network("10.1.0.0/16"),), refused=(ipaddress.ip_network("93.184.216.0/24"),))
    assert guard.permits(ipaddress.ip_address("10.1.2.3"), https=False, port=8080)
    assert guard.permits(ipaddress.ip_address("::ffff:10.1.2.3"), https=False, port=8080)
    assert not guard.permits(ipaddress.ip_address("10.2.0.1"), https=True, port=443)
    assert not guard.permits(ipaddress.ip_address("93.184.216.34"), https=True, port=443)
    assert not guard.permits(ipaddress.ip_address("::ffff:93.184.216.34"), https=True, port=443)


@pytest.mark.parametrize(
    "url",
    [
        "http://empfang.example/x",
        "ftp://empfang.example/x",
        "//empfang.example/x",
        "https://",
        "https://localhost/x",
        "https://LOCALHOST/x",
        "https://localhost./x",
        "https://intern/x",
        "https://mongodb.marktplatz.svc/x",
        "https://mongodb.marktplatz.svc.cluster.local/x",
        "https://db.internal/x",
        "https://127.0.0.1/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0177.0.0.1/x",
        "https://0x7f.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://empfang.example:8443/x",
        "https://empfang.example:22/x",
        "https://anna:geheim@empfang.example/x",
        "https://empfang.example@127.0.0.1/x",
        "https://empfang.example\\@127.0.0.1/x",
        "https://empfang.example/x#teil",
        "https://empfang.example/a b",
        "https://empfang.example/\r\nHost: intern",
        "https://empfänger.example/x",
        "https://empfang.example:99999/x",
        "https://[::1/x",
        "https://empfang.example/" + "x" * 2000,
    ],
)
def test_an_address_that_can_never_be_called_is_refused_when_it_is_entered(url: str) -> None:
    with pytest.raises(InvalidError) as error:
        GUARD.target(url)
    assert error.value.code == "webhook_url_invalid"


def test_an_address_is_taken_apart_once() -> None:
    target = GUARD.target("https://Empfang.Example:443/a/b?c=d%20e")
    assert (target.scheme, target.host, target.port, target.path) == ("https", "empfang.example", 443, "/a/b?c=d%20e")
    assert GUARD.target("https://empfang.example").path == "/"


class Resolver:
    """Answers one list after the other, and remembers how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("empfang.example", 443)
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


class Network(httpcore.AsyncNetworkBackend):
    """Remembers where it was to connect to, and connects nowhere."""

    def __init__(self) -> None:
        self.connected: list[tuple[str, int]] = []

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        self.connected.append((host, port))
        raise httpcore.ConnectError("nobody listens")


async def test_a_connection_goes_to_the_address_that_was_checked_and_asks_for_no_other() -> None:
    resolver, network = Resolver([PUBLIC[0]], ["127.0.0.1"]), Network()
    backend = GuardedBackend(GUARD, resolver, https=True, inner=network)
    with pytest.raises(httpcore.ConnectError):
        await backend.connect_tcp("empfang.example", 443)
    assert network.connected == [(PUBLIC[0], 443)], "never the name: it might lead elsewhere by now"
    assert resolver.asked == 1


@pytest.mark.parametrize("bad", NOT_PUBLIC)
async def test_one_bad_address_among_good_ones_refuses_the_name(bad: str) -> None:
    network = Network()
    backend = GuardedBackend(GUARD, Resolver([PUBLIC[0], bad, PUBLIC[1]]), https=True, inner=network)
    with pytest.raises(AddressRefusedError):
        await backend.connect_tcp("empfang.example", 443)
    assert network.connected == []


async def test_a_name_without_any_address_is_refused() -> None:
    with pytest.raises(AddressRefusedError):
        await GuardedBackend(GUARD, Resolver([]), https=True, inner=Network()).connect_tcp("empfang.example", 443)


async def test_a_receiver_whose_name_leads_elsewhere_by_the_next_attempt_is_not_called_there() -> None:
    resolver, network = Resolver([PUBLIC[0]], ["10.0.0.1"]), Network()
    client = WebhookClient(GUARD, timedelta(seconds=5), lambda: 0.0, resolver, backend=network)
    first = await client.post("https://empfang.example/x", {}, b"{}", AT)
    second = await client.post("https://empfang.example/x", {}, b"{}", AT)
    assert (first.code, second.code) == ("webhook_unreachable", REFUSED_ADDRESS)
    assert network.connected == [(PUBLIC[0], 443)]


async def test_what_was_stored_before_the_rule_was_stricter_is_not_called_either() -> None:
    network = Network()
    client = WebhookClient(GUARD, timedelta(seconds=5), lambda: 0.0, Resolver([PUBLIC[0]]), backend=network)
    assert (await client.post("http://127.0.0.1:8080/x", {}, b"{}", AT)).code == REFUSED_ADDRESS
    assert network.connected == []


async def test_no_socket_of_the_machine_is_called() -> None:
    with pytest.raises(NotImplementedError):
        await GuardedBackend(GUARD, Resolver([PUBLIC[0]]), https=True).connect_unix_socket("/run/docker.sock")
