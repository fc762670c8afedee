"""The portal in Chromium: accessible in every theme and width, usable without scripts and by keyboard, safe against markup."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from marktplatz.people import OPERATOR
from tests.browser.conftest import MARKUP, WEBHOOK, Site
from tests.browser.known_facts import ACTIVITY, RELATION
from tests.browser.looking import WIDE, look, violations
from tests.component.portal.test_portal_operations import GROUP
from tests.support.probes import PROBES

REQUESTS = 8
"""As many may a first view take."""


def visited(site: Site) -> dict[str, str]:
    """Return the pages of a visitor by name."""
    return {
        "start": "/",
        "offerings": "/offerings",
        "filtered": "/en/offerings?q=online&kind=offering",
        "nothing": "/offerings?q=xyzzy",
        "offering": f"/offerings/{site.offering}?kind=KOMMUNE",
        "suspended": f"/en/offerings/{site.suspended}",
        "known": "/offerings/E008",
        "channels": "/channels",
        "channel": "/channels/fitko",
        "agb": "/channels/fitko/agb?version=EfA-Marktplatz+2022&leg=NACHNUTZUNG",
        "accessibility": "/accessibility",
        "imprint": "/imprint",
        "missing": "/nothing-here",
    }


def worked_in(site: Site) -> dict[str, str]:
    """Return the pages of somebody who is logged in, by name."""
    return {
        "orders": "/orders",
        "order": f"/orders/{site.order}",
        "order-en": f"/en/orders/{site.order}",
        "inbox": f"/inbox?order_id={site.order}",
        "contact": "/contacts/me",
        "contact-kinds": "/contacts/me/kinds",
        "sign-off": f"/orders/{site.order}/sign-off",
        "decision": f"/en/orders/{site.order}/decision",
        "acting": "/acting",
        "orders-narrowed": "/en/orders?waits_for_me=true",
        "participations": "/participations",
        "participation": f"/participations/{site.participation}",
        "partner": "/partners/sued",
        "resubmit": f"/quarantine/{site.record}/resubmit",
        "webhooks": "/webhooks",
        "webhook": f"/webhooks/{WEBHOOK['id']}",
        "webhook-new": "/en/webhooks/new",
        "webhook-change": f"/webhooks/{WEBHOOK['id']}/change",
        "webhook-remove": f"/webhooks/{WEBHOOK['id']}/remove",
        "facts": "/facts?q=Dataport",
        "facts-of": "/facts/of/dataport",
        "fact": f"/facts/{RELATION}",
        "fact-new": "/facts/of/010540056056/new",
        "fact-record": "/en/facts/of/010540056056/new/activity",
    }


def operated(site: Site) -> dict[str, str]:
    """Return the pages of the operator, by name."""
    return {
        "operations": "/operations",
        "quarantined": f"/quarantine/{site.record}",
        "discard": f"/en/quarantine/{site.record}/discard",
        "what-if": "/operations/what-if",
        "job": f"/operations/jobs/{site.job}",
        "dead-letters": f"/operations/groups/{GROUP}",
        "dead-letter": f"/operations/groups/{GROUP}/0:17",
        "partners": "/operations/partners",
        "partner-operated": "/partners/sued",
        "partner-new": "/operations/partners/new",
        "partner-change": "/en/operations/partners/sued/change",
        "partner-organisations": "/operations/partners/sued/organisations",
        "partner-key": "/operations/partners/sued/keys",
        "partner-key-end": "/operations/partners/sued/keys/sued-2025",
        "partner-suspend": "/operations/partners/sued/state/suspend",
        "fact-operated": f"/facts/{ACTIVITY}",
        "fact-correct": f"/facts/{RELATION}/correct",
        "fact-end": f"/facts/{RELATION}/end",
        "fact-withdraw": f"/en/facts/{RELATION}/withdraw",
    }


@asynccontextmanager
async def opened(chromium: Browser, site: Site, width: int = 1280, **options: Any) -> AsyncIterator[Page]:
    """Give a page of a browser that has been nowhere; what the console complains of fails the test."""
    context = await chromium.new_context(viewport={"width": width, "height": 900}, base_url=site.url, **options)
    page = await context.new_page()
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda it: complaints.append(it.text) if it.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda it: hosts.add(urlsplit(it.url).hostname or ""))
    try:
        yield page
    finally:
        await context.close()
    assert hosts <= {"127.0.0.1"}
    assert [it for it in complaints if "404" not in it] == []


async def log_in(page: Page, name: str = "Hauke Husum") -> None:
    """Log in as one of the people, by a click."""
    await page.goto("/imprint")
    await page.get_by_role("link", name="Anmelden").click()
    await page.get_by_role("button", name=name).click()
    await page.wait_for_url("**/imprint")


async def judged(page: Page, pages: dict[str, str]) -> list[str]:
    """Return what is wrong with pages, wide and light as well as narrow and dark, and take their pictures."""
    wrong: list[str] = []
    for name, path in pages.items():
        await page.goto(path)
        wrong += await look(page, name)
    return wrong


async def test_every_page_is_accessible_and_fits_its_width(chromium: Browser, site: Site) -> None:
    async with opened(chromium, site) as page:
        wrong = await judged(page, visited(site))
        await log_in(page)
        wrong += await judged(page, worked_in(site))
    async with opened(chromium, site) as page:
        await log_in(page, OPERATOR.name)
        wrong += await judged(page, operated(site))
    assert "\n".join(wrong) == ""


async def test_what_is_folded_is_accessible_once_it_is_opened_and_so_is_a_secret_that_is_shown_once(
    chromium: Browser, site: Site
) -> None:
    async with opened(chromium, site) as page:
        await log_in(page)
        wrong: list[str] = []
        for name, path in (("contact-kinds-open", "/contacts/me/kinds"), ("webhook-new-open", "/webhooks/new")):
            await page.goto(path)
            await page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
            wrong += await look(page, name)
        await page.goto(f"/webhooks/{WEBHOOK['id']}/secret")
        wrong += await look(page, "webhook-secret")
        await page.get_by_role("button", name="Geheimnis erzeugen").click()
        await expect(page.locator("code")).to_contain_text("whsec_")
        wrong += await look(page, "webhook-secret-shown")
    assert "\n".join(wrong) == ""


async def test_without_scripts_groups_are_opened_and_chosen_in(chromium: Browser, site: Site) -> None:
    async with opened(chromium, site, java_script_enabled=False) as page:
        await log_in(page)
        await page.goto("/contacts/me/kinds")
        choice = page.get_by_label("Angebot zum Bestellen", exact=True)
        await expect(choice).to_be_hidden()
        await page.locator("summary", has_text="Angebot und Bestellung").click()
        await choice.select_option("WEEKLY")
        await page.get_by_role("button", name="Speichern").click()
        await page.wait_for_url("**/inbox?done=contact")


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("document.documentElement.removeAttribute('lang')", "html-has-lang"),
        ("document.title = ''", "document-title"),
        ("document.querySelectorAll('label').forEach(it => it.remove())", "label"),
        ("document.querySelector('h1').outerHTML = '<p>no heading</p>'", "page-has-heading-one"),
        ("document.querySelector('h1').style.color = '#cccccc'", "color-contrast"),
    ],
)
async def test_a_planted_fault_is_found(chromium: Browser, site: Site, fault: str, rule: str) -> None:
    async with opened(chromium, site) as page:
        await page.goto("/")
        await page.evaluate(fault)
        assert rule in {it.split(":")[0] for it in await violations(page)}


async def test_without_scripts_one_searches_filters_logs_in_and_out(chromium: Browser, site: Site) -> None:
    async with opened(chromium, site, java_script_enabled=False) as page:
        await page.goto("/")
        await page.get_by_label("Welche Leistung suchen Sie?").fill("baugenehmigung")
        await page.get_by_role("button", name="Suchen").click()
        await page.get_by_label("Auf dem Marktplatz angeboten").check()
        await page.get_by_role("button", name="Filter anwenden").click()
        await expect(page.locator("#results-heading")).to_have_text("1 Leistung")
        await page.get_by_role("link", name="Digitale Baugenehmigung").click()
        await page.get_by_label("Was ist Ihre Organisation?").select_option("KOMMUNE")
        await page.get_by_role("button", name="Bestellweg anzeigen").click()
        await expect(page.locator(".ways")).to_contain_text("Unmittelbar möglich.")
        await log_in(page)
        await page.get_by_role("button", name="Abmelden").click()
        await expect(page.get_by_role("link", name="Anmelden")).to_be_visible()
        assert await page.context.cookies() == []


async def test_a_filter_acts_at_once_keeps_the_focus_and_the_way_back(chromium: Browser, site: Site) -> None:
    async with opened(chromium, site) as page:
        await page.goto("/offerings")
        await page.locator("#kind-offering").focus()
        await page.keyboard.press("Space")
        await expect(page.locator("#results-heading")).to_have_text("3 Leistungen")
        await expect(page.locator("#kind-offering")).to_be_focused()
        await expect(page.locator("#results-status")).to_have_text("3 Leistungen")
        assert "kind=offering" in page.url
        await page.go_back()
        await expect(page.locator("#results-heading")).to_have_text("42 Leistungen")
        await expect(page.locator("#kind-offering")).not_to_be_checked()


async def test_the_keyboard_reaches_the_content_first_and_each_stop_is_seen(chromium: Browser, site: Site) -> None:
    async with opened(chromium, site) as page:
        await page.goto("/offerings")
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await expect(page.locator(".skip")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.locator("#q")).to_be_focused()
        for _ in range(8):
            await page.keyboard.press("Tab")
            seen = await page.evaluate("(getComputedStyle(document.activeElement).outlineStyle) !== 'none'")
            assert seen, await page.evaluate("document.activeElement.outerHTML")


async def test_markup_of_others_stays_text_and_what_is_injected_does_not_run(chromium: Browser, site: Site) -> None:
    context = await chromium.new_context(base_url=site.url)
    page = await context.new_page()
    ran: list[str] = []
    page.on("dialog", lambda it: ran.append(it.message))
    page.on("request", lambda it: ran.append(it.url) if not it.url.startswith(site.url) else None)
    for path in (f"/offerings/{site.markup}", "/offerings", *(f"/offerings?q={quote(it)}" for it in PROBES)):
        await page.goto(path)
        assert await page.title() != "broken", path
    await page.goto(f"/offerings/{site.markup}")
    await expect(page.locator("h1")).to_have_text(MARKUP)
    for probe in PROBES:
        assert probe in await page.locator("main").inner_text()
    await page.goto(f"/offerings?q={quote(PROBES[18])}")
    await expect(page.locator("#q")).to_have_value(PROBES[18])
    await page.evaluate(
        "() => { const it = document.createElement('script'); it.textContent = 'window.ran = 1'; document.body.append(it);"
        " document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\"><b style=\"color:red\" id=b>b</b>') }"
    )
    await page.wait_for_timeout(200)
    assert await page.evaluate("window.ran === undefined")
    assert await page.evaluate("getComputedStyle(document.getElementById('b')).color !== 'rgb(255, 0, 0)'")
    assert ran == []
    await context.close()


async def test_pages_are_light_readable_at_twice_the_size_and_in_forced_colours(chromium: Browser, site: Site) -> None:
    async with opened(chromium, site) as page:
        sizes: dict[str, int] = {}
        page.on("requestfinished", lambda it: sizes.update({it.url: 0}))
        await page.goto("/", wait_until="networkidle")
        first = len(sizes)
        await page.goto("/offerings", wait_until="networkidle")
        assert (first <= REQUESTS, len(sizes) - first) == (True, 1), sizes
        for path in ("/", "/offerings", f"/offerings/{site.offering}"):
            await page.emulate_media(forced_colors="active")
            await page.goto(path)
            await page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert await page.evaluate("document.documentElement.scrollWidth") <= WIDE, path
            await page.locator("main a, main input").first.focus()
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", path


async def test_a_form_of_another_site_does_nothing(chromium: Browser, site: Site) -> None:
    async with opened(chromium, site) as page:
        await log_in(page)
        token = await page.locator("form[action='/logout'] input[name=form]").get_attribute("value")
        other = await page.context.new_page()
        await other.route("https://other.test/", lambda route: route.fulfill(body="<h1>other</h1>", content_type="text/html"))
        await other.goto("https://other.test/")
        await other.set_content(
            f"<form method=post action='{site.url}/logout'><input name=form value='{token}'><button>Go</button></form>"
        )
        await other.get_by_role("button").click()
        await expect(other.locator("h1")).to_have_text("Das ist nicht erlaubt")
        await other.close()
        await page.reload()
        await expect(page.get_by_role("button", name="Abmelden")).to_be_visible()
