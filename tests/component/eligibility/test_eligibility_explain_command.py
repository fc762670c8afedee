"""``marktplatz eligibility explain``: a tree that a person follows, on a file of facts and on the stored ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from marktplatz.cli import app
from services.catalog.repository import OFFERINGS
from services.eligibility.fact_store.entry import Draft, Origin, Record
from services.eligibility.fact_store.facts import Facts
from services.eligibility.repository import COLLECTIONS
from shared.ids import derived_id
from shared.store.opening import open_store
from tests.support.known_facts import CASES, TestedFacts

CASE = next(CASES.glob("g13-*.json"))
HUSUM = "010540056056"
OFFER = derived_id("offering", "explained")
ASKED = ("--channel", "govdigital", "--date", "2026-03-02")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["eligibility", "explain", *map(str, arguments)])


def test_the_answer_is_a_tree_of_legs_and_rules_with_law_and_fact() -> None:
    result = run(HUSUM, "komm_one", *ASKED, "--facts", CASE, "--indirect-joint", "ACCEPT")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "EXEMPT  2026-03-02, gwb108-2016; NO_EVIDENCE from 2027-07-01 on"
    assert lines[1] == "hash 5369f0f0f4d234e3575be212f7918244a964e5e2a2ad3b514064b94beb9a9281, known at any time"
    assert "├─ L1 EXEMPT: govdigital eG -> Komm.ONE, route INVERSE" in lines
    assert "└─ L2 EXEMPT: Husum, Stadt -> govdigital eG, route JOINT" in lines
    assert any("R3 EXEMPT INDIRECT_JOINT_ACCEPTED (§ 108 Abs. 4 Nr. 1, Abs. 5 GWB)" in line for line in lines)
    assert any(line.endswith("[rel-itvsh-dataport]") for line in lines)


def test_the_sentences_are_english_if_asked_for_and_the_channel_is_found_in_either_case() -> None:
    german, english = (
        run(HUSUM, "komm_one", "--channel", "GOVDIGITAL", "--date", "2026-03-02", "--facts", CASE, "--language", language).output
        for language in ("de", "en")
    )
    assert german.splitlines()[0] == english.splitlines()[0] == "RISK  2026-03-02, gwb108-2016; NO_EVIDENCE from 2027-07-01 on"
    assert "ob das genügt, ist umstritten" in german
    assert "ob das genügt, ist umstritten" not in english


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((HUSUM, "nowhere", *ASKED, "--facts", CASE), "UNKNOWN_ORGANISATION"),
        ((HUSUM, "komm_one", "--channel", "govdigital", "--date", "2026-02-30", "--facts", CASE), "INVALID_DATE"),
        ((HUSUM, "komm_one", "--channel", "none", "--date", "2026-03-02", "--facts", CASE), "INVALID_FIELD"),
        ((HUSUM, "komm_one", *ASKED, "--facts", CASE, "--rule-set", "gwb108-1900"), "UNKNOWN_RULE_SET"),
    ],
)
def test_what_the_engine_refuses_is_named_by_its_code(arguments: tuple[str | Path, ...], code: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert code in result.output


async def _fill(var: Path) -> None:
    case = TestedFacts.of_case("g13")
    facts, documents = ([Record({**it, "rev": 1}) for it in records] for records in (case.facts, case.evidence))
    store = open_store(f"sqlite:///{var}/eligibility.db")
    await store.prepare(COLLECTIONS)
    await Facts(store).record(lambda _: Draft(Origin.PERSON, "A test.", facts, documents))
    await store.close()
    store = open_store(f"sqlite:///{var}/catalog.db")
    await store.prepare([OFFERINGS])
    await store.insert_many(OFFERINGS, [{"_id": OFFER, "rev": 1, "provider": {"id": "komm_one", "name": "Komm.ONE"}}])
    await store.close()


def test_an_offer_is_looked_up_in_the_catalogue_and_the_facts_in_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKTPLATZ_VAR", str(tmp_path))
    asyncio.run(_fill(tmp_path))
    result = run(HUSUM, OFFER, *ASKED, "--indirect-joint", "ACCEPT")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("EXEMPT")
    unknown = run(HUSUM, derived_id("offering", "unknown"), *ASKED)
    assert (unknown.exit_code, "offering_not_found" in unknown.output) == (1, True)
