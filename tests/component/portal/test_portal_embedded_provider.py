"""The provider of the embedded run keeps to the code flow: it is what development and tests log in by."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import httpx
import pytest

from marktplatz.infrastructure.idp import EmbeddedProvider
from marktplatz.people import PEOPLE
from shared.http.issuer import EmbeddedIssuer
from tests.component.portal.login import HUSUM, query_of
from tests.support.showcase import ORIGIN

VERIFIER = "v" * 43
QUERY = {
    "client_id": "portal",
    "redirect_uri": f"{ORIGIN}/login/callback",
    "response_type": "code",
    "state": "s",
    "nonce": "n",
    "code_challenge_method": "S256",
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
}
GRANT = {
    "grant_type": "authorization_code",
    "client_id": "portal",
    "redirect_uri": QUERY["redirect_uri"],
    "code_verifier": VERIFIER,
}


@pytest.fixture(name="there")
def _there(tmp_path: Path) -> httpx.AsyncClient:
    provider = EmbeddedProvider(EmbeddedIssuer(tmp_path), PEOPLE, ORIGIN)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=provider.app), base_url=provider.url)


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "https://evil.test/login/callback"},
        {"redirect_uri": f"{ORIGIN}.evil.test/login/callback"},
        {"client_id": "other"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"response_type": "token"},
    ],
    ids=str,
)
async def test_nobody_is_sent_elsewhere_or_without_pkce(there: httpx.AsyncClient, change: dict[str, str]) -> None:
    assert (await there.get("/authorize", params={**QUERY, **change})).status_code == 400
    assert (await there.post("/authorize", data={**QUERY, **change, "subject": HUSUM})).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "w" * 43},
        {"redirect_uri": f"{ORIGIN}/other"},
        {"client_id": "other"},
        {"grant_type": "password"},
        {"code": "x"},
    ],
    ids=str,
)
async def test_a_code_is_for_who_began_the_login_and_counts_once(there: httpx.AsyncClient, change: dict[str, str]) -> None:
    async def code() -> str:
        chosen = await there.post("/authorize", data={**QUERY, "subject": HUSUM})
        return query_of(chosen.headers["Location"])["code"]

    given = await code()
    assert (await there.post("/token", data={**GRANT, "code": given, **change})).status_code == 400
    given = await code()
    assert (await there.post("/token", data={**GRANT, "code": given})).status_code == 200
    assert (await there.post("/token", data={**GRANT, "code": given})).status_code == 400


async def test_only_people_of_the_run_log_in_and_a_logout_leads_back_to_the_portal_only(there: httpx.AsyncClient) -> None:
    assert (await there.post("/authorize", data={**QUERY, "subject": "nobody"})).status_code == 400
    back = await there.get("/logout", params={"post_logout_redirect_uri": f"{ORIGIN}/"})
    assert back.headers["Location"] == f"{ORIGIN}/"
    assert "Location" not in (await there.get("/logout", params={"post_logout_redirect_uri": "https://evil.test/"})).headers
