"""Child processes of the embedded run: started with their log file, restarted when they die, ended by pid."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from marktplatz.infrastructure.parent_death import end_with_parent

RESTART_DELAYS = (0.2, 0.5, 1.0, 2.0, 5.0)
GRACE_SECONDS = 30.0


class Child:
    """One ``marktplatz …`` process, such as ``run catalog api``, that is kept running until ``stop``."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log_file: Path) -> None:
        self.name = name
        self.arguments = [sys.executable, "-m", "marktplatz", *arguments]
        self.environment = {**os.environ, **environment}
        self.log_file = log_file
        self.starts = 0
        self.restarted = asyncio.Event()
        self.process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """Return the process id of the present incarnation. Raises RuntimeError before the first start."""
        if self.process is None:
            message = f"{self.name} has not been started"
            raise RuntimeError(message)
        return self.process.pid

    async def start(self) -> None:
        """Start the process and keep it running."""
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the process with SIGTERM so that it drains; after the grace period with SIGKILL."""
        self._stopping = True
        process = self.process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(GRACE_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    def kill(self) -> int:
        """Kill the process as ``kill -9`` does and return the pid that died. ``restarted`` is set when its successor runs."""
        self.restarted.clear()
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        return pid

    async def _spawn(self) -> None:
        with self.log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.arguments,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent(),
                start_new_session=True,
            )
        self.starts += 1

    async def _keep(self) -> None:
        while not self._stopping:
            assert self.process is not None  # noqa: S101 - set by start
            await self.process.wait()
            if self._stopping:
                return
            await asyncio.sleep(RESTART_DELAYS[min(self.starts - 1, len(RESTART_DELAYS) - 1)])
            await self._spawn()
            self.restarted.set()

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines of the process's log, for a person who has to see why it does not come up."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
