"""The whole marketplace on one machine: broker, issuer, services, the two contract processors; everything ends together."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from marktplatz.addresses import LOCK
from marktplatz.children import Child
from marktplatz.found import BOOTSTRAP_FILE
from marktplatz.infrastructure.discovery import GivenKafka, find_kafka
from marktplatz.infrastructure.errors import EmbeddedError
from marktplatz.infrastructure.folders import make_writable
from marktplatz.infrastructure.idp import EmbeddedProvider
from marktplatz.infrastructure.smtp_capture import CapturingSmtp
from marktplatz.partners import topics_of_partners
from marktplatz.people import OPERATOR, PEOPLE
from marktplatz.ports import APIS, Ports
from services.contracts.archive.keys import new_private_key
from services.ordering.partners.receipt_keys import ensure_key
from services.portal.sealing import ensure_session_keys
from shared.bus.admin import create_topics
from shared.bus.settings import KafkaSettings
from shared.clock import now
from shared.errors import BusUnavailableError
from shared.http.issuer import EmbeddedIssuer
from shared.key_file import ensure_key_file
from shared.messages.values import Channel, Role
from shared.private_file import create_private_file
from shared.process.settings import ProcessSettings

READY_SECONDS = 60.0
_LOCK_TRIES, _LOCK_PAUSE = 4, 0.05
SERVICES = "services"
PORTAL = "portal"
RIGHTS_FROM = "AUTH_RIGHTS_FROM"
"""The variable that tries the marketplace's own rights out here, where the claims of tokens are taken for them otherwise."""


def data_folder(settings: ProcessSettings) -> Path:
    """Make the data folder of a run on one machine and return it. Raises InfrastructureError if it cannot be written."""
    folder = settings.var.resolve()
    return make_writable(folder, "The data folder", _own_folder(folder))


def _own_folder(folder: Path) -> str:
    return f"sudo chown -R $USER {folder}, or take another: export MARKTPLATZ_VAR=<a folder of yours>"


def processor(channel: Channel) -> str:
    """Return the name of a channel's contract processor among the child processes."""
    return f"contracts-{channel.value}"


class Embedded:
    """Async context manager. ``endpoints`` maps each service to its base URL once entered, also the ``portal`` if it runs."""

    def __init__(
        self,
        settings: ProcessSettings,
        environment: Mapping[str, str] | None = None,
        *,
        portal: bool = False,
        prepare: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """``prepare`` fills the stores before anything is started, once no other run uses them."""
        self.ports = Ports(settings.port)
        self.prepare = prepare
        self.var = settings.var.resolve()
        self.settings = settings
        self.extra = dict(environment or {})
        self.portal = f"http://{settings.host}:{self.ports.portal()}" if portal else None
        self.endpoints: dict[str, str] = {}
        self.children: dict[str, Child] = {}
        self.bootstrap = ""
        self.broker_kind = ""
        self.smtp = CapturingSmtp(self.var / "mails")
        self.receipt_keys = self.var / "receipt-keys"
        self.invitation_keys = self.var / "invitation-keys"
        self.webhook_keys = self.var / "webhook-keys"
        self.archive_key = self.var / "archive-key.pem"
        self.session_keys = self.var / "session-keys"
        self.issuer: EmbeddedIssuer
        self._broker_pids: Callable[[], list[int]] = list
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        data_folder(self.settings)
        try:
            await self._enter()
        except PermissionError as error:
            await self._stack.aclose()
            fact = f"{error.filename} belongs to somebody else: {error.strerror}."
            raise EmbeddedError(fact, remedy=_own_folder(self.var)) from error
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    async def _enter(self) -> None:
        (self.var / "logs").mkdir(exist_ok=True)
        await self._lock()
        # What a killed run has left would count for this one's from now on.
        for file in (*self.var.glob("endpoints-*.json"), self.var / BOOTSTRAP_FILE):
            file.unlink(missing_ok=True)
        self.ports.require_free(self.settings.host)
        if self.prepare is not None:
            await self.prepare()
        self.issuer = EmbeddedIssuer(self.var / "issuer")
        broker = find_kafka(self.var / "kafka", port=self.ports.kafka())
        self.broker_kind = broker.kind
        self._broker_pids = broker.pids
        self.bootstrap = await self._stack.enter_async_context(broker)
        await self._create_topics()
        self._publish_bootstrap()
        ensure_key(self.receipt_keys, now())
        ensure_key_file(self.invitation_keys)
        ensure_key_file(self.webhook_keys)
        create_private_file(self.archive_key, new_private_key())
        await self.smtp.start()
        self._stack.push_async_callback(self.smtp.stop)
        environment = self._environment()
        self._stack.push_async_callback(self._stop_children)
        self._stack.callback(self._forget_endpoints)
        commands = {SERVICES: ["run", "all", "all"]}
        commands |= {processor(channel): ["run", "contracts", "worker", "--channel", channel.value] for channel in Channel}
        fixed = {SERVICES: {"MARKTPLATZ_PORTS": json.dumps(self.ports.apis())}}
        for name, arguments in commands.items():
            await self._start(name, arguments, environment | {"KAFKA_GROUP_INSTANCE_ID": name} | fixed.get(name, {}))
        await asyncio.gather(*(self.wait_ready(name) for name in self.children))
        if self.portal is not None:
            provider = await self._stack.enter_async_context(
                EmbeddedProvider(self.issuer, (*PEOPLE, OPERATOR), self.portal, self.ports.login())
            )
            await self._start(PORTAL, ["portal"], environment | self._portal_environment(self.portal, provider.url))
            await self.wait_ready(PORTAL)

    async def _start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        file = self._endpoints_file(name)
        file.unlink(missing_ok=True)
        own = {"MARKTPLATZ_ENDPOINTS_FILE": str(file)}
        self.children[name] = Child(name, arguments, {**environment, **own}, self.var / "logs" / f"{name}.log")
        await self.children[name].start()

    def _portal_environment(self, url: str, provider: str) -> dict[str, str]:
        """Return what the portal is set to: where it is, where one logs in, and where the services are that run already."""
        ensure_session_keys(self.session_keys)
        port = str(urlsplit(url).port)
        services = {f"PORTAL_{name.upper()}_URL": address for name, address in self.endpoints.items() if name in APIS}
        login = {"PORTAL_OIDC_ISSUER": provider, "PORTAL_SESSION_KEYS": str(self.session_keys), "PORTAL_RUN": port}
        return {"MARKTPLATZ_PORT": port, "PORTAL_PUBLIC_URL": url, **login, **services}

    async def _lock(self) -> None:
        lock = self._stack.enter_context((self.var / LOCK).open("w"))
        for _ in range(_LOCK_TRIES):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # A command that looks whether a run uses the folder locks the file for a moment itself.
                await asyncio.sleep(_LOCK_PAUSE)
            else:
                return
        raise EmbeddedError(
            f"another run uses {self.var}.",
            remedy="end that run, or give this one a folder of its own: export MARKTPLATZ_VAR=<another folder>",
        )

    async def _create_topics(self) -> None:
        try:
            settings = KafkaSettings(bootstrap_servers=self.bootstrap)
            await create_topics(settings, replicas=1)
            await create_topics(settings, replicas=1, topics=await topics_of_partners(process=self.settings))
        except BusUnavailableError as error:
            fact = f"No Kafka broker answers at {self.bootstrap} ({error.detail})."
            remedy = "start that broker, or do without it: unset KAFKA_BOOTSTRAP_SERVERS"
            raise EmbeddedError(fact, remedy=remedy if self.broker_kind == GivenKafka.kind else None) from error

    def _environment(self) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "MARKTPLATZ_VAR": str(self.var),
            "MARKTPLATZ_PORT": "0",
            "ORDERING_RECEIPT_KEYS": str(self.receipt_keys),
            "ELIGIBILITY_INVITATION_KEYS": str(self.invitation_keys),
            "NOTIFY_INVITATION_KEYS": str(self.invitation_keys),
            "NOTIFY_WEBHOOK_KEYS": str(self.webhook_keys),
            "CONTRACTS_ARCHIVE_KEY": str(self.archive_key),
            **({"NOTIFY_PORTAL_URL": self.portal} if self.portal is not None else {}),
            "NOTIFY_SMTP_HOST": self.smtp.host,
            "NOTIFY_MAIL_WINDOW": "PT0S",
            "NOTIFY_SMTP_PORT": str(self.smtp.port),
            **({"MARKTPLATZ_STORE_URLS": json.dumps(self.settings.store_urls)} if self.settings.store_urls else {}),
            **self.issuer.environment(),
            **{name: os.environ[name] for name in (RIGHTS_FROM,) if name in os.environ},
            **self.extra,
        }

    def _publish_bootstrap(self) -> None:
        """Write where the broker listens, for commands on this machine, as long as the run lasts."""
        file = self.var / BOOTSTRAP_FILE
        file.write_text(f"{self.bootstrap}\n", encoding="utf-8")
        self._stack.callback(file.unlink, missing_ok=True)

    def _forget_endpoints(self) -> None:
        """Delete the endpoint files of stopped processes."""
        for name in self.children:
            self._endpoints_file(name).unlink(missing_ok=True)

    def _endpoints_file(self, name: str) -> Path:
        return self.var / f"endpoints-{name}.json"

    async def wait_ready(self, name: str) -> None:
        """Wait until every endpoint of a child process answers that it is ready. Raises EmbeddedError with the end of its log."""
        child = self.children[name]
        last: object = "it has not written where it listens"
        try:
            async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(timeout=5) as client:
                while True:
                    with contextlib.suppress(FileNotFoundError, httpx.TransportError):
                        endpoints = json.loads(self._endpoints_file(name).read_text(encoding="utf-8"))
                        answers = [await client.get(f"{url}/readyz") for url in endpoints.values()]
                        last = [answer.text for answer in answers if answer.status_code != httpx.codes.OK]
                        if not last:
                            self.endpoints |= endpoints
                            return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            message = f"{name} was not ready after {READY_SECONDS:.0f} s: {last}\nEnd of its log:\n{child.log_tail()}"
            raise EmbeddedError(message) from None

    async def kill_and_wait(self, name: str) -> tuple[int, int]:
        """Kill a child with SIGKILL, wait until its successor is ready, return both pids."""
        child = self.children[name]
        self._endpoints_file(name).unlink(missing_ok=True)
        died = child.kill()
        async with asyncio.timeout(READY_SECONDS):
            await child.restarted.wait()
        await self.wait_ready(name)
        return died, child.pid

    def pids(self) -> list[int]:
        """Return the processes of the run: this one, the services, and the broker if it is one of this run."""
        return [os.getpid(), *(child.pid for child in self.children.values()), *self._broker_pids()]

    async def _stop_children(self) -> None:
        await asyncio.gather(*(child.stop() for child in self.children.values()))

    def token(
        self,
        *,
        subject: str,
        organisation: str | None = None,
        organisation_name: str | None = None,
        roles: Sequence[Role] = (),
    ) -> str:
        """Return a developer token signed by this run's own issuer; without an organisation it only says who somebody is."""
        return self.issuer.sign_token(
            subject=subject, organisation=organisation, organisation_name=organisation_name, roles=roles
        )
