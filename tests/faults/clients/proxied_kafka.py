"""A broker behind proxies: plain, TLS and mutual TLS, each listener advertised at the address of its proxy."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import Any, Self

from marktplatz.infrastructure.broker_process import HOST, free_port
from marktplatz.infrastructure.kafka_native import NativeKafka
from shared.bus.settings import KafkaSettings
from tests.deploy.kafka_rights.certificates import Authority
from tests.support.tcp_proxy import TcpProxy

LISTENERS = {"plain": "PLAINTEXT", "tls": "SSL", "mtls": "SSL"}


class ProxiedKafka(NativeKafka):
    """Context manager that is the broker itself, with ``proxies`` by the name of the listener."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self._behind = {name: free_port() for name in LISTENERS}
        self._front = {name: free_port() for name in LISTENERS}
        self._stack = contextlib.ExitStack()
        self.proxies: dict[str, TcpProxy] = {}
        authority = Authority("test-ca")
        server, client = authority.issue("broker", host=HOST), authority.issue("client")
        data_dir.mkdir(parents=True, exist_ok=True)
        self._ca = _written(data_dir / "ca.pem", authority.certificate)
        self._keystore = _written(data_dir / "broker.pem", server.key + server.certificate)
        self._certificate = _written(data_dir / "client.pem", client.certificate)
        self._key = _written(data_dir / "client.key", client.key)

    def opened(self) -> Self:
        """Start the broker and its proxies."""
        self.start()
        for name, port in self._behind.items():
            proxy = TcpProxy(self._front[name], lambda port=port: port)  # type: ignore[misc]
            self.proxies[name] = self._stack.enter_context(proxy)
        return self

    def closed(self) -> None:
        """End the proxies and the broker."""
        self._stack.close()
        self.stop()

    def freeze(self, stopped: bool) -> None:  # noqa: FBT001 - on or off
        """Stop the broker's process where it stands, or let it go on."""
        assert self.pid is not None
        os.killpg(self.pid, signal.SIGSTOP if stopped else signal.SIGCONT)

    def settings(self, listener: str, **values: Any) -> KafkaSettings:
        """Return how a client reaches the broker through the proxy of a listener."""
        if listener != "plain":
            values |= {"security_protocol": "SSL", "ssl_ca_file": self._ca}
        if listener == "mtls":
            values |= {"ssl_cert_file": self._certificate, "ssl_key_file": self._key}
        return KafkaSettings(bootstrap_servers=f"{HOST}:{self._front[listener]}", **values)

    def configure(self) -> list[str]:
        """Return the command, with the listeners behind the proxies."""
        command = super().configure()
        properties = self.data_dir / "server.properties"
        given = dict(line.split("=", 1) for line in properties.read_text(encoding="utf-8").splitlines())
        given |= {
            "listeners": ",".join(
                [given["listeners"], *(f"{name.upper()}://{HOST}:{port}" for name, port in self._behind.items())]
            ),
            "advertised.listeners": ",".join(
                [given["advertised.listeners"], *(f"{name.upper()}://{HOST}:{port}" for name, port in self._front.items())]
            ),
            "listener.security.protocol.map": ",".join(
                [given["listener.security.protocol.map"], *(f"{name.upper()}:{kind}" for name, kind in LISTENERS.items())]
            ),
            "inter.broker.listener.name": "PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._ca),
            "listener.name.tls.ssl.client.auth": "none",
            "listener.name.mtls.ssl.client.auth": "required",
        }
        properties.write_text("".join(f"{name}={value}\n" for name, value in given.items()), encoding="utf-8")
        return command


def _written(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="ascii")
    return path
