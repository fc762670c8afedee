"""Search over HTTP: filters, facets, paging, known services, freshness."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.catalog.catalogue import ReferenceReader
from services.catalog.repository import Offerings
from services.catalog.search import Schaufenster, Search
from shared.process.service import Resources
from tests.component.catalog.conftest import DATAPORT, FITKO, GOVDIGITAL, KOMM_ONE, World

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


async def test_a_known_service_gives_way_to_the_offer_that_refers_to_it(world: World) -> None:
    assert await _ids(world, q="Führerschein") == ["E008"]
    offering_id = await world.published(known_listing="E008")
    assert await _ids(world, q="Führerschein") == [offering_id]
    await world.do(KOMM_ONE, offering_id, "withdraw", reason="Ende")
    assert await _ids(world, q="Führerschein") == ["E008"]


@pytest.mark.parametrize("words", ["Führer", "FUEHRERSCHEIN", "fuhrerscheinantrag", "antrag digitaler"])
async def test_words_are_found_in_every_spelling_and_by_a_part(world: World, words: str) -> None:
    assert "E008" in await _ids(world, q=words)


async def test_title_outranks_keys_and_keys_outrank_text(world: World) -> None:
    text = await world.published(title="Alpha", summary="Auch für Komm geeignet.", ozg_ids=["10169"])
    by_key = await world.published(title="Beta", summary="Anderes.", token=KOMM_ONE)
    title = await world.published(token=DATAPORT, title="Komm vorbei", summary="Anderes.")
    ranked = await _ids(world, q="komm", kind="offering")
    assert ranked[0] == title
    # Alpha has the word in its text and, as Beta, in the provider's key: equal scores fall back to the title.
    assert ranked[1:] == [text, by_key]


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


async def test_a_cursor_that_is_none_and_an_unknown_parameter_are_refused(world: World) -> None:
    bad = await world.as_(None).get("/v1/offerings", params={"cursor": "WzFd"})
    assert (bad.status_code, bad.json()["code"]) == (400, "cursor_invalid")
    unknown = await world.as_(None).get("/v1/offerings", params={"sort": "name"})
    assert unknown.status_code == 422


async def test_an_offer_written_by_a_clock_that_is_behind_is_found(world: World) -> None:
    first = await world.published(title="Erste")
    assert await _ids(world, q="Erste") == [first]
    world.clock.time -= timedelta(seconds=20)
    late = await world.published(title="Zweite", channels=["govdigital"], anbieter=GOVDIGITAL)
    assert await _ids(world, q="Zweite") == [late]


class Watch:
    """A clock that nobody sets."""

    def __init__(self) -> None:
        self.ticks = 1000.0

    def __call__(self) -> float:
        return self.ticks


def _schaufenster(world: World, watch: Watch, clock: Callable[[], datetime]) -> Schaufenster:
    return Schaufenster(
        Offerings(Resources(world.store, world.publisher, Path(), clock=world.clock)),
        ReferenceReader(world.store),
        overlap=timedelta(seconds=60),
        reload_every=timedelta(minutes=10),
        clock=clock,
        monotonic=watch,
    )


async def _titles(schaufenster: Schaufenster, text: str) -> list[str]:
    return [entry.title for _, entry in (await schaufenster.search(Search(text))).hits]


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
    own, other = _schaufenster(world, Watch(), world.clock), world.clock.time
    foreign = _schaufenster(world, Watch(), lambda: other + timedelta(minutes=1))
    world.clock.time += ahead
    await world.published(title="Erste")
    assert await _titles(own, "Erste") == await _titles(foreign, "Erste") == ["Erste"]
    world.clock.time -= ahead
    await world.published(title="Zweite")
    assert await _titles(own, "Zweite") == await _titles(foreign, "Zweite") == ["Zweite"]
    await world.published(title="Dritte")
    assert await _titles(own, "Dritte") == await _titles(foreign, "Dritte") == ["Dritte"]
