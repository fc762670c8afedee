"""Signatures of webhooks by the Standard Webhooks specification 1.0, and the secrets that make them.

A secret is computed from a key of the marketplace, the webhook and a generation: it stands in no database and in no backup.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from services.notify.domain.webhook import Secret
from shared.errors import RetryableError
from shared.key_file import key_materials

PREFIX = "whsec_"


class WebhookKeyMissingError(RetryableError):
    """A key of webhooks is not there (HTTP 503): mount the file that the settings name, with all keys still in use."""

    code = "webhook_key_missing"


@dataclass(frozen=True, slots=True)
class WebhookKey:
    """One key; ``id`` names it without giving it away."""

    id: str
    _material: bytes = field(repr=False)

    @classmethod
    def of(cls, material: bytes) -> WebhookKey:
        """Return the key of this material, which should be random."""
        return cls(hmac.digest(material, b"id of the key", hashlib.sha256).hex()[:16], material)

    def secret_of(self, webhook_id: str, generation: int) -> str:
        """Return the secret of a webhook: ``whsec_`` and 32 bytes in base64."""
        purpose = f"secret of webhook {webhook_id} {generation}".encode()
        return PREFIX + base64.b64encode(hmac.digest(self._material, purpose, hashlib.sha256)).decode()


class WebhookKeys:
    """The keys in a file, one per line in base64, read at each use: the first makes what is new, all serve what is in use."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def first(self) -> WebhookKey:
        """Return the key for new secrets. Raises WebhookKeyMissingError."""
        return self._read()[0]

    def secret_of(self, webhook_id: str, secret: Secret) -> str:
        """Return a secret in clear. Raises WebhookKeyMissingError."""
        found = next((key for key in self._read() if key.id == secret.key), None)
        if found is None:
            raise WebhookKeyMissingError(f"The key {secret.key} of a webhook is not among those that are here.")
        return found.secret_of(webhook_id, secret.generation)

    def _read(self) -> list[WebhookKey]:
        try:
            keys = [WebhookKey.of(material) for material in key_materials(self._file)]
        except (OSError, ValueError) as error:
            # The text of the error may repeat the key.
            raise WebhookKeyMissingError(f"The keys of webhooks cannot be read: {type(error).__name__}.") from None
        if not keys:
            raise WebhookKeyMissingError("There is no key of webhooks here: no webhook can be signed.")
        return keys


def signed_headers(webhook_id: str, at: datetime, content: bytes, signing: Sequence[str]) -> dict[str, str]:
    """Return the three headers of the specification; one signature per secret. Raises ValueError for a malformed secret."""
    timestamp = str(int(at.timestamp()))
    signed = f"{webhook_id}.{timestamp}.".encode() + content
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in signing),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
