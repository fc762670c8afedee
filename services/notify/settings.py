"""Settings of notify."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, IPvAnyNetwork, StringConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.notify.domain.digest import Pace
from shared.mail_address import MailAddress
from shared.messages.values import Line

Security = Literal["none", "starttls", "tls"]
_DEFAULT_PORTS: dict[Security, int] = {"none": 25, "starttls": 587, "tls": 465}
_NO_DOMAIN = ".invalid"
MARGIN = timedelta(seconds=5)
LEAST_INBOX_AGE = timedelta(days=100)
"""How long every notification is there: longer than the topics hold the events, except those that hold the newest for ever."""


class Settings(BaseSettings):
    """Where mail goes and how patient the sender is, from ``NOTIFY_…`` variables.

    Without ``smtp_host`` e-mails wait (VORGEMERKT) and the metric ``notify_smtp_configured`` is 0. ``smtp_security`` is
    ``starttls`` unless the host is this machine; a password never travels in clear to another one. ``lease`` bounds how long
    one worker may hold a mail; others watch it stand for as long before they take it over. Events older than
    ``mail_max_age`` go to the inbox only: they come from a topic that is read again. Notifications older than
    ``inbox_max_age`` are deleted, and events as old make none; ``purge_every`` is the pause between two such deletions.
    ``max_attempts`` with the back-off reaches over four days (RFC 5321, section 4.5.4.1). ``invitation_keys``: file of the keys
    that eligibility has too, by which invitations are sent; without it they wait. Without ``portal_url`` texts have no links.
    Mails about one matter within ``mail_window`` leave as one, with 0 each by itself; digests leave at ``digest_hour``.

    Webhooks: ``webhook_keys`` is the file of the keys that their secrets are made of; without it there are none. Of addresses
    that are not public only those in ``webhook_networks`` are called, and public ones in ``webhook_refused_networks`` are not.
    ``webhook_disable_after``: as long may a webhook fail. ``webhook_overlap``: as long an old secret signs along.
    ``webhook_max_age``: deliveries older than that are deleted, and events as old make none.
    """

    model_config = SettingsConfigDict(env_prefix="NOTIFY_", extra="ignore")

    smtp_host: str | None = None
    smtp_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    smtp_security: Security | None = None
    smtp_username: str | None = None
    smtp_username_file: Path | None = None
    smtp_password_file: Path | None = None
    smtp_ca_file: Path | None = None
    smtp_connect_timeout: timedelta = timedelta(seconds=10)
    smtp_send_timeout: timedelta = timedelta(seconds=30)
    smtp_connections: Annotated[int, Field(ge=1, le=20)] = 2

    sender_name: Line = "EfA-Marktplatz"
    sender_address: MailAddress = "no-reply@marktplatz.invalid"
    portal_url: Annotated[str, StringConstraints(pattern=r"^https?://[!$-.0-;=@-~]+(/[!$-;=@-~]*)?$")] | None = None
    time_zone: str = "Europe/Berlin"

    invitation_keys: Path | None = None
    mail_max_age: timedelta = timedelta(days=7)
    mail_window: timedelta = timedelta(minutes=2)
    digest_hour: Annotated[int, Field(ge=0, le=23)] = 7
    inbox_max_age: timedelta = timedelta(days=730)
    webhook_keys: Path | None = None
    webhook_networks: frozenset[IPvAnyNetwork] = frozenset()
    webhook_refused_networks: frozenset[IPvAnyNetwork] = frozenset()
    webhook_timeout: timedelta = timedelta(seconds=10)
    webhook_connections: Annotated[int, Field(ge=1, le=50)] = 8
    webhook_disable_after: timedelta = timedelta(days=5)
    webhook_overlap: timedelta = timedelta(days=1)
    webhook_max_age: timedelta = timedelta(days=30)
    purge_every: timedelta = timedelta(hours=6)
    batch: Annotated[int, Field(ge=1, le=500)] = 50
    lease: timedelta = timedelta(minutes=5)
    poll: timedelta = timedelta(seconds=5)
    max_attempts: Annotated[int, Field(ge=1)] = 64
    retry_first: timedelta = timedelta(seconds=30)
    retry_longest: timedelta = timedelta(hours=2)

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone {value}") from error
        return value

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.inbox_max_age < LEAST_INBOX_AGE:
            raise ValueError(f"NOTIFY_INBOX_MAX_AGE must be {LEAST_INBOX_AGE.days} days at least")
        if self.purge_every <= timedelta(0):
            raise ValueError("NOTIFY_PURGE_EVERY must be longer than nothing")
        if not timedelta(0) < self.webhook_timeout < self.lease - MARGIN:
            raise ValueError("NOTIFY_WEBHOOK_TIMEOUT must be longer than nothing and shorter than NOTIFY_LEASE by five seconds")
        if self.webhook_max_age < timedelta(days=1):
            raise ValueError("NOTIFY_WEBHOOK_MAX_AGE must be a day at least")
        return self

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.mail_window < timedelta(0):
            raise ValueError("NOTIFY_MAIL_WINDOW must not be negative")
        if self.mail_max_age <= timedelta(0):
            raise ValueError("NOTIFY_MAIL_MAX_AGE must be longer than nothing")
        if self.lease < self.smtp_connect_timeout + self.smtp_send_timeout + MARGIN:
            raise ValueError("NOTIFY_LEASE must be longer than both SMTP time-outs together and five seconds")
        if self.smtp_username is not None and self.smtp_username_file is not None:
            raise ValueError("set NOTIFY_SMTP_USERNAME or NOTIFY_SMTP_USERNAME_FILE, not both")
        if self.logs_in != (self.smtp_password_file is not None):
            raise ValueError("NOTIFY_SMTP_USERNAME (or NOTIFY_SMTP_USERNAME_FILE) and NOTIFY_SMTP_PASSWORD_FILE go together")
        if self.smtp_host is None or _is_this_machine(self.smtp_host):
            return self
        if self.security == "none" and self.logs_in:
            raise ValueError("a password must not travel in clear: set NOTIFY_SMTP_SECURITY to starttls or tls")
        if self.sender_address.endswith(_NO_DOMAIN):
            raise ValueError("set NOTIFY_SENDER_ADDRESS: the receiving servers check the sender's domain")
        return self

    @property
    def pace(self) -> Pace:
        """When mails leave."""
        return Pace(self.mail_window, self.digest_hour)

    @property
    def logs_in(self) -> bool:
        """Whether the sender logs in to the mail server."""
        return self.smtp_username is not None or self.smtp_username_file is not None

    @property
    def security(self) -> Security:
        """How the connection is protected."""
        if self.smtp_security is not None:
            return self.smtp_security
        return "none" if self.smtp_host is not None and _is_this_machine(self.smtp_host) else "starttls"

    @property
    def port(self) -> int:
        """Port of the mail server."""
        return self.smtp_port or _DEFAULT_PORTS[self.security]


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
