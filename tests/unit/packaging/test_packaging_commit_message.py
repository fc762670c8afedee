"""A commit message has an imperative subject of 72 characters at most, and what else it says below an empty line."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.packaging.commit_message import faults, main

WHY = "\n\nThe page was read by nobody.\n"


@pytest.mark.parametrize(
    "message",
    [
        "Report the expiry of the loaded certificate",
        "Report the expiry of the loaded certificate" + WHY,
        "Process what waits\n# Please enter the commit message\n#\n",
        "Need no broker for a test of numbers" + WHY,
        "Pass the clock as a parameter",
        "x".upper() * 72,
        "Merge branch 'main' into a branch whose name is so long that git makes a subject of more than that",
        'Revert "added the page"',
        "fixup! Report the expiry",
        "Show the difference\n\nWhy.\n# ------------------------ >8 ------------------------\ndiff --git a/x b/x\nAdded.",
    ],
)
def test_a_good_message_passes(message: str) -> None:
    assert faults(message) == []


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("", "the message is empty"),
        ("# only a comment\n", "the message is empty"),
        ("X" * 73, "the subject has 73 characters, 72 are the most"),
        ("report the expiry", "begin with a verb and a capital letter"),
        ("Added the page" + WHY, "use the imperative"),
        ("Adding the page", "use the imperative"),
        ("Adds the page", "use the imperative"),
        ("Fixes the page", "use the imperative"),
        ("Add the page.", "the subject ends in a full stop"),
        ("Add the page\nbecause it was missing", "the second line is not empty"),
    ],
)
def test_a_fault_is_named(message: str, fault: str) -> None:
    (found,) = faults(message)
    assert fault in found


def test_the_hook_stops_a_commit_with_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text("Add the page.\n", encoding="utf-8")
    assert main([str(file)]) == 1
    assert capsys.readouterr().out == "the subject ends in a full stop\n"
    file.write_text("Add the page\n", encoding="utf-8")
    assert main([str(file)]) == 0
