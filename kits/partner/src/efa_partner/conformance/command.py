"""The subcommand ``conformance``."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from efa_partner import keys, options
from efa_partner.conformance import report
from efa_partner.conformance.bench import Bench, Target
from efa_partner.conformance.orders_api import OrdersApi
from efa_partner.conformance.report import Report
from efa_partner.conformance.run import Result, Verdict, run
from efa_partner.conformance.transport import KafkaTransport
from efa_partner.connection import Connection
from efa_partner.errors import Exit, SettingsError
from efa_partner.jwks import Jwks
from efa_partner.output import show
from efa_partner.variables import default


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the run."""
    for part in (options.add_identity, options.add_connection, options.add_jwks):
        part(parser)
    add = parser.add_argument
    for name, text in {
        "organisation": "an organisation that the partner acts for as Kunde",
        "offering": "id of an offer in the test environment that it may order",
        "channel": "channel of the offer, such as govdigital",
    }.items():
        given = default(name)
        add(f"--{name}", required=given is None, default=given, metavar="ID", help=text)
    foreign = "an organisation that the partner does not act for"
    add("--foreign-organisation", default="conformance-foreign", metavar="ID", help=foreign)
    add("--foreign-order", default=None, metavar="ID", help="a Vorgang of another organisation; default: an id that nobody has")
    api = "ordering's HTTP API, for cases about Vorgänge that the other sides have prepared"
    add("--api", default=default("api"), metavar="URL", help=api)
    token = "bearer token for --api, of somebody of the organisation"  # noqa: S105 - a help text
    add("--token-file", type=Path, default=default("token-file"), metavar="FILE", help=token)
    add("--report", type=Path, required=True, metavar="DIR", help="where report.txt, report.xml and report.html go")
    add("--language", choices=["de", "en"], default=default("language") or "de", help="default: de")
    add("--patience", type=float, default=60.0, metavar="SECONDS", help="for each receipt (default: 60)")
    parser.set_defaults(run=conformance)


def conformance(given: argparse.Namespace) -> int:
    """Run all cases and write the report. Returns 0 only if all passed."""
    link = options.connection(given)
    target = Target(
        options.partner_id(given, link),
        keys.read(given.signing_key, given.kid),
        Jwks(given.jwks, given.https_ca),
        given.organisation,
        given.offering,
        given.channel,
        given.audience,
        given.foreign_organisation,
        given.foreign_order,
        given.patience,
    )
    if given.api is not None and given.token_file is None:
        raise SettingsError("--api needs --token-file", code="token_missing")
    api = None if given.api is None else OrdersApi(given.api, given.token_file, given.https_ca)
    began, at = datetime.now(UTC), time.monotonic()

    def shown(result: Result) -> None:
        document = {
            "case": result.case.id,
            "verdict": result.verdict.value,
            "got": None if result.got is None else str(result.got),
        }
        show(document, report.line(result, given.language), as_json=given.json)

    results = asyncio.run(_run(link, target, api, shown))
    made = Report(target.partner, f"efa-partner {version('efa-partner')}", began, time.monotonic() - at, results)
    made.write(given.report, given.language)
    counts = {verdict.value: count for verdict, count in made.counts.items()}
    show({"cases": len(results)} | counts, f"{made.summary()}; report in {given.report}", as_json=given.json)
    if made.counts[Verdict.FAILED]:
        return Exit.REFUSED
    return Exit.WAITING if made.counts[Verdict.NOT_RUN] else Exit.WELL


async def _run(link: Connection, target: Target, api: OrdersApi | None, shown: Callable[[Result], None]) -> list[Result]:
    async with KafkaTransport(link, target.partner) as transport:
        return await run(Bench(target, transport, api), shown=shown)
