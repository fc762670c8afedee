"""A broker as a child process: started, awaited until it answers, and ended together with this process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import struct
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from marktplatz.infrastructure.errors import BrokerStartError
from marktplatz.infrastructure.install import NEWER_JAVA, install_command
from marktplatz.infrastructure.parent_death import end_with_parent

HOST = "127.0.0.1"
_API_VERSIONS = 18
_POLL_SECONDS = 0.1
_LAUNCHES = 3
_PORTS = range(20_000, 30_000)
_TRIES = 1_000


def free_port() -> int:
    """Return a TCP port on the loopback interface that is free at this moment.

    Seconds may pass between the choice and the use, so it lies below the ports that systems give to outgoing connections.
    """
    for _ in range(_TRIES):
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise BrokerStartError(f"{_TRIES} of the ports {_PORTS} are all in use", remedy="see what listens: ss -ltnp")


def answers(port: int, patience: float = 2.0) -> bool:
    """Return whether a Kafka broker on the loopback interface answers an ApiVersions request within ``patience`` seconds."""
    client = b"efa-marktplatz"
    request = struct.pack(">hhih", _API_VERSIONS, 0, 1, len(client)) + client
    try:
        with socket.create_connection((HOST, port), timeout=patience) as connection:
            connection.settimeout(patience)
            connection.sendall(struct.pack(">i", len(request)) + request)
            head = connection.recv(4)
            reply = connection.recv(8)
    except OSError:
        return False
    return len(head) == 4 and len(reply) >= 6 and struct.unpack(">ih", reply[:6]) == (1, 0)  # noqa: PLR2004 - wire sizes


class BrokerProcess(ABC):
    """A broker owned by this process. Usable as a context manager, plain or ``async``; either gives the bootstrap address.

    After ``stop`` it may be started again: it keeps its data and, once it has answered, its port.
    """

    kind: str
    grace_seconds = 20.0

    def __init__(self, data_dir: Path, *, start_seconds: float = 90.0) -> None:
        self.data_dir = data_dir
        self.log_file = data_dir / "broker.log"
        self.start_seconds = start_seconds
        self.port = 0
        self.fixed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._settled = False

    def at(self, port: int) -> Self:
        """Have the broker listen at a port, at a free one if it is 0; return it."""
        self.port, self.fixed = port, port != 0
        return self

    @property
    def bootstrap(self) -> str:
        """The address ``host:port`` at which the broker answers once started."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id while the broker runs."""
        return None if self._process is None else self._process.pid

    def pids(self) -> list[int]:
        """Return the processes of the broker on this machine: none while it does not run."""
        return [] if self._process is None else [self._process.pid]

    @abstractmethod
    def prepare(self) -> None:
        """Fetch what is missing; may take minutes the first time."""

    @abstractmethod
    def configure(self) -> list[str]:
        """Write the configuration for ``port`` and return the command that runs the broker in the foreground."""

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    async def __aenter__(self) -> str:
        await asyncio.to_thread(self.prepare)
        for _ in range(_LAUNCHES):
            command = await asyncio.to_thread(self._configure)
            # Not in a thread: the child is tied to the life of the thread that makes it.
            deadline = self._launch(command)
            try:
                await asyncio.to_thread(self._wait, deadline)
            except BaseException as error:
                self.stop()
                if isinstance(error, BrokerStartError) and self._port_was_taken():
                    continue
                raise
            return self.bootstrap
        raise self._failure("found no free port")

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.to_thread(self.stop)

    def start(self) -> str:
        """Start the broker, wait until it answers and return its address. Raises BrokerStartError."""
        self.prepare()
        for _ in range(_LAUNCHES):
            deadline = self._launch(self._configure())
            try:
                self._wait(deadline)
            except BaseException as error:
                self.stop()
                if isinstance(error, BrokerStartError) and self._port_was_taken():
                    continue
                raise
            return self.bootstrap
        raise self._failure("found no free port")

    def stop(self) -> None:
        """End the process group: SIGTERM, and SIGKILL to what is left after the grace period. Does nothing if not running."""
        process, self._process = self._process, None
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            process.wait(self.grace_seconds)
        except subprocess.TimeoutExpired:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()

    def kill(self) -> None:
        """End the process group at once by SIGKILL, as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()

    def _configure(self) -> list[str]:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if not self._settled and not self.fixed:
            self.port = free_port()
        return self.configure()

    def _launch(self, command: list[str]) -> float:
        with self.log_file.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed command
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent(),  # noqa: PLW1509 - two system calls, no lock is taken
            )
        return time.monotonic() + self.start_seconds

    def _wait(self, deadline: float) -> None:
        while (process := self._process) is not None:
            if answers(self.port):
                self._settled = True
                return
            code = process.poll()
            if code is not None:
                raise self._failure(f"ended with exit code {code}")
            if time.monotonic() > deadline:
                raise self._failure(f"did not answer within {self.start_seconds:.0f} seconds")
            time.sleep(_POLL_SECONDS)

    def _port_was_taken(self) -> bool:
        return not self._settled and not self.fixed and _in_use(self._log())

    def _log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace") if self.log_file.exists() else ""

    def _failure(self, what: str) -> BrokerStartError:
        text = self._log()
        if _in_use(text):
            what += f", because port {self.port} is in use by another process"
            remedy: str | None = f"see who has it and end it: ss -ltnp 'sport = :{self.port}'"
        else:
            remedy = remedy_of(text)
        return BrokerStartError(f"The broker ({self.kind}) {what}; see {self.log_file}", remedy=remedy, log=str(self.log_file))


def remedy_of(log: str) -> str | None:
    """Return the command that mends what a broker's log names as the cause, None if it names none that is known."""
    if "UnsupportedClassVersionError" in log:
        return f"Java here is older than 17; {install_command([NEWER_JAVA])}, or put a newer one first in PATH"
    if "No space left on device" in log:
        return "see which disk is full and make room: df -h"
    if "Cannot allocate memory" in log or "insufficient memory" in log.lower():
        return "see what uses the memory and end it: free -m (the broker takes 512 MB of heap)"
    return None


def _in_use(log: str) -> bool:
    return any(words in log.lower() for words in ("address already in use", "port is already allocated"))


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
