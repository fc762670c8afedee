"""What the guide for partner systems shows is played, command by command, against a running marketplace."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.integration.examples.up import ROOT, Up
from tests.support.steps import steps_of

pytestmark = pytest.mark.timeout(600)
GERMAN, ENGLISH = ROOT / "docs/anbinden/partner.md", ROOT / "docs/anbinden/partner.en.md"
PREPARED = 11
"""Cases of the conformance run that need Vorgänge prepared by the other sides."""


def commands(page: Path) -> list[str]:
    """Return the blocks of commands of a page, in their order."""
    return [step.text for step in steps_of(page) if step.language == "sh"]


def offered(up: Up) -> str:
    """Publish an offer that nobody has ordered, and return its id."""
    script = (
        (ROOT / "examples/order.sh").read_text(encoding="utf-8").split('echo "2.')[0].replace('$(dirname "$0")/..', str(ROOT))
    )
    shown = subprocess.run(
        ["bash", "-c", f'{script}\necho "offering=$offering"'], env=up.environment, capture_output=True, text=True, check=False
    )
    found = re.search(r"offering=(\S+)", shown.stdout)
    assert found is not None, shown.stdout + shown.stderr
    return found[1]


def test_both_languages_show_the_same_commands() -> None:
    assert commands(GERMAN) == commands(ENGLISH)
    assert len(commands(GERMAN)) >= 8


def test_the_commands_of_the_guide_register_order_repeat_and_prove(up: Up, offline: dict[str, str], tmp_path: Path) -> None:
    ordered = up.order()
    assert ordered.returncode == 0, ordered.stdout + ordered.stderr
    shutil.copytree(ROOT / "kits", tmp_path / "kits", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    programs = tmp_path / "programs"
    programs.mkdir()
    marketplace = Path(sysconfig.get_paths()["scripts"]) / "marktplatz"
    (programs / "marktplatz").write_text(f'#!/bin/sh\nunset PYTHONPATH\nexec {marketplace} "$@"\n', encoding="utf-8")
    (programs / "marktplatz").chmod(0o755)
    environment = {**os.environ, **offline, **up.environment, "EFA_BOOTSTRAP": up.kafka, "OFFERING": offered(up)}
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    script = "set -euxo pipefail\n" + "\n".join(commands(GERMAN))
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    receipt = json.loads((tmp_path / "receipt.json").read_text(encoding="utf-8"))
    assert (receipt["status"], receipt["order"]["state"]) == ("accepted", "INTERESSE_BEKUNDET")
    assert "ZURUECKGEZOGEN" in done.stdout
    suite = ET.fromstring((tmp_path / "report/report.xml").read_bytes())[0]  # noqa: S314 - written by the kit
    assert (suite.get("failures"), suite.get("skipped")) == ("0", str(PREPARED)), done.stdout
    assert int(suite.get("tests") or 0) - PREPARED >= 60
