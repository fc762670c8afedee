"""The marketplace in containers: the built image, hardened, one container per service and role, Kafka beside it, one network."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import httpx
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from marktplatz.demo.people import eventually
from marktplatz.infrastructure.broker_process import answers, free_port
from shared.http.issuer import EmbeddedIssuer
from shared.messages.values import Role

PORT = 8080
GRACE_SECONDS = 40
READY_SECONDS = 90
HARDENED: Mapping[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "user": "10001:10001",
    "mem_limit": "512m",
    "pids_limit": 200,
}
ASSUME = "load-facts /app/data/demo/assumed_facts.json --by demo"
"""What has to be known of the Anbieter and the IT providers before somebody can order."""
WRITABLE = {"/tmp": "rw,noexec,nosuid,nodev,size=64m"}  # noqa: S108 - inside the container
ROLES = {
    "catalog": "catalog all",
    "eligibility": "eligibility all",
    "ordering": "ordering api",
    "ordering-worker": "ordering worker",
    "contracts": "contracts api",
    "contracts-fitko": "contracts worker --channel fitko",
    "contracts-govdigital": "contracts worker --channel govdigital",
    "notify": "notify all",
}
"""What runs, by container: what a cluster runs as Deployments."""


@dataclass(slots=True)
class Stack:
    """The running containers. ``endpoints`` and ``token`` are what the people of the demo need."""

    folder: Path
    product: str
    kafka_image: str
    roles: Mapping[str, str] = field(default_factory=lambda: ROLES)
    migrations: Sequence[str] = ("migrate all",)
    endpoints: dict[str, str] = field(default_factory=dict)
    containers: dict[str, DockerContainer] = field(default_factory=dict)
    bootstrap: str = ""
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _network: Network | None = None

    async def __aenter__(self) -> Self:
        testcontainers_config.ryuk_disabled = True
        self._issuer = EmbeddedIssuer(self.folder / "issuer")
        try:
            await asyncio.to_thread(self._start)
            await asyncio.gather(*(self.ready(name) for name in self.roles))
        except BaseException:
            self._stack.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._stack.close)

    def _start(self) -> None:
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "data").chmod(0o777)
        shutil.copy(self._issuer.jwks_file, self.folder / "jwks.json")
        (self.folder / "jwks.json").chmod(0o644)
        self._network = self._stack.enter_context(Network())
        port = free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        kafka = self.containers["kafka"] = self._stack.enter_context(self._broker("kafka", port))
        for migration in self.migrations:
            self.once(migration)
        _until_it_answers(kafka, port)
        self.once("topics apply --replication-factor 1")
        for name, command in self.roles.items():
            host_port = free_port()
            container = self._container(f"run {command}").with_bind_ports(PORT, host_port)
            self.containers[name] = self._stack.enter_context(container)
            self.endpoints[name] = f"http://127.0.0.1:{host_port}"

    @contextlib.contextmanager
    def broker(self, alias: str) -> Iterator[str]:
        """Give the address of one more broker, an empty one, as the containers reach it."""
        port = free_port()
        with self._broker(alias, port) as kafka:
            _until_it_answers(kafka, port)
            yield f"{alias}:9092"

    def _broker(self, alias: str, port: int) -> DockerContainer:
        """Make a broker that the containers reach by its alias, and this machine at a port."""
        assert self._network is not None
        kafka = DockerContainer(self.kafka_image).with_network(self._network).with_network_aliases(alias)
        return kafka.with_command(f"PLAINTEXT://{alias}:9092,OUTSIDE://127.0.0.1:{port}").with_bind_ports(19092, port)

    def _container(self, command: str) -> DockerContainer:
        assert self._network is not None
        container = DockerContainer(self.product).with_command(command).with_network(self._network)
        container.env = self.environment()
        container.with_volume_mapping(str(self.folder / "data"), "/data", "rw")
        container.with_volume_mapping(str(self.folder / "jwks.json"), "/etc/marktplatz/jwks.json", "ro")
        container.tmpfs = dict(WRITABLE)
        return container.with_kwargs(**HARDENED)

    def environment(self) -> dict[str, str]:
        """Return the settings of a container."""
        return {
            **self._issuer.environment(),
            "AUTH_JWKS_FILE": "/etc/marktplatz/jwks.json",
            "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
            "KAFKA_SESSION_TIMEOUT": "PT10S",
            "MARKTPLATZ_VAR": "/data",
            "MARKTPLATZ_DRAIN": "PT25S",
        }

    def once(self, command: str) -> str:
        """Run a command of the image to its end and return its log. Fails unless its exit code is 0."""
        code, log = self.ended(command)
        assert code == 0, log
        return log

    def ended(self, command: str, environment: Mapping[str, str] = MappingProxyType({}), **volumes: Path) -> tuple[int, str]:
        """Run a command of the image to its end and return exit code and log; ``volumes`` are writable, below ``/``."""
        container = self._container(command)
        container.env |= environment
        for name, folder in volumes.items():
            container.with_volume_mapping(str(folder), f"/{name}", "rw")
        with container:
            code: int = container.get_wrapped_container().wait(timeout=180)["StatusCode"]
            return code, _log(container)

    async def ready(self, name: str) -> None:
        """Wait until a container is ready."""

        async def look() -> bool:
            return (await self.probe(name, "readyz")) == httpx.codes.OK

        try:
            await eventually(f"{name} is ready", look, READY_SECONDS)
        except Exception as error:
            error.add_note(self.log(name))
            raise

    async def probe(self, name: str, path: str) -> int:
        """Return the status of a probe; 0 when nothing answers."""
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                return (await client.get(f"{self.endpoints[name]}/{path}")).status_code
        except httpx.TransportError:
            return 0

    async def stop(self, name: str) -> int:
        """End a container as a cluster does, SIGTERM and after the grace period SIGKILL; return its exit code."""
        container = self.containers[name].get_wrapped_container()
        await asyncio.to_thread(container.stop, timeout=GRACE_SECONDS)
        return self._exit_code(name)

    async def kill(self, name: str) -> int:
        """End a container by SIGKILL; return its exit code."""
        container = self.containers[name].get_wrapped_container()
        await asyncio.to_thread(container.kill, "SIGKILL")
        await asyncio.to_thread(container.wait)
        return self._exit_code(name)

    async def start(self, name: str) -> None:
        """Start a container that has ended, with the same file system and address."""
        await asyncio.to_thread(self.containers[name].get_wrapped_container().start)

    def _exit_code(self, name: str) -> int:
        container = self.containers[name].get_wrapped_container()
        container.reload()
        state = container.attrs["State"]
        assert not state["Running"], state
        assert not state["OOMKilled"], state
        code: int = state["ExitCode"]
        return code

    def log(self, name: str) -> str:
        """Return all that a container has written."""
        return _log(self.containers[name])

    def events(self, name: str) -> list[str]:
        """Return the events of a container's JSON log, in order."""
        lines = [json.loads(line) for line in self.log(name).splitlines() if line.startswith("{")]
        return [str(line.get("event")) for line in lines]

    def token(self, *, subject: str, organisation: str, organisation_name: str, roles: list[Role]) -> str:
        """Return a token of the issuer whose public keys the containers have."""
        return self._issuer.sign_token(
            subject=subject, organisation=organisation, organisation_name=organisation_name, roles=roles
        )

    _issuer: EmbeddedIssuer = field(init=False)


def _until_it_answers(kafka: DockerContainer, port: int) -> None:
    while not answers(port):
        kafka.get_wrapped_container().reload()
        assert kafka.get_wrapped_container().status == "running", _log(kafka)


def _log(container: DockerContainer) -> str:
    out, err = container.get_logs()
    return (out + err).decode(errors="replace")
