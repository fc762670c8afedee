"""What the README shows of the library runs, and its tables are those of the code."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from portal_store import Filled
from portal_world import offering

from efa_portal.cli import build_parser
from efa_portal.commands import Exit
from efa_portal.health import TopicState

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Filled:
    monkeypatch.chdir(tmp_path)
    return Filled(tmp_path / "catalog.sqlite")


def test_the_offers_are_printed(filled: Filled) -> None:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(BLOCKS[0], {})  # noqa: S102 - what the page shows
    assert "a Wohngeld Husum" in shown.getvalue()
    assert "'title': 'Wohngeld'" in shown.getvalue()
    assert shown.getvalue().endswith("in-step\n")
    assert "b Führerschein" not in shown.getvalue()
    filled.close()


def test_changes_are_printed(filled: Filled) -> None:
    served = BLOCKS[1].replace("    ...  # serve requests", "    serve()  # serve requests")
    assert served != BLOCKS[1]
    shown = io.StringIO()

    def serve() -> None:
        filled.write(b"a", offering(8, title="Wohngeld neu"))
        filled.write(b"b", None)
        end = time.monotonic() + 60
        while "offer b removed" not in shown.getvalue() and time.monotonic() < end:
            time.sleep(0.05)

    with contextlib.redirect_stdout(shown):
        exec(served, {"serve": serve})  # noqa: S102 - what the page shows
    assert shown.getvalue().splitlines() == ["offer a Wohngeld neu", "offer b removed"]


def test_the_commands_that_look_at_a_store_run_as_they_are_copied(filled: Filled, tmp_path: Path) -> None:
    (block,) = (it for it in re.findall(r"```console\n(.*?)```", README, re.DOTALL) if "efa-portal export" in it)
    script = re.sub(r"^\$ ", "", block, flags=re.MULTILINE)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    filled.close()
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "offers.jsonl").read_text(encoding="utf-8").count("\n") == 2


def test_there_are_no_other_examples() -> None:
    assert len(BLOCKS) == 2


def test_every_state_and_exit_code_has_a_row() -> None:
    assert set(re.findall(r"^\| `([a-z][a-z-]+)` \| ", README, re.MULTILINE)) == {state.value for state in TopicState}
    assert [int(row) for row in re.findall(r"^\| (\d) \| ", README, re.MULTILINE)] == sorted(Exit)


def test_every_option_of_the_page_exists() -> None:
    subcommands = next(action for action in build_parser()._actions if action.dest == "command")
    assert isinstance(subcommands.choices, dict)
    options = {option for parser in subcommands.choices.values() for option in parser._option_string_actions}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - {"--version", "--group"}
    assert named - options == set()
    assert {"--bootstrap", "--store", "--once"} <= named
