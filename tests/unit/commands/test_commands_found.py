"""Commands find the marketplace that runs here by themselves, and what goes wrong is a line that says what and how to mend it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner

from marktplatz.addresses import endpoints
from marktplatz.cli import app
from marktplatz.commands.local import Running
from marktplatz.embedded import PORTAL
from marktplatz.found import BOOTSTRAP_FILE, kafka_settings, replication
from marktplatz.infrastructure.errors import InfrastructureError
from marktplatz.infrastructure.kafka_native import NativeKafka
from marktplatz.memory import memory_of
from marktplatz.ports import APIS, Ports
from marktplatz.running import UNEXPECTED, errors_as_lines
from shared.bus.settings import KafkaSettings
from shared.errors import NotFoundError
from shared.process.settings import ProcessSettings
from shared.topics import DEAD_LETTERS, REPLAYS, TOPICS
from tests.support.used_folder import used

HEAVY = {"aiokafka", "fastapi", "httpx", "pymongo", "structlog", "uvicorn", "uvloop"}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "MARKTPLATZ_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_broker_each_way_to_one_stands_on_a_line_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError) as caught:
        kafka_settings(ProcessSettings(var=tmp_path))
    lines = str(caught.value).splitlines()
    assert lines[0] == f"No Kafka broker is named, and no marketplace runs in {tmp_path}."
    assert [line.rpartition(": ")[2] for line in lines[2:]] == [
        "make up)",
        "export MARKTPLATZ_VAR=<its data folder>",
        "export KAFKA_BOOTSTRAP_SERVERS=<host>:9092",
    ]


def test_topics_have_one_replica_on_the_broker_of_the_run_here_and_three_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = ProcessSettings(var=tmp_path)
    assert replication(None, process) == 3
    (tmp_path / BOOTSTRAP_FILE).write_text("127.0.0.1:4711\n")
    with used(tmp_path):
        assert kafka_settings(process).bootstrap_servers == "127.0.0.1:4711"
        assert (replication(None, process), replication(2, process)) == (1, 2)
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
        assert replication(None, process) == 3


def test_addresses_are_those_of_all_processes_that_run_here(tmp_path: Path) -> None:
    (tmp_path / "endpoints-services.json").write_text('{"catalog": "http://127.0.0.1:1"}')
    (tmp_path / "endpoints-portal.json").write_text('{"portal": "http://127.0.0.1:2"}')
    with used(tmp_path):
        assert endpoints(ProcessSettings(var=tmp_path)) == {"catalog": "http://127.0.0.1:1", "portal": "http://127.0.0.1:2"}


def test_what_a_run_that_was_killed_has_left_names_nothing_that_listens(tmp_path: Path) -> None:
    process = ProcessSettings(var=tmp_path)
    (tmp_path / "endpoints-services.json").write_text('{"catalog": "http://127.0.0.1:1"}')
    (tmp_path / BOOTSTRAP_FILE).write_text("127.0.0.1:4711\n")
    with used(tmp_path):
        assert endpoints(process)
    assert endpoints(process) == {}
    assert replication(None, process) == 3
    with pytest.raises(InfrastructureError, match="no marketplace runs"):
        kafka_settings(process)


def test_an_address_can_be_asked_of_each_api_and_of_the_portal_and_of_nothing_else(tmp_path: Path) -> None:
    assert set(get_args(Running)) == {*APIS, PORTAL}
    (tmp_path / "endpoints-portal.json").write_text('{"portal": "http://127.0.0.1:2"}')
    runner = CliRunner(env={"MARKTPLATZ_VAR": str(tmp_path)})
    with used(tmp_path):
        found = {name: runner.invoke(app, ["url", name]) for name in ("portal", "catalog", "all")}
    assert {name: it.exit_code for name, it in found.items()} == {"portal": 0, "catalog": 1, "all": 2}
    assert found["portal"].stdout == "http://127.0.0.1:2\n"


def test_the_list_of_topics_holds_every_name_in_full_in_a_pipe() -> None:
    found = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["topics", "list"])
    head, *rows = [line.split("\t") for line in found.stdout.splitlines()]
    assert head == ["topic", "key", "partitions", "retention", "producer", "consumer groups"]
    listed = [it.name for it in TOPICS] + [it.name for it in DEAD_LETTERS.values()] + [it.name for it in REPLAYS.values()]
    assert [row[0] for row in rows] == listed
    assert {len(row) for row in rows} == {len(head)}


def test_a_setting_that_is_missing_or_wrong_is_named_without_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, errors_as_lines():
        KafkaSettings(sasl_mechanism="geheim")  # what a wrong environment makes
    said = capsys.readouterr().err
    assert caught.value.exit_code == 1
    assert [line.partition(":")[0] for line in said.splitlines()] == ["KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SASL_MECHANISM"]
    assert "geheim" not in said


def test_a_process_names_the_variables_that_it_lacks_and_no_value_of_its_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AUTH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("AUTH_ISSUER", "geheim")
    found = CliRunner().invoke(app, ["run", "catalog", "api"])
    assert found.exit_code == 1
    lines = found.stderr.splitlines()
    assert lines
    assert all(line.startswith("AUTH_") for line in lines), lines
    assert "geheim" not in found.stderr
    alone = CliRunner().invoke(app, ["run", "contracts", "all"])
    assert (alone.exit_code, "a contract processor runs alone" in " ".join(alone.stderr.replace("│", " ").split())) == (2, True)


def test_an_unexpected_error_is_a_line_and_shows_where_it_comes_from_only_when_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(typer.Exit) as caught, errors_as_lines():
        raise KeyError("no such thing")
    said = capsys.readouterr().err
    assert caught.value.exit_code == UNEXPECTED
    assert said.splitlines()[0] == "internal_error: KeyError: 'no such thing'"
    assert "export MARKTPLATZ_LOG_LEVEL=DEBUG" in said
    monkeypatch.setenv("MARKTPLATZ_LOG_LEVEL", "DEBUG")
    with pytest.raises(KeyError), errors_as_lines():
        raise KeyError("no such thing")


def test_a_file_that_cannot_be_used_is_a_fact_and_no_error_of_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none" / "facts.json"
    with pytest.raises(typer.Exit) as caught, errors_as_lines():
        missing.read_text()
    assert (caught.value.exit_code, capsys.readouterr().err) == (1, f"file_unusable: {missing}: No such file or directory.\n")
    with pytest.raises(typer.Exit) as caught, errors_as_lines():
        raise OSError("of no file")
    assert caught.value.exit_code == UNEXPECTED


def test_a_reader_that_goes_early_ends_the_command_in_silence() -> None:
    code = (
        "from marktplatz.running import run_blocking\n"
        "def work():\n    for number in range(100_000): print(number)\n"
        "try: run_blocking(work)\n"
        "except BaseException as ended: raise SystemExit(ended.exit_code)"
    )
    command = f"{sys.executable} -c {shlex.quote(code)} | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "0\n", "")


def test_an_error_of_ours_is_its_code_and_what_it_states(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), errors_as_lines():
        raise NotFoundError("There is no order 17.", code="order_not_found")
    assert capsys.readouterr().err == "order_not_found: There is no order 17.\n"


@pytest.mark.parametrize("module", ["marktplatz.cli", "marktplatz.topic_table", "marktplatz.addresses"])
def test_the_command_line_starts_without_what_only_services_need(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & HEAVY
    assert {it for it in loaded if it == "services"} == set()


def test_a_process_starts_with_what_it_runs_and_nothing_of_other_services() -> None:
    code = (
        "import sys; from marktplatz.process import assignments, ServiceName, RoleName; "
        "(it,) = assignments(ServiceName.NOTIFY, RoleName.API); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not [name for name in done.stdout.split() if name.startswith("services.")]


def test_a_list_in_a_pipe_needs_nothing_that_paints_tables() -> None:
    code = "import sys, marktplatz.topic_table as it; it.print_topics(); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert {name.partition(".")[0] for name in done.stderr.split()} & {"rich", "typer"} == set()


def test_fixed_ports_follow_each_other_and_free_ones_are_left_to_the_machine() -> None:
    fixed = Ports(8400)
    assert APIS == ("catalog", "contracts", "eligibility", "notify", "ordering")
    assert fixed.apis() == {"catalog": 8401, "contracts": 8402, "eligibility": 8403, "notify": 8404, "ordering": 8405}
    assert (fixed.portal(), fixed.kafka(), fixed.login()) == (8400, 8406, 8407)
    free = Ports(0)
    assert (free.apis(), free.kafka(), free.login()) == ({}, 0, 0)
    assert free.portal() > 1023


def test_a_service_of_a_process_with_several_has_its_own_port() -> None:
    settings = ProcessSettings(port=8080, ports={"catalog": 8401})
    assert (settings.port_of("catalog"), settings.port_of("notify")) == (8401, 8080)


def test_a_broker_with_a_fixed_port_looks_for_no_other(tmp_path: Path) -> None:
    broker = NativeKafka(tmp_path).at(8406)
    assert (broker.bootstrap, broker.fixed, NativeKafka(tmp_path).at(0).fixed) == ("127.0.0.1:8406", True, False)


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_the_memory_of_a_process_is_known_and_that_of_none_is_nothing() -> None:
    assert 10 * 2**20 < memory_of(os.getpid()) < 4 * 2**30
    assert memory_of(2**22 + 1) == 0
