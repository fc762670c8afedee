"""What only the operator sees of the portal: probes, metrics, and what they count."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from tests.component.portal.login import World
from tests.support.showcase import browser, portal_over

INSIDE = ("/livez", "/readyz", "/metrics")


def logins(outcome: str) -> float:
    return REGISTRY.get_sample_value("portal_logins_total", {"outcome": outcome}) or 0


def calls(outcome: str) -> float:
    return REGISTRY.get_sample_value("portal_api_calls_total", {"api": "catalog", "outcome": outcome}) or 0


@pytest.mark.parametrize("path", [*INSIDE, "/en/metrics"])
async def test_whoever_comes_by_the_public_address_finds_no_probes_and_no_metrics(portal: FastAPI, path: str) -> None:
    for host in (None, "PORTAL.test", "portal.test:443"):
        async with browser(portal) as visitor:
            answer = await visitor.get(path, headers={} if host is None else {"Host": host})
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")


async def test_inside_they_are_asked_for_at_the_address_of_a_process(portal: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=portal), base_url="http://10.0.0.7:8080") as inside:
        assert [(await inside.get(path)).status_code for path in INSIDE] == [200, 200, 200]


async def test_on_one_machine_both_addresses_are_the_same() -> None:
    app = portal_over({}, public_url="http://127.0.0.1:8000")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8000") as inside:
        assert (await inside.get("/readyz")).status_code == 200


async def test_logins_are_counted_by_how_they_went(world: World) -> None:
    before = {outcome: logins(outcome) for outcome in ("done", "refused", "unavailable")}
    async with world.browser() as visitor:
        assert (await world.log_in(visitor)).status_code == 303
    async with world.browser() as visitor:
        begun = await visitor.get("/login")
        state = httpx.URL(begun.headers["Location"]).params["state"]
        answer = {"state": state, "iss": world.provider.url, "error": "access_denied"}
        assert (await visitor.get("/login/callback", params=answer)).status_code == 403
        # No login has begun for this one: the provider was not asked.
        assert (await visitor.get("/login/callback", params=answer)).status_code == 403
    world.answers = lambda _: httpx.Response(503)
    world.app = world.portal(oidc_issuer=world.provider.url, session_keys=world.folder / "session-keys")
    async with world.browser() as visitor:
        assert (await visitor.get("/login")).status_code == 503
    assert {outcome: logins(outcome) - counted for outcome, counted in before.items()} == {
        "done": 1,
        "refused": 1,
        "unavailable": 1,
    }


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (httpx.Response(200, json={"items": [], "next": None, "total": 0, "facets": {}}), "answered"),
        (httpx.Response(404, json={"code": "not_found"}), "answered"),
        (httpx.Response(500), "failed"),
        (httpx.ConnectError("away"), "failed"),
    ],
    ids=["found", "refused", "broken", "away"],
)
async def test_calls_of_an_api_are_counted_by_whether_they_were_answered(
    answer: httpx.Response | httpx.ConnectError, outcome: str
) -> None:
    def answers(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, httpx.ConnectError):
            raise answer
        return answer

    before = {it: calls(it) for it in ("answered", "failed")}
    async with browser(portal_over({"catalog": httpx.MockTransport(answers)})) as visitor:
        await visitor.get("/offerings/none")
    counted = {it: calls(it) - count for it, count in before.items()}
    assert counted[outcome] > 0
    assert counted["failed" if outcome == "answered" else "answered"] == 0
