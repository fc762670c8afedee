"""The command: its options in any order, its one line of output, its exit codes, and the README beside it."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from verify_world import KEY, OTHER, WITNESS, Log, document, file_of, note, root

from marktplatz_verify.cli import build_parser, main
from marktplatz_verify.report import UNPROVEN, Verdict

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
SOURCE = "".join(file.read_text("utf-8") for file in (Path(__file__).parents[1] / "src/marktplatz_verify").glob("*.py"))
LOG = Log()


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    file = tmp_path / "bundle"
    file.write_bytes(b"".join(file_of(LOG.full(LOG.head()))))
    return str(file)


def answer(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, dict[str, Any]]:
    code = main(command)
    (line,) = capsys.readouterr().out.splitlines()
    return code, json.loads(line)


def test_options_in_any_order_and_several_values(bundle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older = tmp_path / "older"
    older.write_text(note(3, root(LOG.entries[:3])), encoding="utf-8", newline="")
    key, other, head = KEY.vkey, OTHER.vkey, str(older)
    for command in (
        (bundle, "--key", key),
        ("--key", key, bundle),
        (bundle, "--key", other, key, "--against", head, head),
        (bundle, "--key", other, "--key", key, "--against", head, "--against", head),
        ("--against", head, "--key", key, "--quorum", "0", bundle),
        ("--key", key, "--against", head, bundle),
    ):
        code, found = answer(capsys, *command)
        assert (code, found["verdict"], found["entries"], found["size"]) == (0, "VALID", 5, 5), command


def test_what_cannot_be_read_is_one_object_too(bundle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff")
    wrong = KEY.vkey.replace(KEY.id.hex(), "00000000")
    for command in (
        (),
        (bundle,),
        ("--key", KEY.vkey),
        (str(tmp_path / "absent"), "--key", KEY.vkey),
        (str(tmp_path), "--key", KEY.vkey),
        (str(binary), "--key", KEY.vkey),
        (bundle, "--key", KEY.vkey, "--against", str(binary)),
        (bundle, "--key", KEY.vkey, "--against", str(tmp_path / "absent")),
        (bundle, "--key", KEY.vkey, "--quorum", "-1"),
        (bundle, "--key", KEY.vkey, "--quorum", "one"),
        (bundle, "--key", KEY.vkey, "--unknown"),
        (bundle, "--key", KEY.vkey, "--witness", KEY.vkey),
        (bundle, "--key", WITNESS.vkey),
        (bundle, "--key", wrong),
        (bundle, "--key", KEY.vkey[:-1]),
        (bundle, "--key", KEY.vkey.upper()),
        (bundle, "--key", "\udcff" + KEY.vkey),
        (bundle, "--key", "x"),
    ):
        code, found = answer(capsys, *command)
        assert code == 2, command
        assert found["findings"] == [{"code": "UNREADABLE", "at": None}]


def test_a_checkpoint_from_outside_with_other_line_ends_is_malformed(
    bundle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = tmp_path / "older"
    older.write_bytes(LOG.head()["note"].replace("\n", "\r\n").encode())
    code, found = answer(capsys, bundle, "--key", KEY.vkey, "--against", str(older))
    assert (code, found["findings"]) == (1, [{"code": "CHECKPOINT_MALFORMED", "at": 1}])


@pytest.mark.parametrize("mode", ["full", "receipt"])
def test_documents_that_the_file_does_not_hold_are_named_and_are_no_finding(
    mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, held = tmp_path / "bundle", (LOG.head(), document(b"PDF 2"))
    file.write_bytes(b"".join(file_of(LOG.full(*held) if mode == "full" else LOG.receipt(2, *held))))
    assert main([str(file), "--key", KEY.vkey, "--missing"]) == 0
    out, err = capsys.readouterr()
    lines = [f'missing: entry {at} "vertrag.pdf" {sha256(b"PDF %d" % at).hexdigest()}' for at in (0, 1, 3, 4)]
    lacking = [*lines, "4 of 5 documents that entries name are not in the file"]
    assert err.splitlines() == (lacking if mode == "full" else ["0 of 1 documents that entries name are not in the file"])
    assert json.loads(out)["findings"] == []
    assert main([str(file), "--key", KEY.vkey]) == 0
    assert capsys.readouterr().err == ""


def test_the_page_names_every_code_option_and_exit_code() -> None:
    rows = set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))
    codes = set(re.findall(r'find\("([A-Z_]+)"', SOURCE))
    assert rows == codes
    assert codes > UNPROVEN
    assert {name for name in rows if f"| `{name}` | *" in README} == UNPROVEN
    assert {(int(code), name) for code, name in re.findall(r"^\| (\d) \| ([A-Z]+) \|", README, re.MULTILINE)} == {
        (verdict.value, verdict.name) for verdict in Verdict
    }
    options = {option for option in build_parser()._option_string_actions if option.startswith("--")}
    assert options - {"--help", "--version"} == set(re.findall(r"`(--[a-z]+)", README))
