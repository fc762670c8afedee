"""Keys that eligibility and notify share: the secret of an invitation follows from its id, its address travels encrypted.

So neither is written in clear by eligibility or on the bus, and notify can make the link when it sends the mail.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from shared.errors import RetryableError
from shared.key_file import key_materials


class InvitationKeyMissingError(RetryableError):
    """A key of invitations is not there (HTTP 503): mount the file that the settings name, with all keys still in use."""

    code = "invitation_key_missing"


@dataclass(frozen=True, slots=True)
class InvitationKey:
    """One key; ``id`` names it without giving it away. What it signs and what it encrypts have subkeys of their own."""

    id: str
    _secrets: bytes = field(repr=False)
    _addresses: Fernet = field(repr=False)

    @classmethod
    def of(cls, material: bytes) -> InvitationKey:
        """Return the key of this material, which should be random."""

        def subkey(purpose: bytes) -> bytes:
            return hmac.digest(material, purpose, hashlib.sha256)

        encrypting = Fernet(base64.urlsafe_b64encode(subkey(b"address of an invitation")))
        return cls(subkey(b"id of the key").hex()[:16], subkey(b"secret of an invitation"), encrypting)

    def secret_of(self, invitation_id: str) -> str:
        """Return the secret that belongs in the link of an invitation (HMAC-SHA-256, base64url)."""
        return base64.urlsafe_b64encode(hmac.digest(self._secrets, invitation_id.encode(), hashlib.sha256)).rstrip(b"=").decode()

    def seal(self, address: str) -> str:
        """Return an address encrypted (Fernet)."""
        return self._addresses.encrypt(address.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Return an address that this key has encrypted. Raises ValueError for anything else."""
        try:
            return self._addresses.decrypt(sealed).decode()
        except InvalidToken:
            raise ValueError("the address was not encrypted by this key, or was changed since") from None


class InvitationKeys:
    """The keys in a file, one per line in base64, read at each use: the first makes what is new, all serve what is under way."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def first(self) -> InvitationKey | None:
        """Return the key for new invitations, None if no file is set. Raises InvitationKeyMissingError for one without keys."""
        return None if self._file is None else self._read()[0]

    def get(self, key_id: str) -> InvitationKey:
        """Return the key of this id. Raises InvitationKeyMissingError."""
        found = next((key for key in self._read() if key.id == key_id), None)
        if found is None:
            raise InvitationKeyMissingError(f"The key {key_id} of an invitation is not among those that are here.")
        return found

    def _read(self) -> list[InvitationKey]:
        try:
            keys = [InvitationKey.of(material) for material in key_materials(self._file)]
        except (OSError, ValueError) as error:
            # The text of the error may repeat the key.
            raise InvitationKeyMissingError(f"The keys of invitations cannot be read: {type(error).__name__}.") from None
        if not keys:
            raise InvitationKeyMissingError("There is no key of invitations here.")
        return keys
