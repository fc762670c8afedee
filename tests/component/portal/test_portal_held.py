"""What somebody has filled in outlives the end of their login: for them alone, for half an hour, and it is not sent by itself."""

from __future__ import annotations

import httpx
import pytest

from tests.component.portal.filling import shown
from tests.component.portal.login import HUSUM, KOMM_ONE, OURS, World, cookie_of, token_of
from tests.support.html import Page

FORM = "/contacts/me"
WRITTEN = {"name": "Hauke Husum", "email": "hauke@husum.example", "language": "en", "rhythm": "WEEKLY", "deputy": "true"}
HELD = "__Host-held-test"


async def sent_too_late(world: World, visitor: httpx.AsyncClient, **time: float) -> httpx.Response:
    """Log in, open a form, let time pass, and send it."""
    await world.log_in(visitor)
    page = Page((await visitor.get(FORM)).text)
    world.pass_by(**(time or {"minutes": 31}))
    return await visitor.post(FORM, data={"form": token_of(page, FORM), **WRITTEN}, headers=OURS)


def held_in(page: Page) -> dict[str, str]:
    """Return what the form of a page holds."""
    form = next(it for it in page.one("main").inside_all("form"))
    fields = [it for it in form.inside_all("input", "select", "textarea") if it.attributes["name"] != "form"]
    return {it.attributes["name"]: value for it in fields for value in shown(it)}


async def test_the_form_comes_back_filled_once_its_person_has_logged_in_again(world: World) -> None:
    async with world.browser() as visitor:
        answer = await sent_too_late(world, visitor)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=%2Fcontacts%2Fme")
        cookie = cookie_of(answer, HELD)
        assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=1800"} <= {it.strip() for it in cookie.split(";")[1:]}
        stored = await world.documents()
        assert "hauke@husum.example" not in stored, "it lies sealed in the store"
        assert cookie.partition("=")[2].partition(";")[0] not in stored
        done = await world.log_in(visitor, path=answer.headers["Location"])
        assert done.headers["Location"] == FORM
        asked = len(world.notified.asked)
        page = Page((await visitor.get(FORM)).text)
        assert "Ihre Eingaben sind noch da" in page.one("main").text
        assert held_in(page) == WRITTEN, "a box that was not ticked is not ticked again"
        assert [it.method for it in world.notified.asked[asked:]] == ["GET"], "nothing is sent by itself"
        await visitor.post(FORM, data={"form": token_of(page, FORM), **WRITTEN}, headers=OURS)
        assert [it.method for it in world.notified.asked][-1] == "PUT"
        again = Page((await visitor.get(FORM)).text)
        assert "Ihre Eingaben sind noch da" not in again.one("main").text


async def test_a_token_that_a_service_does_not_take_any_more_loses_nothing(world: World) -> None:
    async with world.browser() as visitor:
        await world.log_in(visitor)
        page = Page((await visitor.get(f"/en{FORM}")).text)
        world.notified.status = 401
        answer = await visitor.post(f"/en{FORM}", data={"form": token_of(page, f"/en{FORM}"), **WRITTEN}, headers=OURS)
        assert answer.headers["Location"] == "/en/login?next=%2Fen%2Fcontacts%2Fme"
        world.notified.status = 200
        await world.log_in(visitor, path=answer.headers["Location"])
        assert "What you entered is still here" in (await visitor.get(f"/en{FORM}")).text


@pytest.mark.parametrize("minutes", [0, 29, 31])
async def test_only_the_same_person_reads_it_and_for_half_an_hour(world: World, minutes: int) -> None:
    async with world.browser() as visitor:
        answer = await sent_too_late(world, visitor)
        await world.log_in(visitor, KOMM_ONE, answer.headers["Location"])
        assert "hauke@husum.example" not in (await visitor.get(FORM)).text
        world.pass_by(minutes=minutes)
        await world.log_in(visitor, HUSUM, answer.headers["Location"])
        assert ("hauke@husum.example" in (await visitor.get(FORM)).text) == (minutes < 30)


async def test_who_has_logged_out_or_never_in_leaves_nothing_behind(world: World) -> None:
    async with world.browser() as visitor:
        nobody = await visitor.post(FORM, data=WRITTEN, headers=OURS)
        assert (nobody.headers["Location"], HELD in visitor.cookies) == ("/login?next=%2F", False)
        await world.log_in(visitor)
        page = Page((await visitor.get(FORM)).text)
        await visitor.post("/logout", data={"form": token_of(page, "/logout")}, headers=OURS)
        assert not [it for it in visitor.cookies if it.startswith("__Host-")]
        after = await visitor.post(FORM, data=WRITTEN, headers=OURS)
        assert (after.headers["Location"], HELD in visitor.cookies) == ("/login?next=%2F", False)


async def test_whose_login_was_over_long_ago_leaves_nothing_behind_though_the_browser_kept_the_cookie(world: World) -> None:
    async with world.browser() as visitor:
        answer = await sent_too_late(world, visitor, hours=9, minutes=59)
        assert answer.headers["Location"] == "/login?next=%2Fcontacts%2Fme"
    async with world.browser() as visitor:
        answer = await sent_too_late(world, visitor, hours=10)
        assert (answer.headers["Location"], HELD in visitor.cookies) == ("/login?next=%2F", False)


async def test_what_no_page_shows_again_is_not_kept(world: World) -> None:
    async with world.browser() as visitor:
        await world.log_in(visitor)
        world.pass_by(minutes=31)
        answer = await visitor.post("/inbox/read", data={"id": "x"}, headers=OURS)
        assert (answer.headers["Location"], HELD in visitor.cookies) == ("/login?next=%2F", False)
        visitor.cookies.set("__Host-person-test", "forged", domain="portal.test")
        assert (await visitor.post(FORM, data=WRITTEN, headers=OURS)).headers["Location"] == "/login?next=%2F"
