"""The command ``efa-portal``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from efa_portal.commands import Exit, export, follow, show_status, verify_store
from efa_portal.connection import ConnectionSettingsError, Security
from efa_portal.errors import (
    BrokerError,
    PortalError,
    StoreDamagedError,
    StoreForeignError,
    StoreInUseError,
    StoreMissingError,
    StoreUnavailableError,
)
from efa_portal.health import PortalIdError
from efa_portal.variables import default

_CODES = """exit codes:
  0  all is well: in step, verified, exported, or ended as asked
  1  the store differs from the marketplace, or is damaged
  2  the command line or the connection settings are wrong
  3  there is no store, it holds no whole catalog yet, or it cannot be opened
  4  the broker cannot be reached, or refuses the portal
  5  not in step yet: behind, rebuilding, unverified, or no follower runs
  6  another follower holds the store

Every option can be given as a variable too: --bootstrap as EFA_BOOTSTRAP, --password-file as EFA_PASSWORD_FILE, and so on.
"""
_EXITS: tuple[tuple[type[PortalError], Exit], ...] = (
    (StoreDamagedError, Exit.DIFFERS),
    (ConnectionSettingsError, Exit.USAGE),
    (PortalIdError, Exit.USAGE),
    (StoreMissingError, Exit.NO_STORE),
    (StoreForeignError, Exit.NO_STORE),
    (StoreUnavailableError, Exit.NO_STORE),
    (BrokerError, Exit.BROKER),
    (StoreInUseError, Exit.IN_USE),
)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    what = "Follow the catalog of the EfA-Marktplatz into a local store."
    parser = argparse.ArgumentParser(prog="efa-portal", description=what, epilog=_CODES, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"efa-portal {version('efa-portal')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    store = argparse.ArgumentParser(add_help=False)
    given = default("STORE")
    store.add_argument("--store", type=Path, required=given is None, default=given, metavar="FILE", help="the SQLite file")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, parents=[store], help=text, description=text, epilog=_CODES, formatter_class=raw)

    _add_follow(add("follow", "Read the catalog, keep the store in step, verify it, report to the marketplace."))
    status = add("status", "Show how the store relates to the marketplace, as its follower last saw it.")
    status.add_argument("--json", action="store_true", help="as one JSON document")
    verify = add("verify", "Audit the store without a broker: every stored value, and the last checkpoint.")
    verify.add_argument("--json", action="store_true", help="as one JSON document")
    _add_export(add("export", "Write the offers or the known services, as the marketplace published them."))
    return parser


def _add_follow(parser: argparse.ArgumentParser) -> None:
    needed = default("BOOTSTRAP")
    parser.add_argument("--bootstrap", required=needed is None, default=needed, metavar="HOST:PORT", help="brokers, by commas")
    kinds = [kind.value for kind in Security]
    security = default("SECURITY") or Security.PLAINTEXT.value
    parser.add_argument("--security", choices=kinds, default=security, help="default: plaintext")
    for name, text in {
        "ca": "certificates that sign the brokers' (PEM); default: those of the system",
        "cert": "client certificate (PEM), with --security tls",
        "key": "its private key (PEM)",
        "password-file": "file with the password, with --security scram",
    }.items():
        parser.add_argument(f"--{name}", type=Path, default=default(name), metavar="FILE", help=text)
    parser.add_argument("--username", default=default("USERNAME"), metavar="NAME", help="user name, with --security scram")
    portal = "id in health reports; only for tests with --security plaintext, else it is the name in the credentials"
    parser.add_argument("--portal", default=default("PORTAL"), metavar="ID", help=portal)
    parser.add_argument("--once", action="store_true", help="end when everything is in step, verified by a checkpoint")
    parser.add_argument(
        "--timeout", type=float, default=300.0, metavar="SECONDS", help="with --once: give up after (default: 300)"
    )
    parser.add_argument("--verbose", action="store_true", help="show what the client library says too")


def _add_export(parser: argparse.ArgumentParser) -> None:
    kinds = ["offers", "known-services"]
    parser.add_argument("--kind", choices=kinds, default=kinds[0], help="default: offers")
    parser.add_argument(
        "--state", action="append", default=[], metavar="STATE", help="only offers in this state; may be repeated"
    )
    parser.add_argument(
        "--format", choices=["jsonl", "json"], default="jsonl", help="a line for each, or one list (default: jsonl)"
    )


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "follow":
            return follow(options)
        case "status":
            return show_status(options.store, as_json=options.json)
        case "verify":
            return verify_store(options.store, as_json=options.json)
        case _:
            return export(options.store, options.kind, options.state, as_list=options.format == "json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit code."""
    options = build_parser().parse_args(arguments)
    code: int = Exit.WELL
    try:
        code = _run(options)
        sys.stdout.flush()
    except PortalError as error:
        print(f"efa-portal: {error}", file=sys.stderr)
        code = next((code for kind, code in _EXITS if isinstance(error, kind)), Exit.USAGE)
    except BrokenPipeError:  # who reads has enough; Python flushes once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"efa-portal: {error}", file=sys.stderr)
        code = Exit.NO_STORE
    except KeyboardInterrupt:
        print("efa-portal: ended", file=sys.stderr)
    return int(code)
