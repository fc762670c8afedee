"""The command: stable exit codes, output for people and programs, no traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from efa_partner.cli import main

ORDER = "0b9e6f0c-55b5-4c5c-9a44-5d6c2a1f3e77"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_key_is_made_registered_and_rotated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keygen", "--out", "k1.jwk", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert main(["public-key", "--signing-key", "k1.jwk", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == made
    rotation = [
        "rotate",
        "--partner",
        "nord",
        "--signing-key",
        "k1.jwk",
        "--out",
        "k2.pem",
        "--format",
        "pem",
        "--request",
        "r.json",
    ]
    assert main(rotation) == 0
    assert (folder / "k2.pem").stat().st_mode & 0o077 == 0
    assert json.loads((folder / "r.json").read_text(encoding="utf-8")).keys() == {"event"}
    assert main(rotation) == 3, "nothing is overwritten"
    shown = capsys.readouterr().err
    assert "[request_exists]" in shown
    assert "Traceback" not in shown


def test_sign_gives_the_same_bytes_for_the_same_jti_and_status_lists_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["keygen", "--out", "k1.jwk"])
    (folder / "data.json").write_text(json.dumps({"organisation": "01054033", "order_id": ORDER}), encoding="utf-8")
    capsys.readouterr()
    sign = [
        "sign",
        "--partner",
        "nord",
        "--signing-key",
        "k1.jwk",
        "--type",
        "order-withdrawn",
        "--data",
        "data.json",
        "--jti",
        "a",
    ]
    assert main(sign) == 0
    first = capsys.readouterr().out
    assert main(sign) == 0
    assert capsys.readouterr().out == first
    assert main(["status", "--partner", "nord", "--json"]) == 5
    document = json.loads(capsys.readouterr().out)
    assert (document["events"], document["signed"], document["open"][0]["jti"]) == (1, 1, "a")
    (folder / "data.json").write_text(
        json.dumps({"organisation": "01054033", "order_id": ORDER, "reason": "x"}), encoding="utf-8"
    )
    assert main([*sign, "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "event_id_reused"


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["public-key", "--signing-key", "missing"], 3, "key_unreadable"),
        (["keygen", "--out", "no/such/folder"], 3, "key_unwritable"),
        (["keygen", "--out", "k", "--algorithm", "RS256", "--bits", "2048"], 3, "key_unfit"),
        (["status", "--partner", "nord"], 3, "journal_missing"),
    ],
)
def test_what_goes_wrong_ends_with_a_stable_code(
    arguments: list[str], code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    shown = capsys.readouterr().err
    assert f"[{word}]" in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("what", ["send", "conformance", "receipts"])
def test_a_broker_that_is_not_there_is_an_error_with_its_own_exit_code(
    folder: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["keygen", "--out", "k1.jwk"])
    (folder / "data.json").write_text(json.dumps({"organisation": "01054033", "order_id": ORDER}), encoding="utf-8")
    capsys.readouterr()
    common = ["--bootstrap", "127.0.0.1:1", "--partner", "nord", "--signing-key", "k1.jwk", "--jwks", "jwks.json"]
    further = {
        "send": ["--type", "order-withdrawn", "--data", "data.json"],
        "conformance": ["--organisation", "a", "--offering", ORDER, "--channel", "govdigital", "--report", "report"],
        "receipts": [],
    }
    assert main([what, *common, *further[what]]) == 4
    assert "[broker_unreachable]" in capsys.readouterr().err
