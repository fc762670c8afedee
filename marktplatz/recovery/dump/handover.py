"""Where a dump in plain text goes from one container to another: a folder in memory with a named pipe and two marks.

The product creates the pipe once it is ready: the database's tool begins when the pipe is there.
``DONE`` is the mark of a tool that ended well, ``FAILED`` that of either side. An end of the stream proves nothing: a tool that
is killed makes one too. The tool opens the pipe by a redirection of its shell, never by itself: mongodump's ``--archive=FILE``
opens for reading as well: it does not wait for a reader, does not notice one that dies, and succeeds if none ever came.
"""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from marktplatz.recovery.dump.disk import BLOCK
from marktplatz.recovery.errors import BackupError

PIPE, DONE, FAILED, TAKEN_AT = "archive", "done", "failed", "taken-at"
CONFIRMED_WITHIN = timedelta(minutes=1)
"""How long after the end of a dump its tool may take to report whether it is complete."""
_POLL = timedelta(milliseconds=100)


class HandoverError(BackupError):
    """The other side of a pipe did not come, failed or went away; ``detail`` names it and where to look."""

    code = "handover_failed"


@dataclass(frozen=True, slots=True)
class Handover:
    """The folder of the pipe, and how long to wait for the other side to begin."""

    folder: Path
    patience: timedelta = timedelta(minutes=10)

    @contextmanager
    def marking_failure(self) -> Iterator[None]:
        """Mark ``FAILED`` for the other side if what is done here fails."""
        try:
            yield
        except BaseException:
            self._mark(FAILED)
            raise

    def write_note(self, name: str, text: str) -> None:
        """Write a note for the other side. Raises BackupError if the folder cannot be written."""
        try:
            (self.folder / name).write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise BackupError(f"{self.folder} cannot be written: {error.strerror or error}") from error

    def blocks(self) -> Iterator[bytes]:
        """Create the pipe and yield what a tool writes into it, until it closes it. Raises HandoverError if none comes."""
        with os.fdopen(os.open(self._create_pipe(), os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
            poll = select.poll()
            poll.register(pipe, select.POLLIN)
            for _ in self._waiting("nothing came", self.patience):
                # A hang-up is seen only after somebody was there: the end, or a dump of nothing.
                if poll.poll(_POLL / timedelta(milliseconds=1)):
                    break
            os.set_blocking(pipe.fileno(), True)
            while block := pipe.read(BLOCK):
                yield block

    def confirm(self) -> None:
        """Return once the tool has reported success. Raises HandoverError if it failed or reports nothing."""
        for _ in self._waiting("the dump ended without a report whether it is complete", min(self.patience, CONFIRMED_WITHIN)):
            if (self.folder / DONE).exists():
                return
            time.sleep(_POLL.total_seconds())

    @contextmanager
    def writing(self) -> Iterator[IO[bytes]]:
        """Create the pipe and yield it for writing once a tool reads. Raises HandoverError if none comes or it ends too early."""
        path = self._create_pipe()
        for _ in self._waiting("nobody read", self.patience):
            try:
                opened = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                time.sleep(_POLL.total_seconds())
            else:
                break
        os.set_blocking(opened, True)
        try:
            with os.fdopen(opened, "wb") as pipe:
                yield pipe
        except BrokenPipeError as error:
            raise HandoverError("whoever restores ended before the archive did: see the log of its container") from error

    def _create_pipe(self) -> Path:
        path = self.folder / PIPE
        try:
            os.mkfifo(path, 0o600)
        except OSError as error:
            raise BackupError(f"the pipe {path} cannot be created: {error.strerror or error}") from error
        return path

    def _waiting(self, what: str, patience: timedelta) -> Iterator[None]:
        """Yield until it has taken too long or the other side has failed; both raise HandoverError."""
        ends = time.monotonic() + patience.total_seconds()
        while not (self.folder / FAILED).exists():
            yield
            if time.monotonic() > ends:
                raise HandoverError(f"{what} within {patience.total_seconds():.0f} seconds: see the log of the other container")
        raise HandoverError("the other container failed: see its log")

    def _mark(self, name: str) -> None:
        try:
            (self.folder / name).touch()
        except OSError:  # the failure itself is what counts
            return
