"""How to reach the broker, and the few times and sizes of our clients. Environment prefix ``KAFKA_``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.bus.certificates import Certificates, certificates


class KafkaSettings(BaseSettings):
    """Connection and client settings. Passwords come as a value or, better, as a file that a secret is mounted to."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", extra="ignore")

    bootstrap_servers: str
    client_id: str = "efa-marktplatz"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ssl_ca_file: Path | None = None
    ssl_cert_file: Path | None = None
    ssl_key_file: Path | None = None
    renew_every: timedelta = timedelta(minutes=1)
    """How often the certificate files are looked at; a renewed one counts for connections made from then on."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    sasl_password_file: Path | None = None

    publish_timeout: timedelta = timedelta(seconds=5)
    linger: timedelta = timedelta(milliseconds=2)
    metadata_age: timedelta = timedelta(seconds=30)
    """How long a client trusts what it knows of topics and leaders: as long it may be deaf to a topic that was created again."""

    max_records: int = Field(default=500, ge=1)
    batch_wait: timedelta = timedelta(milliseconds=15)
    group_instance_id: str | None = None
    """Static membership: a process that comes back under the same name takes up its partitions at once, even after kill -9.

    Two processes with one name fence each other out: set it only where names are unique (one process, a StatefulSet).
    """
    session_timeout: timedelta = timedelta(seconds=45)
    heartbeat: timedelta = timedelta(seconds=3)
    rebalance_timeout: timedelta = timedelta(seconds=90)
    stop_timeout: timedelta = timedelta(seconds=20)
    stall_after: timedelta = timedelta(seconds=60)
    check_every: timedelta = timedelta(seconds=5)
    dead_letters_in_a_row: int = Field(default=20, ge=1)
    quarantines_per_hour: int = Field(default=3, ge=0)

    def connection(self) -> dict[str, Any]:
        """Return the keyword arguments that every aiokafka client takes. Raises OSError for a missing file."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "client_id": self.client_id,
            "security_protocol": self.security_protocol,
            "metadata_max_age_ms": milliseconds(self.metadata_age),
        }
        if (found := self.certificates()) is not None:
            arguments["ssl_context"] = found.context
        if self.security_protocol.startswith("SASL"):
            arguments["sasl_mechanism"] = self.sasl_mechanism
            arguments["sasl_plain_username"] = self.sasl_username
            arguments["sasl_plain_password"] = self._password()
        return arguments

    def certificates(self) -> Certificates | None:
        """Return what TLS connections show and trust, None without TLS. Raises OSError for a missing or unfit file."""
        if self.security_protocol not in ("SSL", "SASL_SSL"):
            return None
        return certificates(self.ssl_ca_file, self.ssl_cert_file, self.ssl_key_file)

    def _password(self) -> str | None:
        if self.sasl_password_file is not None:
            return self.sasl_password_file.read_text(encoding="utf-8").strip()
        return None if self.sasl_password is None else self.sasl_password.get_secret_value()


def milliseconds(duration: timedelta) -> int:
    """Return a duration in whole milliseconds, as Kafka's settings want it."""
    return duration // timedelta(milliseconds=1)
