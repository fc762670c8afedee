"""Options of the command line that several subcommands share, each also given by a variable ``EFA_…``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Protocol

from efa_partner import keys
from efa_partner.connection import Connection, Security
from efa_partner.errors import SettingsError
from efa_partner.jwks import Jwks
from efa_partner.partner import AUDIENCE, PartnerSettings
from efa_partner.signing import LIFETIME
from efa_partner.variables import default


def add_identity(parser: argparse.ArgumentParser) -> None:
    """Add who the partner is and with which key it signs."""
    what = "id of the partner; default: the name in the credentials of the connection"
    parser.add_argument("--partner", default=default("partner"), metavar="ID", help=what)
    parser.add_argument("--audience", default=default("audience") or AUDIENCE, metavar="NAME", help=f"default: {AUDIENCE}")
    add_signing_key(parser)


def add_signing_key(parser: argparse.ArgumentParser) -> None:
    """Add the private key."""
    given = default("signing-key")
    parser.add_argument(
        "--signing-key", type=Path, default=given, required=given is None, metavar="FILE", help="private key, JWK or PEM"
    )
    parser.add_argument(
        "--kid", default=default("kid"), metavar="ID", help="id of the key; default: that of the JWK, else its thumbprint"
    )


def add_journal(parser: argparse.ArgumentParser) -> None:
    """Add the file that remembers what was signed and sent."""
    given = default("journal") or "efa-partner.sqlite"
    parser.add_argument("--journal", type=Path, default=given, metavar="FILE", help="SQLite file (default: efa-partner.sqlite)")


def add_jwks(parser: argparse.ArgumentParser) -> None:
    """Add the marketplace's public keys."""
    given = default("jwks")
    what = "public keys of the marketplace: a file, or an https address"
    parser.add_argument("--jwks", default=given, required=given is None, metavar="FILE|URL", help=what)
    ca = "certificates (PEM) for https; default: those of the system"
    parser.add_argument("--https-ca", type=Path, default=default("https-ca"), metavar="FILE", help=ca)


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add how the broker is reached."""
    given = default("bootstrap")
    parser.add_argument("--bootstrap", required=given is None, default=given, metavar="HOST:PORT", help="brokers, by commas")
    kinds = [kind.value for kind in Security]
    security = default("security") or Security.PLAINTEXT.value
    parser.add_argument("--security", choices=kinds, default=security, help="default: plaintext")
    for name, text in {
        "ca": "certificates that sign the brokers' (PEM); default: those of the system",
        "cert": "client certificate (PEM), with --security tls",
        "key": "private key of the client certificate (PEM); the key that signs events is --signing-key",
        "password-file": "file with the password, with --security scram",
    }.items():
        parser.add_argument(f"--{name}", type=Path, default=default(name), metavar="FILE", help=text)
    parser.add_argument("--username", default=default("username"), metavar="NAME", help="user name, with --security scram")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the choice of output for programs."""
    parser.add_argument("--json", action="store_true", help="one JSON document a line, for programs")


def connection(options: argparse.Namespace) -> Connection:
    """Return the connection. Raises ConnectionSettingsError."""
    return Connection(
        options.bootstrap,
        Security(options.security),
        options.ca,
        options.cert,
        options.key,
        options.username,
        options.password_file,
    )


def partner_id(options: argparse.Namespace, link: Connection | None = None) -> str:
    """Return the partner's id: as given, else as the broker knows it. Raises SettingsError (``partner_missing``)."""
    known: str | None = options.partner or (None if link is None else link.principal)
    if known is None:
        raise SettingsError("it is not said who the partner is: give --partner", code="partner_missing")
    return known


def settings(options: argparse.Namespace) -> PartnerSettings:
    """Return the settings of a partner that talks to the broker. Raises PartnerError."""
    link = connection(options)
    return PartnerSettings(
        link,
        partner_id(options, link),
        keys.read(options.signing_key, options.kid),
        options.journal,
        Jwks(options.jwks, options.https_ca),
        options.audience,
        getattr(options, "lifetime", LIFETIME),
    )


class AddParser(Protocol):
    """Adds a subcommand."""

    def __call__(self, name: str, text: str) -> argparse.ArgumentParser:
        """Return the parser of a new subcommand."""
