"""Published relations: partial dates, kinds by legal form, rows that name nobody; folding of names; rule set files."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services.eligibility.names import fold, search_keys
from services.eligibility.published import published_relations
from services.eligibility.records.judge import IndirectJoint
from services.eligibility.settings import Settings
from shared.calendar import day_of
from shared.errors import InvalidError
from shared.messages.values import Channel
from shared.store.port import Document

PROVIDERS = """id,name,kind,legal_form,owners,states,seat,active,govdigital_member,govdigital_since,ars,source,note
verbund,Verbund,municipal_association,Anstalt des öffentlichen Rechts (AöR),,SH,,yes,yes,,,s,
zv,Zweckverband,municipal,Zweckverband,,SH,,yes,,,,s,
gmbh,GmbH,municipal,GmbH,,SH,,yes,,,,s,
amt,Amt,municipal_own_it,Part of the municipality,,SH,,yes,,,,s,
"""
STATES = """id,ars,name,level,code,seat_of_government,municipalities,districts,population,population_share_pct,koenigstein_2019_pct,lukifg_2025_pct,source_population,source_keys
DE,,Bund,bund,,,1,1,1,100,,,s,
DE-SH,01,Schleswig-Holstein,land,SH,Kiel,1,1,1,100,3.40578,3.43080,s,
"""
OWNER_HEAD = "provider_id,owner_ref_type,owner_ref,owner_name,share_pct,valid_from,valid_to,as_of,source,note\n"
MEMBER_HEAD = "row,member_number,provider_id,name,joined,source\n"
KIEL = "010020000000"


def relations(tmp_path: Path, owners: str, members: str = "") -> tuple[dict[str, Document], list[str]]:
    for name, text in {
        "it_providers.csv": PROVIDERS,
        "states.csv": STATES,
        "it_provider_owners.csv": OWNER_HEAD + owners,
        "govdigital_members.csv": MEMBER_HEAD + members,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    bodies: dict[str, Document] = {
        body: {"same_as": None} for body in ("DE", "DE-SH", KIEL, "01054", "verbund", "zv", "gmbh", "amt", "govdigital")
    }
    bodies["020000000000"] = {"same_as": "DE-SH"}
    documents, unresolved = published_relations(tmp_path, bodies)
    return {document["_id"]: document for document in documents}, unresolved


@pytest.mark.parametrize(
    ("written", "read"),
    [("2012-01-01", "2012-01-01"), ("2018-07", "2018-07-01"), ("2010", "2010-01-01"), ("", None)],
)
def test_a_partial_date_is_the_first_day_of_its_period(tmp_path: Path, written: str, read: str | None) -> None:
    found, _ = relations(tmp_path, f"zv,bund,DE,Bund,,{written},,,s,\n", f"1,,verbund,Verbund,{written},s\n")
    assert found["published:DE:zv:MEMBER"]["valid_from"] == read
    assert found["published:verbund:govdigital:MEMBER"]["valid_from"] == read


@pytest.mark.parametrize(
    ("row", "relation"),
    [
        ("verbund,state,01,Schleswig-Holstein,14.71,,,,s,", "published:DE-SH:verbund:TRAEGER"),
        ("zv,district,01054,Nordfriesland,,,,,s,", "published:01054:zv:MEMBER"),
        ("gmbh,provider,zv,Zweckverband,100,,,,s,", "published:zv:gmbh:OWNER"),
        ("amt,district,01002,Kiel,100,,,,s,", f"published:{KIEL}:amt:PART"),
        ("gmbh,municipality,020000000000,Hamburg,,,,,s,", "published:DE-SH:gmbh:OWNER"),
    ],
)
def test_references_become_bodies_and_legal_forms_become_kinds(tmp_path: Path, row: str, relation: str) -> None:
    found, unresolved = relations(tmp_path, f"{row}\n")
    assert (list(found), unresolved) == ([relation], [])
    assert found[relation]["evidence"]["title"] == "s"


def test_a_group_is_kept_as_a_group(tmp_path: Path) -> None:
    found, _ = relations(tmp_path, "verbund,collective,state:01,Kommunen des Landes,,,,,s,\n")
    (group,) = found.values()
    assert (group["kind"], group["region"], group["name"], group["target"]) == (
        "collective",
        "01",
        "Kommunen des Landes",
        "verbund",
    )


@pytest.mark.parametrize(
    "row",
    [
        "zv,collective,,Manche,,,,,s,",
        "zv,association,,Städtetag,,,,,s,",
        "zv,municipality,999999999999,Nirgendwo,,,,,s,",
        "zv,state,99,Nirgendwo,,,,,s,",
    ],
)
def test_a_row_that_names_no_body_is_reported(tmp_path: Path, row: str) -> None:
    found, unresolved = relations(tmp_path, f"{row}\n", "1,,,Freistaat Bayern,2021,s\n")
    assert found == {}
    assert len(unresolved) == 2


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Husum, Stadt", "husum stadt"),
        ("Köln", "koeln"),
        ("Weißenburg i.Bay.", "weissenburg i bay"),
        ("Café", "cafe"),
        ("  ", ""),
    ],
)
def test_names_are_compared_folded(name: str, folded: str) -> None:
    assert fold(name) == folded


def test_each_word_of_a_name_can_be_found_by_its_beginning() -> None:
    assert search_keys("IT-Verbund Schleswig-Holstein") == [
        "it verbund schleswig holstein",
        "verbund schleswig holstein",
        "schleswig holstein",
        "holstein",
    ]


def test_the_rule_set_closes_fitko_to_kommunen() -> None:
    policy = Settings(_env_file=None).policy()
    assert policy.rule_set == "gwb108-2016"
    assert policy.rules.channels["FITKO"].excluded_types == {"KOMMUNE", "KREIS"}
    assert policy.rules.channels["govdigital"].excluded_types == frozenset()
    assert policy.channels == tuple(Channel)


def test_the_disputed_question_can_be_answered_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELIGIBILITY_INDIRECT_JOINT", "STRICT")
    assert Settings().policy().indirect_joint is IndirectJoint.STRICT


def test_an_unknown_rule_set_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELIGIBILITY_RULE_SET", "gwb108-1999")
    with pytest.raises(InvalidError, match="gwb108-2016"):
        Settings().policy()


def test_the_day_is_the_german_one() -> None:
    assert day_of(datetime(2026, 3, 1, 23, 30, tzinfo=UTC)) == date(2026, 3, 2)
