"""People who do not give up: whoever gets no clear answer asks again with the same key, and every try is in the history."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass, field
from itertools import count

import httpx

from marktplatz.demo.people import Json, Person, StepFailedError
from tests.faults.checker.history import Kind, Recorder

PATIENCE = 120.0
_TRIES = count()


@dataclass
class Journal:
    """The history of a run, with its clock."""

    recorder: Recorder
    began: float = field(default_factory=time.time)

    def note(self, process: str, kind: Kind, function: str, key: str, /, **values: object) -> None:
        """Write an operation down, as of now."""
        self.recorder.add(process, kind, function, key, mono=time.time() - self.began, **values)


JOURNALS: dict[int, Journal] = {}
"""By the id of the HTTP client that a run's people share."""


class SteadyPerson(Person):
    """A person whose requests are repeated until they are answered."""

    async def send(
        self, method: str, service: str, path: str, body: Json | None = None, key: str | None = None
    ) -> httpx.Response:
        """Send a request until the answer is clear. Raises StepFailedError when patience ends."""
        journal = JOURNALS[id(self.client)]
        name = path.rpartition("/")[2]
        thing = path.split("/")[3] if path.count("/") > 2 else path
        headers = self.headers(key)
        digest = hashlib.sha256(json.dumps([path, body], sort_keys=True).encode()).hexdigest()[:12]
        asked = {"name": name, "caller": self.subject, "idem": headers["Idempotency-Key"], "body": digest}
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            process = f"{self.subject}/{next(_TRIES)}"
            journal.note(process, Kind.INVOKE, "command", thing, **asked)
            try:
                url = f"{self.run.endpoints[service]}{path}"
                answer = await self.client.request(method, url, json=body, headers=self.headers(headers["Idempotency-Key"]))
            except httpx.TransportError as error:
                journal.note(process, Kind.INFO, "command", thing, error=type(error).__name__, **asked)
            else:
                status = answer.status_code
                clear = status < httpx.codes.INTERNAL_SERVER_ERROR and not _again(answer)
                if answer.is_success:
                    found = answer.json() if answer.content else {}
                    journal.note(process, Kind.OK, "command", thing, id=str(found.get("id", thing)), status=status, **asked)
                else:
                    kind = Kind.FAIL if clear else Kind.INFO
                    journal.note(process, kind, "command", thing, status=status, **asked)
                if clear:
                    return answer
            await asyncio.sleep(0.3)
        raise StepFailedError(f"{method} {path} got no clear answer within {PATIENCE:.0f} s")

    async def read(self, service: str, path: str) -> httpx.Response:
        """Read until there is an answer."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                answer = await self.client.get(f"{self.run.endpoints[service]}{path}", headers=self.headers())
            except httpx.TransportError:
                pass
            else:
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR and not _again(answer):
                    return answer
            await asyncio.sleep(0.3)
        raise StepFailedError(f"GET {path} got no answer within {PATIENCE:.0f} s")

    async def get(self, service: str, path: str, parameters: object = None) -> Json:
        """Read and return the JSON answer."""
        del parameters
        answer = await self.read(service, path)
        if not answer.is_success:
            raise StepFailedError(f"GET {path} answered {answer.status_code}: {answer.text}")
        body: Json = answer.json()
        return body


def _again(answer: httpx.Response) -> bool:
    busy = answer.status_code == httpx.codes.CONFLICT and answer.json().get("code") == "idempotency_key_in_use"
    # 408: a server that was frozen while a request waited has not read it (RFC 9110, section 15.5.9).
    return busy or answer.status_code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.REQUEST_TIMEOUT)
