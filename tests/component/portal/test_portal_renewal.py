"""Tokens of a session are renewed in time, once, and who cannot have new ones logs in again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import httpx
import pytest
from starlette.requests import Request

from services.portal.cookies import Cookies
from services.portal.provider import Client, Provider, ProviderUnavailableError
from services.portal.sealing import Seal
from services.portal.sessions import PENDING, SESSIONS, Session, Sessions, Tokens, new_secret
from services.portal.visits import Doorkeeper
from shared.http.issuer import EmbeddedIssuer
from shared.http.oidc import AuthSettings, SubjectAuthenticator
from shared.store.sqlite.store import SqliteStore

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
COOKIES = Cookies("test")
OLD = Tokens("old access", "identity", "old refresh", AT + timedelta(seconds=20))
NEW = Tokens("new access", "identity", "new refresh", AT + timedelta(minutes=5))
SECRET = "s e:c"
METADATA = {
    "issuer": "https://login.test",
    "authorization_endpoint": "https://login.test/auth",
    "token_endpoint": "https://login.test/token",
    "jwks_uri": "https://login.test/jwks",
    "revocation_endpoint": "https://login.test/revoke",
    "end_session_endpoint": "https://login.test/end?realm=a",
}


class Renewals:
    """A provider that answers slowly, and counts."""

    def __init__(self, answer: Tokens | None) -> None:
        self.answer = answer
        self.asked: list[str | None] = []

    async def renewed(self, tokens: Tokens) -> Tokens | None:
        self.asked.append(tokens.refresh)
        await asyncio.sleep(0.01)
        return self.answer


@pytest.fixture(name="sessions")
async def _sessions() -> AsyncIterator[Sessions]:
    store = SqliteStore(None)
    await store.prepare([SESSIONS, PENDING])
    yield Sessions(store, Seal([secrets.token_bytes(32)]), lambda: AT)
    await store.close()


async def begun(sessions: Sessions, tokens: Tokens) -> Request:
    """Begin a session and return a request of its browser."""
    secret = new_secret()
    session = Session(
        secret=secret,
        person="anna",
        name="Anna",
        organisation=None,
        organisation_name=None,
        roles=frozenset(),
        sid=None,
        tokens=tokens,
        began_at=AT,
        ends_at=sessions.new_end(AT),
    )
    await sessions.begin(session)
    return Request({"type": "http", "headers": [(b"cookie", f"{COOKIES.session}={secret}".encode())]})


def doorkeeper(sessions: Sessions, provider: Renewals) -> Doorkeeper:
    return Doorkeeper(sessions, provider, COOKIES, lambda: AT)


async def test_tokens_that_end_soon_are_renewed_once_for_all_requests_that_come(sessions: Sessions) -> None:
    provider = Renewals(NEW)
    door, request = doorkeeper(sessions, provider), await begun(sessions, OLD)
    found = await asyncio.gather(*(door.session(request) for _ in range(5)))
    assert [it and it.tokens for it in found] == [NEW] * 5
    assert provider.asked == ["old refresh"]
    again = await door.session(request)
    assert again is not None
    assert (again.tokens, provider.asked) == (NEW, ["old refresh"])


async def test_tokens_that_hold_are_left_alone(sessions: Sessions) -> None:
    provider = Renewals(None)
    found = await doorkeeper(sessions, provider).session(await begun(sessions, NEW))
    assert found is not None
    assert (found.tokens, provider.asked) == (NEW, [])


async def test_who_gets_no_new_tokens_is_logged_out(sessions: Sessions) -> None:
    door, request = doorkeeper(sessions, Renewals(None)), await begun(sessions, OLD)
    assert await door.session(request) is None
    assert await door.session(request) is None


async def test_while_the_provider_is_away_a_session_goes_on_with_what_it_has(sessions: Sessions) -> None:
    class Away(Renewals):
        async def renewed(self, tokens: Tokens) -> Tokens | None:
            raise ProviderUnavailableError(f"away, with {tokens.refresh}")

    found = await doorkeeper(sessions, Away(None)).session(await begun(sessions, OLD))
    assert found is not None
    assert found.tokens == OLD


async def test_two_processes_that_renew_at_once_both_go_on(sessions: Sessions) -> None:
    request = await begun(sessions, OLD)
    doors = [doorkeeper(sessions, Renewals(NEW)) for _ in range(2)]
    found = await asyncio.gather(*(door.session(request) for door in doors))
    assert [it and it.tokens for it in found] == [NEW] * 2


class Replacing:
    """A provider that takes each refresh token once. Refusals come at once, tokens after a while."""

    def __init__(self) -> None:
        self.valid = OLD.refresh
        self.together = asyncio.Barrier(2)

    async def renewed(self, tokens: Tokens) -> Tokens | None:
        await self.together.wait()
        if tokens.refresh != self.valid:
            return None
        self.valid = NEW.refresh
        await asyncio.sleep(0.3)
        return NEW


async def test_who_is_refused_because_another_process_was_quicker_goes_on_with_its_tokens(sessions: Sessions) -> None:
    request, provider = await begun(sessions, OLD), Replacing()
    doors = [Doorkeeper(sessions, provider, COOKIES, lambda: AT) for _ in range(2)]
    found = await asyncio.gather(*(door.session(request) for door in doors))
    assert [it and it.tokens for it in found] == [NEW] * 2
    assert await sessions.find(request.cookies[COOKIES.session]) is not None


async def test_tokens_are_stored_also_where_a_request_notes_meanwhile_that_the_session_is_used(sessions: Sessions) -> None:
    request = await begun(sessions, OLD)
    secret = request.cookies[COOKIES.session]

    class Used(Renewals):
        async def renewed(self, tokens: Tokens) -> Tokens | None:
            used = await sessions.find(secret)
            assert used is not None
            assert await sessions.change(used) is not None
            return await super().renewed(tokens)

    found = await doorkeeper(sessions, Used(NEW)).session(request)
    stored = await sessions.find(secret)
    assert [it and it.tokens for it in (found, stored)] == [NEW] * 2


async def test_tokens_for_a_session_that_was_ended_meanwhile_are_dropped(sessions: Sessions) -> None:
    request = await begun(sessions, OLD)

    class Ended(Renewals):
        async def renewed(self, tokens: Tokens) -> Tokens | None:
            await sessions.end(request.cookies[COOKIES.session])
            return await super().renewed(tokens)

    assert await doorkeeper(sessions, Ended(NEW)).session(request) is None


async def test_sessions_that_have_ended_are_deleted(sessions: Sessions) -> None:
    await begun(sessions, NEW)
    sessions._clock = lambda: AT + timedelta(hours=11)
    await sessions.purge()
    assert await sessions._store.scan(SESSIONS) == []


def provider_at(
    answer: httpx.Response, issuer: EmbeddedIssuer, monkeypatch: pytest.MonkeyPatch, secret: str | None = SECRET
) -> tuple[Provider, list[httpx.Request]]:
    """Return a client of a provider whose token endpoint gives one answer, and what it was asked."""
    for name, value in issuer.environment().items():
        monkeypatch.setenv(name, value)
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=METADATA) if "well-known" in request.url.path else answer

    client = Client(
        "https://login.test", "portal", secret, "https://portal.test/login/callback", "https://portal.test/", "openid"
    )
    return Provider(client, SubjectAuthenticator(AuthSettings()), lambda: AT, httpx.MockTransport(handle)), asked


@pytest.fixture(name="issuer")
def _issuer(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedIssuer:
    return EmbeddedIssuer(tmp_path_factory.mktemp("issuer"))


async def test_a_refresh_keeps_what_the_provider_does_not_replace(
    issuer: EmbeddedIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = httpx.Response(200, json={"access_token": "fresh", "token_type": "bearer", "expires_in": 300})
    provider, asked = provider_at(answer, issuer, monkeypatch)
    assert await provider.renewed(OLD) == Tokens("fresh", "identity", "old refresh", AT + timedelta(seconds=300))
    form = parse_qs(asked[-1].content.decode())
    assert form == {"grant_type": ["refresh_token"], "refresh_token": ["old refresh"]}
    assert asked[-1].headers["Authorization"] == httpx.BasicAuth("portal", "s%20e%3Ac")._auth_header
    assert await provider.renewed(Tokens("a", "b", None, AT)) is None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"error": "invalid_grant"}),
        httpx.Response(200, text="no JSON"),
        httpx.Response(200, json={"token_type": "mac"}),
    ],
    ids=["refused", "no JSON", "another kind"],
)
async def test_a_refresh_that_is_refused_gives_nothing(
    issuer: EmbeddedIssuer, monkeypatch: pytest.MonkeyPatch, answer: httpx.Response
) -> None:
    provider, _ = provider_at(answer, issuer, monkeypatch, secret=None)
    assert await provider.renewed(OLD) is None


@pytest.mark.parametrize("status", [401, 429, 503], ids=["knows_another_secret", "asks_for_patience", "is_away"])
async def test_a_provider_that_says_nothing_of_the_person_ends_no_session(
    issuer: EmbeddedIssuer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    provider, _ = provider_at(httpx.Response(status), issuer, monkeypatch)
    with pytest.raises(ProviderUnavailableError):
        await provider.renewed(OLD)


async def test_a_logout_revokes_the_refresh_token_and_leads_to_the_provider(
    issuer: EmbeddedIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, asked = provider_at(httpx.Response(200), issuer, monkeypatch)
    address = await provider.logout_address(OLD)
    assert address.startswith("https://login.test/end?realm=a&id_token_hint=identity&")
    assert parse_qs(asked[-1].content.decode())["token"] == ["old refresh"]
