"""How the kit reaches the broker: addresses, transport security, and the name that the broker knows the portal by."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from aiokafka.helpers import create_ssl_context

from efa_portal.certificate import common_name
from efa_portal.errors import PortalError


class Security(StrEnum):
    """How the connection is secured and how the portal proves who it is."""

    PLAINTEXT = "plaintext"
    TLS = "tls"
    SCRAM = "scram"


class ConnectionSettingsError(PortalError):
    """The settings of the connection do not fit together, or name files that cannot be used."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Addresses and credentials.

    ``tls``: the client certificate in ``cert`` and ``key`` (PEM) names the portal. ``scram``: SCRAM-SHA-512 over TLS, with the
    password in a file. ``ca``: certificates (PEM) of who signs the brokers'; those of the system if there is none.
    """

    bootstrap: str
    security: Security = Security.PLAINTEXT
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    username: str | None = None
    password_file: Path | None = None

    def __post_init__(self) -> None:
        """Raise ConnectionSettingsError for what lacks or does not fit the kind of security."""
        if not self.bootstrap:
            raise ConnectionSettingsError("no broker is named: give --bootstrap host:port")
        given = {
            "--ca": self.ca,
            "--cert": self.cert,
            "--key": self.key,
            "--username": self.username,
            "--password-file": self.password_file,
        }
        needed, allowed = _FLAGS[self.security]
        missing = [flag for flag in needed if given[flag] is None]
        if missing:
            raise ConnectionSettingsError(f"--security {self.security} needs {' and '.join(missing)}")
        surplus = [flag for flag, value in given.items() if value is not None and flag not in (*needed, *allowed)]
        if surplus:
            raise ConnectionSettingsError(f"--security {self.security} does not go with {' and '.join(surplus)}")

    @property
    def principal(self) -> str | None:
        """The name that the broker knows the portal by: the SCRAM user, or the CN of the client certificate; None in plain text.

        Raises ConnectionSettingsError if the certificate cannot be read.
        """
        if self.security is Security.SCRAM:
            return self.username
        if self.cert is None:
            return None
        try:
            return common_name(self.cert.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise ConnectionSettingsError(f"the client certificate {self.cert} cannot be read: {error}") from error

    def options(self) -> dict[str, object]:
        """Return the options of an aiokafka client. Raises ConnectionSettingsError if a file cannot be used."""
        options: dict[str, object] = {"bootstrap_servers": self.bootstrap, "client_id": "efa-portal"}
        if self.security is Security.PLAINTEXT:
            return options
        options |= {"security_protocol": "SSL", "ssl_context": self._ssl_context()}
        if self.security is Security.SCRAM:
            options |= {
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": self.username,
                "sasl_plain_password": self._password(),
            }
        return options

    def _password(self) -> str:
        try:
            password = Path(str(self.password_file)).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConnectionSettingsError(f"the password file {self.password_file} cannot be read: {error}") from error
        if not password:
            raise ConnectionSettingsError(f"the password file {self.password_file} is empty")
        return password

    def _ssl_context(self) -> ssl.SSLContext:
        files = {"cafile": self.ca, "certfile": self.cert, "keyfile": self.key}
        try:
            for path in files.values():
                if path is not None:
                    path.read_bytes()
            names = {name: None if path is None else str(path) for name, path in files.items()}
            context: ssl.SSLContext = create_ssl_context(**names)
        except (OSError, ssl.SSLError) as error:
            raise ConnectionSettingsError(f"the certificates or the key cannot be used: {error}") from error
        return context


_FLAGS: dict[Security, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Security.PLAINTEXT: ((), ()),
    Security.TLS: (("--cert", "--key"), ("--ca",)),
    Security.SCRAM: (("--username", "--password-file"), ("--ca",)),
}
"""The flags that a kind of security needs, and those that it allows."""
