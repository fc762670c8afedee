"""The lists of an Anbieter: waiting, accredited, ended; decisions that need two persons."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from services.eligibility import handlers, repository
from services.eligibility.repository import ORGANISATIONS
from services.eligibility.settings import Settings
from services.eligibility.table import SHEETS
from shared.aggregate.events import EventWriter
from shared.errors import OutboxFullError
from shared.messages.values import Channel
from shared.store.port import Save
from shared.store.sqlite.store import SqliteStore
from tests.component.eligibility.conftest import ANNA, HUSUM, KOMM_ONE, NRW, STAFF, World

GOVDIGITAL = STAFF[Channel.GOVDIGITAL]
SECOND = "greta/govdigital/ANBIETER"
GRANT = f"/organisations/{HUSUM}/accreditations/govdigital/KUNDE/grant"


async def listed(world: World, query: str = "", token: str = GOVDIGITAL) -> list[str]:
    answer = await world.call("GET", f"/accreditations?limit=200{query}", token)
    assert answer.status_code == 200, answer.text
    return [item["organisation"]["id"] for item in answer.json()["items"]]


async def test_each_state_has_its_list(world: World) -> None:
    await world.accredit_husum()
    assert (await world.register(KOMM_ONE, ["BEREITSTELLER"], ["govdigital", "fitko"])).status_code == 201
    assert await listed(world) == ["komm_one"]
    assert await listed(world, "&state=BEANTRAGT") == ["komm_one"]
    assert await listed(world, "&state=ERTEILT") == [HUSUM]
    assert await listed(world, "&state=IN_PRUEFUNG") == []
    assert (await world.decide("komm_one", Channel.GOVDIGITAL, "review", role="BEREITSTELLER")).status_code == 200
    refuse = await world.decide("komm_one", Channel.GOVDIGITAL, "refuse", {"reason": "Nein."}, role="BEREITSTELLER")
    assert refuse.status_code == 200
    assert await listed(world, "&state=ABGELEHNT") == ["komm_one"]
    assert await listed(world, "&state=ENTZOGEN") == []
    assert await listed(world, "&state=ERTEILT", STAFF[Channel.FITKO]) == []


async def test_what_ends_first_comes_first_page_by_page(world: World) -> None:
    await world.accredit_husum()
    assert (await world.register(KOMM_ONE, ["BEREITSTELLER"], ["govdigital"])).status_code == 201
    await world.decide("komm_one", Channel.GOVDIGITAL, "review", role="BEREITSTELLER")
    soon = {"valid_to": "2026-06-01"}
    assert (await world.decide("komm_one", Channel.GOVDIGITAL, "grant", soon, role="BEREITSTELLER")).status_code == 200
    assert await listed(world, "&state=ERTEILT") == ["komm_one", HUSUM]
    assert await listed(world, "&ends_before=2026-06-02") == ["komm_one"]
    assert await listed(world, "&ends_before=2026-06-01") == []
    first = (await world.call("GET", "/accreditations?state=ERTEILT&limit=1", GOVDIGITAL)).json()
    second = (await world.call("GET", f"/accreditations?state=ERTEILT&limit=1&cursor={first['next']}", GOVDIGITAL)).json()
    assert [page["items"][0]["organisation"]["id"] for page in (first, second)] == ["komm_one", HUSUM]
    assert second["next"] is None


async def test_filters_that_contradict_each_other_are_refused(world: World) -> None:
    answer = await world.call("GET", "/accreditations?state=BEANTRAGT&ends_before=2026-06-01", GOVDIGITAL)
    assert (answer.status_code, answer.json()["code"]) == (422, "filter_contradicts")
    assert (await world.call("GET", "/accreditations?state=GIBTESNICHT", GOVDIGITAL)).status_code == 422


async def test_the_lists_are_for_the_anbieter(world: World) -> None:
    assert (await world.call("GET", "/accreditations?state=ERTEILT", ANNA)).status_code == 403


async def test_organisations_that_a_version_without_the_lists_has_stored_come_onto_them(world: World) -> None:
    await world.accredit_husum()
    document = await world.store.get(ORGANISATIONS, HUSUM)
    assert document is not None
    old = {name: value for name, value in document.items() if not name.startswith(("granted_", "closed_"))}
    assert not await world.store.save_many(ORGANISATIONS, [Save({**old, "rev": old["rev"] + 1}, expected_rev=old["rev"])])
    assert await listed(world, "&state=ERTEILT") == []
    run = next(it for it in world.service.periodic if it.name == "eligibility.complete-lists")
    await run.run()
    assert await listed(world, "&state=ERTEILT") == [HUSUM]
    rev = (await world.store.get(ORGANISATIONS, HUSUM) or {})["rev"]
    await run.run()
    assert (await world.store.get(ORGANISATIONS, HUSUM) or {})["rev"] == rev


@pytest.fixture(name="four_eyes")
async def _four_eyes(store: SqliteStore) -> Any:
    world = World(store, Settings(_env_file=None, four_eyes=frozenset({Channel.GOVDIGITAL})))
    yield world
    await world.clear()


async def test_where_four_eyes_are_set_a_second_person_of_the_anbieter_confirms(four_eyes: World) -> None:
    world = four_eyes
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    await world.decide(HUSUM, Channel.GOVDIGITAL, "review")
    proposed = (await world.call("POST", GRANT, GOVDIGITAL, {"reason": "Satzung liegt vor."})).json()["accreditations"][0]
    assert proposed["state"] == "IN_PRUEFUNG"
    assert (proposed["proposal"]["command"], proposed["proposal"]["person"]) == ("grant", "gerd")
    own = (await world.call("GET", f"/organisations/{HUSUM}", ANNA)).json()["accreditations"][0]
    assert (own["proposal"], own["proposer"], own["decider"]) == (None, None, None)
    again = (await world.call("POST", GRANT, GOVDIGITAL, {"reason": "Satzung liegt vor."})).json()["accreditations"][0]
    assert again["state"] == "IN_PRUEFUNG"
    world.now += timedelta(minutes=5)
    granted = (await world.call("POST", GRANT, SECOND)).json()["accreditations"][0]
    assert (granted["state"], granted["proposer"], granted["decider"]) == ("ERTEILT", "gerd", "greta")


async def test_the_other_anbieter_decides_alone(four_eyes: World) -> None:
    await four_eyes.accredit_sachsen()


async def test_a_statement_is_taken_back_by_its_organisation_only(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    stated = (await world.state_relation()).json()["statements"][0]["id"]
    path = f"/organisations/{HUSUM}/relations/{stated}?reason=Falscher%20Verband"
    assert (await world.change("DELETE", path, KOMM_ONE)).status_code == 404
    assert (await world.change("DELETE", path, GOVDIGITAL)).status_code == 404
    answer = await world.change("DELETE", path, ANNA)
    assert (answer.status_code, answer.json()["statements"]) == (200, [])
    assert (await world.change("DELETE", path, ANNA)).status_code == 200


async def test_a_repeated_registration_with_a_bad_leitweg_id_is_refused(world: World) -> None:
    assert (await world.register(ANNA, ["KUNDE"], [])).status_code == 201
    assert (await world.register(ANNA, ["KUNDE"], [])).status_code == 200
    bad = await world.register(ANNA, ["KUNDE"], [], leitweg_id="developer")
    assert (bad.status_code, bad.json()["code"]) == (422, "leitweg_id_form")
    other = await world.register(ANNA, ["KUNDE"], [], leitweg_id="04011000-900X999-08")
    assert (other.status_code, other.json()["code"]) == (409, "already_registered")


async def test_an_anbieter_that_does_not_decide_is_reminded_once_by_the_service_itself(world: World) -> None:
    assert (await world.register(ANNA, ["KUNDE"], ["govdigital"])).status_code == 201
    run = next(it for it in world.service.periodic if it.name == "eligibility.reminders")

    async def given() -> list[str]:
        await run.run()
        return [event.type for event in world.publisher.events if event.type.endswith(("-reminded.v1", "-escalated.v1"))]

    assert await given() == []
    world.now += timedelta(days=15)
    assert await given() == ["eligibility.organisation.accreditation-reminded.v1"]
    assert len(await given()) == 1
    await world.decide(HUSUM, Channel.GOVDIGITAL, "review")
    world.now += timedelta(days=8)
    assert (await given())[1:] == ["eligibility.organisation.accreditation-escalated.v1"]
    assert (await world.decide(HUSUM, Channel.GOVDIGITAL, "refuse", {"reason": "Nein."})).status_code == 200
    world.now += timedelta(days=60)
    assert len(await given()) == 2


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize("name", ["expire-accreditations", "reminders", "state-rights", "delete-old-vollmachten"])
async def test_an_organisation_with_a_full_outbox_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, batch: int
) -> None:
    monkeypatch.setattr(handlers, "EXPIRY_BATCH", batch)
    monkeypatch.setattr(repository, "CHANGED_PAGE", batch)
    providers = (KOMM_ONE, NRW)
    for provider in providers:
        await world.accredit_provider(provider, Channel.GOVDIGITAL)
    await world.accredit_husum()
    (run,) = [it.run for it in world.service.periodic if it.name == f"eligibility.{name}"]
    full = KOMM_ONE.split("/")[1]
    if name in {"state-rights", "delete-old-vollmachten"}:
        # As a version left them that published no rights, with a Vollmacht whose time is over.
        for document in await world.store.scan(ORGANISATIONS):
            held = {"file": "0" * 64, "key": "k", "sha256": "0" * 64, "media_type": "application/pdf", "size": 1}
            vollmacht = {**held, "brought_by": "anna", "brought_at": world.now.isoformat()}
            stored = {**document, "rights_recorded": None, "vollmacht": vollmacht, "rev": document["rev"] + 1}
            assert not await world.store.save_many(ORGANISATIONS, [Save(stored, expected_rev=document["rev"])])
    append = EventWriter.append

    def appended(writer: EventWriter, record: Any, change: Any, messages: Any) -> Any:
        if record.id == full and messages:
            raise OutboxFullError("500 events wait", id=full, waiting=500)
        return append(writer, record, change, messages)

    monkeypatch.setattr(EventWriter, "append", appended)
    world.now += timedelta(days={"reminders": 690, "delete-old-vollmachten": 1200}.get(name, 800))
    before = len(world.publisher.events)
    with pytest.raises(OutboxFullError):
        await run()
    told = {event.key for event in world.publisher.events[before:]}
    assert told == {HUSUM, NRW.split("/")[1]}
    monkeypatch.setattr(EventWriter, "append", append)
    before = len(world.publisher.events)
    await run()
    assert {event.key for event in world.publisher.events[before:]} == {full}, "the next pass does what was left"


async def test_both_sides_are_reminded_by_the_service_itself_before_an_accreditation_ends(world: World) -> None:
    await world.accredit_husum()
    run = next(it for it in world.service.periodic if it.name == "eligibility.reminders")
    (granted,) = (await world.call("GET", f"/organisations/{HUSUM}", ANNA)).json()["accreditations"]
    ends = datetime.combine(date.fromisoformat(granted["valid_to"]), time(9), UTC)

    async def given_at(moment: datetime) -> list[str]:
        world.now = moment
        await run.run()
        return [event.type for event in world.publisher.events if event.type.endswith(("-reminded.v1", "-escalated.v1"))]

    reminded, escalated = (f"eligibility.organisation.accreditation-{name}.v1" for name in ("reminded", "escalated"))
    assert await given_at(ends - timedelta(days=90)) == []
    assert await given_at(ends - timedelta(days=50)) == [reminded]
    assert await given_at(ends - timedelta(days=30)) == [reminded]
    assert await given_at(ends - timedelta(days=8)) == [reminded, escalated]


async def test_a_list_is_narrowed_by_words_and_a_short_page_leads_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.accredit_husum()
    for provider in (KOMM_ONE, NRW):
        await world.accredit_provider(provider, Channel.GOVDIGITAL)
    assert await listed(world, "&state=ERTEILT&q=HUSUM") == [HUSUM]
    assert await listed(world, "&state=ERTEILT&q=0105%20stadt") == [HUSUM]
    assert await listed(world, "&state=ERTEILT&q=komm") == ["komm_one"]
    assert await listed(world, "&q=komm") == []
    monkeypatch.setattr("services.eligibility.repository.SCANNED", 1)
    *_, last = await listed(world, "&state=ERTEILT")
    page = (await world.call("GET", f"/accreditations?state=ERTEILT&limit=1&q={last}", GOVDIGITAL)).json()
    assert (page["items"], page["next"] is None) == ([], False)
    path = f"/accreditations?state=ERTEILT&limit=1&q={last}&cursor={page['next']}"
    page = (await world.call("GET", path, GOVDIGITAL)).json()
    assert [it["organisation"]["id"] for it in page["items"]] == [last]


async def test_a_list_is_a_table_too_for_the_anbieter_alone(world: World) -> None:
    await world.accredit_husum()
    answer = await world.call("GET", "/accreditations?state=ERTEILT&limit=1", GOVDIGITAL, Accept="text/csv")
    assert (answer.status_code, answer.headers["vary"]) == (200, "Accept, Accept-Language")
    heads, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";")
    assert tuple(heads) == SHEETS["de"].columns
    (row,) = (dict(zip(heads, row, strict=True)) for row in rows)
    assert (row["Organisation"], row["Kennung"], row["Stand"]) == ("Husum, Stadt", HUSUM, "Erteilt")
    record = (await world.call("GET", f"/organisations/{HUSUM}", GOVDIGITAL)).json()["accreditations"][0]
    assert (date.fromisoformat(row["Letzter Tag"]) + timedelta(days=1)).isoformat() == record["valid_to"]
    other = await world.call("GET", "/accreditations?state=ERTEILT", STAFF[Channel.FITKO], Accept="text/csv")
    assert other.text.count("\r\n") == 1
    assert (await world.call("GET", "/accreditations", ANNA, Accept="text/csv")).status_code == 403
