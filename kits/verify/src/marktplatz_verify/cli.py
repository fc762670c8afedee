"""The command ``marktplatz-verify``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from marktplatz_verify.forms import UnreadableError
from marktplatz_verify.keys import LOG, WITNESS, VerifierKey
from marktplatz_verify.report import UNREADABLE, Report
from marktplatz_verify.verifier import verify

_CODES = """exit codes:
  0  VALID       everything in the bundle verifies
  1  INVALID     something is wrong: the findings name it
  2  UNREADABLE  a file, key or bundle does not have its form, or the command line is wrong
  3  INCOMPLETE  nothing is wrong, but the findings name what is not proven
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UnreadableError(f"{message}\n{self.format_usage()}".rstrip())


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = _Parser(
        prog="marktplatz-verify",
        description="Verify an exported archive of contracts, without a network; prints one JSON object.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"marktplatz-verify {version('marktplatz-verify')}")
    parser.add_argument("bundle", nargs="?", metavar="BUNDLE", help="the exported file")

    def several(name: str, metavar: str, text: str, *, required: bool = False) -> None:
        parser.add_argument(name, action="append", nargs="+", default=[], required=required, metavar=metavar, help=text)

    several("--key", "VKEY", "public key of the log, as name+id+base64", required=True)
    several("--against", "CHECKPOINT_FILE", "a checkpoint that was kept earlier")
    several("--witness", "VKEY", "public key of a witness")
    parser.add_argument(
        "--quorum", type=_count, default=0, metavar="N", help="how many witnesses must have cosigned (default: 0)"
    )
    parser.add_argument(
        "--missing",
        action="store_true",
        help="list on standard error the documents that entries name and the file does not hold",
    )
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return int(text)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what is asked for. A bundle may also stand last, behind the values of an option."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    groups: list[list[str]] = [*options.key, *options.against, *options.witness]
    if options.bundle is None:
        longer = [group for group in groups if len(group) > 1]
        if len(longer) != 1:
            parser.error("BUNDLE is missing")
        options.bundle = longer[0].pop()
    return options


def _run(options: argparse.Namespace) -> Report:
    keys = [VerifierKey.parse(text, LOG) for group in options.key for text in group]
    witnesses = [VerifierKey.parse(text, WITNESS) for group in options.witness for text in group]
    against = [Path(path).read_bytes().decode() for group in options.against for path in group]
    with Path(options.bundle).open("rb") as bundle:
        return verify(bundle, keys, against, witnesses=witnesses, quorum=options.quorum)


def _print_missing(report: Report) -> None:
    """Print on standard error which documents the file does not hold: that is no finding, since they may be withheld."""
    for one in report.missing:
        print(f"missing: entry {one.at} {json.dumps(one.name)} {one.sha256}", file=sys.stderr)
    print(f"{len(report.missing)} of {report.documents} documents that entries name are not in the file", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit code."""
    try:
        options = _options(arguments)
        report = _run(options)
        if options.missing:
            _print_missing(report)
    except (UnreadableError, OSError, UnicodeError) as error:
        print(f"marktplatz-verify: {error}", file=sys.stderr)
        report = UNREADABLE
    print(json.dumps(report.as_json()))
    return int(report.verdict)
