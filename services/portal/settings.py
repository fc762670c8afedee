"""Settings of the portal."""

from __future__ import annotations

from datetime import timedelta
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
    ``operator…``: who answers for the site (§ 5 DDG); ``feedback_address`` takes reports of barriers (§ 12b BGG). Each of
    ``easy_language_url``, ``sign_language_url`` and ``privacy_url`` is linked where it is set.
    """

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore")

    public_url: Url = "http://127.0.0.1:8000"
    catalog_url: Url = LOCAL
    eligibility_url: Url = LOCAL
    ordering_url: Url = LOCAL
    contracts_url: Url = LOCAL
    notify_url: Url = LOCAL
    api_timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(seconds=30))] = timedelta(seconds=5)

    operator: Annotated[str, Field(min_length=1)] = "EfA-Marktplatz"
    operator_address: str = ""
    operator_mail: MailAddress | None = None
    feedback_address: MailAddress | None = None
    easy_language_url: Url | None = None
    sign_language_url: Url | None = None
    privacy_url: Url | None = None

    @model_validator(mode="after")
    def _names_no_path(self) -> Self:
        if self.public_url.rstrip("/").count("/") != len("//"):
            raise ValueError("PORTAL_PUBLIC_URL must name scheme and host only, such as https://marktplatz.example")
        return self

    @property
    def origin(self) -> str:
        """Return the origin of the pages (RFC 6454)."""
        return self.public_url.rstrip("/")
