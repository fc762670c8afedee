"""The marketplace as a cluster would run it: each workload an OS process with the settings and the secrets of its pod."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
import pyrage

from marktplatz.assembly import BUILDERS
from marktplatz.children import Child
from marktplatz.demo.people import StepFailedError, eventually
from marktplatz.infrastructure.broker_process import HOST
from marktplatz.infrastructure.smtp_capture import CapturingSmtp
from marktplatz.loading import ASSUMED_FACTS
from shared.bus.settings import KafkaSettings
from shared.http.issuer import EmbeddedIssuer
from shared.messages.values import Role
from tests.deploy.kafka_rights import manifests
from tests.deploy.kafka_rights.certificates import Authority, Pair
from tests.deploy.kafka_rights.manifests import Pod, SecretKey
from tests.deploy.kafka_rights.secured_kafka import ADMIN, SecuredKafka
from tests.deploy.kafka_rights.strimzi import create_topics, create_users

CLUSTER_CA = "marktplatz-cluster-ca-cert"
ONLY_READS = "contracts-api"
"""The process that follows who acts for whom and publishes nothing."""
WITHOUT_USER = "contracts-migrate"
"""A name of ours that no Kafka user has."""
RENEWED = "contracts-fitko"
"""The process whose certificate is renewed; the unit in the new one's subject distinguishes it in the broker's log."""
UNIT = "renewed"
SERVICES = tuple(name.value for name in BUILDERS)
_READY_SECONDS = 90
_COMMAND_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    output: str


class Cluster:
    """Async context manager. ``endpoints`` and ``token`` are what the people of the demo need.

    ``addresses`` says where each process listens for its probes and metrics.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = manifests.rendered()
        self.users = manifests.users(self.objects)
        self.pods = manifests.pods(self.objects)
        self.endpoints: dict[str, str] = {}
        self.addresses: dict[str, str] = {}
        self.processes: dict[str, Child] = {}
        self.smtp = CapturingSmtp(folder / "mails")
        self._authority, self._clients = Authority("cluster-ca"), Authority("clients-ca")
        self._backup_identity = pyrage.x25519.Identity.generate()
        self.kafka = SecuredKafka(folder / "kafka", self._authority, self._clients)
        self._issuer = EmbeddedIssuer(folder / "issuer")
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            self.kafka.start()
            self._stack.callback(self.kafka.stop)
            self._secrets = self._make_secrets(self.folder / "stores")
            admin = self.settings_of(ADMIN)
            await create_topics(admin, self.objects.of("KafkaTopic"))
            renewed = dataclasses.replace(self.users[RENEWED], unit=UNIT)
            await create_users(admin, [*self.users.values(), renewed])
            await self.smtp.start()
            self._stack.push_async_callback(self.smtp.stop)
            for migrated in await asyncio.gather(*(self.run(f"{name}-migrate") for name in SERVICES)):
                assert migrated.code == 0, migrated.output
            assumed = await self.run("eligibility-migrate", "load-facts", str(ASSUMED_FACTS), "--by", "operator")
            assert assumed.code == 0, assumed.output
            self._stack.push_async_callback(self.stop)
            await asyncio.gather(*(self.start_one(pod.name) for pod in self.pods.values() if pod.arguments[0] == "run"))
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def settings_of(self, user: str) -> KafkaSettings:
        """Return the settings of a client with a certificate of its own for a user."""
        pair = self._clients.issue(user)
        folder = self.folder / "clients" / user
        self._write({folder / "user.crt": pair.certificate, folder / "user.key": pair.key})
        return self._settings(folder)

    def settings_of_stranger(self, user: str) -> KafkaSettings:
        """Return the settings of a client whose certificate bears a user's name but is signed by somebody else."""
        pair = Authority("clients-ca").issue(user)
        folder = self.folder / "clients" / f"{user}-stranger"
        self._write({folder / "user.crt": pair.certificate, folder / "user.key": pair.key})
        return self._settings(folder)

    def settings_without_certificate(self) -> KafkaSettings:
        """Return the settings of a client that trusts the broker and shows nothing of its own."""
        return self.settings_of(ADMIN).model_copy(update={"ssl_cert_file": None, "ssl_key_file": None})

    async def run(self, workload: str, *arguments: str, stores: str = "stores") -> Done:
        """Run a job's command to its end, with other arguments if given, as ``kubectl create job --from`` would."""
        pod = self.pods[workload]
        secrets = self._secrets if stores == "stores" else self._secrets | self._store_secrets(self.folder / stores)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "marktplatz",
            *(arguments or pod.arguments),
            env={**os.environ, **self._environment(pod, secrets)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(_COMMAND_SECONDS):
                output, _ = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        return Done(process.returncode or 0, output.decode(errors="replace"))

    async def stop(self) -> None:
        """End all processes of the marketplace as a cluster does."""
        await asyncio.gather(*(process.stop() for process in self.processes.values()))

    async def start_one(self, name: str) -> None:
        """Start a process with the secrets as they are now, and wait until it is ready."""
        await self._start(self.pods[name])

    def renew(self) -> None:
        """Replace the certificate that one process has mounted, in the secret and in the file."""
        self._secrets |= _keys(RENEWED, self._clients.issue(RENEWED, unit=UNIT))
        self._mount(self.pods[RENEWED], self._secrets)

    def log(self, name: str) -> str:
        """Return all that a process has written."""
        return self.processes[name].log_file.read_text(encoding="utf-8", errors="replace")

    def token(self, *, subject: str, organisation: str, organisation_name: str, roles: list[Role]) -> str:
        """Return a token of the issuer whose keys the processes have."""
        return self._issuer.sign_token(
            subject=subject, organisation=organisation, organisation_name=organisation_name, roles=roles
        )

    def path(self, mounted: str, pod: str) -> Path:
        """Return where a path of a pod's file system lies here."""
        return self.folder / "pods" / pod / mounted.lstrip("/")

    async def _start(self, pod: Pod) -> None:
        file = self.folder / f"endpoints-{pod.name}.json"
        file.unlink(missing_ok=True)
        environment = {**self._environment(pod, self._secrets), "MARKTPLATZ_ENDPOINTS_FILE": str(file)}
        child = Child(pod.name, pod.arguments, environment, self.folder / f"{pod.name}.log")
        self.processes[pod.name] = child
        await child.start()
        try:
            endpoints = await eventually(f"{pod.name} is ready", lambda: _ready(file), _READY_SECONDS)
        except StepFailedError as error:
            error.add_note(child.log_tail())
            raise
        (self.addresses[pod.name],) = endpoints.values()
        if pod.name.endswith("-api"):
            self.endpoints |= endpoints

    def _environment(self, pod: Pod, secrets: dict[SecretKey, str]) -> dict[str, str]:
        """Return what the pod finds, but for what this machine has not: its network, identity provider and mail server."""
        self._mount(pod, secrets)
        given = pod.environment(secrets)
        mounts = {str(Path(path).parent) for path in pod.files}
        for name, value in given.items():
            if str(Path(value).parent) in mounts:
                given[name] = str(self.path(value, pod.name))
        given.pop("AUTH_JWKS_URL", None)
        return {
            **given,
            **self._issuer.environment(),
            "KAFKA_RENEW_EVERY": "PT1S",
            "MARKTPLATZ_BACKUP_RECIPIENTS": str(self._backup_identity.to_public()),
            "MARKTPLATZ_ENVIRONMENT": "embedded",
            "MARKTPLATZ_HOST": HOST,
            "MARKTPLATZ_PORT": "0",
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.secured,
            "NOTIFY_SMTP_HOST": self.smtp.host,
            "NOTIFY_SMTP_PORT": str(self.smtp.port),
            "NOTIFY_SMTP_SECURITY": "none",
            "NOTIFY_MAIL_WINDOW": "PT0S",
        }

    def _mount(self, pod: Pod, secrets: dict[SecretKey, str]) -> None:
        self._write({self.path(mounted, pod.name): secrets[place] for mounted, place in pod.files.items()})

    def _make_secrets(self, stores: Path) -> dict[SecretKey, str]:
        secrets = {(CLUSTER_CA, "ca.crt"): self._authority.certificate, **self._store_secrets(stores)}
        secrets["backup-identity", "identity"] = str(self._backup_identity)
        for user in self.users:
            secrets |= _keys(user, self._clients.issue(user))
        return secrets

    def _store_secrets(self, folder: Path) -> dict[SecretKey, str]:
        folder.mkdir(exist_ok=True)
        return {(f"{service}-store", "url"): f"sqlite:///{folder}/{service}.db" for service in SERVICES}

    def _settings(self, folder: Path) -> KafkaSettings:
        self._write({folder / "ca.crt": self._authority.certificate})
        return KafkaSettings(
            bootstrap_servers=self.kafka.secured,
            security_protocol="SSL",
            ssl_ca_file=folder / "ca.crt",
            ssl_cert_file=folder / "user.crt",
            ssl_key_file=folder / "user.key",
        )

    def _write(self, files: dict[Path, str]) -> None:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # At once, as Kubernetes does: a command of the same job may be reading the one before.
            written = path.with_name(f"{path.name}.new")
            written.write_text(text, encoding="ascii")
            written.replace(path)

    _secrets: dict[SecretKey, str]


async def _ready(endpoints_file: Path) -> dict[str, str] | None:
    """Return where a process listens once it is ready."""
    try:
        text = await asyncio.to_thread(endpoints_file.read_text, encoding="utf-8")
        endpoints: dict[str, str] = json.loads(text)
        async with httpx.AsyncClient(timeout=5) as client:
            answers = [await client.get(f"{url}/readyz") for url in endpoints.values()]
    except (FileNotFoundError, httpx.TransportError):
        return None
    return endpoints if all(answer.is_success for answer in answers) else None


def _keys(user: str, pair: Pair) -> dict[SecretKey, str]:
    return {(user, "user.crt"): pair.certificate, (user, "user.key"): pair.key}
