"""A broker that lets nobody in without a client certificate and nobody do anything without an ACL, and logs what it decided."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from marktplatz.infrastructure.broker_process import HOST, free_port
from marktplatz.infrastructure.kafka_native import NativeKafka
from tests.deploy.kafka_rights.certificates import Authority, Pair
from tests.deploy.kafka_rights.manifests import Right

BROKER = "marktplatz-kafka"
ADMIN = "admin"
_AUDIT = "-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=trace"
_DECISION = re.compile(
    r" (?P<level>INFO|DEBUG|TRACE) kafka\.authorizer\.logger - Principal = User:(?P<principal>.*?) is (?P<verdict>Allowed|Denied)"
    r" operation = (?P<operation>\w+) from host = \S+ on resource = (?P<kind>\w+):LITERAL:(?P<name>.*?) for request = (?P<request>\w+) "
)


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the authorizer. ``probing``: the broker only asked what it may show, nothing was refused to the client."""

    principal: str
    right: Right
    allowed: bool
    probing: bool
    request: str


class SecuredKafka(NativeKafka):
    """One broker with the listener that clients use, ``secured``, and a plain one for the start's look, on which nobody has a right."""

    def __init__(self, data_dir: Path, cluster: Authority, clients: Authority) -> None:
        super().__init__(data_dir)
        self.secured = ""
        self._own = cluster.issue(BROKER, host=HOST)
        self._trusted = cluster.certificate + clients.certificate
        self._ports: tuple[int, int] | None = None
        self._earlier: list[Decision] = []

    def configure(self) -> list[str]:
        """Return the command, with settings and logging of its own."""
        java, *rest = super().configure()
        if self._ports is None:
            self._ports = free_port(), free_port()
        self.secured = f"{HOST}:{self._ports[0]}"
        with (self.data_dir / "server.properties").open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in self._settings(*self._ports).items())
        return [java, _AUDIT, *rest]

    def stop(self) -> None:
        """End the broker and keep what it has decided: the next start begins a new log."""
        running = self.pid is not None
        super().stop()
        if running:
            self._earlier += _read(self.log_file)

    def decisions(self) -> list[Decision]:
        """Return all decisions up to now, over all starts."""
        return [*self._earlier, *(_read(self.log_file) if self.pid is not None else ())]

    def _settings(self, port: int, controller: int) -> dict[str, str]:
        return {
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "listeners": f"PLAINTEXT://{HOST}:{self.port},CLIENTS://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self.port},CLIENTS://{self.secured}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CLIENTS:SSL,CONTROLLER:SSL",
            "inter.broker.listener.name": "CLIENTS",
            "ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(_file(self.data_dir / "broker.pem", self._own)),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(_written(self.data_dir / "trusted.pem", self._trusted)),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": f"User:CN={BROKER};User:CN={ADMIN}",
        }


def _file(path: Path, pair: Pair) -> Path:
    return _written(path, pair.key + pair.certificate)


def _written(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="ascii")
    return path


def _read(log: Path) -> Iterator[Decision]:
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if (found := _DECISION.search(line)) is not None:
                right = Right(found["kind"].lower(), found["name"], found["operation"])
                probing = found["level"] == "TRACE"
                yield Decision(found["principal"], right, found["verdict"] == "Allowed", probing, found["request"])
