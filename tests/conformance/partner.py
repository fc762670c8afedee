"""A partner system with the partner kit: registered by the operators' commands, then its conformance run."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx

from marktplatz.demo import flow
from marktplatz.demo.cast import Cast
from marktplatz.demo.people import Person
from marktplatz.embedded import Embedded
from tests.conformance.checks import Checks

PARTNER = "fachverfahren-nord"
LEAST_CASES = 30


async def prepare_orders(people: Cast, offers: list[str]) -> None:
    """Bring Vorgänge of Husum, each on an offer of its own, to the states in which a Kunde has something to do."""
    kunde, bereitsteller, anbieter = people.husum, people.komm_one, people.govdigital
    order = await flow.declare(kunde, offers[0], anbieter.organisation)
    await flow.reaches(kunde, order["id"], "WEITERGELEITET")
    path = f"/v1/orders/{order['id']}"
    await bereitsteller.post("ordering", f"{path}/clarification", {"anbindungsart": flow.FIT_CONNECT})
    await bereitsteller.post("ordering", f"{path}/questions", {"text": "Welche Version hat das Fachverfahren?"})
    await flow.ready_to_order(kunde, bereitsteller, anbieter, offers[1])
    onboarding = await _contracted(kunde, bereitsteller, anbieter, offers[2])
    await bereitsteller.post("ordering", f"/v1/orders/{onboarding}/onboarding")
    await flow.deliver(kunde, bereitsteller, await _contracted(kunde, bereitsteller, anbieter, offers[3]))


async def _contracted(kunde: Person, bereitsteller: Person, anbieter: Person, offer: str) -> str:
    order_id = await flow.ready_to_order(kunde, bereitsteller, anbieter, offer)
    await flow.place(kunde, order_id)
    await flow.reaches(kunde, order_id, "VERTRAG_GESCHLOSSEN")
    return order_id


async def try_partner(checks: Checks, program: Path, run: Embedded, people: Cast, offer: str, folder: Path) -> None:
    """Register a partner for Husum, make its topics, and run the kit's conformance run."""
    key, profile = folder / "signing.jwk", folder / "partner.json"
    made = await _run(program, "keygen", "--out", str(key))
    public = await _run(program, "public-key", "--signing-key", str(key))
    checks.record("partner makes a key", made[0] == public[0] == 0, (made, public))
    profile.write_text(json.dumps(_profile(people)), encoding="utf-8")
    jwk = folder / "public.jwk"
    jwk.write_text(public[1], encoding="utf-8")
    marktplatz = Path(sys.executable).with_name("marktplatz")
    environment = {**os.environ, "MARKTPLATZ_VAR": str(run.var), "KAFKA_BOOTSTRAP_SERVERS": run.bootstrap}
    for arguments in (
        ("partners", "register", str(profile), "--topics", "--replication-factor", "1"),
        ("partners", "add-key", PARTNER, str(jwk)),
    ):
        done = await _run(marktplatz, *arguments, environment=environment)
        checks.record(f"operator: marktplatz {' '.join(arguments[:2])}", done[0] == 0, done)
    await _conformance(checks, program, run, people, offer, folder)


async def _conformance(checks: Checks, program: Path, run: Embedded, people: Cast, offer: str, folder: Path) -> None:
    jwks, token, report = folder / "jwks.json", folder / "token", folder / "report"
    async with httpx.AsyncClient(timeout=30) as client:
        published = await client.get(f"{run.endpoints['ordering']}/v1/partner-receipts/jwks")
    jwks.write_text(published.text, encoding="utf-8")
    token.write_text(people.husum.headers()["Authorization"].removeprefix("Bearer "), encoding="utf-8")
    given = {
        "--bootstrap": run.bootstrap,
        "--partner": PARTNER,
        "--signing-key": str(folder / "signing.jwk"),
        "--jwks": str(jwks),
        "--organisation": people.husum.organisation,
        "--offering": offer,
        "--channel": people.govdigital.organisation,
        "--api": run.endpoints["ordering"],
        "--token-file": str(token),
        "--report": str(report),
    }
    code, printed = await _run(program, "conformance", *(part for pair in given.items() for part in pair))
    cases = list(ET.parse(report / "report.xml").iter("testcase")) if (report / "report.xml").is_file() else []  # noqa: S314 - the kit's own
    for case in cases:
        unlike = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        found = "" if unlike is None else f"{unlike.get('message')} {unlike.text}"
        checks.record(f"partner: {case.get('name')}", unlike is None, found)
    checks.record(
        f"partner: conformance run of at least {LEAST_CASES} cases ends with 0", code == 0 and len(cases) >= LEAST_CASES, printed
    )


def _profile(people: Cast) -> dict[str, object]:
    party = {"id": people.husum.organisation, "name": people.husum.organisation_name}
    return {
        "id": PARTNER,
        "name": "Fachverfahren Nord",
        "run_by": {"id": "dataport", "name": "Dataport"},
        "organisations": [{**party, "roles": ["KUNDE"]}],
        "quota": {"records_per_second": 100, "bytes_per_second": 4 * 2**20, "burst_seconds": 10},
        "contact": {"mailbox": "partner@example.org"},
    }


async def _run(program: Path, *arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(program, *arguments, env=environment, stdout=PIPE, stderr=STDOUT)
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode(errors="replace")
