"""What the guide for portals shows is played, command by command, against a running marketplace."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.examples.up import ROOT, Up
from tests.support.steps import steps_of

pytestmark = pytest.mark.timeout(600)
GERMAN, ENGLISH = ROOT / "docs/anbinden/portal.md", ROOT / "docs/anbinden/portal.en.md"


def commands(page: Path) -> list[str]:
    """Return the blocks of commands of a page, in their order."""
    return [step.text for step in steps_of(page) if step.language == "sh"]


def test_both_languages_show_the_same_commands() -> None:
    assert commands(GERMAN) == commands(ENGLISH)
    assert len(commands(GERMAN)) >= 5


def test_the_commands_of_the_guide_follow_verify_and_export_the_catalog(up: Up, offline: dict[str, str], tmp_path: Path) -> None:
    ordered = up.order()
    assert ordered.returncode == 0, ordered.stdout + ordered.stderr
    shutil.copytree(ROOT / "kits", tmp_path / "kits", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    environment = {**os.environ, **offline, **up.environment, "EFA_BOOTSTRAP": up.kafka, "EFA_CATALOG": up.url("catalog")}
    script = "set -euxo pipefail\n" + "\n".join(commands(GERMAN))
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"catalog\.offering\.v1: in-step, \d+ entries, verified 2", done.stdout), done.stdout
    assert re.search(r"^[1-9]\d* Angebote, in-step$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"'topic': 'catalog\.offering\.v1'.*'sha256'", done.stdout), done.stdout
    assert re.search(r"^HTTP 304$", done.stdout, re.MULTILINE), done.stdout
    lines = (tmp_path / "angebote.jsonl").read_text(encoding="utf-8").splitlines()
    published = json.loads((tmp_path / "veroeffentlicht.json").read_text(encoding="utf-8"))
    assert any(offer["title"].startswith("Anwohnerparkausweis") for offer in published)
    assert len(lines) >= len(published) >= 1
    assert (tmp_path / "bekannte-leistungen.jsonl").read_text(encoding="utf-8").count("\n") > 10
