"""Search over HTTP: filters, facets, paging, known services, freshness."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.catalog.catalogue import ReferenceReader
from services.catalog.domain.offering import Offering
from services.catalog.repository import Offerings
from services.catalog.search import Schaufenster
from services.catalog.search_index import Search
from shared.process.service import Resources
from shared.search.index import Found as Understood
from tests.component.catalog.conftest import DATA, DATAPORT, FITKO, KOMM_ONE, World

pytestmark = pytest.mark.slow


async def _ids(world: World, **query: Any) -> list[str]:
    return [item["id"] for item in (await world.search(**query))["items"]]


async def test_known_services_are_shown_but_cannot_be_ordered(world: World) -> None:
    found = await world.search(kind="known", limit=200)
    assert found["total"] == 39
    assert not any(item["orderable"] for item in found["items"])
    assert (await world.search(orderable="true"))["total"] == 0
    detail = (await world.as_(None).get("/v1/offerings/E008")).json()
    assert detail["kind"] == "known"
    assert detail["providers"] == [{"id": "DE-HE", "name": "Hessen"}]
    assert detail["source"].startswith("https://")


async def test_a_known_service_stays_findable_and_leads_to_the_offers_that_state_to_be_it(world: World) -> None:
    assert (await _ids(world, q="Führerscheinantrag"))[0] == "E008"
    before = await world.search(kind="known")
    offering_id = await world.published(title="Landeslizenz", known_listing="E008")
    found = await _ids(world, q="Führerscheinantrag")
    # The offer is found by the name of the known service, too.
    assert {offering_id, "E008"} <= set(found)
    assert (await world.search(kind="known"))["total"] == before["total"]
    offered = [{"id": offering_id, "title": "Landeslizenz", "provider": {"id": "komm_one", "name": "komm_one"}}]
    cards = {card["id"]: card for card in (await world.search(q="Führerscheinantrag"))["items"]}
    assert (cards["E008"]["offered_here"], cards[offering_id]["offered_here"]) == (offered, [])
    assert (await world.as_(None).get("/v1/offerings/E008")).json()["offered_here"] == offered
    second = await world.published(title="Zweites Angebot", known_listing="E008")
    detail = (await world.as_(None).get("/v1/offerings/E008")).json()
    assert [it["id"] for it in detail["offered_here"]] == [offering_id, second]
    for withdrawn in (offering_id, second):
        await world.do(KOMM_ONE, withdrawn, "withdraw", reason="Ende")
    assert (await world.as_(None).get("/v1/offerings/E008")).json()["offered_here"] == []


@pytest.mark.parametrize("words", ["Führer", "FUEHRERSCHEIN", "fuhrerscheinantrag", "antrag digitaler"])
async def test_words_are_found_in_every_spelling_and_by_a_part(world: World, words: str) -> None:
    assert "E008" in await _ids(world, q=words)


async def test_what_the_title_names_comes_before_what_only_mentions_it(world: World) -> None:
    text = await world.published(title="Alpha", summary="Auch für Komm geeignet.", ozg_ids=["10169"])
    by_key = await world.published(title="Beta", summary="Anderes.", token=KOMM_ONE)
    title = await world.published(token=DATAPORT, title="Komm vorbei", summary="Anderes.")
    ranked = await _ids(world, q="komm", kind="offering")
    assert ranked[0] == title
    assert set(ranked) == {title, text, by_key}


async def test_every_filter_narrows(world: World) -> None:
    fit = await world.published(channels=["fitko"], anbieter=FITKO, topic_id="bildung", ozg_ids=["10056"])
    gov = await world.published(token=DATAPORT, anbindungsarten=["API"], leika_keys=["99050012104000"])
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"channel": "fitko"}, [fit]),
        ({"channel": "govdigital"}, [gov]),
        ({"provider": "dataport"}, [gov]),
        ({"anbindungsart": "API"}, [gov]),
        ({"leika_key": "99050012104000"}, [gov]),
        ({"ozg_id": "10056"}, [fit]),
        ({"topic_id": "bildung"}, [fit]),
        ({"channel": ["fitko", "govdigital"], "provider": "dataport"}, [gov]),
        ({"state": "AUSGESETZT"}, []),
    ]
    for query, expected in cases:
        assert await _ids(world, kind="offering", **query) == expected, query


async def test_facets_count_all_results_and_leave_their_own_filter_aside(world: World) -> None:
    await world.published(channels=["fitko"], anbieter=FITKO)
    await world.published(token=DATAPORT)
    await world.published(token=DATAPORT)
    found = await world.search(kind="offering", provider="dataport", limit=1)
    assert found["total"] == 2
    facets = {name: {value["value"]: value["count"] for value in values} for name, values in found["facets"].items()}
    assert facets["provider"] == {"dataport": 2, "komm_one": 1}
    assert facets["channel"] == {"govdigital": 2}
    assert facets["orderable"] == {"true": 2}
    assert facets["topic_id"] == {"mobilitaet_reisen": 2}
    assert found["facets"]["topic_id"][0]["label"] == "Mobilität & Reisen"


async def test_paging_to_the_end_gives_everything_once_also_among_equal_scores(world: World) -> None:
    made = [await world.published(title="Gleicher Titel", known_listing=None) for _ in range(7)]
    for query in ({"q": "gleicher"}, {}):
        whole = await _ids(world, limit=200, **query)
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await world.search(limit=3, **query, **({"cursor": cursor} if cursor else {}))
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == whole
        assert len(set(seen)) == len(seen)
        assert set(made) <= set(seen)


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [("Bauantrg", "Bauantrag"), ("Wohngelt", "Wohngeld"), ("Führerschien", "Führerschein")],
)
async def test_a_typing_error_is_put_right_and_asked_about(world: World, words: str, suggestion: str) -> None:
    found = await world.search(q=words)
    assert (found["match"], found["suggestion"]) == ("corrected", suggestion)
    assert found["total"] > 0


async def test_most_of_the_words_are_better_than_nothing_and_marked_as_that(world: World) -> None:
    found = await world.search(q="Wohngeld Quastenflosser")
    assert found["match"] == "some"
    assert found["items"][0]["id"] == "E006"


async def test_a_service_is_found_by_the_official_names_of_its_keys(world: World) -> None:
    offering_id = await world.published(title="Parken leicht gemacht", ozg_ids=["10173"])
    for words in ("Zufahrtsberechtigung", "OZG 10173", "ozg 10 173", "Anwohnerparken"):
        assert offering_id in await _ids(world, q=words, kind="offering"), words


async def test_results_show_where_the_words_stand(world: World) -> None:
    item = (await world.search(q="fuhrerscheine"))["items"][0]
    pieces = item["highlights"]["title"]
    assert "".join(piece["text"] for piece in pieces) == item["title"]
    assert [piece["text"] for piece in pieces if piece["hit"]] == ["Führerscheinantrag"]
    assert (await world.search())["items"][0]["highlights"] is None


async def test_what_can_be_ordered_comes_first_among_what_the_title_names(world: World) -> None:
    offering_id = await world.published(title="Antrag auf Wohngeld im Landkreis")
    ranked = await _ids(world, q="Wohngeld")
    assert ranked[:2] == [offering_id, "E006"]
    assert (await _ids(world))[0] == offering_id


async def test_every_order_sorts_by_what_it_says(world: World) -> None:
    def sheet(cents: int, period: str = "JAHR") -> list[dict[str, Any]]:
        return [
            {
                "kind": "BETRIEB_ONLINEDIENST",
                "label": "Betrieb",
                "amount": {"cents": cents},
                "period": period,
                "key": "FEST",
                "valid_from": "2026-01-01",
            }
        ]

    dear = await world.published(title="Alpha", price_items=sheet(90_000), reifegrad=3)
    cheap = await world.published(title="Beta", price_items=sheet(1_000, "MONAT"), reifegrad=4)
    free = await world.published(title="Gamma", price_items=sheet(500, "JE_NUTZUNG"), reifegrad=3)
    for order, expected in {
        "title": [dear, cheap, free],
        "newest": [free, cheap, dear],
        "price": [cheap, dear, free],
        "reifegrad": [cheap, dear, free],
    }.items():
        assert await _ids(world, kind="offering", sort=order) == expected, order
    assert await _ids(world, price_max=12_000) == [cheap]
    assert await _ids(world, kind="offering", reifegrad="4") == [cheap]
    cards = {item["id"]: item["yearly_cents"] for item in (await world.search(kind="offering"))["items"]}
    assert cards == {dear: 90_000, cheap: 12_000, free: None}


async def test_values_of_facets_have_words_in_both_languages(world: World) -> None:
    await world.published()
    facets = (await world.search())["facets"]
    for name, values in facets.items():
        for value in values:
            assert value["labels"]["de"], (name, value)
            assert value["labels"]["en"], (name, value)
    assert facets["status"][0]["value"] in ("offered", "in_reuse", "project")


async def test_a_cursor_belongs_to_its_query(world: World) -> None:
    cursor = (await world.search(q="online", limit=1))["next"]
    other = await world.as_(None).get("/v1/offerings", params={"q": "digital", "cursor": cursor})
    assert (other.status_code, other.json()["code"]) == (400, "cursor_invalid")
    assert (await world.as_(None).get("/v1/offerings", params={"q": "online", "cursor": cursor})).status_code == 200


async def test_a_cursor_that_is_none_and_an_unknown_parameter_are_refused(world: World) -> None:
    bad = await world.as_(None).get("/v1/offerings", params={"cursor": "WzFd"})
    assert (bad.status_code, bad.json()["code"]) == (400, "cursor_invalid")
    unknown = await world.as_(None).get("/v1/offerings", params={"order": "name"})
    assert unknown.status_code == 422


async def test_an_offer_written_by_a_clock_that_is_behind_is_found(world: World) -> None:
    """At once if it is behind by less than a second, else within a second."""
    watch = Watch()
    schaufenster = _schaufenster(world, watch, world.clock)
    await world.published(title="Erste")
    assert await _titles(schaufenster, "Erste") == ["Erste"]
    world.clock.time -= timedelta(seconds=0.5)
    await world.published(title="Zweite")
    assert await _titles(schaufenster, "Zweite") == ["Zweite"]
    world.clock.time -= timedelta(seconds=20)
    await world.published(title="Dritte")
    watch.ticks += 1
    assert await _titles(schaufenster, "Dritte") == ["Dritte"]


async def test_a_search_reads_no_offer_again_that_has_not_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many offers published together are read once, and once the clocks of others cannot matter, not even looked at."""
    watch = Watch()
    schaufenster = _schaufenster(world, watch, world.clock)
    made = {await world.published(title=f"Nummer {number}") for number in range(5)}
    read: list[str] = []
    looked: list[str] = []
    searched, changes = Offerings.searched, Offerings.changes_since

    async def searching(self: Offerings, ids: Sequence[str]) -> AsyncIterator[list[tuple[Offering, int]]]:
        read.extend(ids)
        async for page in searched(self, ids):
            yield page

    async def looking(self: Offerings, since: datetime | None) -> AsyncIterator[tuple[str, int, datetime]]:
        async for change in changes(self, since):
            looked.append(change[0])
            yield change

    monkeypatch.setattr(Offerings, "searched", searching)
    monkeypatch.setattr(Offerings, "changes_since", looking)
    assert len(await _titles(schaufenster, "Nummer")) == 5
    assert set(read) == made
    read.clear()
    await _titles(schaufenster, "Nummer")
    assert read == []
    # A refresh that begins after the overlap: nobody writes into that time any more.
    watch.ticks += 61
    world.clock.time += timedelta(seconds=61)
    await _titles(schaufenster, "Nummer")
    looked.clear()
    await _titles(schaufenster, "Nummer")
    assert (read, looked) == ([], [])
    late = await world.published(title="Nummer sechs")
    await _titles(schaufenster, "Nummer")
    assert read == [late]


class Watch:
    """A clock that nobody sets."""

    def __init__(self) -> None:
        self.ticks = 1000.0

    def __call__(self) -> float:
        return self.ticks


def _schaufenster(world: World, watch: Watch, clock: Callable[[], datetime]) -> Schaufenster:
    return Schaufenster(
        Offerings(Resources(world.store, world.publisher, Path(), clock=world.clock)),
        ReferenceReader(world.store, DATA),
        overlap=timedelta(seconds=60),
        reload_every=timedelta(minutes=10),
        clock=clock,
        monotonic=watch,
    )


async def _titles(schaufenster: Schaufenster, text: str) -> list[str]:
    found, _ = await schaufenster.search(Search(text))
    return [hit.entry.title for hit in found.hits if found.understood is Understood.ALL]


async def test_an_offer_beyond_the_overlap_is_found_by_the_reload_whatever_the_clock_says(world: World) -> None:
    watch, right = Watch(), world.clock.time
    schaufenster = _schaufenster(world, watch, lambda: right + timedelta(minutes=1))
    await world.published(title="Erste")
    assert await _titles(schaufenster, "Erste") == ["Erste"]
    world.clock.time -= timedelta(minutes=5)
    await world.published(title="Zweite")
    watch.ticks += 599
    assert await _titles(schaufenster, "Zweite") == []
    watch.ticks += 1
    assert await _titles(schaufenster, "Zweite") == ["Zweite"]


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [timedelta(minutes=2), timedelta(days=1), timedelta(days=400)])
async def test_a_clock_that_ran_ahead_and_was_put_right_hides_no_new_offer(world: World, ahead: timedelta) -> None:
    """Its own clock, or that of another process which marked an offer: both ways."""
    watch = Watch()
    own, other = _schaufenster(world, watch, world.clock), world.clock.time
    foreign = _schaufenster(world, watch, lambda: other + timedelta(minutes=1))
    world.clock.time += ahead
    await world.published(title="Erste")
    assert await _titles(own, "Erste") == await _titles(foreign, "Erste") == ["Erste"]
    world.clock.time -= ahead
    await world.published(title="Zweite")
    watch.ticks += 1
    assert await _titles(own, "Zweite") == await _titles(foreign, "Zweite") == ["Zweite"]
    await world.published(title="Dritte")
    watch.ticks += 1
    assert await _titles(own, "Dritte") == await _titles(foreign, "Dritte") == ["Dritte"]
