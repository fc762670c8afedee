"""The command: exit codes that scripts can rely on, sentences instead of tracebacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from portal_store import Filled
from portal_world import offering

from efa_portal.cli import main
from efa_portal.commands import Exit
from efa_portal.following import utc_now
from efa_portal.health import TopicState, overall
from efa_portal.report import Report, Trouble, write_report
from efa_portal.store.lock import StoreLock
from efa_portal.store.writer import Store
from efa_portal.topics import OFFERINGS


@pytest.fixture
def filled(tmp_path: Path) -> Filled:
    return Filled(tmp_path / "store.sqlite")


@pytest.fixture
def store(filled: Filled) -> str:
    return str(filled.close())


def test_status_of_a_store_in_step(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--store", store]) == Exit.WELL
    shown = capsys.readouterr().out
    assert "catalog.offering.v1: in-step, 3 entries, verified 2" in shown
    assert "Portal    portal-test" in shown
    assert main(["status", "--store", store, "--json"]) == Exit.WELL
    document = json.loads(capsys.readouterr().out)
    assert (document["state"], document["running"], document["trouble"]) == ("in-step", True, None)
    assert document["topics"][0]["live"] == 3


def _reported(store: str, state: TopicState, trouble: Trouble | None = None, **changes: object) -> None:
    opened = Store(Path(store))
    report = Report.model_validate_json(opened.find_note("report") or "")
    first, *rest = report.topics
    topics = (first.model_copy(update={"state": state, **changes}), *rest)
    write_report(opened, Report.now(report.portal, topics, trouble))
    opened.close()


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (TopicState.DIFFERS, Exit.DIFFERS),
        (TopicState.BEHIND, Exit.NOT_IN_STEP),
        (TopicState.REBUILDING, Exit.NOT_IN_STEP),
        (TopicState.UNVERIFIED, Exit.NOT_IN_STEP),
    ],
)
def test_status_of_a_store_that_is_not_in_step(
    store: str, state: TopicState, code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    _reported(store, state, lag=7, behind_since=utc_now())
    assert main(["status", "--store", store]) == code
    shown = capsys.readouterr().out
    assert f"catalog.offering.v1: {state}" in shown
    assert "7 records behind since 2" in shown


def test_status_shows_what_keeps_the_follower_from_going_on(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    _reported(store, TopicState.IN_STEP, Trouble(text="the broker cannot be reached", since=utc_now()))
    assert main(["status", "--store", store]) == Exit.NOT_IN_STEP
    assert ": the broker cannot be reached" in capsys.readouterr().out


def test_status_without_a_follower_is_not_in_step(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    opened = Store(Path(store))
    report = Report.model_validate_json(opened.find_note("report") or "")
    write_report(opened, report.model_copy(update={"reported_at": report.reported_at.replace(year=2025)}))
    opened.close()
    assert main(["status", "--store", store]) == Exit.NOT_IN_STEP
    assert "not running, last seen 2025" in capsys.readouterr().out


def test_the_state_of_a_portal_is_the_worst_of_its_topics() -> None:
    assert overall({"a": TopicState.IN_STEP, "b": TopicState.IN_STEP}) is TopicState.IN_STEP
    assert overall({"a": TopicState.BEHIND, "b": TopicState.DIFFERS}) is TopicState.DIFFERS
    assert overall({}) is TopicState.REBUILDING


@pytest.mark.parametrize("command", ["status", "verify", "export"])
def test_a_store_that_is_not_there_or_not_whole_is_named(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "store.sqlite"
    assert main([command, "--store", str(path)]) == Exit.NO_STORE
    assert "efa-portal: there is no store" in capsys.readouterr().err
    Store(path).close()
    assert main([command, "--store", str(path)]) == Exit.NO_STORE


def test_verify_compares_the_values_with_the_last_checkpoint(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--store", store]) == Exit.WELL
    assert "catalog.offering.v1: equal to the checkpoint of 2026-11-28" in capsys.readouterr().out
    assert main(["verify", "--store", store, "--json"]) == Exit.WELL
    assert json.loads(capsys.readouterr().out)[0]["compared"] == 2


def test_verify_names_partitions_that_differ(filled: Filled, capsys: pytest.CaptureFixture[str]) -> None:
    body = json.loads(filled.worlds[OFFERINGS.name].checkpoint_bytes())
    body["checkpoint"]["partitions"][1]["sha256"] = "0" * 64
    filled.store.record_checkpoint(OFFERINGS.name, json.dumps(body).encode())
    assert main(["verify", "--store", str(filled.close())]) == Exit.DIFFERS
    assert "differs from the checkpoint of 2026-11-28" in capsys.readouterr().out


def test_verify_says_where_no_checkpoint_speaks_of_these_offsets(filled: Filled, capsys: pytest.CaptureFixture[str]) -> None:
    old = filled.worlds[OFFERINGS.name].checkpoint_bytes()
    for key in (b"a", b"b"):
        filled.write(key, offering(9))
    filled.store.record_checkpoint(OFFERINGS.name, old)
    assert main(["verify", "--store", str(filled.close())]) == Exit.WELL
    assert "speaks of other offsets" in capsys.readouterr().out


def test_a_damaged_store_ends_every_command_with_a_sentence(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(store)
    path.write_bytes(path.read_bytes().replace(b'"Wohngeld"', b'"Wohngelt"'))
    for command in ("verify", "export"):
        assert main([command, "--store", store]) == Exit.DIFFERS
        assert "efa-portal:" in capsys.readouterr().err
    path.write_bytes(b"x" * 5000)
    for command in ("status", "verify", "export"):
        assert main([command, "--store", store]) == Exit.DIFFERS
        assert "is damaged" in capsys.readouterr().err


def test_export_writes_a_line_for_each_offer_or_one_list(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--store", store]) == Exit.WELL
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["Wohngeld", "Führerschein", "Anwohnerparken"]
    assert "Führerschein" in lines[1]
    assert main(["export", "--store", store, "--state", "AUSGESETZT", "--format", "json"]) == Exit.WELL
    assert [offer["number"] for offer in json.loads(capsys.readouterr().out)] == [2]
    assert main(["export", "--store", store, "--kind", "known-services"]) == Exit.WELL
    assert json.loads(capsys.readouterr().out) == {"title": "Elterngeld"}


def _command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", "import sys; from efa_portal.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
def test_a_reader_of_the_export_may_leave_early(filled: Filled) -> None:
    for number in range(200):
        filled.worlds[OFFERINGS.name].write(b"k%03d" % number, offering(number, text="x" * 1000))
    filled.catch_up()
    store = filled.close()
    program = "from efa_portal.cli import main; import sys; sys.exit(main())"
    line = f"{sys.executable} -c '{program}' export --store {store} | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["follow", "--store", "s"], 2, "--bootstrap"),
        (["follow", "--bootstrap", "b:9"], 2, "--store"),
        (["follow", "--bootstrap", "b:9", "--store", "s", "--security", "scram"], 2, "needs --username and --password-file"),
        (
            ["follow", "--bootstrap", "b:9", "--store", "s", "--security", "tls", "--cert", "no", "--key", "no"],
            2,
            "cannot be read",
        ),
        (["follow", "--bootstrap", "b:9", "--store", "s", "--portal", "Große_Namen"], 2, "is no id of a portal"),
        (["follow", "--bootstrap", "127.0.0.1:9", "--store", "/no/folder/s"], 3, "cannot be"),
        (["follow", "--bootstrap", "127.0.0.1:9", "--store", "s", "--once", "--timeout", "1"], 4, "the broker cannot be reached"),
        (["unknown"], 2, "invalid choice"),
        ([], 2, "required"),
    ],
)
def test_a_wrong_call_ends_with_its_code_and_a_sentence(
    arguments: list[str], code: int, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = _command(*arguments)
    assert done.returncode == code, done.stderr
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_beside_credentials_that_name_the_portal_is_refused(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("x")
    scram = ["--security", "scram", "--username", "portal-nord", "--password-file", str(password)]
    done = _command("follow", "--bootstrap", "b:9", "--store", str(tmp_path / "s"), *scram, "--portal", "portal-sued")
    assert (done.returncode, "leave --portal out" in done.stderr) == (2, True)


@pytest.mark.slow
def test_options_come_from_the_environment_too(store: str) -> None:
    done = _command("status", EFA_STORE=store)
    assert done.returncode == 0, done.stderr
    done = _command("follow", "--once", "--timeout", "1", EFA_STORE=store + "2", EFA_BOOTSTRAP="127.0.0.1:9")
    assert done.returncode == 4, done.stderr


def test_a_store_that_another_follower_holds_ends_with_its_code(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    lock = StoreLock(Path(store))
    assert main(["follow", "--bootstrap", "127.0.0.1:9", "--store", store]) == Exit.IN_USE
    assert "another follower" in capsys.readouterr().err
    lock.release()
