"""The issuer of the embedded run: makes its own key at first start and signs tokens for developers and the demo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import orjson
from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.clock import now
from shared.http.oidc import EMBEDDED, EMBEDDED_ISSUER, EMBEDDED_KID_PREFIX, RightsFrom
from shared.messages.values import Role
from shared.private_file import create_private_file

AUDIENCE = "efa-marktplatz"
LIFETIME = timedelta(hours=12)


class EmbeddedIssuer:
    """Signs whatever it is asked to; every environment but ``embedded`` refuses its tokens.

    The folder holds the private key (mode 0600) and beside it the public JWK set. Several processes may start at once.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.jwks_file = folder / "jwks.json"
        key_file = folder / "key.json"
        if not key_file.exists():
            create_private_file(key_file, orjson.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
        self._key = OKPKey.import_key(orjson.loads(key_file.read_bytes()))
        self._kid = EMBEDDED_KID_PREFIX + self._key.thumbprint()
        public = {**self._key.as_dict(private=False), "kid": self._kid, "use": "sig", "alg": "Ed25519"}
        create_private_file(self.jwks_file, orjson.dumps({"keys": [public]}))

    def environment(self) -> dict[str, str]:
        """Return the variables by which a process accepts this issuer."""
        return {
            "AUTH_ISSUER": EMBEDDED_ISSUER,
            "AUTH_AUDIENCE": AUDIENCE,
            "AUTH_JWKS_FILE": str(self.jwks_file),
            "AUTH_ENVIRONMENT": EMBEDDED,
            "AUTH_RIGHTS_FROM": RightsFrom.CLAIMS.value,
        }

    def sign_token(
        self,
        *,
        subject: str,
        organisation: str | None = None,
        organisation_name: str | None = None,
        roles: Iterable[Role] = (),
        lifetime: timedelta = LIFETIME,
        at: datetime | None = None,
    ) -> str:
        """Return an access token, valid from ``at`` (default: now) for ``lifetime``.

        Without an organisation it says who somebody is and no more.
        """
        issued = at or now()
        claims: dict[str, object] = {
            "iss": EMBEDDED_ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": int(issued.timestamp()),
            "exp": int((issued + lifetime).timestamp()),
        }
        if organisation is not None:
            claims |= {"org": organisation, "org_name": organisation_name or organisation}
            claims["roles"] = [Role(role).value for role in roles]
        return self._signed(claims, "at+jwt")

    def sign_identity(self, claims: Mapping[str, object]) -> str:
        """Return an ID token or a logout token with these claims, for the OpenID Connect provider of the embedded run."""
        return self._signed(claims, "JWT")

    def _signed(self, claims: Mapping[str, object], kind: str) -> str:
        header = {"alg": "Ed25519", "kid": self._kid, "typ": kind}
        return jwt.encode(header, dict(claims), self._key, algorithms=["Ed25519"])
