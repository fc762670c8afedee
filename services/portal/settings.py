"""Settings of the portal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.mail_address import MailAddress

Url = Annotated[str, StringConstraints(pattern=r"^https?://[!$-.0-;=@-~]+(/[!$-;=@-~]*)?$")]
LOCAL = "http://127.0.0.1"


class Settings(BaseSettings):
    """Where people reach the portal, where it reaches the services, what the operator states, from ``PORTAL_…`` variables.

    ``public_url``: scheme and host as people see them; a browser takes session cookies over https only, or on this machine.
    ``…_url``: the APIs as this process reaches them. ``api_timeout``: how long a page waits for one of them.
    ``oidc_…``: the identity provider, and what the portal is there; without an issuer nobody can log in. It must accept
    ``<public_url>/login/callback`` to come back to, and ``<public_url>/`` after a logout; ``oidc_scope`` is what is asked for.
    ``session_keys``: file of the keys by which tokens are encrypted at rest, 32 bytes in base64 each, one a line; the first
    encrypts. ``run`` is a part of the cookies' names, by which two portals on one host are told apart.
    ``operator…``: who answers for the site (§ 5 DDG); ``feedback_address`` takes reports of barriers (§ 12b BGG). Each of
    ``easy_language_url``, ``sign_language_url`` and ``privacy_url`` is linked where it is set. ``home_url``: the portal where
    offers are ordered, for one that only shows them.
    """

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore")

    public_url: Url = "http://127.0.0.1:8000"
    catalog_url: Url = LOCAL
    eligibility_url: Url = LOCAL
    ordering_url: Url = LOCAL
    contracts_url: Url = LOCAL
    notify_url: Url = LOCAL
    api_timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(seconds=30))] = timedelta(seconds=5)

    oidc_issuer: Url | None = None
    oidc_client_id: Annotated[str, Field(min_length=1)] = "portal"
    oidc_client_secret_file: Path | None = None
    oidc_scope: Annotated[str, Field(pattern=r"(^|.* )openid($| .*)")] = "openid profile"
    session_keys: Path | None = None
    run: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,20}$")] = "session"

    operator: Annotated[str, Field(min_length=1)] = "EfA-Marktplatz"
    operator_address: str = ""
    operator_mail: MailAddress | None = None
    feedback_address: MailAddress | None = None
    easy_language_url: Url | None = None
    sign_language_url: Url | None = None
    privacy_url: Url | None = None
    home_url: Url | None = None

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.public_url.rstrip("/").count("/") != len("//"):
            raise ValueError("PORTAL_PUBLIC_URL must name scheme and host only, such as https://marktplatz.example")
        if self.oidc_issuer is not None and self.session_keys is None:
            raise ValueError("PORTAL_OIDC_ISSUER needs PORTAL_SESSION_KEYS: tokens are stored encrypted only")
        return self

    @property
    def origin(self) -> str:
        """Return the origin of the pages (RFC 6454)."""
        return self.public_url.rstrip("/")
