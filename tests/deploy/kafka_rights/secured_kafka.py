"""A broker that lets nobody in without a certificate or a password and nobody do anything without an ACL, and logs what it decided."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from marktplatz.infrastructure.broker_process import HOST, free_port
from marktplatz.infrastructure.kafka_native import NativeKafka
from tests.deploy.kafka_rights.certificates import Authority, Pair
from tests.deploy.kafka_rights.manifests import Right

BROKER = "marktplatz-kafka"
ADMIN = "admin"
_AUDIT = "-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=trace"
_LOGGER = b"kafka.authorizer.logger"
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
    """One broker with the listeners that clients use and a plain one for the start's look, on which nobody has a right.

    ``secured`` asks for certificates, ``scram`` for name and password over TLS: ``accounts`` are the passwords by name.
    """

    def __init__(self, data_dir: Path, cluster: Authority, clients: Authority, accounts: Mapping[str, str] | None = None) -> None:
        super().__init__(data_dir)
        self.secured = self.scram = ""
        self._accounts = dict(accounts or {})
        self._own = cluster.issue(BROKER, host=HOST)
        self._trusted = cluster.certificate + clients.certificate
        self._ports: tuple[int, int, int] | None = None
        self._decisions: list[Decision] = []
        self._read_up_to = 0

    def configure(self) -> list[str]:
        """Return the command, with settings and logging of its own."""
        java, *rest = super().configure()
        if self._ports is None:
            self._ports = free_port(), free_port(), free_port()
        self.secured, self.scram = (f"{HOST}:{port}" for port in self._ports[:2])
        with (self.data_dir / "server.properties").open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in self._settings(*self._ports).items())
        return [java, _AUDIT, *rest]

    def stop(self) -> None:
        """End the broker and keep what it has decided: the next start begins a new log."""
        running = self.pid is not None
        super().stop()
        if running:
            self._read_on()
            self._read_up_to = 0

    def decisions(self) -> list[Decision]:
        """Return all decisions up to now, over all starts."""
        if self.pid is not None:
            self._read_on()
        return list(self._decisions)

    def _read_on(self) -> None:
        """Read what the broker has decided since the last look: it logs many megabytes."""
        with self.log_file.open("rb") as lines:
            lines.seek(self._read_up_to)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._read_up_to += len(line)
                if _LOGGER in line and (decision := _decision(line.decode(errors="replace"))) is not None:
                    self._decisions.append(decision)

    def _format(self, command: list[str], properties: Path) -> None:
        accounts = [f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in self._accounts.items()]
        super()._format([*command, *(argument for account in accounts for argument in ("--add-scram", account))], properties)

    def _settings(self, port: int, scram: int, controller: int) -> dict[str, str]:
        listeners = f"PLAINTEXT://{HOST}:{self.port},CLIENTS://{HOST}:{port},SCRAM://{HOST}:{scram}"
        return {
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "listeners": f"{listeners},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CLIENTS:SSL,SCRAM:SASL_SSL,CONTROLLER:SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.scram.ssl.client.auth": "none",
            "listener.name.scram.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
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


def _decision(line: str) -> Decision | None:
    if (found := _DECISION.search(line)) is None:
        return None
    right = Right(found["kind"].lower(), found["name"], found["operation"])
    return Decision(found["principal"], right, found["verdict"] == "Allowed", found["level"] == "TRACE", found["request"])
