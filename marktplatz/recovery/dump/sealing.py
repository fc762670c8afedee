"""Encryption of backups to recipients whose private keys are elsewhere (age, X25519): nothing is written in plain text.

Whoever writes backups knows public keys only. The private key lies where the volume is not, and is needed to restore.
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
from pydantic_settings import BaseSettings, SettingsConfigDict

from marktplatz.recovery.dump.disk import new_file, write_text
from marktplatz.recovery.errors import BackupError, DamagedBackupError

SEALED = ".age"
"""End of the name of an encrypted file."""
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 - how a line with a private key begins


class SealedError(BackupError):
    """A backup is encrypted and the private key that opens it is not here; ``detail`` names the setting."""

    code = "backup_sealed"


class SealSettings(BaseSettings):
    """Keys of backups, from ``MARKTPLATZ_BACKUP_…`` variables.

    ``recipients``: public keys (``age1…``, separated by commas or blanks) for whoever writes. ``identity_file``: private ones
    (lines ``AGE-SECRET-KEY-1…``) for whoever restores. ``plain`` allows plain files of a database.
    """

    model_config = SettingsConfigDict(env_prefix="MARKTPLATZ_BACKUP_", extra="ignore")

    recipients: str = ""
    plain: bool = False
    identity_file: Path | None = None

    def keys(self) -> Keys:
        """Return the keys; a file that is not there holds none.

        Raises BackupError for what is no key, naming the setting and never a private key.
        """
        return Keys(
            tuple(_recipient(text) for text in self.recipients.replace(",", " ").split()),
            read_identities(self.identity_file) if self.identity_file is not None and self.identity_file.exists() else (),
        )


class Keys:
    """Public keys to write backups for, private ones to read them with; none of either means plain files."""

    def __init__(
        self,
        recipients: tuple[pyrage.x25519.Recipient, ...] = (),
        identities: tuple[pyrage.x25519.Identity, ...] = (),
    ) -> None:
        self.recipients = recipients
        self.identities = identities

    def require_recipients(self, copy: str, otherwise: str = "") -> None:
        """Return if there is a public key to encrypt for. Raises BackupError with the setting, and what else can be done."""
        if not self.recipients:
            raise BackupError(
                f"{copy} holds personal data and is written encrypted: set the public key in MARKTPLATZ_BACKUP_RECIPIENTS "
                f"('marktplatz backup-key FILE' creates a key pair; keep the file elsewhere){otherwise}"
            )


def read_identities(file: Path) -> tuple[pyrage.x25519.Identity, ...]:
    """Return the private keys of a file; lines that begin with ``#`` are notes. Raises BackupError."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
        found = tuple(pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#"))
    except OSError as error:
        raise BackupError(f"the private key {file} cannot be read: {error.strerror or error}") from error
    except (pyrage.IdentityError, UnicodeDecodeError):
        raise BackupError(f"{file} holds a line that is no private key of the form {_SECRET}1…") from None
    if not found:
        raise BackupError(f"{file} holds no private key of the form {_SECRET}1…")
    return found


def write_identity(file: Path) -> str:
    """Write a new private key, readable by its owner only, and return its public key. Raises BackupError if the file exists."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        write_text(file, f"# public key: {public}\n{identity}\n")
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror or error}") from error
    return public


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


def require_key(path: Path, identities: tuple[pyrage.x25519.Identity, ...]) -> None:
    """Return if there is a private key to try. Raises SealedError."""
    if not identities:
        raise SealedError(
            f"{path.name} is encrypted: put its private key into the file that MARKTPLATZ_BACKUP_IDENTITY_FILE names"
        )


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


def _recipient(text: str) -> pyrage.x25519.Recipient:
    if text.upper().startswith(_SECRET):
        raise BackupError("MARKTPLATZ_BACKUP_RECIPIENTS holds a private key: set the public one (age1…). Create a new pair")
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise BackupError(f"MARKTPLATZ_BACKUP_RECIPIENTS: '{text}' is no public key of the form age1…") from None
