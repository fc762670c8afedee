"""How a demo ends: exit code, report, what stays of its data, and what it prints if something is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import httpx
import pytest

from marktplatz.demo import play as played
from marktplatz.demo.people import StepFailedError
from marktplatz.demo.play import play
from marktplatz.demo.screen import equals
from marktplatz.demo.tables import Section, table
from marktplatz.demo.world import World
from marktplatz.infrastructure.errors import BrokerStartError, InfrastructureError

Act = Callable[[World], Awaitable[None]]


class NoRun:
    """Stands for a marketplace that runs; ``error`` is raised instead of starting it."""

    error: Exception | None = None

    def __init__(self, settings: Any, _environment: Any, *, portal: bool) -> None:
        self.settings, self.portal = settings, portal
        self.bootstrap, self.broker_kind = "127.0.0.1:9", "none"
        self.children: dict[str, object] = {}

    async def __aenter__(self) -> Self:
        (self.settings.var / "data").touch()
        if self.error is not None:
            raise self.error
        return self

    async def __aexit__(self, *_: object) -> None:
        return


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stage on which ``acts`` are played with no marketplace; ``scratch`` holds the data, ``reports`` the reports."""
    found = SimpleNamespace(scratch=tmp_path / "scratch", reports=tmp_path / "reports", acts=[], run=NoRun)
    found.scratch.mkdir()

    async def tables(_world: World) -> list[Section]:
        return [Section("Angebote", "x", (table("Tabelle der Angebote", ["a"], [["b"]]),))]

    monkeypatch.setattr("tempfile.tempdir", str(found.scratch))
    monkeypatch.setattr(played, "Embedded", NoRun)
    monkeypatch.setattr(NoRun, "error", None)
    monkeypatch.setattr(played, "sections", tables)
    monkeypatch.setattr(played, "ACTS", found.acts)
    return found


async def good(world: World) -> None:
    world.screen.act("Akt")
    world.screen.scene("Husum", "bestellt.", equals("Stand", "BESTELLT", "BESTELLT"))


async def bad(world: World) -> None:
    world.screen.scene("Husum", "bestellt.", equals("Stand", "ABGELEHNT", "BESTELLT"))


def breaking(error: Exception) -> Act:
    async def act(_world: World) -> None:
        raise error

    return act


async def played_on(stage: Any, *, keep: bool = False, verbose: bool = False) -> int:
    return await play(keep=keep, verbose=verbose, folder=stage.reports)


def report_of(stage: Any) -> Path:
    (file,) = stage.reports.iterdir()
    assert isinstance(file, Path)
    return file


async def test_a_demo_that_holds_ends_with_zero_leaves_its_report_and_no_data(
    stage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.acts += [good]
    assert await played_on(stage) == 0
    assert list(stage.scratch.iterdir()) == []
    output = capsys.readouterr().out
    assert output.splitlines()[-1] == f"Bericht mit allen Tabellen: {report_of(stage)}"
    assert "Alle Prüfungen bestanden: 1 von 1" in output
    assert "Tabelle der Angebote" in report_of(stage).read_text(encoding="utf-8")
    assert "Tabelle der Angebote" not in output


async def test_a_failed_check_ends_with_one_and_keeps_the_data(stage: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stage.acts += [good, bad, good]
    assert await played_on(stage) == 1
    output = capsys.readouterr().out
    assert "erwartet: Stand: BESTELLT" in output
    assert "gefunden: ABGELEHNT" in output
    assert "1 Prüfung nicht bestanden: 2 von 3" in output
    (var,) = stage.scratch.iterdir()
    assert f"Daten und Protokolle: {var}" in output
    assert "gefunden: ABGELEHNT" in report_of(stage).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "error",
    [StepFailedError("POST /v1/orders answered 500"), httpx.ConnectError("POST /v1/orders answered 500")],
    ids=lambda error: type(error).__name__,
)
async def test_a_story_that_breaks_off_ends_with_one_and_still_writes_its_report(
    stage: Any, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    stage.acts += [good, breaking(error), good]
    assert await played_on(stage) == 1
    output = capsys.readouterr().out
    assert f"gefunden: {type(error).__name__}: POST /v1/orders answered 500" in output
    assert "1 von 2" in output
    assert "Tabelle der Angebote" in report_of(stage).read_text(encoding="utf-8")


async def test_verbose_prints_the_tables_before_the_end(stage: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stage.acts += [good]
    await played_on(stage, verbose=True)
    output = capsys.readouterr().out
    assert output.index("Angebote: Tabelle der Angebote") < output.index("Alle Prüfungen bestanden")


async def test_keep_leaves_the_data_of_a_demo_that_holds(stage: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stage.acts += [good]
    assert await played_on(stage, keep=True) == 0
    (var,) = stage.scratch.iterdir()
    assert f"Daten und Protokolle: {var}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "left"),
    [(InfrastructureError("no Java", remedy="install it"), 0), (BrokerStartError("see its log"), 1)],
    ids=["nothing to see", "a log to see"],
)
async def test_what_cannot_start_is_raised_and_leaves_data_only_where_there_is_a_log(
    stage: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, left: int
) -> None:
    stage.acts += [good]
    monkeypatch.setattr(NoRun, "error", error)
    with pytest.raises(type(error)):
        await played_on(stage)
    assert len(list(stage.scratch.iterdir())) == left
    assert list(stage.reports.iterdir()) == []
