"""``marktplatz contracts statements``: a job that is made or gone on with, its progress, and what the exit codes say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marktplatz.cli import app
from services.contracts.statements.jobs import JOBS
from services.contracts.statements.statement import STATEMENTS
from shared.process.settings import ProcessSettings
from shared.store.port import Document, Save
from shared.store.sqlite.store import SqliteStore
from tests.support.contract_costs import HUSUM, OFFERING, CostWorld
from tests.support.contract_requests import price

YEAR = 2025
BEGIN = datetime(YEAR, 12, 2, 9, tzinfo=UTC)


async def filled(file: Path) -> None:
    world = CostWorld(SqliteStore(file))
    await world.prepare()
    world.now = BEGIN
    await world.publish(price(365_00, valid_from=date(YEAR, 1, 1)), published_at=BEGIN)
    await world.contract("a", HUSUM, price_items=(price(365_00, valid_from=date(YEAR, 1, 1)),))
    await world.store.close()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MARKTPLATZ_VAR", str(tmp_path))
    file = Path(ProcessSettings().store_url_of("contracts").removeprefix("sqlite:///"))
    asyncio.run(filled(file))
    return file


def statements(*arguments: str) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(app, ["contracts", "statements", *arguments])
    return result.exit_code, result.stdout.splitlines(), result.stderr


def run(*arguments: str) -> tuple[int, list[str], str]:
    return statements("run", "--channel", "govdigital", "--by", "op-1", "--year", str(YEAR), *arguments)


def in_store(file: Path, work: Callable[[SqliteStore], Awaitable[list[Document]]]) -> list[Document]:
    async def done() -> list[Document]:
        store = SqliteStore(file)
        await store.prepare([JOBS, STATEMENTS])
        found = await work(store)
        await store.close()
        return found

    return asyncio.run(done())


def test_statements_are_made_and_a_second_run_finds_the_same(file: Path) -> None:
    code, (offer, job, waiting), said = run()
    assert code == 0
    assert offer.startswith(f"offer {OFFERING}: statement ")
    assert job.endswith(f": {YEAR} DONE, 1 of 1 offers")
    assert waiting == "govdigital: 1 parts of statements wait to be issued, 1 wait for their documents"
    assert said.startswith("job ")
    first = in_store(file, lambda store: store.scan(STATEMENTS))
    code, (again, *_), _ = run()
    assert (code, again) == (0, f"{offer} as before")
    assert in_store(file, lambda store: store.scan(STATEMENTS)) == first


def test_an_offer_without_a_statement_is_named_and_the_exit_code_says_so(file: Path, tmp_path: Path) -> None:
    assert file.exists()
    (tmp_path / "groups.json").write_text(json.dumps({HUSUM.id: 7}))
    unknown = "0c1e67f5-ae99-5d40-894a-bf7799b866e3"
    code, (offer, job, _), _ = run("--offering", unknown, "--target-groups", str(tmp_path / "groups.json"))
    assert code == 1
    assert offer.startswith(f"offer {unknown}: ")
    code, lines, _ = statements("status", "--channel", "govdigital", job.split()[1].rstrip(":"))
    assert (code, lines[:2]) == (1, [offer, job])


def test_a_job_that_was_cut_off_is_gone_on_with(file: Path) -> None:
    _, (_, job, _), _ = run()

    async def reopen(store: SqliteStore) -> list[Document]:
        (document,) = await store.scan(JOBS)
        again = {"state": "RUNNING", "ended_at": None, "open_since": document["created_at"], "outcomes": [], "progress": {}}
        await store.save_many(JOBS, [Save({**document, **again, "rev": 99}, expected_rev=document["rev"])])
        return [document]

    in_store(file, reopen)
    id_ = job.split()[1].rstrip(":")
    code, lines, _ = statements("status", "--channel", "govdigital", id_)
    assert (code, lines[0]) == (3, f"job {id_}: {YEAR} RUNNING, 0 of ? offers")
    code, (_, again, _), said = run()
    assert (code, again, said.splitlines()[0]) == (0, job, f"job {id_}")
    assert len(in_store(file, lambda store: store.scan(JOBS))) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run", "--channel", "govdigital", "--by", "x", "--year", "2150"), "year_not_over"),
        (("run", "--channel", "govdigital", "--by", "x", "--year", "1999"), "statement_job_unfit"),
        (
            ("run", "--channel", "govdigital", "--by", "x", "--year", "2025", "--target-groups", "none.json"),
            "statement_job_unfit",
        ),
        (("status", "--channel", "govdigital", "none"), "job_not_found"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_code(file: Path, arguments: tuple[str, ...], code: str) -> None:
    assert file.exists()
    exit_code, lines, said = statements(*arguments)
    assert (exit_code, lines) == (1, [])
    assert said.startswith(f"{code}: ")


def test_the_newest_jobs_are_listed(file: Path) -> None:
    assert file.exists()
    run()
    code, (job, waiting), _ = statements("status", "--channel", "govdigital")
    assert (code, "DONE" in job, waiting.startswith("govdigital: ")) == (0, True, True)
