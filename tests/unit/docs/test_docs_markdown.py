"""Markdown stands one sentence a line, and its links lead somewhere: rumdl with the settings in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import ROOT

RUMDL = Path(sys.executable).parent / "rumdl"


def faults(*arguments: str, folder: Path = ROOT) -> str:
    """Return what rumdl finds, nothing if all is well."""
    command = [str(RUMDL), "check", "--no-cache", "--quiet", "--config", str(ROOT / "pyproject.toml"), *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode in (0, 1), result.stderr
    return result.stdout


def faults_of(folder: Path, text: str) -> str:
    """Return what rumdl finds in a page of this text beside another page."""
    (folder / "other.md").write_text("# Other\n\n## A part\n", encoding="utf-8")
    (folder / "page.md").write_text(f"# Page\n\n{text}\n", encoding="utf-8")
    return faults(".", folder=folder)


def test_every_page_stands_one_sentence_a_line_and_its_links_lead_somewhere() -> None:
    assert faults(".") == ""


@pytest.mark.parametrize(
    "text",
    [
        "It stands here. It stands there.",
        "Es steht hier. Dort steht es auch.",
        "Ist es da? Es ist da.",
        "It stands here. promtool stands there.",
        "A sentence that is broken\nin the middle.",
        "- It stands here. It stands there.",
        "1. It stands here. It stands there.",
        "**Why.** Because it is so.",
        "It is `done`. All is well.",
        "[Elsewhere](gone.md).",
        "[Elsewhere](other.md#another-part).",
        "[Here](#nowhere).",
    ],
    ids=[
        "two sentences",
        "two German ones",
        "a question",
        "a name in small letters",
        "broken line",
        "in a list",
        "in a numbered list",
        "after bold",
        "after code",
        "no page",
        "no heading there",
        "no heading here",
    ],
)
def test_what_breaks_the_rule_is_found(tmp_path: Path, text: str) -> None:
    assert "page.md" in faults_of(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "Es gilt § 108 Abs. 1 Nr. 2 GWB für Kommunen, z. B. Husum.",
        "Der Bereitsteller, d. h. Das Land, stimmt bzw. Er lehnt ab.",
        "It holds for some, e.g. FITKO, i.e. The agency.",
        "Version 1.2 of `a.b. C` costs 0.5 ms.",
        "One sentence\n\nAnother one.",
        "| a | b |\n|---|---|\n| It stands here. It stands there. | c |",
        "```\nIt stands here. It stands there.\n```",
        "[Elsewhere](other.md#a-part).",
    ],
    ids=["law", "German abbreviations", "English abbreviations", "numbers and code", "paragraphs", "table", "code block", "link"],
)
def test_what_keeps_the_rule_is_left_alone(tmp_path: Path, text: str) -> None:
    assert faults_of(tmp_path, text) == ""
