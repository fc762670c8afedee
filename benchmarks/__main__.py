"""``python -m benchmarks``: measures and prints; exit code 1 if a bench lost an event or could not measure."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    archive,
    documents,
    latency,
    memory,
    partners,
    portal,
    precheck,
    requests,
    rights,
    search,
    statements,
    throughput,
)
from benchmarks.figures import BenchError
from deploy.checks.generic.render import RenderError
from marktplatz.demo.people import StepFailedError
from marktplatz.infrastructure.errors import InfrastructureError
from shared.process.logs import configure_logs

BENCHES = (
    "throughput", "latency", "partners", "requests", "precheck", "rights", "archive", "documents", "search", "statements",
    "portal",
)  # fmt: skip
IN_CONTAINERS = "memory"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benches and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=[*BENCHES, IN_CONTAINERS], help="measure this one only; memory only when asked for")
    parser.add_argument("--events", type=int, default=20_000, help="verdicts per round of throughput")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of throughput, partners and precheck")
    parser.add_argument("--orders", type=int, default=100, help="orders of latency and memory")
    parser.add_argument("--backlog", type=int, default=4000, help="verdicts that wait when the workers of memory start again")
    parser.add_argument("--seconds", type=float, default=20, help="length of each phase of partners")
    parser.add_argument("--profile", action="store_true", help="profile our side in the first round of throughput")
    options = parser.parse_args(arguments)
    configure_logs(level="WARNING", stream=sys.stderr)
    # The benches fill topics with invented events: never those of a broker that somebody else uses.
    os.environ.pop("KAFKA_BOOTSTRAP_SERVERS", None)
    try:
        for bench in [options.only] if options.only else BENCHES:
            with tempfile.TemporaryDirectory(prefix="efa-marktplatz-bench-", ignore_cleanup_errors=True) as folder:
                asyncio.run(_measure(bench, Path(folder), options))
    except (BenchError, InfrastructureError, RenderError, StepFailedError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


async def _measure(bench: str, folder: Path, options: argparse.Namespace) -> None:
    if bench == "throughput":
        print(f"throughput: {options.rounds} rounds of {options.events:,} verdicts, from the topic to the commit")
        throughput.report(await throughput.measure(folder, options.events, options.rounds, profile=options.profile))
    elif bench == IN_CONTAINERS:
        print("memory: the processes of overlays/prod in hardened containers of the built image")
        memory.report(await memory.measure(folder, memory.Load(options.orders, options.backlog)))
    elif bench == "partners":
        print(f"\npartners: {options.rounds} rounds of {options.seconds:.0f} s alone and as long beside a flood")
        partners.report(await partners.measure(folder, options.seconds, options.rounds))
    elif bench == "requests":
        print("\nrequests: hostile bodies and queries at every operation, in process")
        requests.report(await requests.measure())
    elif bench == "search":
        print("\nsearch: judged queries against the reference data, and searches while many offers are new")
        search.report(await search.measure(folder))
    elif bench == "portal":
        print(f"\nportal: {portal.VISITS} visits of each page, in process, then as many over the answers of the APIs alone")
        portal.report(await portal.measure(folder))
    elif bench == "archive":
        print(f"\narchive: {archive.ENTRIES:,} entries in memory, {archive.STORED:,} in a store file, and proofs of them")
        archive.report(await archive.measure(folder))
    elif bench != "latency":
        _measure_in_process(bench, options)
    else:
        print(f"\nlatency: {options.orders} orders one after another on an idle marketplace")
        latency.report(await latency.measure(folder, options.orders))


def _measure_in_process(bench: str, options: argparse.Namespace) -> None:
    if bench == "precheck":
        print(f"\nprecheck: {options.rounds} rounds of the national matrix, in process")
        precheck.report(precheck.measure(options.rounds))
    elif bench == "rights":
        print("\nrights: what a process holds of who may act for whom, in process")
        rights.report(rights.measure())
    elif bench == "statements":
        print("\nstatements: a year of one offer that all Kommunen use, in process")
        statements.report(statements.measure(options.rounds))
    else:
        print(f"\ndocuments: {documents.DOCUMENTS:,} contracts as PDF/A-3, in process")
        documents.report(documents.measure())


if __name__ == "__main__":
    sys.exit(main())
