"""``marktplatz eligibility matrix`` and ``what-if``: on a file of facts, and on the stored facts of the marketplace."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from marktplatz.cli import app
from services.eligibility.fact_store.entry import Draft, Origin, Record
from services.eligibility.fact_store.facts import Facts
from services.eligibility.repository import COLLECTIONS, VERDICTS
from shared.ids import contract_id
from shared.messages.eligibility import Stage
from shared.messages.values import Channel
from shared.store.opening import open_store

CASES = Path(__file__).parents[2] / "contract" / "eligibility" / "cases"
CASE = CASES / "g28-what-if-dataport-leaves.json"
AT_FITKO = CASES / "g15-sachsen-buys-from-nrw-at-fitko.json"
HUSUM = "010540056056"
ACCEPT = ("--indirect-joint", "ACCEPT")
LEAVES = ("--end", "rel-dataport-govdigital", "--on", "2026-04-01", *ACCEPT)


def order(name: str, customer: str, provider: str, channel: Channel, stage: Stage) -> dict[str, Any]:
    parties = {"customer": {"id": customer}, "provider": {"id": provider}}
    return {"_id": name, **parties, "channel": channel, "checks": [{"stage": stage}]}


ORDERS = [
    order("order-1", HUSUM, "komm_one", Channel.GOVDIGITAL, Stage.BESTELLUNG),
    order("order-2", "unknown", "komm_one", Channel.GOVDIGITAL, Stage.BESTELLUNG),
    order("order-3", "DE-SN", "DE-NW", Channel.FITKO, Stage.INTERESSE),
    order("order-4", "DE-BY", "DE-NW", Channel.FITKO, Stage.BESTELLUNG),
]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["eligibility", *map(str, arguments)])


def matrix_in(file: Path) -> tuple[dict[str, Any], dict[tuple[str, str], str]]:
    head, *rows = file.read_text("utf-8").splitlines()
    split = [row.split("\t") for row in rows]
    return json.loads(head), {(customer, channel): text for customer, channel, text in split}


def test_the_matrix_of_a_file_of_facts_names_its_offerings_and_holds_a_letter_for_each(tmp_path: Path) -> None:
    out = tmp_path / "matrix"
    result = run("matrix", "--date", "2026-03-02", "--out", out, "--facts", CASE, *ACCEPT)
    assert result.exit_code == 0
    head, rows = matrix_in(out)
    assert [column["offering"] for column in head["offerings"]] == ["dataport", "itvsh", "komm_one"]
    assert head["channels"] == ["govdigital"]
    assert rows == {(HUSUM, "govdigital"): "NNE"}
    assert [file.name for file in tmp_path.iterdir()] == ["matrix"]


def test_indirect_joint_control_is_a_risk_under_the_strict_policy(tmp_path: Path) -> None:
    out = tmp_path / "matrix"
    assert run("matrix", "--date", "2026-03-02", "--out", out, "--facts", CASE).exit_code == 0
    assert matrix_in(out)[1] == {(HUSUM, "govdigital"): "NNR"}


def test_offerings_come_from_a_file_and_customers_by_type(tmp_path: Path) -> None:
    offerings, out = tmp_path / "offerings.csv", tmp_path / "matrix"
    offerings.write_text("offering,provider\nE001,komm_one\nE002,komm_one\n", encoding="utf-8")
    arguments = ("--offerings", offerings, "--type", "VERBAND", "--type", "KOMMUNE")
    assert run("matrix", "--date", "2026-03-02", "--out", out, "--facts", CASE, *ACCEPT, *arguments).exit_code == 0
    head, rows = matrix_in(out)
    assert head["offerings"] == [{"offering": name, "provider": "komm_one"} for name in ("E001", "E002")]
    assert set(rows) == {(HUSUM, "govdigital"), ("itvsh", "govdigital")}
    assert rows[HUSUM, "govdigital"] == "EE"


def test_what_if_names_who_loses_what(tmp_path: Path) -> None:
    out = tmp_path / "changes"
    result = run("what-if", *LEAVES, "--facts", CASE, "--out", out)
    assert result.exit_code == 0
    assert "govdigital: EXEMPT -> NOT_EXEMPT: 1 customers, 1 cells" in result.stdout
    changes = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    lost = {"customer": HUSUM, "channel": "govdigital", "before": "EXEMPT", "after": "NOT_EXEMPT", "offerings": ["komm_one"]}
    assert lost in changes


def test_what_if_of_a_fact_without_influence_says_so() -> None:
    result = run("what-if", "--end", "decl-komm_one", "--on", "2026-04-01", "--facts", CASE, "--type", "LAND")
    assert result.exit_code == 0
    assert result.stdout == "No verdict of the day changes.\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("what-if", "--end", "nothing", "--on", "2026-04-01", "--facts", CASE), "UNKNOWN_FACT"),
        (("what-if", "--end", "rel-dataport-govdigital", "--on", "2026-02-30", "--facts", CASE), "INVALID_DATE"),
        (("matrix", "--date", "1999-01-01", "--out", "nowhere", "--facts", CASE), "RULE_SET_NOT_IN_FORCE"),
        (("matrix", "--date", "2026-01-01", "--out", "nowhere", "--facts", CASE, "--rule-set", "x"), "UNKNOWN_RULE_SET"),
        (("matrix", "--date", "2026-01-01", "--out", "nowhere", "--facts", "nothing.json"), "file_unreadable"),
        (("matrix", "--date", "2026-03-02", "--out", "no/such/folder/file", "--facts", CASE), "file_unwritable"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_its_code(arguments: tuple[str | Path, ...], code: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{code}: ")


def store_case(file: Path, folder: Path) -> None:
    """Store the facts of a case, and orders at both Anbieter."""
    case = json.loads(file.read_text("utf-8"))

    async def record() -> None:
        store = open_store(f"sqlite:///{folder}/eligibility.db")
        try:
            await store.prepare(COLLECTIONS)
            facts, documents = ([Record({"rev": 1, **it}) for it in case[name]] for name in ("facts", "evidence"))
            await Facts(store).record(lambda _: Draft(Origin.PERSON, "from a case", facts, documents))
            await store.insert_many(VERDICTS, ORDERS)
        finally:
            await store.close()

    asyncio.run(record())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of the marketplace."""
    monkeypatch.setenv("MARKTPLATZ_VAR", str(tmp_path))
    return tmp_path


def test_without_a_file_the_stored_facts_count_and_the_orders_concerned_are_named(folder: Path) -> None:
    store_case(CASE, folder)
    out = folder / "matrix"
    assert run("matrix", "--date", "2026-03-02", "--out", out, *ACCEPT).exit_code == 0
    assert matrix_in(out)[1] == {(HUSUM, "govdigital"): "NNE"}
    result = run("what-if", *LEAVES)
    assert result.exit_code == 0
    contract = contract_id("govdigital", "order-1")
    named = [line for line in result.stdout.splitlines() if line.startswith("order ")]
    assert named == [f"order order-1 of {HUSUM} from komm_one at govdigital: EXEMPT -> NOT_EXEMPT, contract {contract}"]


def test_the_orders_of_every_channel_are_named(folder: Path) -> None:
    store_case(AT_FITKO, folder)
    result = run("what-if", "--end", "rel-DE-SN-fitko", "--on", "2026-04-01")
    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if line.startswith("order ")] == [
        "order order-3 of DE-SN from DE-NW at fitko: EXEMPT -> NOT_EXEMPT"
    ]
