"""The marketplace's public keys (JWK Set, RFC 7517), from a file or over HTTPS."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from efa_partner.errors import JwksError, SettingsError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TIMEOUT = 30.0
_MOST_BYTES = 1024 * 1024
_PAUSE = 10.0
"""Seconds between two look-ups for keys that are not in the set: nobody makes us ask without end."""


def checked_url(url: str, what: str) -> str:
    """Return an address if it is HTTPS, or HTTP to this machine. Raises SettingsError (``address_insecure``)."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return url
    raise SettingsError(f"{what} must be https (http only to this machine): {url}", code="address_insecure")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: who signs is asked where the operator said, nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


def opener(ca: Path | None) -> urllib.request.OpenerDirector:
    """Return what opens HTTPS addresses, trusting the certificates in ``ca`` or those of the system; it follows no redirect."""
    context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirect())


class Jwks:
    """The keys by id. A key that is not known yet makes it look again, at most every ten seconds."""

    def __init__(self, source: str, ca: Path | None = None) -> None:
        """``source``: a file or an https address. Raises SettingsError for another kind of address."""
        self.source = checked_url(source, "--jwks") if "://" in source else source
        self._ca = ca
        self._keys: dict[str, OKPKey] = {}
        self._looked: float | None = None

    def key(self, kid: str) -> OKPKey:
        """Return the key of an id. Blocks while it looks. Raises JwksError (``jwks_unavailable``, ``receipt_key_unknown``)."""
        due = self._looked is None or time.monotonic() - self._looked > _PAUSE
        if kid not in self._keys and due:
            self._keys = self._load()
            self._looked = time.monotonic()
        if kid not in self._keys:
            detail = f"the receipt is signed with the key {kid}, which {self.source} does not hold; fetch the set again"
            raise JwksError(detail, code="receipt_key_unknown")
        return self._keys[kid]

    def _load(self) -> dict[str, OKPKey]:
        try:
            listed = json.loads(self._content())["keys"]
            found = {str(jwk["kid"]): jwk for jwk in listed if jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519"}
            return {kid: OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x")}) for kid, jwk in found.items()}
        except urllib.error.HTTPError as error:
            raise JwksError(f"{self.source} answers {error.code}", code="jwks_unavailable") from error
        except (OSError, ssl.SSLError) as error:
            raise JwksError(f"{self.source} cannot be read: {error}", code="jwks_unavailable") from error
        except (ValueError, KeyError, TypeError, AttributeError, JoseError) as error:
            raise JwksError(f"{self.source} holds no JWK set", code="jwks_unavailable") from error

    def _content(self) -> bytes:
        if "://" not in self.source:
            return Path(self.source).read_bytes()
        with opener(self._ca).open(self.source, timeout=_TIMEOUT) as answer:
            content: bytes = answer.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError("it is too large")
        return content
