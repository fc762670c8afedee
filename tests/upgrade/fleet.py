"""The marketplace as the cluster runs it: one process per Deployment, each of the old or the new version, replaced one by one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from marktplatz.children import Child
from marktplatz.infrastructure.smtp_capture import CapturingSmtp
from shared.bus.admin import create_topics
from shared.bus.settings import KafkaSettings
from shared.http.issuer import EmbeddedIssuer
from shared.messages.values import Channel, Role

PROCESSORS = {f"contracts-{channel.value}": ["contracts", "worker", "--channel", channel.value] for channel in Channel}
DEPLOYMENTS = {
    "catalog": ["catalog", "all"],
    "eligibility": ["eligibility", "all"],
    "ordering": ["ordering", "all"],
    "contracts": ["contracts", "api"],
    **PROCESSORS,
    "notify": ["notify", "all"],
}
READY_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the code: where its files lie. Both run on the same packages, those of this virtual environment."""

    name: str
    folder: Path

    def environment(self) -> dict[str, str]:
        """Return the variables that let an interpreter import this version and no other."""
        return {"PYTHONPATH": str(self.folder), "PYTHONSAFEPATH": "1"}


@dataclass
class Fleet:
    """Async context manager. ``endpoints`` and ``token`` are what the people of the demo need of a run."""

    var: Path
    bootstrap: str
    endpoints: dict[str, str] = field(default_factory=dict)
    running: dict[str, tuple[Version, Child]] = field(default_factory=dict)
    _starts: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.issuer = EmbeddedIssuer(self.var / "issuer")
        self.smtp = CapturingSmtp(self.var / "mails")

    async def __aenter__(self) -> Self:
        await create_topics(KafkaSettings(bootstrap_servers=self.bootstrap), replicas=1)
        await self.smtp.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.gather(*(child.stop() for _, child in self.running.values()))
        await self.smtp.stop()

    def token(self, *, subject: str, organisation: str, organisation_name: str, roles: list[Role]) -> str:
        """Return a token of this run's issuer."""
        return self.issuer.sign_token(
            subject=subject, organisation=organisation, organisation_name=organisation_name, roles=roles
        )

    async def command(self, version: Version, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the version to its end, as an operator or a Job does."""
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "marktplatz", *arguments],
            env=os.environ | self._environment(version),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    async def done(self, version: Version, *arguments: str) -> str:
        """Run a command that must succeed and return what it says."""
        result = await self.command(version, *arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    async def replace(self, name: str, version: Version) -> None:
        """Start a process of the version beside the present one; once it is ready, end that one: a rolling update by one Pod."""
        file = self.var / f"endpoints-{name}-{next(self._starts)}.json"
        environment = self._environment(version) | {"MARKTPLATZ_ENDPOINTS_FILE": str(file)}
        child = Child(name, ["run", *DEPLOYMENTS[name]], environment, self.var / f"{name}-{version.name}.log")
        before = self.running.get(name)
        await child.start()
        try:
            found = await _ready(child, file)
        except BaseException:
            await child.stop()
            raise
        self.running[name] = version, child
        self.endpoints |= found
        if before is not None:
            await self._end(before[1])

    async def _end(self, child: Child) -> None:
        assert child.starts == 1, f"{child.name} has died and was started again:\n{child.log_tail()}"
        await child.stop()
        assert child.process is not None
        assert child.process.returncode == 0, f"{child.name} did not drain:\n{child.log_tail()}"

    def _environment(self, version: Version) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "KAFKA_SESSION_TIMEOUT": "PT10S",
            "MARKTPLATZ_VAR": str(self.var),
            "NOTIFY_SMTP_HOST": self.smtp.host,
            "NOTIFY_SMTP_PORT": str(self.smtp.port),
            **self.issuer.environment(),
            **version.environment(),
        }


async def _ready(child: Child, file: Path) -> dict[str, str]:
    last: object = "it has not written where it listens"
    try:
        async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient(timeout=5) as client:
            while True:
                with contextlib.suppress(FileNotFoundError, httpx.TransportError):
                    endpoints: dict[str, str] = json.loads(await asyncio.to_thread(file.read_text, "utf-8"))
                    answers = [await client.get(f"{url}/readyz") for url in endpoints.values()]
                    last = [answer.text for answer in answers if answer.status_code != httpx.codes.OK]
                    if not last:
                        return endpoints
                await asyncio.sleep(0.1)
    except TimeoutError:
        message = f"{child.name} was not ready after {READY_SECONDS:.0f} s: {last}\nEnd of its log:\n{child.log_tail()}"
        raise AssertionError(message) from None
