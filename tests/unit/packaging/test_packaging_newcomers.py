"""What newcomers, owners and users read is there, names what exists, and has the form that it says it has."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest

from deploy.packaging.lock import ROOT

SECTIONS = ("Security", "Added", "Changed", "Deprecated", "Removed", "Fixed")
MAKE = re.compile(r"(?:^ *|`)make ((?:[a-z0-9-]+ ?)+)", re.MULTILINE)
"""Targets as a page writes them: at the beginning of a line or of code."""
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", "examples/*.md", "benchmarks/*.md")
    for page in ROOT.glob(pattern)
    if page.name != "CHANGELOG.md" and MAKE.search(page.read_text(encoding="utf-8"))
)
VERSION = re.compile(r"Unreleased|\[?\d+\.\d+\.\d+\]? - \d{4}-\d{2}-\d{2}")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_changelog_begins_with_what_is_not_released_and_names_each_version_with_its_day() -> None:
    changelog = text("CHANGELOG.md")
    assert changelog.startswith("# Changelog\n")
    versions = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert [version for version in versions if not VERSION.fullmatch(version)] == []
    assert len(set(versions)) == len(versions)


def test_each_version_of_the_changelog_has_sections_of_keep_a_changelog_each_once_and_with_entries() -> None:
    for version in re.split(r"^## ", text("CHANGELOG.md"), flags=re.MULTILINE)[1:]:
        sections = re.split(r"^### ", version, flags=re.MULTILINE)[1:]
        names = [section.partition("\n")[0] for section in sections]
        assert names == [name for name in SECTIONS if name in names]
        assert all(re.match(r"[A-Z][a-z]+\n\n- ", section) for section in sections)


def test_every_rule_of_owners_covers_a_file_and_names_teams() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    rules = [line.split() for line in text("CODEOWNERS").splitlines() if line and not line.startswith("#")]
    assert rules[0][0] == "*"
    for pattern, *owners in rules:
        prefix = pattern.removeprefix("/") if pattern != "*" else ""
        assert any(name.startswith(prefix) for name in tracked), pattern
        assert owners
        assert all(re.fullmatch(r"@[a-z-]+/[a-z-]+", owner) for owner in owners)


def test_a_later_rule_of_owners_is_not_wider_than_an_earlier_one() -> None:
    patterns = [line.split()[0] for line in text("CODEOWNERS").splitlines() if line and not line.startswith("#")]
    hidden = [(early, late) for number, late in enumerate(patterns) for early in patterns[:number] if early.startswith(late)]
    assert hidden == []


@pytest.mark.parametrize("page", PAGES)
def test_each_make_target_that_a_page_names_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", text("Makefile"), re.MULTILINE))
    assert {name for names in MAKE.findall(text(page)) for name in names.split()} - targets == set()


def test_every_hook_is_local_and_calls_a_target_or_a_tool_that_is_there() -> None:
    config = text(".pre-commit-config.yaml")
    assert re.findall(r"- repo: (\S+)", config) == ["local"]
    assert set(re.findall(r"language: (\S+)", config)) == {"system"}
    entries = re.findall(r"entry: (.+)", config)
    assert len(entries) == len(re.findall(r"- id: ", config))
    targets = set(re.findall(r"^([a-z0-9-]+):", text("Makefile"), re.MULTILINE))
    tools = {
        name
        for group in tomllib.loads(text("pyproject.toml"))["dependency-groups"].values()
        for name in group
        if isinstance(name, str)
    }
    for entry in entries:
        program, *arguments = entry.split()
        if program == "make":
            assert arguments[-1] in targets
        else:
            assert program.removeprefix(".venv/bin/") in tools | {"python"}


def test_editors_format_python_as_ruff_does() -> None:
    length = tomllib.loads(text("pyproject.toml"))["tool"]["ruff"]["line-length"]
    assert f"[*.py]\nindent_size = 4\nmax_line_length = {length}\n" in text(".editorconfig")


def test_tracked_text_has_the_ends_of_lines_that_editors_are_asked_for() -> None:
    command = ["git", "grep", "-I", "-l", "-E", "[ \t\r]$", "--", ".", ":!data", ":!tests/contract"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines() == []
