"""The command ``efa-partner``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from efa_partner import cli_events, cli_keys, options
from efa_partner.commands import COMMANDS
from efa_partner.conformance import command as conformance
from efa_partner.errors import Exit, PartnerError
from efa_partner.keys import FEWEST_RSA_BITS, Algorithm, KeyFormat
from efa_partner.partner import TIMEOUT
from efa_partner.signing import LIFETIME
from efa_partner.variables import default

_CODES = """exit codes:
  0  done: accepted, or all cases passed
  1  refused or quarantined, or a case failed
  2  the command line, the settings or the command's fields are wrong
  3  a key file or the journal cannot be used
  4  the broker cannot be reached, or refuses the partner
  5  no receipt in time, or cases could not be run: try again
  6  a receipt or the marketplace's keys cannot be trusted

Every option can be given as a variable too: --bootstrap as EFA_BOOTSTRAP, --signing-key as EFA_SIGNING_KEY, and so on.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    what = "Send signed order events to the EfA-Marktplatz, await their receipts, prove that it all fits."
    parser = argparse.ArgumentParser(prog="efa-partner", description=what, epilog=_CODES, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"efa-partner {version('efa-partner')}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = subparsers.add_parser(
            name, help=text, description=text, epilog=_CODES, formatter_class=raw
        )
        options.add_json(made)
        return made

    _add_keys(add("keygen", "Make a signing key in a file that only you can read."), cli_keys.keygen)
    public = add("public-key", "Show what the operator registers: id and public part of a key.")
    options.add_signing_key(public)
    public.set_defaults(run=cli_keys.public_key)
    rotate = add("rotate", "Make the next signing key, and the request for it, signed with the present one.")
    options.add_identity(rotate)
    rotate.add_argument("--request", type=Path, required=True, metavar="FILE", help="where the request for the marketplace goes")
    _add_keys(rotate, cli_keys.rotate)
    _add_events(add)
    conformance.add_options(add("conformance", "Try good and bad records on a test environment, and report."))
    return parser


def _add_keys(parser: argparse.ArgumentParser, run: cli_keys.Command) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the new key's file; it must not exist")
    algorithms = [algorithm.value for algorithm in Algorithm]
    parser.add_argument("--algorithm", choices=algorithms, default=algorithms[0], help="default: EdDSA (Ed25519)")
    parser.add_argument("--format", choices=[form.value for form in KeyFormat], default=KeyFormat.JWK.value, help="default: jwk")
    parser.add_argument("--new-kid", default=None, metavar="ID", help="id of the new key; default: its RFC 7638 thumbprint")
    parser.add_argument(
        "--bits", type=int, default=FEWEST_RSA_BITS, metavar="N", help=f"of an RSA key (default: {FEWEST_RSA_BITS})"
    )
    parser.set_defaults(run=run)


def _add_events(add: options.AddParser) -> None:
    names = ", ".join(COMMANDS)
    for name, text, run in (
        ("sign", "Sign a command and store it in the journal; nothing is sent.", cli_events.sign),
        (
            "send",
            "Sign, send, and await the receipt; what is in the journal already is sent again, byte for byte.",
            cli_events.send,
        ),
    ):
        parser = add(name, text)
        options.add_identity(parser)
        options.add_journal(parser)
        parser.add_argument("--type", default=None, metavar="COMMAND", help=names)
        what = "file with the fields as a JSON object, - for standard input"
        parser.add_argument("--data", default=None, metavar="FILE", help=what)
        parser.add_argument(
            "--jti", default=None, metavar="ID", help="id of the event, best from your own records; default: a UUID"
        )
        lifetime = f"until the broker must have it (default: {LIFETIME})"
        parser.add_argument("--lifetime", type=int, default=LIFETIME, metavar="SECONDS", help=lifetime)
        parser.set_defaults(run=run)
        if name == "send":
            options.add_connection(parser)
            options.add_jwks(parser)
            parser.add_argument("--pending", action="store_true", help="send whatever has no receipt yet, instead of a new event")
            parser.add_argument("--no-wait", action="store_true", help="do not await the receipt")
            _add_timeout(parser)
    receipts = add("receipts", "Show the receipts on the topic, verified, and store those of the journal's events.")
    for part in (options.add_identity, options.add_journal, options.add_connection, options.add_jwks):
        part(receipts)
    receipts.add_argument("--follow", action="store_true", help="go on with those to come, until interrupted")
    receipts.add_argument("--jti", default=None, metavar="ID", help="await the receipt of this event of the journal only")
    _add_timeout(receipts)
    receipts.set_defaults(run=cli_events.receipts)
    status = add("status", "Show what the journal holds, without a broker: signed, sent, answered.")
    options.add_journal(status)
    status.add_argument("--partner", default=default("partner"), metavar="ID", help="id of the partner")
    status.set_defaults(run=cli_events.status)


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--timeout", type=float, default=TIMEOUT, metavar="SECONDS", help=f"for a receipt (default: {TIMEOUT:g})")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit code."""
    given = build_parser().parse_args(arguments)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    code: int
    try:
        code = given.run(given)
        sys.stdout.flush()
    except PartnerError as error:
        if given.json:
            print(json.dumps({"error": {"code": error.code, "detail": str(error)}}, ensure_ascii=False), file=sys.stderr)
        else:
            print(f"efa-partner: {error} [{error.code}]", file=sys.stderr)
        code = error.exit
    except BrokenPipeError:  # who reads has enough; Python flushes once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.WELL
    except OSError as error:
        print(f"efa-partner: {error}", file=sys.stderr)
        code = Exit.FILE
    except KeyboardInterrupt:
        print("efa-partner: interrupted; what was signed is in the journal", file=sys.stderr)
        code = Exit.WAITING
    return int(code)
