"""Facts follow their sources: a new edition corrects and never overwrites, an organisation's record becomes facts day by day."""

from __future__ import annotations

import csv
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.eligibility.fact_store.entry import ENTRIES, Origin, entry_id
from services.eligibility.fact_store.facts import Facts
from services.eligibility.fact_store.reference_facts import against_the_claim, reference_facts
from services.eligibility.reference import load_reference
from services.eligibility.repository import ORGANISATIONS
from services.eligibility.settings import Settings
from shared.messages.values import Channel
from shared.store.sqlite.store import SqliteStore
from tests.component.eligibility.conftest import ANNA, DATA, EXAMINATION, HUSUM, HUSUM_ITVSH, STAFF, World
from tests.support.facts import facts_of

MEMBERSHIP = "published:dataport:govdigital:MEMBER"
SHARE = "published:DE-HH:dataport:TRAEGER"
GOVDIGITAL = STAFF[Channel.GOVDIGITAL]


def edition(folder: Path, change: Any) -> Path:
    """Return a copy of the reference data in which ``change`` has been applied to each ownership row; None leaves it out."""
    copy = folder / "data"
    shutil.copytree(DATA, copy)
    path = copy / "it_provider_owners.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    changed = [row for row in (change(dict(row)) for row in rows) if row is not None]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(changed)
    return copy


def is_share(row: dict[str, str]) -> bool:
    return row["provider_id"] == "dataport" and row["owner_ref"] == "02"


@pytest.mark.parametrize(
    ("text", "begins", "day"),
    [
        ("2022-02-05", True, "2022-02-05"),
        ("2022-02", True, "2022-03-01"),
        ("2022-12", True, "2023-01-01"),
        ("2022", True, "2023-01-01"),
        ("2022-02", False, "2022-02-01"),
        ("2022", False, "2022-01-01"),
        (None, True, None),
    ],
)
def test_a_date_that_a_source_gives_in_part_is_read_against_the_claim(text: str | None, begins: bool, day: str | None) -> None:  # noqa: FBT001
    assert against_the_claim(text, begins=begins) == day


def test_the_reference_data_state_what_the_specification_says_and_nothing_of_a_share() -> None:
    facts = {str(it.content["id"]): it.content for it in reference_facts(DATA).facts}
    assert facts["DE"]["type"] == "BUND"
    assert facts["DE-SH"]["type"] == "LAND"
    assert (facts["010515163"]["type"], facts["published:010515163000:010515163:PART_OF"]["type"]) == ("VERBAND", "PART_OF")
    statuses = [it for it in facts.values() if it["kind"] == "authority_status"]
    assert {(it["class"], *it["evidence"]) for it in statuses} == {("NR1", "verzeichnis.gv100ad")}
    assert {facts[it["org"]]["type"] for it in statuses} == {"BUND", "LAND", "KREIS", "KOMMUNE"}
    whole = facts["published:kdo:kdo_service:SHAREHOLDER"]
    assert (whole["share"], whole["organ_seat"], whole["joint_influence"]) == ("100", None, None)
    assert facts["published:fitko:govdigital:MEMBER"]["valid_from"] == "2022-03-01"
    assert facts["published:DE-BY:govdigital:MEMBER"]["valid_from"] == "2022-01-01"
    parts = {it["from"]: it["to"] for it in facts.values() if it.get("type") == "PART_OF"}
    assert (parts["it_nrw"], parts["bitbw"], parts["citeq"], parts["kreis_mettmann"]) == (
        "DE-NW",
        "DE-BW",
        "055150000000",
        "05158",
    )
    assert "zit_bb" not in parts, "no source states its legal form"
    assert not any(it.get("to") == "itvsh" for it in facts.values()), "a group that is not enumerated states no relation"


async def test_loading_again_records_nothing(own_store: SqliteStore) -> None:
    before = (await Facts(own_store).current()).seq
    await load_reference(own_store, DATA, lambda *_: None)
    assert (await Facts(own_store).current()).seq == before


async def test_a_new_edition_corrects_what_it_says_otherwise_and_leaves_what_a_person_has_found(
    own_store: SqliteStore, tmp_path: Path
) -> None:
    def change(row: dict[str, str]) -> dict[str, str]:
        return {**row, "share_pct": "30.00", "valid_from": "2004-02"} if is_share(row) else row

    await load_reference(own_store, edition(tmp_path, change), lambda *_: None)
    revisions = (await Facts(own_store).current()).facts[SHARE]
    assert [(it.record.rev, it.head.origin) for it in revisions] == [
        (1, Origin.REFERENCE),
        (2, Origin.PERSON),
        (3, Origin.REFERENCE),
    ]
    last = revisions[-1].content
    assert (last["share"], last["valid_from"], last["organ_seat"]) == ("30.00", "2004-03-01", "OWN")
    assert revisions[0].content["share"] == "29.40"


async def test_what_a_new_edition_leaves_out_is_withdrawn_unless_a_person_has_examined_it(
    own_store: SqliteStore, tmp_path: Path
) -> None:
    unexamined = "published:stadt_koeln:053150000000:PART_OF"
    before = await Facts(own_store).current()
    folder = edition(tmp_path, lambda row: None if is_share(row) else row)
    members = folder / "it_providers.csv"
    text = members.read_text(encoding="utf-8")
    members.write_text("\n".join(line for line in text.splitlines() if not line.startswith("ivl,")), encoding="utf-8")
    await load_reference(own_store, folder, lambda *_: None)
    after = await Facts(own_store).current()
    assert after.facts[SHARE] == before.facts[SHARE], "the examined share of Hamburg stays"
    assert after.facts[unexamined] == before.facts[unexamined]
    assert [it.record.withdrawn for it in after.facts["ivl"]] == [False, True]


async def test_a_person_s_withdrawal_of_a_published_fact_stands_against_the_next_edition(
    own_store: SqliteStore, tmp_path: Path
) -> None:
    world = World(own_store, Settings(_env_file=None))
    withdrawn = await world.call("POST", f"/facts/{SHARE}/withdrawal", "otto/marktplatz/BETREIBER", {"reason": "Ausgetreten"})
    assert withdrawn.status_code == 200
    await load_reference(
        own_store, edition(tmp_path, lambda row: {**row, "share_pct": "1"} if is_share(row) else row), lambda *_: None
    )
    assert (await Facts(own_store).current()).facts[SHARE][-1].record.withdrawn


async def states(world: World) -> list[tuple[str, str, str | None]]:
    """Return Husum's accreditation as Kunde at govdigital as facts: state, first day, end."""
    view = (await facts_of(world.service).world()).view(None)
    found = view.accreditations[HUSUM, "govdigital", "KUNDE"]
    return [(it.state, it.valid_from or "", it.valid_to) for it in sorted(found, key=lambda it: it.start)]


async def test_an_accreditation_is_one_fact_for_each_stretch_of_days_in_a_state(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    assert await states(world) == [("BEANTRAGT", "2026-03-02", None)]
    world.now += timedelta(days=2)
    await world.decide(HUSUM, Channel.GOVDIGITAL, "review")
    world.now += timedelta(days=1)
    await world.decide(HUSUM, Channel.GOVDIGITAL, "grant", {"valid_from": "2026-03-10", "valid_to": "2027-03-10"})
    assert await states(world) == [
        ("BEANTRAGT", "2026-03-02", "2026-03-04"),
        ("IN_PRUEFUNG", "2026-03-04", "2026-03-10"),
        ("ERTEILT", "2026-03-10", "2027-03-10"),
        ("ABGELAUFEN", "2027-03-10", None),
    ]
    world.now += timedelta(days=30)
    await world.decide(HUSUM, Channel.GOVDIGITAL, "revoke", {"reason": "Entzogen"})
    assert (await states(world))[-2:] == [("ERTEILT", "2026-03-10", "2026-04-04"), ("ENTZOGEN", "2026-04-04", None)]


async def test_of_several_states_within_one_day_the_last_one_counts(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    await world.decide(HUSUM, Channel.GOVDIGITAL, "review")
    await world.decide(HUSUM, Channel.GOVDIGITAL, "refuse", {"reason": "Nachweis fehlt"})
    assert await states(world) == [("ABGELEHNT", "2026-03-02", None)]
    await world.call("POST", f"/organisations/{HUSUM}/accreditations", ANNA, {"channel": "govdigital", "role": "KUNDE"})
    assert await states(world) == [("BEANTRAGT", "2026-03-02", None)]


async def test_a_statement_is_a_declaration_at_once_and_a_relation_once_it_is_accepted(world: World) -> None:
    await world.register(ANNA, ["KUNDE"], ["govdigital"])
    await world.state_relation()
    view = (await facts_of(world.service).world()).view(None)
    assert [it.subject for it in view.declarations[HUSUM]] == ["IN_HOUSE_RELATION"]
    assert view.relations_from[HUSUM] == []
    await world.decide(HUSUM, Channel.GOVDIGITAL, "review")
    await world.decide(HUSUM, Channel.GOVDIGITAL, "grant")
    view = (await facts_of(world.service).world()).view(None)
    (relation,) = view.relations_from[HUSUM]
    assert (relation.id, relation.type, relation.target, relation.valid_from) == (HUSUM_ITVSH, "TRAEGER", "itvsh", "2012-01-01")
    assert [view.documents[it].type for it in relation.evidence] == ["SATZUNG"]


async def test_what_the_anbieter_has_found_stays_when_the_organisation_changes_and_ends_with_a_revocation(world: World) -> None:
    await world.accredit_husum()
    await world.change("PATCH", f"/organisations/{HUSUM}", ANNA, {"leitweg_id": "01054056-HUSUM1-64"})
    world.now += timedelta(days=5)
    await world.decide(HUSUM, Channel.GOVDIGITAL, "revoke", {"reason": "Satzung geändert"})
    (relation,) = (await facts_of(world.service).world()).view(None).relations_from[HUSUM]
    assert (getattr(relation, "organ_seat", None), relation.valid_to) == (EXAMINATION["findings"]["organ_seat"], "2026-03-07")  # type: ignore[index]


async def test_facts_that_a_crash_or_an_earlier_version_has_left_out_are_found_again(own_store: SqliteStore) -> None:
    world = World(own_store, Settings(_env_file=None))
    loaded = (await facts_of(world.service).current()).seq
    await world.accredit_husum()
    last = (await facts_of(world.service).current()).seq
    await own_store.delete(ENTRIES, [entry_id(seq) for seq in range(loaded + 1, last + 1)])
    assert await own_store.get(ORGANISATIONS, HUSUM) is not None

    again = World(own_store, Settings(_env_file=None))
    assert await states(again) == []
    (run,) = (it.run for it in again.service.periodic if it.name == "eligibility.follow-organisations")
    await run()
    assert [state for state, *_ in await states(again)] == ["ERTEILT", "ABGELAUFEN"]
    found = (await facts_of(again.service).current()).seq
    await run()
    assert (await facts_of(again.service).current()).seq == found, "nothing is recorded twice"
    await own_store.delete(ENTRIES, [entry_id(seq) for seq in range(loaded + 1, found + 1)])
    await load_reference(own_store, DATA, lambda *_: None)
    state = await Facts(own_store, lambda: datetime(2026, 3, 2, tzinfo=UTC)).current()
    assert HUSUM_ITVSH in state.facts, "loading for a new version brings the facts of all organisations"
