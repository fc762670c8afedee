"""A portal of others that follows the topics shows the Schaufenster as it is at home: same offers, totals, facets and order."""

from __future__ import annotations

import json
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marktplatz.cli import app
from marktplatz.showcase.followed import Followed, known_of, offering_of
from marktplatz.showcase.site import showcase_over
from services.portal.settings import Settings
from shared.process.service import Resources
from shared.store.sqlite.store import SqliteStore
from tests.component.showcase.conftest import Follower, Shown, page, site_over
from tests.support.html import Page
from tests.support.publisher import RecordingPublisher
from tests.support.showcase import DATA, ORIGIN

GOLDEN = Path(__file__).parents[2] / "contract" / "messages" / "golden"
WORDS: tuple[dict[str, object], ...] = tuple(
    {"q": words}
    for words in (
        *("Bau", "Wohngeld", "Parken", "baugenehmigung", "Baugenemigung", "Komm.ONE", "kfz", "xyzzy"),
        *("Elterngeld", "BAföG", "Genehmigung online", "Führerschein", "Anwohner parken", "Ummeldung"),
    )
)
QUERIES: tuple[dict[str, object], ...] = (
    {},
    {"limit": 1},
    {"kind": "offering"},
    {"kind": "known", "limit": 100},
    {"orderable": "true"},
    {"orderable": "false"},
    {"channel": "govdigital"},
    {"channel": "fitko"},
    {"topic_id": "bauen_wohnen"},
    {"provider": "komm_one"},
    {"state": "AUSGESETZT"},
    {"status": "in_reuse"},
    {"reifegrad": "3"},
    {"anbindungsart": "FIT_CONNECT"},
    {"sort": "title"},
    {"sort": "newest"},
    {"sort": "price"},
    {"sort": "reifegrad"},
    {"price_max": 100_000},
    *WORDS,
)


async def test_every_search_and_every_offer_is_the_same_as_at_home(shown: Shown) -> None:
    assert len(QUERIES) >= 30
    for query in QUERIES:
        home, here = await shown.both("/v1/offerings", **query)
        assert (here.status_code, here.json()) == (home.status_code, home.json()), query
    home, here = await shown.both("/v1/offerings")
    assert home.json()["total"] > 40
    second_home, second_here = await shown.both("/v1/offerings", cursor=home.json()["next"])
    assert second_here.json() == second_home.json()
    for offering_id in (*shown.home.ids.values(), "E008", "E001", "none"):
        home, here = await shown.both(f"/v1/offerings/{offering_id}")
        public = home.status_code == 200 and home.json().get("state") != "ZURUECKGEZOGEN"
        assert (here.status_code == 200) == public, offering_id
        if public:
            assert here.json() == home.json()


async def test_what_changes_at_home_changes_here_and_only_that_is_read(shown: Shown) -> None:
    await shown.both("/v1/offerings")
    before = shown.followed._rev
    await shown.home.move(shown.home.ids["Ausgesetzte Leistung"], "resume")
    await shown.home.move(shown.home.ids["Wohngeld online"], "withdraw", {"reason": "Eingestellt."})
    await shown.catch_up()
    for query in ({}, {"q": "Wohngeld"}, {"state": "AUSGESETZT"}, {"kind": "known", "limit": 100}):
        home, here = await shown.both("/v1/offerings", **query)
        assert here.json() == home.json(), query
    assert "E008" in {it["id"] for it in here.json()["items"]}
    assert shown.followed._rev == before + 2


async def test_pages_come_without_a_login_and_lead_to_where_is_ordered(shown: Shown) -> None:
    offering = shown.home.ids["Digitale Baugenehmigung"]
    for prefix, words in (("", "Interesse bekunden"), ("/en", "declare interest")):
        read = Page((await page(shown.site, f"{prefix}/offerings/{offering}")).text)
        (link,) = read.all("a", href=f"https://marktplatz.example{prefix}/offerings/{offering}")
        assert words in link.text
        assert read.all("a", rel="nofollow") == []
    assert "Digitale Baugenehmigung" in (await page(shown.site, "/offerings?q=Baugenehmigung")).text
    assert (await page(shown.site, "/channels")).status_code == 200
    assert [(await page(shown.site, path)).status_code for path in ("/login", "/orders", "/inbox")] == [404, 404, 404]


async def test_before_there_is_a_whole_catalog_the_search_says_so_and_is_never_empty(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "catalog.sqlite")
    app = site_over(Followed(follower.path), DATA)
    for step in ("no store", "a build that is not whole"):
        answer = await page(app, "/offerings")
        assert (answer.status_code, Page(answer.text).one("h1").text) == (503, "Gerade nicht erreichbar"), step
        follower.open()


async def test_while_the_store_cannot_be_read_the_last_catalog_is_shown(shown: Shown, tmp_path: Path) -> None:
    path = tmp_path / "copy.sqlite"
    with sqlite3.connect(shown.follower.path) as source, sqlite3.connect(path) as copy:
        source.backup(copy)
    followed = Followed(path, monotonic=iter(range(0, 1000, 10)).__next__)
    offering = shown.home.ids["Digitale Baugenehmigung"]
    assert await followed.find(offering, None) is not None
    path.write_bytes(b"x" * 50_000)
    found = await followed.find(offering, None)
    assert found is not None
    assert found[0].form.title == "Digitale Baugenehmigung"


def test_a_showcase_has_no_login(tmp_path: Path) -> None:
    settings = Settings(public_url=ORIGIN, oidc_issuer="https://login.example", session_keys=tmp_path / "keys")
    with pytest.raises(ValueError, match="no log-in"):
        showcase_over(Followed(tmp_path / "none.sqlite"), Resources(SqliteStore(None), RecordingPublisher(), DATA), settings)


@pytest.mark.parametrize("raw", [{}, {"id": "a", "title": 3}, {"id": "a", "state": "VEROEFFENTLICHT"}])
def test_what_this_version_cannot_read_is_left_out(raw: dict[str, object]) -> None:
    assert offering_of(raw) is None
    assert known_of(raw) is None


def test_an_offer_with_fields_of_a_later_version_is_shown() -> None:
    raw = json.loads((GOLDEN / "catalog.offering.published.v1.json").read_text(encoding="utf-8"))["offering"]
    raw["field_of_a_later_version"] = raw["price_items"][0]["another"] = {"any": ["thing"]}
    raw["licence_free_for_states"] = ["DE-SH"]
    offering = offering_of(raw)
    assert offering is not None
    assert offering.form.title == raw["title"]


def test_the_time_of_a_known_service_is_no_part_of_what_is_searched() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC).isoformat()
    raw = {"id": "E900", "title": "A", "status": "project", "source": "https://a.example", "listed_at": at, "changed_at": at}
    row = known_of(raw)
    assert row is not None
    assert (row.id, row.name, row.channels, row.provider_states) == ("E900", "A", None, ())


def test_without_the_portal_kit_the_command_says_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "efa_portal", None)
    monkeypatch.setenv("MARKTPLATZ_VAR", str(tmp_path))
    done = CliRunner().invoke(app, ["portal", "--showcase", str(tmp_path / "catalog.sqlite")])
    assert done.exit_code == 2
    assert "pip install ./kits/portal" in done.output
