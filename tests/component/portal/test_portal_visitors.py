"""The visitors' pages: what a browser without scripts and without a login sees and can follow."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from services.portal.app import policy
from shared.http.site import HEADERS
from tests.component.portal.conftest import MARKUP
from tests.support.html import Page
from tests.support.showcase import ORIGIN, Showcase, browser, portal_over

PATHS = (
    "/",
    "/offerings",
    "/offerings?kind=offering&q=Bau",
    "/offerings/E008",
    "/channels",
    "/channels/fitko",
    "/accessibility",
    "/imprint",
    "/nothing-here",
)
LANGUAGES = ("de", "en")


async def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    async with browser(app) as visitor:
        return await visitor.get(path, headers=headers)


async def page(app: FastAPI, path: str, status: int = 200) -> Page:
    answer = await get(app, path)
    assert answer.status_code == status, answer.text
    return Page(answer.text)


def in_language(path: str, language: str) -> str:
    return path if language == "de" else f"/en{path}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
async def test_every_page_has_one_heading_a_language_a_title_and_nothing_inline(
    portal: FastAPI, path: str, language: str
) -> None:
    answer = await get(portal, in_language(path, language))
    read = Page(answer.text)
    assert read.one("html").attributes["lang"] == answer.headers["Content-Language"] == language
    assert read.one("title").text.startswith(read.one("h1").text)
    assert len(read.all("main")) == 1
    ids = [it.attributes["id"] for it in read.elements if "id" in it.attributes]
    assert len(ids) == len(set(ids))
    assert read.all("style") == []
    assert [it for it in read.all("script") if "src" not in it.attributes] == []
    assert [name for it in read.elements for name in it.attributes if name == "style" or name.startswith(("on", "hx-on"))] == []
    labelled = {it.attributes["for"] for it in read.all("label")}
    assert {it.attributes["id"] for it in read.all("input")} <= labelled


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_link_and_file_of_the_visitors_pages_is_there(portal: FastAPI, showcase: Showcase, language: str) -> None:
    seen: set[str] = set()
    waiting = [in_language("/", language), *(in_language(f"/offerings/{it}", language) for it in showcase.ids.values())]
    async with browser(portal) as visitor:
        while waiting and len(seen) < 60:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            answer = await visitor.get(path)
            assert answer.status_code == 200, path
            if not answer.headers["Content-Type"].startswith("text/html"):
                continue
            found = [it.attributes.get("href") or it.attributes.get("src") for it in Page(answer.text).elements]
            local = {urlsplit(it)._replace(scheme="", netloc="", fragment="").geturl() for it in found if it and _is_ours(it)}
            waiting += sorted(it for it in local if it.startswith("/static/") or not seen.intersection({it}))
    assert {in_language("/channels/govdigital", language), in_language("/offerings", language)} <= seen


def _is_ours(address: str) -> bool:
    return address.startswith(("/", ORIGIN))


async def test_each_answer_tells_the_browser_what_it_may_load(portal: FastAPI) -> None:
    for path in ("/", "/nothing-here", "/robots.txt", "/livez"):
        answer = await get(portal, path)
        assert answer.headers["Content-Security-Policy"] == policy(None)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "Set-Cookie" not in answer.headers
    assert "unsafe" not in policy("https://login.test")


async def test_a_static_file_has_its_hash_in_its_name_and_stays_for_ever(portal: FastAPI) -> None:
    read = await page(portal, "/")
    style = next(it.attributes["href"] for it in read.all("link", rel="stylesheet") if "portal" in it.attributes["href"])
    packed = await get(portal, style, **{"Accept-Encoding": "gzip"})
    plain = await get(portal, style, **{"Accept-Encoding": "identity"})
    assert packed.headers["Cache-Control"] == plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (packed.headers["Content-Encoding"], plain.headers.get("Content-Encoding")) == ("gzip", None)
    assert packed.text == plain.text
    fonts = re.findall(r'url\("(/static/[^"]+)"\)', plain.text)
    assert len(fonts) == 2
    for font in fonts:
        assert (await get(portal, font)).headers["Content-Type"] == "font/woff2"
    assert (await get(portal, style.replace("portal.", "portal.0"))).status_code == 404
    assert (await get(portal, "/static/..%2Fsettings.py")).status_code == 404


async def test_the_first_view_stays_within_its_weight(portal: FastAPI) -> None:
    """130 KB over the wire, the fonts with it, and 20 KB of script."""
    packed = {"Accept-Encoding": "gzip"}
    async with browser(portal) as visitor:
        sizes: dict[str, int] = {}

        async def load(path: str) -> str:
            async with visitor.stream("GET", path, headers=packed) as answer:
                raw = b"".join([chunk async for chunk in answer.aiter_raw()])
                sizes[path] = len(raw)
            return (await visitor.get(path)).text if path.endswith((".css", "offerings")) else ""

        text = await load("/offerings")
        read = Page(text)
        files = [
            it.attributes.get("href") or it.attributes["src"] for it in (*read.all("link", rel="stylesheet"), *read.all("script"))
        ]
        files += [it.attributes["href"] for it in read.all("link", rel="icon")]
        for file in files:
            for font in re.findall(r'url\("(/static/[^"]+)"\)', await load(file)):
                await load(font)
    assert sum(sizes.values()) <= 130_000, sizes
    assert sum(size for path, size in sizes.items() if path.endswith(".js")) <= 20_000
    assert sizes["/offerings"] <= 15_000
    assert len(sizes) <= 8


async def test_the_start_page_counts_what_there_is_and_leads_to_each_topic(portal: FastAPI) -> None:
    read = await page(portal, "/")
    assert "42 Leistungen im Katalog" in read.one("main").text
    assert "2 davon sind hier bestellbar" in read.one("main").text
    assert read.all("a", href="/offerings?topic_id=bildung")
    english = await page(portal, "/en/")
    assert "42 services in the catalogue" in english.one("main").text
    assert english.all("a", href="/en/offerings?topic_id=bildung")


async def test_a_search_narrows_by_words_and_filters_that_its_address_holds(portal: FastAPI) -> None:
    read = await page(portal, "/offerings?q=baugenehmigung&kind=offering")
    assert [it.text for it in read.all("h3")] == ["Digitale Baugenehmigung"]
    assert read.one("input", id="q").attributes["value"] == "baugenehmigung"
    assert "checked" in read.one("input", id="kind-offering").attributes
    assert "checked" not in read.one("input", id="kind-known").attributes
    assert read.one("a", class_="chip").attributes["href"] == "/offerings?q=baugenehmigung"


async def test_what_others_use_already_is_found_by_their_land_and_says_so(portal: FastAPI, showcase: Showcase) -> None:
    read = await page(portal, "/en/offerings?used_in=DE-SN")
    assert [it.text for it in read.all("h3")] == ["Digitale Baugenehmigung"]
    assert "checked" in read.one("input", id="used_in-DE-SN").attributes
    assert read.one("label", **{"for": "used_in-DE-SN"}).text.split() == ["Saxony", "1"]
    assert read.one("a", class_="chip").text.startswith("Saxony")
    assert "Already used by 1 body" in read.one("main").text
    offer = (await page(portal, f"/offerings/{showcase.ids['Digitale Baugenehmigung']}")).one("main").text
    assert "bei 1 Stelle · Sachsen" in offer
    assert "146120000000" not in offer


async def test_the_filters_are_a_form_that_needs_no_script(portal: FastAPI) -> None:
    form = (await page(portal, "/en/offerings")).one("form", id="search-form")
    assert (form.attributes["method"], form.attributes["action"]) == ("get", "/en/offerings")


async def test_both_choices_of_orderable_together_leave_everything(portal: FastAPI) -> None:
    read = await page(portal, "/offerings?orderable=true&orderable=false")
    assert read.one("h2", id="results-heading").text == "42 Leistungen"


async def test_a_filter_that_leaves_nothing_can_be_taken_back(portal: FastAPI) -> None:
    read = await page(portal, "/offerings?provider=nobody&kind=known")
    assert read.one("h2", id="results-heading").text == "0 Leistungen"
    assert "checked" in read.one("input", id="provider-nobody").attributes
    assert {it.attributes["href"] for it in read.all("a", class_="chip")} == {
        "/offerings?kind=known",
        "/offerings?provider=nobody",
    }


async def test_a_list_leads_on_to_its_end_and_shows_each_entry_once(portal: FastAPI) -> None:
    path, titles, views = "/offerings", [], 0
    while path:
        read = await page(portal, path)
        titles += [it.attributes["href"] for it in read.all("a") if re.fullmatch(r"/offerings/[^?]+", it.attributes["href"])]
        following = read.all("a", rel="next")
        path = following[0].attributes["href"] if following else ""
        views += 1
        assert (views > 1) == bool([it for it in read.all("a", href="/offerings") if it.text == "Zum Anfang der Liste"])
    # One known service leads to the offer that states to be it, beside that offer's own entry.
    assert (views, len(titles), len(set(titles))) == (3, 42 + 1, 42)


async def test_what_others_add_to_an_address_is_passed_over(portal: FastAPI) -> None:
    assert (await get(portal, "/offerings?q=bau&utm_source=mail")).status_code == 200


@pytest.mark.parametrize("query", ["kind=nonsense", "cursor=nonsense", "channel=nonsense", "orderable=perhaps"])
async def test_an_address_that_the_catalog_does_not_understand_gets_a_page_that_says_so(portal: FastAPI, query: str) -> None:
    answer = await get(portal, f"/offerings?{query}")
    assert 400 <= answer.status_code < 500
    assert Page(answer.text).one("h1").text == "Diese Adresse verstehen wir nicht"


async def test_an_offer_shows_costs_checklist_and_the_way_to_order(portal: FastAPI, showcase: Showcase) -> None:
    read = await page(portal, f"/offerings/{showcase.ids['Digitale Baugenehmigung']}")
    text = read.one("main").text
    for expected in ("Betrieb", "2.400,00 €", "je Jahr", "ab 1. Januar 2027", "govdigital eG", "Mobilität & Reisen", "Komm.ONE"):
        assert expected in text
    english = (await page(portal, f"/en/offerings/{showcase.ids['Digitale Baugenehmigung']}")).one("main").text
    for expected in ("€2,400.00", "from 1 January 2027", "Your way to order"):
        assert expected in english


async def test_documents_are_linked_over_https_only_and_learn_nothing_of_us(portal: FastAPI, showcase: Showcase) -> None:
    read = await page(portal, f"/offerings/{showcase.ids['Digitale Baugenehmigung']}")
    outside = [it for it in read.all("a") if "example.org" in it.attributes["href"]]
    assert [it.attributes["href"] for it in outside] == ["https://www.example.org/lb.pdf"]
    assert outside[0].attributes["rel"] == "noopener noreferrer"


async def test_markup_in_what_others_write_stays_text(portal: FastAPI, showcase: Showcase) -> None:
    read = await page(portal, f"/offerings/{showcase.ids[MARKUP]}")
    assert read.one("h1").text == " ".join(MARKUP.split())
    assert read.one("main").text.count("alert(") >= 3
    assert len(read.all("script")) == 2
    answer = await page(portal, "/offerings?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert answer.one("input", id="q").attributes["value"] == '"><script>alert(1)</script>'
    assert len(answer.all("script")) == 2


async def test_a_suspended_offer_gives_its_reason_and_no_way_to_order(portal: FastAPI, showcase: Showcase) -> None:
    text = (await page(portal, f"/offerings/{showcase.ids['Ausgesetzte Leistung']}")).one("main").text
    assert "Umstellung bis Ende März." in text
    assert "Zurzeit ist kein Bestellweg offen." in text


async def test_a_channel_that_will_close_is_shown_with_its_last_day_and_the_reason(portal: FastAPI, showcase: Showcase) -> None:
    text = (await page(portal, f"/offerings/{showcase.ids['Digitale Baugenehmigung']}")).one("main").text
    assert "(noch bis 31. Dezember 2029)" in text
    assert "endet durch Kündigung am 31.12.2029." in text


async def test_the_way_to_order_of_a_kind_of_body_is_that_of_the_channels_rules(portal: FastAPI, showcase: Showcase) -> None:
    offering = f"/offerings/{showcase.ids['Digitale Baugenehmigung']}"
    read = await page(portal, f"{offering}?kind=KOMMUNE")
    assert read.one("ul", class_="ways").text == "govdigital eG Unmittelbar möglich."
    assert [it.attributes["value"] for it in read.all("option") if "selected" in it.attributes] == ["KOMMUNE"]
    for kind in ("", "ANBIETER", "<b>"):
        assert (await page(portal, f"{offering}?kind={kind}")).all("ul", class_="ways") == []


async def test_the_ways_to_order_are_compared_and_each_rule_is_there(portal: FastAPI) -> None:
    rows = {it.inside[0].text: [cell.text for cell in it.inside[1:]] for it in (await page(portal, "/channels")).all("tr")}
    assert rows["Art der Organisation"] == ["FITKO (FIT-Store)", "govdigital eG"]
    assert rows["Kommune"] == ["nicht unmittelbar", "unmittelbar"]
    assert rows["Land"] == ["unmittelbar", "unmittelbar"]
    read = await page(portal, "/channels/fitko")
    assert [it.text.split()[0] for it in read.all("h2")] == [f"R{number}" for number in range(1, 13)]
    assert "§ 99 Nr. 1-3 GWB" in read.one("main").text
    assert (await get(portal, "/channels/unknown")).status_code == 404


async def test_a_known_service_says_that_it_cannot_be_ordered_here(portal: FastAPI) -> None:
    assert "Hier noch nicht bestellbar" in (await page(portal, "/offerings/E008")).one("main").text


async def test_a_known_service_leads_to_the_offers_that_state_to_be_it(portal: FastAPI) -> None:
    read = await page(portal, "/offerings/E015")
    assert "Hier schon angeboten" in read.one("main").text
    assert "Ausgesetzte Leistung" in [it.text for it in read.all("a")]
    assert "Already offered here" in (await page(portal, "/en/offerings/E015")).one("main").text


@pytest.mark.parametrize("path", ["/offerings/unknown", "/offerings/..%2f..%2fv1", "/offerings/%F0%9F%92%A9", "/en/nothing"])
async def test_what_is_not_there_is_said_in_the_language_of_the_path(portal: FastAPI, path: str) -> None:
    answer = await get(portal, path)
    title = "Page not found" if path.startswith("/en") else "Seite nicht gefunden"
    assert (answer.status_code, Page(answer.text).one("h1").text) == (404, title)


async def test_operator_and_feedback_address_are_those_of_the_settings(portal: FastAPI) -> None:
    assert "Stadt Beispiel Rathausplatz 1 12345 Beispiel" in (await page(portal, "/imprint")).one("main").text
    assert (await page(portal, "/accessibility")).all("a", href="mailto:barrierefrei%40example.org")


class Down(httpx.AsyncBaseTransport):
    """A service that does not answer."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)


async def test_while_the_catalog_is_away_the_start_page_comes_without_it_and_the_search_says_so() -> None:
    app = portal_over({"catalog": Down(), "eligibility": Down()})
    assert "Der Katalog antwortet gerade nicht" in (await page(app, "/")).one("main").text
    assert (await page(app, "/offerings", 503)).one("h1").text == "Gerade nicht erreichbar"
    assert (await get(app, "/livez", Host="10.0.0.7")).status_code == 200


@pytest.mark.parametrize(("status", "shown"), [(500, 500), (502, 503), (429, 503), (200, 500)])
async def test_what_the_catalog_answers_wrongly_is_our_fault_not_the_visitors(status: int, shown: int) -> None:
    odd = httpx.MockTransport(lambda _: httpx.Response(status, text="no JSON"))
    answer = await get(portal_over({"catalog": odd}), "/offerings")
    assert answer.status_code == shown
    assert Page(answer.text).one("main").text


async def test_the_catalog_is_asked_with_the_trace_of_the_page() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"items": [], "next": None, "total": 0, "facets": {}})

    app = portal_over({"catalog": httpx.MockTransport(answer)})
    shown = await get(app, "/offerings?q=a", **{"X-Correlation-ID": "vorgang-1"})
    assert seen[0].headers["X-Correlation-ID"] == shown.headers["X-Correlation-ID"] == "vorgang-1"
    assert seen[0].headers["traceparent"].split("-")[1] == shown.headers["traceparent"].split("-")[1]
    assert "Authorization" not in seen[0].headers
