"""Encryption of backups to recipients whose private keys are elsewhere: nothing is written in plain text.

Format: age-encryption.org/v1, so that the ``age`` tool reads the files too.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pyrage

from marktplatz.recovery.dump.disk import new_file
from marktplatz.recovery.dump.keys import Keys, SealedError, require_key
from marktplatz.recovery.errors import DamagedBackupError

SEALED = ".age"
"""End of the name of an encrypted file."""


class _ErrorRecorder:
    """Records the error of writing to ``raw``: the library hides that of a last block that could not be written."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._raw.write(data)
        except BaseException as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._raw.flush()


class SealedWriter:
    """Encrypts what is written to it into ``raw``; ``finish`` ends the stream, ``abort`` gives it up."""

    def __init__(self, raw: IO[bytes], recipients: tuple[pyrage.x25519.Recipient, ...]) -> None:
        read_end, write_end = os.pipe()
        self._plain = os.fdopen(write_end, "wb")
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._encrypt, args=(os.fdopen(read_end, "rb"), raw, recipients), daemon=True)
        self._thread.start()

    def _encrypt(self, plain: IO[bytes], raw: IO[bytes], recipients: tuple[pyrage.x25519.Recipient, ...]) -> None:
        recorder = _ErrorRecorder(raw)
        with plain:
            try:
                pyrage.encrypt_io(plain, recorder, list(recipients))
            except BaseException as error:  # noqa: BLE001 - of a thread: raised in the writer
                self._error = error
        self._error = recorder.error or self._error

    def write(self, data: bytes) -> int:
        """Write bytes and return their number. Raises OSError with the reason if what came before could not be written."""
        with self._with_reason():
            return self._plain.write(data)

    def flush(self) -> None:
        """Pass on what is buffered. Raises OSError as ``write`` does."""
        with self._with_reason():
            self._plain.flush()

    def finish(self) -> None:
        """End the stream. Raises OSError if anything could not be written."""
        with suppress(BrokenPipeError):
            self._plain.close()
        self._thread.join()
        if self._error is not None:
            raise self._reason() from self._error

    def abort(self) -> None:
        """Give the stream up, whatever state it is in."""
        with suppress(OSError):
            self._plain.close()
        self._thread.join()

    @contextmanager
    def _with_reason(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self._thread.join()
            raise self._reason() from self._error

    def _reason(self) -> OSError:
        return self._error if isinstance(self._error, OSError) else OSError(str(self._error))


@contextmanager
def sealed_file(path: Path, keys: Keys) -> Iterator[IO[bytes] | SealedWriter]:
    """Create a file that must not exist, encrypted for the recipients of ``keys`` if there are any. Raises OSError.

    Complete and on the disk when the block ends; whatever fails inside it leaves a file that cannot be decrypted to its end.
    """
    with new_file(path) as raw:
        if not keys.recipients:
            yield raw
            return
        sealed = SealedWriter(raw, keys.recipients)
        try:
            yield sealed
            sealed.finish()
        finally:
            sealed.abort()


@contextmanager
def unsealed(path: Path, identities: tuple[pyrage.x25519.Identity, ...]) -> Iterator[IO[bytes]]:
    """Open an encrypted file for reading in plain. Raises OSError where it cannot be opened, SealedError without a fitting key.

    Raises DamagedBackupError for the rest.

    Every block is authenticated before it is given out; a cut file ends in DamagedBackupError, never early and silently.
    """
    require_key(path, identities)
    raw = path.open("rb")
    read_end, write_end = os.pipe()
    failure: list[BaseException] = []

    def decrypt() -> None:
        with raw, os.fdopen(write_end, "wb") as out:
            try:
                pyrage.decrypt_io(raw, out, list(identities))
            except BaseException as error:  # noqa: BLE001 - of a thread: raised in the reader
                failure.append(error)

    thread = threading.Thread(target=decrypt, daemon=True)
    thread.start()
    plain = os.fdopen(read_end, "rb")
    whole = False
    try:
        yield plain
        whole = True
    finally:
        plain.close()
        thread.join()
        if failure and isinstance(failure[0], pyrage.DecryptError) and "No matching keys" in str(failure[0]):
            raise SealedError(f"{path.name} is encrypted for another key than those of MARKTPLATZ_BACKUP_IDENTITY_FILE")
        if failure and whole:
            raise DamagedBackupError(f"{path.name} cannot be decrypted: {failure[0]}")
