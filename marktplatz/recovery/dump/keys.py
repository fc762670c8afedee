"""Keys of backups (age, X25519): public ones for whoever writes, private ones for whoever restores.

Whoever writes backups knows public keys only. The private key lies where the volume is not, and is needed to restore.
"""

from __future__ import annotations

from pathlib import Path

import pyrage
from pydantic_settings import BaseSettings, SettingsConfigDict

from marktplatz.recovery.dump.disk import write_text
from marktplatz.recovery.errors import BackupError

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


def require_key(path: Path, identities: tuple[pyrage.x25519.Identity, ...]) -> None:
    """Return if there is a private key to try. Raises SealedError."""
    if not identities:
        raise SealedError(
            f"{path.name} is encrypted: put its private key into the file that MARKTPLATZ_BACKUP_IDENTITY_FILE names"
        )


def _recipient(text: str) -> pyrage.x25519.Recipient:
    if text.upper().startswith(_SECRET):
        raise BackupError("MARKTPLATZ_BACKUP_RECIPIENTS holds a private key: set the public one (age1…). Create a new pair")
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise BackupError(f"MARKTPLATZ_BACKUP_RECIPIENTS: '{text}' is no public key of the form age1…") from None
