"""The commands as a new user gives them: demo, up, topics, token."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree.ElementTree import fromstring

import httpx
import pytest

from marktplatz.demo.browser import program

PROJECT = Path(__file__).resolve().parent.parent.parent
TOKEN = ["token", "--org", "fitko", "--name", "FITKO", "--role", "ANBIETER"]
MARKTPLATZ = [sys.executable, "-m", "marktplatz"]

pytestmark = pytest.mark.timeout(400)


def processes_of(folder: Path) -> list[int]:
    """Return the processes that were started for a run with this data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
            if str(folder).encode() in environment + command and command:
                found.append(int(entry.name))
    return found


def wait_for(condition: object, what: str, seconds: float = 90) -> None:
    """Wait until ``condition()`` holds; fail with ``what`` after a generous time."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.2)
    pytest.fail(what)


BROWSED = [
    "registriert sich und legt einen Nachweis bei",
    "füllt ein leeres Formular aus (26 Punkte); öffentlich mit Vertrag GD/",
    "liest „govdigital eG: Möglich“, bekundet Interesse",
    "und Köln klären 12 Punkte und eine Rückfrage",
    "als PDF gespeichert",
    "und Köln melden",
    "angemeldet im Browser",
]
SCENES = [
    "lädt 10.751 Gemeinden",
    "kennt 557 OZG-Leistungen",
    "nimmt für die Vorführung Ungeprüftes an",
    "reicht ein lückenhaftes Formular ein",
    "füllt es aus, ist aber nicht registriert",
    "akkreditiert Komm.ONE, prüft das Formular",
    "findet die Leistung im Schaufenster",
    "fragt vorab",
    "registriert sich",
    "akkreditiert Husum als Kunden",
    "urteilt neu",
    "bekundet Interesse",
    "ist benachrichtigt",
    "und Husum klären 12 Punkte, eine Frage",
    "macht das Angebot",
    "bestellt mit Leitweg-ID",
    "schließt Vertrag GD/",
    "schließt zur Sozialplattform Vertrag FITST/",
    "unmittelbar bei der FITKO und wird abgelehnt",
    "bestellt dreimal dasselbe",
    "kill -9 mitten in zehn Bestellungen",
    "Zehn Bestellungen, zehn Verträge",
    "Meilensteine; Vorgang",
    "Benachrichtigungen zu, keine doppelt",
    "davon als E-Mail",
    "hat zuoberst im Posteingang",
    "kommt spät dazu, liest 13 Angebote von vorn",
    "war abgeschaltet, verpasste Änderung und Rücknahme",
    "hat ein falsches Byte im eigenen Speicher",
    "lizenziert durch Sachsen; noch zu tun: Beitritt",
    "tritt bei",
    "Regensburg → BayKommun → Bayern → FITKO → NRW",
    "teilt 100.000,00 € auf 16 Länder",
    "der Beitritt von Görlitz endet am selben Tag",
    "ein verfälschtes Bit fällt auf",
    *(BROWSED if program() is not None else []),
]
"""What each line of the story says, in order; the last ones only where there is a browser."""


def test_a_demo_holds_beside_a_run_and_a_killed_run_takes_its_children_along(tmp_path: Path) -> None:
    scratch, reports, var = tmp_path / "scratch", tmp_path / "reports", tmp_path / "var"
    scratch.mkdir()
    with started_up(var, "--no-load") as (run, _):
        demo = subprocess.run(
            [*MARKTPLATZ, "demo", "--report", str(reports)],
            cwd=PROJECT, env={**os.environ, "TMPDIR": str(scratch)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=300, check=False,
        )  # fmt: skip
        judge_screen(demo.stdout)
        assert demo.returncode == 0, demo.stdout
        (written,) = reports.iterdir()
        assert demo.stdout.splitlines()[-1] == f"Bericht mit allen Tabellen: {written}"
        judge_report(written.read_text(encoding="utf-8"))
        assert not processes_of(scratch)
        assert list(scratch.iterdir()) == []
        assert run.poll() is None
        run.kill()
        run.wait()
        wait_for(lambda: not processes_of(var), "children outlive the supervisor", 45)


@contextmanager
def started_up(var: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Give a run that says it is up, and the file of what it prints."""
    var.mkdir(exist_ok=True)
    output = var / "output.txt"
    with output.open("wb") as sink:
        run = subprocess.Popen(
            [*MARKTPLATZ, "up", *options],
            cwd=PROJECT, env={**os.environ, "MARKTPLATZ_VAR": str(var)}, stdout=sink, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_for(lambda: "Ctrl-C ends everything" in output.read_text() or run.poll() is not None, "up did not come up")
        assert run.poll() is None, output.read_text()
        yield run, output
    finally:
        run.kill()
        run.wait()


def judge_screen(output: str) -> None:
    """Fail unless the screen is short and tells every scene, in order, with its mark."""
    lines = output.splitlines()
    assert "Alle Prüfungen bestanden" in output, output
    assert "✗" not in output
    assert "\x1b" not in output
    assert len(lines) <= 80, output
    assert all(len(line) <= 100 for line in lines[:-2]), output
    text = " ".join(output.split())
    found = [text.find(scene) for scene in SCENES]
    assert -1 not in found, SCENES[found.index(-1)]
    assert found == sorted(found)
    assert sum(line.startswith(" ✓ ") for line in lines) == len(SCENES)
    if program() is not None:
        (counted,) = re.findall(r"Alle Prüfungen bestanden: \d+ von \d+", text)
        assert counted in (PROJECT / "README.md").read_text(encoding="utf-8"), "the README shows this screen"
    assert "▸ wartet auf Komm.ONE: Abstimmung beginnen" in text
    assert "▸ wartet auf govdigital: Vertragsangebot" in text
    assert "▸ wartet auf Husum: Bestellung" in text
    assert "Grund: Über FITKO bestellt und bietet keine Stelle der Art „Kommune“ unmittelbar" in text
    assert "Abhilfe: Über govdigital bestellen" in text


def judge_report(html: str) -> None:
    """Fail unless the report is well-formed and holds what the run has left behind."""
    root = fromstring(html)  # noqa: S314 - written just now
    assert root.get("lang") == "de"
    rows = {
        "".join(table.find("caption").itertext()): len(table.findall("tbody/tr"))  # type: ignore[union-attr] # it is there
        for table in root.iter("table")
    }
    browsed = 1 if program() is not None else 0
    assert rows["Angebote im Schaufenster"] == 13 + browsed
    assert rows["Alle Vorgänge"] == 15 + browsed
    assert rows["Verträge"] == 14 + browsed
    assert sum(caption.startswith("Verlauf von V-") for caption in rows) == 15 + browsed
    assert sum("über" in caption and "Vergabefrei möglich" in caption for caption in rows) == 14 + browsed
    assert rows["contracts.contract.v1"] >= 13
    assert rows["ordering.order.v1"] > 200
    assert rows["E-Mails"] > 100
    assert rows["Anteile der Länder"] == 17
    assert len(root.findall(".//{http://www.w3.org/2000/svg}rect")) == 16
    assert "nicht bestanden" not in "".join(root.itertext())


def test_ctrl_c_ends_everything_that_up_has_started(tmp_path: Path) -> None:
    environment = {**os.environ, "MARKTPLATZ_VAR": str(tmp_path)}
    with started_up(tmp_path, "--no-examples") as (run, output):
        assert len(processes_of(tmp_path)) >= 5
        (portal,) = re.findall(r"portal\W+(http://[0-9.:]+)", output.read_text())
        assert "39 Leistungen im Katalog" in httpx.get(portal).text
        second = subprocess.run(
            [*MARKTPLATZ, "up", "--no-load"],
            cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 1
        assert "another run uses" in second.stdout
        run.send_signal(signal.SIGINT)
        run.wait(timeout=60)
    wait_for(lambda: not processes_of(tmp_path), f"still running: {processes_of(tmp_path)}", 15)
    where = subprocess.run(
        [*MARKTPLATZ, "url", "ordering"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert (where.returncode, where.stdout) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "contracts", "worker"], "--channel"),
        (["run", "ordering", "api", "--channel", "fitko"], "--channel"),
        (["dlq", "show", "no.such.group", "0:0"], "not_found"),
        (["topics", "check"], "bus_unavailable"),
    ],
)
def test_a_command_that_cannot_work_says_why(arguments: list[str], says: str) -> None:
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}
    done = subprocess.run(
        [*MARKTPLATZ, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["demo", "--report", "{tmp}/reports"], ["up", "--no-load"]], ids=["demo", "up"])
@pytest.mark.parametrize(
    ("variables", "fact", "remedy"),
    [
        (
            {"PATH": "{tmp}/empty", "XDG_CACHE_HOME": "{tmp}/empty"},
            "not installed: java (Java 17 or newer), mvn (Maven)",
            "sudo apt-get install ",
        ),
        ({"PATH": "{tmp}/empty", "XDG_CACHE_HOME": "{tmp}/empty"}, "Docker is not installed", "https://docs.docker.com/"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}, "No Kafka broker answers at 127.0.0.1:9", "unset KAFKA_BOOTSTRAP_SERVERS"),
    ],
    ids=["java", "docker", "broker"],
)
def test_a_run_that_lacks_something_names_the_command_that_mends_it(
    tmp_path: Path, command: list[str], variables: dict[str, str], fact: str, remedy: str
) -> None:
    done = marktplatz_lacking(tmp_path, command, {"MARKTPLATZ_VAR": "{tmp}/var", **variables})
    assert fact in done
    assert remedy in done


@pytest.mark.parametrize(
    ("command", "variables", "fact", "remedy"),
    [
        (
            ["up"],
            {"MARKTPLATZ_VAR": "{tmp}/file/var"},
            "The data folder {tmp}/file/var cannot be written",
            "export MARKTPLATZ_VAR=",
        ),
        (TOKEN, {"MARKTPLATZ_VAR": "{tmp}/file"}, "The data folder {tmp}/file cannot be written", "export MARKTPLATZ_VAR="),
        (["load"], {"MARKTPLATZ_VAR": "{tmp}/file"}, "The data folder {tmp}/file cannot be written", "export MARKTPLATZ_VAR="),
        (
            ["demo", "--report", "{tmp}/file/x"],
            {},
            "The folder of the report {tmp}/file/x cannot be written",
            "--report <folder>",
        ),
    ],
    ids=["up", "token", "load", "report"],
)
def test_a_folder_that_cannot_be_written_is_named_with_the_way_to_another(
    tmp_path: Path, command: list[str], variables: dict[str, str], fact: str, remedy: str
) -> None:
    (tmp_path / "file").touch()
    done = marktplatz_lacking(tmp_path, command, variables)
    assert fact.format(tmp=tmp_path) in done
    assert remedy in done


def marktplatz_lacking(tmp_path: Path, command: list[str], variables: dict[str, str]) -> str:
    """Give a command that must fail in a bare environment and return what it prints; nothing may be left running."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "MARKTPLATZ_"))}
    environment |= {name: value.format(tmp=tmp_path) for name, value in variables.items()} | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*MARKTPLATZ, *(word.format(tmp=tmp_path) for word in command)],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    printed = done.stdout + done.stderr
    assert done.returncode == 1, printed
    assert "Traceback" not in printed
    assert not processes_of(tmp_path)
    assert not list(tmp_path.glob("efa-marktplatz-demo-*/*.db")), "nothing was loaded"
    return printed


def test_the_token_command_signs_with_the_run_s_own_key(tmp_path: Path) -> None:
    environment = {**os.environ, "MARKTPLATZ_VAR": str(tmp_path)}
    done = subprocess.run(
        [*MARKTPLATZ, *TOKEN],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip().count(".") == 2
    assert (tmp_path / "issuer" / "key.json").stat().st_mode & 0o077 == 0
