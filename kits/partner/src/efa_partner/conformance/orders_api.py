"""Vorgänge of the test environment, read over HTTP: what the cases need to know of them lies in no receipt."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

from efa_partner.errors import PartnerError, SettingsError
from efa_partner.jwks import checked_url, opener

_TIMEOUT = 30.0


class OrdersApiError(PartnerError):
    """The HTTP API does not answer, or refuses."""


class OrdersApi:
    """Reads Vorgänge of the organisation. ``token``: a bearer token of somebody who may see them."""

    def __init__(self, base: str, token: Path, ca: Path | None = None) -> None:
        self._base = checked_url(base, "--api").rstrip("/")
        self._opener = opener(ca)
        try:
            self._token = token.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"the token file {token} cannot be read: {error}", code="token_unreadable") from error

    async def order(self, order_id: str) -> dict[str, Any]:
        """Return a Vorgang in full. Raises OrdersApiError."""
        return await asyncio.to_thread(self._get, f"/v1/orders/{quote(order_id)}")

    async def in_state(self, state: str) -> list[dict[str, Any]]:
        """Return the Vorgänge of a state as the organisation's Kunde, newest first, each in full. Raises OrdersApiError."""
        listed = await asyncio.to_thread(self._get, f"/v1/orders?state={quote(state)}&party=KUNDE")
        return [await self.order(str(item["id"])) for item in listed["items"]]

    def _get(self, path: str) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - https, or this machine: checked above
            f"{self._base}{path}", headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                found: dict[str, Any] = json.loads(answer.read())
                return found
        except urllib.error.HTTPError as error:
            raise OrdersApiError(f"{self._base}{path} answers {error.code}", code="api_refuses") from error
        except (OSError, ssl.SSLError, ValueError) as error:
            raise OrdersApiError(f"{self._base}{path} cannot be read: {error}", code="api_unavailable") from error
