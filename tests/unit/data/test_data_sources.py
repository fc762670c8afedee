"""The reference data against their list of sources, and against each other."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

import shared.messages
from services.catalog import rows as catalog_rows
from services.catalog.domain.transitions import Actor, Command
from services.catalog.rows import Area, KnownOffering, LeikaService, Level, OzgService, OzgTopic, Requirement
from services.eligibility.rows import Association, District, GovdigitalMember, ItProvider, ItProviderOwner, Municipality, State
from shared.csv_rows import read_csv, read_rows
from shared.errors import InvalidError
from shared.labels import read_labels
from shared.search.lexicon import Row as SearchWords
from shared.search.lexicon import Use

DATA = Path(__file__).parents[3] / "data"
README = (DATA / "README.md").read_text(encoding="utf-8")
FILES = sorted(path.relative_to(DATA).as_posix() for path in DATA.rglob("*") if path.suffix in (".csv", ".json"))


@dataclass(frozen=True, slots=True)
class DistributionShare:
    """A row of distribution_keys.csv: percentage of one Land under one key and year."""

    key_id: str
    key_name: str
    year: int
    state_ars: str
    state_code: str
    percent: Decimal
    source: str


RECORDS: dict[str, type[Any]] = {
    "municipalities.csv": Municipality,
    "unincorporated_areas.csv": Municipality,
    "municipal_associations.csv": Association,
    "districts.csv": District,
    "states.csv": State,
    "distribution_keys.csv": DistributionShare,
    "ozg_topics.csv": OzgTopic,
    "ozg_services.csv": OzgService,
    "leika_services.csv": LeikaService,
    "it_providers.csv": ItProvider,
    "it_provider_owners.csv": ItProviderOwner,
    "govdigital_members.csv": GovdigitalMember,
    "efa_offerings.csv": KnownOffering,
    "requirements.csv": Requirement,
    "search_words.csv": SearchWords,
}


def _listed() -> dict[str, list[str]]:
    """Return the lines of the table in the README by file: rows, key, sources, licence."""
    lines = [line for line in README.splitlines() if re.match(r"\| [\w/]+\.(csv|json) \|", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {file: rest for file, *rest in cells}


LISTED = _listed()


def test_the_list_names_every_file_and_no_other() -> None:
    assert sorted(LISTED) == FILES


@pytest.mark.parametrize("file", FILES)
def test_rows_and_keys_are_as_listed(file: str) -> None:
    count, key, _, _ = LISTED[file]
    if file.endswith(".json"):
        assert len(json.loads((DATA / file).read_text(encoding="utf-8"))) == int(count)
        return
    rows = list(read_rows(DATA / file))
    assert len(rows) == int(count)
    keys = [tuple(row[column] for column in key.split(", ")) for row in rows]
    assert len(set(keys)) == len(keys)
    assert all(any(part for part in parts) for parts in keys)


@pytest.mark.parametrize("file", FILES)
def test_each_source_is_explained_and_has_a_licence(file: str) -> None:
    _, _, sources, licence = LISTED[file]
    for source in sources.split(", "):
        assert f"\n**{source}: " in README
        assert f"{source}: " in licence


def test_the_notes_that_the_sources_require_are_given() -> None:
    assert "Quelle: Statistisches Bundesamt (Destatis), Gemeindeverzeichnis GV100AD, Gebietsstand 30.11.2025, 2025" in README
    assert "Copyright (c) 2020 Gert Hammes" in README
    assert "The above copyright notice and this permission notice shall be included in all copies" in README


@pytest.mark.parametrize("file", sorted(RECORDS))
def test_every_row_reads_as_its_record(file: str) -> None:
    assert len(list(read_csv(DATA / file, RECORDS[file]))) == int(LISTED[file][0])


def test_references_between_the_files_resolve() -> None:
    topics = {row.topic_id for row in read_csv(DATA / "ozg_topics.csv", OzgTopic)}
    ozg = {row.ozg_id for row in read_csv(DATA / "ozg_services.csv", OzgService)}
    leika = list(read_csv(DATA / "leika_services.csv", LeikaService))
    districts = {row.ars for row in read_csv(DATA / "districts.csv", District)}
    states = {row.ars for row in read_csv(DATA / "states.csv", State)}
    providers = {row.id for row in read_csv(DATA / "it_providers.csv", ItProvider)}
    assert {row.topic_id for row in read_csv(DATA / "ozg_services.csv", OzgService)} <= topics
    assert {row.ozg_id for row in leika if row.ozg_id} <= ozg
    known = list(read_csv(DATA / "efa_offerings.csv", KnownOffering))
    assert {row.topic_id for row in known} <= topics
    assert {ozg_id for row in known for ozg_id in row.ozg_ids} <= ozg
    assert {row.district_ars for row in read_csv(DATA / "municipalities.csv", Municipality)} <= districts
    assert {row.state_ars for row in read_csv(DATA / "districts.csv", District)} <= states
    assert {row.provider_id for row in read_csv(DATA / "it_provider_owners.csv", ItProviderOwner)} <= providers
    assert {
        row.provider_id for row in read_csv(DATA / "govdigital_members.csv", GovdigitalMember) if row.provider_id
    } <= providers


def test_the_municipality_key_follows_from_the_regional_key() -> None:
    for file in ("municipalities.csv", "unincorporated_areas.csv"):
        for row in read_csv(DATA / file, Municipality):
            assert row.ags == row.ars[0:5] + row.ars[9:12]
            assert row.ars.startswith(row.state_ars)


def test_every_distribution_key_sums_to_a_hundred() -> None:
    sums: dict[str, Decimal] = {}
    for row in read_csv(DATA / "distribution_keys.csv", DistributionShare):
        sums[row.key_id] = sums.get(row.key_id, Decimal(0)) + row.percent
    assert set(sums.values()) == {Decimal(100)}


def test_the_checklist_covers_every_area_and_marks_the_published_points() -> None:
    rows = list(read_csv(DATA / "requirements.csv", Requirement))
    assert {row.area for row in rows} == set(Area)
    assert {row.level for row in rows} == set(Level)
    assert {row.id for row in rows if row.origin == "published"} == {"O1", "R1", "R2"}
    assert all(row.level is Level.MUSS for row in rows if row.origin == "published")
    assert {row.id for row in rows if row.condition_de} == {row.id for row in rows if row.condition_en} == {"PAY-1"}


def test_words_of_search_mean_something_unless_they_are_fillers() -> None:
    for row in read_csv(DATA / "search_words.csv", SearchWords):
        assert bool(row.meant) is (row.use is not Use.FILLER), row
        assert row.use is not Use.ABBREVIATION or len(row.meant) == 1, row
        assert row.source in ("A", "P"), row


def _enumerations() -> Iterator[type[StrEnum]]:
    """Yield every enumeration that messages use, and those of the reference data."""
    names = [module.name for module in pkgutil.iter_modules(shared.messages.__path__)]
    modules = [importlib.import_module(f"shared.messages.{name}") for name in names]
    for module in [*modules, catalog_rows]:
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, StrEnum) and list(found) and found.__module__ == module.__name__:
                yield found


@pytest.mark.parametrize("enumeration", list(_enumerations()), ids=lambda found: str(found.__name__))
@pytest.mark.parametrize("language", ["de", "en"])
def test_every_value_has_a_label_and_every_label_a_value(enumeration: type[StrEnum], language: Any) -> None:
    labels = read_labels(DATA, language)
    assert {value.value for value in enumeration} == set(labels.words[enumeration.__name__])
    assert all(labels.of(value).strip() for value in enumeration)


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_move_of_an_offer_and_who_makes_it_has_a_label(language: Any) -> None:
    labels = read_labels(DATA, language)
    assert set(labels.words["OfferingCommand"]) == set(Command)
    assert set(labels.words["OfferingActor"]) == set(Actor)


def test_no_label_is_left_without_its_enumeration() -> None:
    names = {enumeration.__name__ for enumeration in _enumerations()} | {"OfferingCommand", "OfferingActor"}
    assert set(read_labels(DATA, "de").words) == set(read_labels(DATA, "en").words) == names


def test_a_cell_that_breaks_its_type_is_named_by_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "states.csv"
    text = (DATA / "states.csv").read_text(encoding="utf-8").replace("83577140", "many")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidError, match=r"states\.csv, line 2, column population"):
        list(read_csv(path, State))
