"""The jobs that make yearly statements, page by page."""

from __future__ import annotations

import httpx

from services.portal.pages.statement_jobs import PATH
from tests.component.portal.filling import somebody
from tests.component.portal.login import GOVDIGITAL, World

JOB = {"id": "j", "state": "DONE", "offerings": 1, "offerings_total": 1, "outcomes": [], "code": None}
NEXT = "Seite 2/&"


def jobs(request: httpx.Request) -> httpx.Response:
    """Answer as contracts does whose list has two pages."""
    second = request.url.params.get("cursor") == NEXT
    job = {**JOB, "year": 2024 if second else 2025, "created_at": "2026-01-05T09:00:00Z"}
    return httpx.Response(200, json={"items": [job], "next": None if second else NEXT})


async def test_the_list_of_jobs_goes_on_where_its_page_ends(world: World) -> None:
    world.further = {"contracts": httpx.MockTransport(jobs)}
    await world.open()
    anbieter = await somebody(world, GOVDIGITAL)
    await anbieter.open(PATH)
    assert "Abrechnung 2025" in anbieter.text
    await anbieter.follow("Ältere Aufträge")
    assert "Abrechnung 2024" in anbieter.text
    assert "Abrechnung 2025" not in anbieter.text
    assert not anbieter.page.all("a", rel="next")
    await anbieter.open(f"/en{PATH}")
    await anbieter.follow("Older jobs")
    assert anbieter.path.startswith(f"/en{PATH}?cursor=")
    await anbieter.visitor.aclose()
