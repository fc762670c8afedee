"""Login, renewal and logout at an identity provider that others have written: oidc-provider, certified by the OpenID Foundation."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from services.portal.sealing import ensure_session_keys
from services.portal.sessions import PENDING, SESSIONS
from shared.process.serving import listen
from shared.store.sqlite.store import SqliteStore
from tests.browser.serving import address_of, served
from tests.deploy.npm import installed
from tests.support.html import tokens_in

HERE = Path(__file__).parent / "other_provider"
AUDIENCE = "efa-marktplatz"
CLIENT = "portal of a/b"
SECRET = secrets.token_urlsafe(24) + "/%+ :"
"""With characters that HTTP Basic must encode (RFC 6749, section 2.3.1)."""
TOKEN_TIME = timedelta(minutes=10)


@dataclass
class Elsewhere:
    """The portal, the provider's own account of what happened, and the clock of the portal."""

    url: str
    store: SqliteStore
    issuer: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the time as the portal sees it."""
        return datetime.now(UTC) + self.ahead

    async def reported(self, event: str, times: int = 1) -> list[dict[str, Any]]:
        """Wait until the provider has reported an event so many times, and return what it reported."""
        async with asyncio.timeout(10):
            while len(found := [it for it in self.events if it["event"] == event]) < times:
                self.news.clear()
                await self.news.wait()
        return found

    async def grants(self, times: int) -> list[str]:
        """Return what tokens were given for, in order, once they were given so many times."""
        return [it["grant"] for it in await self.reported("grant.success", times)]

    def errors(self) -> list[dict[str, Any]]:
        """Return what the provider complained of."""
        return [it for it in self.events if it["event"].endswith("error")]


@pytest.fixture(name="elsewhere", scope="module")
async def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Elsewhere]:
    node = shutil.which("node")
    assert node, "The other identity provider runs on Node 20 or newer (Debian: nodejs, npm)"
    modules = installed(HERE, "oidc-provider")
    folder = tmp_path_factory.mktemp("elsewhere")
    socket = listen("127.0.0.1", 0)
    found = Elsewhere(address_of(socket), SqliteStore(None))
    process = await asyncio.create_subprocess_exec(
        node, "serve.mjs", str(modules), cwd=HERE, stdin=-1, stdout=-1, stderr=(folder / "provider.log").open("wb")
    )
    assert process.stdin is not None
    assert process.stdout is not None
    client = {
        "audience": AUDIENCE,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [f"{found.url}/login/callback"],
        "post_logout_redirect_uris": [f"{found.url}/"],
        "backchannel_logout_uri": f"{found.url}/logout/back-channel",
        "backchannel_logout_session_required": True,
    }
    process.stdin.write(json.dumps(client).encode() + b"\n")
    first = await asyncio.wait_for(process.stdout.readline(), 30)
    assert first, (folder / "provider.log").read_text()
    found.issuer = json.loads(first)["issuer"]
    listening = asyncio.create_task(_listen(process.stdout, found))
    ensure_session_keys(folder / "session-keys")
    (folder / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    await found.store.prepare([SESSIONS, PENDING])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARKTPLATZ_ENVIRONMENT", "embedded")
        patch.setenv("AUTH_ISSUER", found.issuer)
        patch.setenv("AUTH_AUDIENCE", AUDIENCE)
        patch.setenv("AUTH_JWKS_URL", f"{found.issuer}/jwks")
        patch.delenv("AUTH_JWKS_FILE", raising=False)
        away = httpx.MockTransport(lambda _: httpx.Response(503))
        transports = dict.fromkeys(("catalog", "eligibility", "ordering", "notify"), away)
        client_here = {"oidc_issuer": found.issuer, "oidc_client_id": CLIENT, "oidc_client_secret_file": folder / "secret"}
        keys = {"session_keys": folder / "session-keys", "run": "elsewhere"}
        async with served(socket, found.store, transports, found.now, **client_here, **keys):
            yield found
    process.stdin.close()
    await process.wait()
    await listening
    await found.store.close()


async def _listen(stream: asyncio.StreamReader, elsewhere: Elsewhere) -> None:
    while line := await stream.readline():
        elsewhere.events.append(json.loads(line))
        elsewhere.news.set()


@pytest.fixture(name="page")
async def _page(chromium: Browser, elsewhere: Elsewhere) -> AsyncIterator[Page]:
    elsewhere.events.clear()
    elsewhere.ahead = timedelta(0)
    context = await chromium.new_context(base_url=elsewhere.url)
    yield await context.new_page()
    await context.close()
    assert elsewhere.errors() == []


async def log_in(page: Page, elsewhere: Elsewhere, name: str) -> None:
    """Log in on the provider's own pages, and allow what the portal asks for."""
    await page.goto("/en/imprint")
    await page.get_by_role("link", name="Log in").click()
    assert page.url.startswith(elsewhere.issuer)
    await page.fill("input[name=login]", name)
    await page.fill("input[name=password]", "any")
    await page.click("button[type=submit]")
    await page.click("button[type=submit]")
    await page.wait_for_url("**/en/imprint")
    await expect(page.locator("header")).to_contain_text(f"Frau {name}")


async def test_a_login_comes_back_with_the_persons_name_and_no_token_in_the_browser(page: Page, elsewhere: Elsewhere) -> None:
    await log_in(page, elsewhere, "anna")
    assert await elsewhere.grants(1) == ["authorization_code"]
    assert not tokens_in(await page.content())
    cookies = await page.context.cookies(elsewhere.url)
    (session,) = [it for it in cookies if it["name"] == "__Host-portal-elsewhere"]
    assert (session["httpOnly"], session["secure"], session["sameSite"]) == (True, True, "Lax")


async def test_tokens_are_renewed_again_and_again_by_a_refresh_token_that_is_replaced_each_time(
    page: Page, elsewhere: Elsewhere
) -> None:
    await log_in(page, elsewhere, "berta")
    for renewals in (1, 2, 3):
        elsewhere.ahead = renewals * TOKEN_TIME
        await page.goto("/en/imprint")
        await expect(page.locator("header")).to_contain_text("Frau berta")
        assert await elsewhere.grants(renewals + 1) == ["authorization_code", *["refresh_token"] * renewals]


async def test_a_logout_ends_the_session_on_both_sides(page: Page, elsewhere: Elsewhere) -> None:
    await log_in(page, elsewhere, "clara")
    await page.get_by_role("button", name="Log out").click()
    assert page.url.startswith(elsewhere.issuer)
    await page.click("button[value=yes]")
    await page.wait_for_url(f"{elsewhere.url}/**")
    await elsewhere.reported("end_session.success")
    await page.goto("/en/imprint")
    await page.get_by_role("link", name="Log in").click()
    await expect(page.locator("input[name=login]")).to_be_visible()
    await elsewhere.reported("grant.revoked")  # of the refresh token, which the portal has revoked before


async def test_whoever_ends_the_session_at_the_provider_is_logged_out_here(page: Page, elsewhere: Elsewhere) -> None:
    await log_in(page, elsewhere, "dora")
    there = await page.context.new_page()
    await there.goto(f"{elsewhere.issuer}/session/end")
    await there.click("button[value=yes]")
    await elsewhere.reported("backchannel.success")
    await page.goto("/en/imprint")
    await expect(page.get_by_role("link", name="Log in")).to_be_visible()


async def test_who_does_not_allow_it_stays_out_and_is_told_so(page: Page, elsewhere: Elsewhere) -> None:
    await page.goto("/en/imprint")
    await page.get_by_role("link", name="Log in").click()
    await page.get_by_role("link", name="Cancel").click()
    await page.wait_for_url(f"{elsewhere.url}/**")
    await expect(page.locator("h1")).to_be_visible()
    assert [it["event"] for it in elsewhere.events] == ["authorization.error"]
    elsewhere.events.clear()
