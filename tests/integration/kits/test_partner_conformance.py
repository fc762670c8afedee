"""The partner kit against ordering's own intake, on a real broker."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from efa_partner import keys
from efa_partner.keys import KeyFormat
from tests.integration.kits.partner_marketplace import PARTNER, PartnerMarketplace
from tests.support.builders.orders import CUSTOMER, OFFERING_ID


async def efa_partner(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Run the command as a process of its own; return exit code, output and errors."""
    pipe = asyncio.subprocess.PIPE
    program = Path(sys.executable).with_name("efa-partner")
    process = await asyncio.create_subprocess_exec(program, *arguments, stdin=pipe, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 240)
    return process.returncode or 0, out.decode(), err.decode()


def identity(marketplace: PartnerMarketplace, folder: Path) -> list[str]:
    path = folder / "signing.jwk"
    if not path.exists():
        keys.write(path, marketplace.key.private_text(KeyFormat.JWK))
    flags = {
        "--bootstrap": marketplace.bootstrap,
        "--partner": PARTNER,
        "--signing-key": str(path),
        "--jwks": str(marketplace.jwks),
    }
    return [part for pair in flags.items() for part in pair]


async def test_the_whole_conformance_run_passes_on_the_marketplace(marketplace: PartnerMarketplace, tmp_path: Path) -> None:
    await marketplace.prepare_orders()
    report = tmp_path / "report"
    offer = ["--organisation", CUSTOMER.id, "--offering", OFFERING_ID, "--channel", "govdigital"]
    api = ["--api", marketplace.api, "--token-file", str(marketplace.token)]
    given = [*identity(marketplace, tmp_path), *offer, *api, "--report", str(report)]
    code, out, err = await efa_partner("conformance", *given)
    assert (code, err) == (0, ""), out
    suite = ET.fromstring((report / "report.xml").read_bytes())[0]  # noqa: S314 - written by the kit
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "0")
    assert int(suite.get("tests") or 0) >= 70
