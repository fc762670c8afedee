"""The requests that the page on the APIs shows one by one run as they are copied, one block after the other."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import cast as typed

import httpx
import pytest

from marktplatz.demo import flow
from marktplatz.demo.cast import cast
from marktplatz.demo.people import LIMITS
from marktplatz.embedded import Embedded
from marktplatz.names import ServiceName
from shared.http.issuer import EmbeddedIssuer
from tests.integration.examples.up import ROOT, Up
from tests.support.steps import steps_of

pytestmark = pytest.mark.timeout(600)
PAGE, WEBHOOKS = ROOT / "docs/apis.md", ROOT / "docs/anbinden/webhooks.md"
WHOLE_WAYS = 2
"""Blocks at the top of the page, the tour and the life of a contract, which test_examples.py runs."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The marketplace of ``marktplatz up`` as the people of the story reach it."""

    endpoints: dict[str, str]
    issuer: EmbeddedIssuer

    @classmethod
    def of(cls, up: Up) -> Embedded:
        services = [name.value for name in ServiceName if name is not ServiceName.ALL]
        issuer = EmbeddedIssuer(Path(up.environment["MARKTPLATZ_VAR"]) / "issuer")
        return typed(Embedded, cls({service: up.url(service) for service in services}, issuer))

    @property
    def token(self) -> object:
        """What signs a token of somebody."""
        return self.issuer.sign_token


async def licensed(up: Up) -> None:
    """Bring Sachsen to a contract through FITKO that it may pass on."""
    async with httpx.AsyncClient(timeout=30, limits=LIMITS) as client:
        people = cast(Reached.of(up), client)
        checklist = await people.nordrhein_westfalen.get("catalog", "/v1/reference/requirements")
        form = flow.form(
            checklist,
            title="Sozialplattform zum Weitergeben",
            summary="Für Länder und ihre Kommunen.",
            topic_id="mobilitaet_reisen",
            ozg_ids=["10424"],
            anbindungsarten=["FIT_CONNECT"],
            channels=["fitko"],
        )
        offer = await flow.publish(people.nordrhein_westfalen, people.fitko, form)
        await flow.register(people.sachsen, people.fitko, "KUNDE", None)
        order = await flow.ready_to_order(people.sachsen, people.nordrhein_westfalen, people.fitko, offer["id"])
        await flow.place(people.sachsen, order)
        await flow.reaches(people.sachsen, order, "VERTRAG_GESCHLOSSEN")


def test_the_requests_of_the_page_run_as_they_are_copied(up: Up, tmp_path: Path) -> None:
    ordered = up.order()
    assert ordered.returncode == 0, ordered.stdout + ordered.stderr
    asyncio.run(licensed(up))
    blocks = [step.text for step in steps_of(PAGE) if step.language == "sh"][WHOLE_WAYS:]
    blocks += [step.text for step in steps_of(WEBHOOKS) if step.language == "sh"]
    assert len(blocks) >= 10
    script = "set -euxo pipefail\n" + "\n".join(blocks)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT, env={**up.environment, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert '"verdict": "VALID"' in done.stdout, "the receipt of the archive holds"
    assert {"akkreditierungen.csv", "vorgaenge.csv", "log.vkey", "receipt.jsonl"} <= {it.name for it in tmp_path.glob("*/*")}
