"""Login, session, logout: by the code flow against the provider of the embedded run, over the production code."""

from __future__ import annotations

import base64
import secrets
import time
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from services.portal.pages.login import following
from services.portal.sealing import Seal
from services.portal.sessions import PENDING, SESSIONS
from tests.component.portal.login import HUSUM, KOMM_ONE, LOGIN, OURS, SESSION, World, cookie_of, query_of, token_of
from tests.support.html import Page, tokens_in
from tests.support.showcase import ORIGIN


async def test_who_logs_in_comes_back_to_where_they_were_and_is_named_on_each_page(world: World) -> None:
    async with world.browser() as visitor:
        done = await world.log_in(visitor, path="/en/login?next=/en/imprint")
        assert (done.status_code, done.headers["Location"]) == (303, "/en/imprint")
        page = await visitor.get("/en/imprint")
    assert "Hauke Husum Husum, Stadt" in Page(page.text).one("header").text
    assert page.headers["Cache-Control"] == "no-store"


async def test_the_cookies_are_for_this_host_over_https_and_for_no_script(world: World) -> None:
    async with world.browser() as visitor:
        begun = await visitor.get("/login")
        done = await world.log_in(visitor)
    for answer, name in ((begun, LOGIN), (done, SESSION)):
        parts = {part.strip() for part in cookie_of(answer, name).split(";")[1:]}
        assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= parts
        assert not [part for part in parts if part.startswith("Domain")]
    assert "Max-Age=600" in cookie_of(begun, LOGIN)
    assert "Max-Age" not in cookie_of(done, SESSION)


async def test_no_token_reaches_the_browser_and_the_store_holds_none_in_clear(world: World) -> None:
    async with world.browser() as visitor:
        begun = await visitor.get("/login")
        stored = await world.documents()
        verifier = query_of(begun.headers["Location"])["code_challenge"]
        assert verifier not in stored
        done = await visitor.get(await world.choose(begun.headers["Location"]))
        page = await visitor.get("/imprint")
        cookie = visitor.cookies[SESSION]
    stored = await world.documents()
    for seen in (stored, done.text, str(done.headers), page.text, str(page.headers)):
        assert not tokens_in(seen)
    assert cookie not in stored


async def test_the_code_flow_uses_pkce_state_and_nonce_fresh_each_time(world: World) -> None:
    seen = []
    async with world.browser() as visitor:
        for _ in range(2):
            query = query_of((await visitor.get("/login")).headers["Location"])
            assert (query["response_type"], query["code_challenge_method"], query["client_id"]) == ("code", "S256", "portal")
            assert query["redirect_uri"] == f"{ORIGIN}/login/callback"
            seen += [query["state"], query["nonce"], query["code_challenge"]]
    assert len(set(seen)) == 6
    assert all(len(it) >= 43 for it in seen)


async def test_each_login_has_a_new_session_and_ends_the_one_before(world: World) -> None:
    """Fixation: a value that somebody has planted or knows is never that of a session."""
    async with world.browser() as visitor:
        visitor.cookies.set(SESSION, "planted", domain="portal.test")
        await world.log_in(visitor)
        first = visitor.cookies[SESSION]
        assert first != "planted"
        await world.log_in(visitor, KOMM_ONE)
        second = visitor.cookies[SESSION]
        assert second != first
        assert "Petra Produkt" in (await visitor.get("/imprint")).text
    async with world.browser() as other:
        other.cookies.set(SESSION, first, domain="portal.test")
        assert "Husum" not in (await other.get("/imprint")).text
    assert len(await world.store.scan(SESSIONS)) == 1


async def test_a_callback_counts_once_in_the_browser_that_began_it(world: World) -> None:
    async with world.browser() as visitor, world.browser() as other:
        begun = await visitor.get("/login")
        back = await world.choose(begun.headers["Location"])
        elsewhere = await other.get(back)
        assert (elsewhere.status_code, SESSION in other.cookies) == (403, False)
        assert "noch einmal an" in Page(elsewhere.text).one("main").text
        assert (await visitor.get(back)).status_code == 303
        assert (await visitor.get(back)).status_code == 403
    assert await world.store.scan(PENDING) == []


@pytest.mark.parametrize(
    "change",
    [
        {"state": "another"},
        {"iss": "https://other.test"},
        {"iss": None},
        {"code": "unknown"},
        {"code": None},
        {"code": None, "error": "access_denied"},
    ],
    ids=str,
)
async def test_an_answer_that_does_not_hold_logs_nobody_in(world: World, change: dict[str, str | None]) -> None:
    async with world.browser() as visitor:
        begun = await visitor.get("/login")
        answer = query_of(await world.choose(begun.headers["Location"]))
        query = {name: value for name, value in {**answer, **change}.items() if value is not None}
        refused = await visitor.get(f"/login/callback?{urlencode(query)}")
        assert refused.status_code == 403
        assert SESSION not in visitor.cookies


@pytest.mark.parametrize(
    "change",
    [{"nonce": "another"}, {"aud": "other"}, {"iss": "https://other.test"}, {"exp": 1}, {"sub": KOMM_ONE}],
    ids=str,
)
async def test_an_id_token_that_is_not_for_this_login_logs_nobody_in(
    world: World, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    genuine = type(world.issuer).sign_identity
    monkeypatch.setattr(type(world.issuer), "sign_identity", lambda issuer, claims: genuine(issuer, {**claims, **change}))
    async with world.browser() as visitor:
        assert (await world.log_in(visitor)).status_code == 403
        assert SESSION not in visitor.cookies


async def test_a_login_that_takes_too_long_is_over(world: World) -> None:
    async with world.browser() as visitor:
        begun = await visitor.get("/login")
        world.pass_by(minutes=11)
        assert (await visitor.get(await world.choose(begun.headers["Location"]))).status_code == 403


async def test_a_session_ends_when_it_is_idle_and_after_ten_hours(world: World) -> None:
    async with world.browser() as visitor:
        await world.log_in(visitor)
        for _ in range(20):
            world.pass_by(minutes=29)
            assert "Hauke Husum" in (await visitor.get("/imprint")).text
        world.pass_by(minutes=29)
        assert "Hauke Husum" not in (await visitor.get("/imprint")).text
        await world.log_in(visitor)
        world.pass_by(minutes=31)
        assert "Hauke Husum" not in (await visitor.get("/imprint")).text


async def test_a_page_for_people_who_are_logged_in_leads_to_the_login_and_back(world: World) -> None:
    async with world.browser() as visitor:
        sent = await visitor.get("/en/inbox?unread=true")
        assert sent.status_code == 303
        assert query_of(sent.headers["Location"]) == {"next": "/en/inbox?unread=true"}
        done = await world.log_in(visitor, path=sent.headers["Location"])
        assert done.headers["Location"] == "/en/inbox?unread=true"


async def test_a_token_that_the_services_do_not_take_any_more_leads_to_the_login(world: World) -> None:
    async with world.browser() as visitor:
        await world.log_in(visitor)
        world.notified.status = 401
        assert (await visitor.get("/inbox")).headers["Location"] == "/login?next=%2Finbox"


async def test_a_logout_is_a_form_of_the_session_and_ends_it_here_and_there(world: World) -> None:
    async with world.browser() as visitor:
        await world.log_in(visitor)
        page = Page((await visitor.get("/imprint")).text)
        kept = visitor.cookies[SESSION]
        out = await visitor.post("/logout", data={"form": token_of(page, "/logout")}, headers=OURS)
        assert out.headers["Location"].startswith(f"{world.provider.url}/logout?")
        assert query_of(out.headers["Location"])["post_logout_redirect_uri"] == f"{ORIGIN}/"
        assert SESSION not in visitor.cookies
        visitor.cookies.set(SESSION, kept, domain="portal.test")
        assert "Hauke Husum" not in (await visitor.get("/imprint")).text
    assert await world.store.scan(SESSIONS) == []


@pytest.mark.parametrize("form", ["", "x.y", "00000000-0000-4000-8000-000000000000.", "of another page", "of another person"])
async def test_a_form_without_its_own_token_does_nothing(world: World, form: str) -> None:
    world.notified.items = [notification()]
    async with world.browser() as visitor, world.browser() as other:
        await world.log_in(visitor)
        await world.log_in(other, KOMM_ONE)
        if form == "of another page":
            form = token_of(Page((await visitor.get("/inbox")).text), "/inbox/read")
        if form == "of another person":
            form = token_of(Page((await other.get("/imprint")).text), "/logout")
        assert (await visitor.post("/logout", data={"form": form}, headers=OURS)).status_code == 403
        assert "Hauke Husum" in (await visitor.get("/imprint")).text


async def test_the_provider_can_end_a_session_by_itself(world: World) -> None:
    async with world.browser() as visitor, world.browser() as outside:
        await world.log_in(visitor)
        (document,) = await world.store.scan(SESSIONS)
        claims = {"iss": world.provider.url, "aud": "portal", "iat": int(time.time()), "exp": int(time.time()) + 60, "jti": "1"}
        event: dict[str, object] = {"http://schemas.openid.net/event/backchannel-logout": {}}
        for wrong in ({"sid": document["sid"]}, {"events": event}, {"events": event, "sid": document["sid"], "nonce": "n"}):
            token = world.issuer.sign_identity({**claims, **wrong})
            assert (await outside.post("/logout/back-channel", data={"logout_token": token})).status_code == 403
        assert "Hauke Husum" in (await visitor.get("/imprint")).text
        token = world.issuer.sign_identity({**claims, "events": event, "sid": document["sid"]})
        assert (await outside.post("/logout/back-channel", data={"logout_token": token})).status_code == 200
        assert "Hauke Husum" not in (await visitor.get("/imprint")).text


async def test_a_session_holds_in_every_process_and_with_a_new_key_first(world: World) -> None:
    keys = world.folder / "more-keys"
    fresh = base64.b64encode(secrets.token_bytes(32)).decode()
    keys.write_text(f"{fresh}\n{(world.folder / 'session-keys').read_text()}")
    async with world.browser() as visitor:
        await world.log_in(visitor)
        world.app = world.portal(oidc_issuer=world.provider.url, session_keys=keys)
        async with world.browser() as again:
            again.cookies = visitor.cookies
            assert "Hauke Husum" in (await again.get("/imprint")).text
            keys.write_text(f"{fresh}\n")
            world.app = world.portal(oidc_issuer=world.provider.url, session_keys=keys)
        async with world.browser() as later:
            later.cookies = visitor.cookies
            assert "Hauke Husum" not in (await later.get("/imprint")).text


def test_a_sealed_text_opens_only_for_what_it_was_sealed_for() -> None:
    seal = Seal([secrets.token_bytes(32)])
    sealed = seal.seal("token", "session-1")
    assert seal.open(sealed, "session-1") == "token"
    assert seal.open(sealed, "session-2") is None
    assert seal.open("no base64!", "session-1") is None
    assert Seal([secrets.token_bytes(32)]).open(sealed, "session-1") is None
    assert [seal.open(it, "session-1") for it in ("", "A", "AAAA", "é=", "\u200b")] == [None] * 5, "a cookie may hold anything"
    assert seal.seal("token", "session-1") != sealed


def test_at_each_step_of_a_change_of_keys_processes_of_both_steps_open_what_the_other_has_sealed(tmp_path: Path) -> None:
    """The steps of the handbook; between two of them processes of the one before still run."""
    old, new = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
    seals = []
    for number, keys in enumerate(([old], [old, new], [new, old], [new])):
        file = tmp_path / f"step-{number}"
        file.write_text("\n".join(keys), encoding="ascii")
        seals.append(Seal.read(file))
    for before, after in pairwise(seals[:3]):
        assert after.open(before.seal("token", "session-1"), "session-1") == "token"
        assert before.open(after.seal("token", "session-1"), "session-1") == "token"
    assert seals[3].open(seals[2].seal("token", "session-1"), "session-1") == "token"
    assert seals[0].open(seals[2].seal("token", "session-1"), "session-1") is None  # why it takes two steps


@pytest.mark.parametrize("content", ["", "c2hvcnQ=", "no base64!"])
def test_a_file_without_fit_session_keys_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys").write_text(content)
    with pytest.raises(ValueError, match=r"32 bytes|base64"):
        Seal.read(tmp_path / "keys")


@pytest.mark.parametrize("path", ["/", "/offerings?q=b%C3%A4r&kind=offering", "/en/inbox", "/offerings/a:b@c"])
def test_a_path_of_ours_is_followed(path: str) -> None:
    assert following(path) == path


@pytest.mark.parametrize(
    "address",
    [
        None, "", "offerings", "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "\\/evil.test", "https://evil.test",
        "https:evil.test", "javascript:alert(1)", "data:text/html,x", " /offerings", "/offerings\r\nSet-Cookie: a=b", "/\t/evil.test",
        "/\n/evil.test", "/ /evil.test", "/a\\..\\b", "/ä", "\u2028/x", "/\x00", "/\x7f", "http:///evil.test", "@evil.test",
        "/" + "a" * 2000,
    ],
)  # fmt: skip
def test_nothing_else_is_followed(address: str | None) -> None:
    assert following(address) == "/"


@pytest.mark.parametrize("target", ["//evil.test", "/\\evil.test", "https://evil.test/"])
async def test_a_login_never_leads_to_another_site(world: World, target: str) -> None:
    async with world.browser() as visitor:
        done = await world.log_in(visitor, HUSUM, f"/login?{urlencode({'next': target})}")
        assert done.headers["Location"] == "/"


def notification(**parts: object) -> dict[str, object]:
    return {
        "id": "4a0c8d0e-9f0c-5a53-8f0b-0d6c1f5b7f11",
        "event_type": "catalog.offering.published.v1",
        "subject_kind": "offering",
        "subject_id": "7f8f0a52-5f2c-5a8e-8d5f-2d6d9d2b8c33",
        "subject": "Angebot <b>veröffentlicht</b>",
        "body": "Erste Zeile\n<script>alert(1)</script>",
        "occurred_at": "2026-03-02T09:15:00Z",
        "created_at": "2026-03-02T09:15:01Z",
        "read_at": None,
        **parts,
    }


async def test_the_inbox_shows_text_as_text_and_is_asked_with_the_persons_own_token(world: World) -> None:
    world.notified.items = [
        notification(),
        notification(id="5a0c8d0e-9f0c-5a53-8f0b-0d6c1f5b7f11", read_at="2026-03-02T10:00:00Z"),
    ]
    async with world.browser() as visitor:
        await world.log_in(visitor)
        page = Page((await visitor.get("/inbox")).text)
    assert [it.text for it in page.all("h2")] == ["Angebot <b>veröffentlicht</b>"] * 2
    assert len(page.all("script")) == 2
    assert len([it for it in page.all("form") if it.attributes["action"] == "/inbox/read"]) == 1
    assert page.all("a", href="/offerings/7f8f0a52-5f2c-5a8e-8d5f-2d6d9d2b8c33")
    asked = world.notified.asked[0]
    sent = asked.headers["Authorization"]
    assert tokens_in(sent) == [sent.removeprefix("Bearer ")]
    assert asked.headers["Accept-Language"] == "de"


async def test_marking_as_read_acts_once_with_the_forms_own_key(world: World) -> None:
    world.notified.items = [notification()]
    async with world.browser() as visitor:
        await world.log_in(visitor)
        page = Page((await visitor.get("/en/inbox?unread=true")).text)
        fields = {"form": token_of(page, "/en/inbox/read"), "id": notification()["id"], "unread": "true"}
        for _ in range(2):
            done = await visitor.post("/en/inbox/read", data=fields, headers=OURS)
            assert (done.status_code, done.headers["Location"]) == (303, "/en/inbox?unread=true")
    posts = [it for it in world.notified.asked if it.method == "POST"]
    assert [it.url.path for it in posts] == [f"/v1/inbox/{notification()['id']}/read"] * 2
    assert len({it.headers["Idempotency-Key"] for it in posts}) == 1


async def test_while_the_provider_is_away_a_visitor_is_told_and_can_go_on_reading(world: World) -> None:
    world.answers = lambda _: httpx.Response(503)
    async with world.browser() as visitor:
        refused = await visitor.get("/login")
        assert refused.status_code == 503
        assert "der Anmeldedienst nicht antwortet" in Page(refused.text).one("main").text
        assert (await visitor.get("/imprint")).status_code == 200


async def test_another_issuer_at_the_address_of_the_provider_is_not_believed(world: World) -> None:
    stated = {"issuer": "https://other.test", "authorization_endpoint": "a", "token_endpoint": "b", "jwks_uri": "c"}
    world.answers = lambda _: httpx.Response(200, json=stated)
    async with world.browser() as visitor:
        assert (await visitor.get("/login")).status_code == 503
