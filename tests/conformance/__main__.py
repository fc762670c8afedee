"""``python -m tests.conformance [--report FOLDER]``: the kits against a running marketplace; exit code 0 only if every check holds.

The kits are built as wheels and installed in environments that hold nothing else; the marketplace runs as processes of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import httpx

from marktplatz.demo import flow
from marktplatz.demo.acts.portal import PACE
from marktplatz.demo.cast import Cast, cast
from marktplatz.demo.people import LIMITS
from marktplatz.demo.tap import Tap
from marktplatz.embedded import Embedded
from marktplatz.loading import load_assumed_facts, load_reference_data
from shared.process.settings import ProcessSettings
from tests.conformance.archive import try_verifier
from tests.conformance.checks import Checks
from tests.conformance.partner import prepare_orders, try_partner
from tests.conformance.portal import try_feed, try_portal, try_view
from tests.support.kit_wheel import KITS, InstalledKit

OFFERS = 7
HUSUM = {
    "path": ["010540056056", "itvsh", "dataport", "govdigital"],
    "type": "TRAEGER",
    "valid_from": "2012-01-01",
    "evidence": [{"type": "SATZUNG", "title": "Organisationssatzung", "reference": "Az. 1"}],
}


async def run(folder: Path, report: Path) -> int:
    """Build, install, start, try; return the exit code."""
    checks = Checks()
    installed = {kit.name: InstalledKit(kit, _made(folder / kit.name)) for kit in KITS}
    checks.record(
        "the kits are built and installed from their wheels",
        installed.keys() == {"portal", "partner", "verify"},
        list(installed),
    )
    try_verifier(checks, installed["verify"], _made(folder / "verify-run"))
    settings = ProcessSettings(var=folder / "var")
    async with Embedded(settings, PACE) as running, httpx.AsyncClient(timeout=30, limits=LIMITS) as client:
        await load_reference_data(settings, lambda _kind, _done, _total: None)
        await load_assumed_facts(settings)
        people = cast(running, client)
        await flow.register(people.husum, people.govdigital, "KUNDE", HUSUM)
        offers = [await _offer(people, number) for number in range(OFFERS)]
        portal, partner = installed["portal"].programs / "efa-portal", installed["partner"].programs / "efa-partner"
        await try_portal(checks, portal, Tap(running.bootstrap), people, offers, _made(folder / "portal-run"))
        await try_view(checks, running)
        await try_feed(checks, running)
        await prepare_orders(people, offers)
        await try_partner(checks, partner, running, people, offers[4], _made(folder / "partner-run"))
    if (found := folder / "partner-run" / "report").is_dir():
        shutil.copytree(found, report, dirs_exist_ok=True)
        sys.stdout.write(f"report of the partner's run: {report}\n")
    return checks.end()


async def _offer(people: Cast, number: int) -> str:
    checklist = await people.komm_one.get("catalog", "/v1/reference/requirements")
    title = f"Konformität {number}"
    fields = {"title": title, "summary": title, "topic_id": "mobilitaet_reisen", "ozg_ids": ["10424"]}
    draft = flow.form(checklist, **fields, anbindungsarten=[flow.FIT_CONNECT], channels=["govdigital"])
    published = await flow.publish(people.komm_one, people.govdigital, draft)
    offering_id: str = published["id"]
    return offering_id


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--report", type=Path, default=Path("build/conformance"), help="folder of the partner kit's report")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="efa-marktplatz-conformance-") as folder:
        return asyncio.run(run(Path(folder), chosen.report))


if __name__ == "__main__":
    sys.exit(main())
