"""``marktplatz partners`` over a real store: what an operator does from the command line, and what is refused."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from joserfc.jwk import OKPKey
from typer.testing import CliRunner, Result

from marktplatz.cli import app
from marktplatz.found import BOOTSTRAP_FILE, kafka_settings
from services.ordering.partners.receipt_keys import read_keys
from shared.process.settings import ProcessSettings
from tests.support.used_folder import used

PARTNER: dict[str, Any] = {
    "id": "nord",
    "name": "Beschaffungsportal Nord",
    "run_by": {"id": "dataport", "name": "Dataport AöR"},
    "organisations": [{"id": "010540056056", "name": "Husum, Stadt", "roles": ["KUNDE"]}],
    "contact": {"mailbox": "schnittstellen@dataport.example"},
}
KEY = OKPKey.generate_key("Ed25519")
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("MARKTPLATZ_VAR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, ["partners", *map(str, arguments)])

    yield run
    structlog.reset_defaults()  # a command logs to a stream that ends with it


def written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def shown(run: Run) -> dict[str, Any]:
    answer = run("show", "nord")
    assert answer.exit_code == 0, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_a_partner_is_registered_changed_and_led_through_its_life(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path / "nord.json", PARTNER)
    key = written(tmp_path / "key.json", KEY.as_dict(private=False))
    renamed = written(tmp_path / "new.json", PARTNER | {"name": "Portal Nord"})
    for arguments in (
        ("register", file, "--by", "otto"),
        ("change", "nord", renamed, "--by", "olga"),
        ("add-key", "nord", key, "--kid", "k1", "--by", "otto"),
        ("suspend", "nord", "--reason", "Wartung", "--by", "otto"),
        ("resume", "nord", "--by", "otto"),
        ("retire-key", "nord", "k1", "--until", "2099-01-01T00:00:00Z", "--by", "otto"),
    ):
        answer = run(*arguments)
        assert answer.exit_code == 0, (arguments, answer.output)
    partner = shown(run)
    assert (partner["name"], partner["state"], partner["keys"][0]["kid"]) == ("Portal Nord", "ACTIVE", "k1")
    assert partner["keys"][0]["valid_until"] == "2099-01-01T00:00:00Z"
    assert [(line["command"], line["person"], line["organisation"]) for line in partner["history"]] == [
        ("register", "otto", "betreiber"),
        ("change", "olga", "betreiber"),
        ("add_key", "otto", "betreiber"),
        ("suspend", "otto", "betreiber"),
        ("resume", "otto", "betreiber"),
        ("retire_key", "otto", "betreiber"),
    ]
    assert "Portal Nord" in run("list").stdout
    assert run("remove", "nord", "--reason", "Ende").exit_code == 0
    again = run("register", file)
    assert (again.exit_code, "partner_exists" in again.output) == (1, True)


def test_the_events_wait_in_the_outbox_for_the_relay_of_the_worker(run: Run, tmp_path: Path) -> None:
    run("register", written(tmp_path / "nord.json", PARTNER))
    with sqlite3.connect(tmp_path / "ordering.db") as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        text = "".join(str(row) for name in tables if "partners" in name for row in store.execute(f'SELECT * FROM "{name}"'))  # noqa: S608 - a test's own names
    assert "ordering.partner.registered.v1" in text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "cannot be read"),
        ([], "holds no JSON object"),
        ({**PARTNER, "id": 7}, "must state the id"),
        ({**PARTNER, "keys": []}, "keys: Extra inputs are not permitted"),
        (
            {**PARTNER, "organisations": [{"id": "x"}]},
            "organisations.0.name: Field required; organisations.0.roles: Field required",
        ),
        ({**PARTNER, "contact": {"mailbox": "nobody"}}, "contact.mailbox"),
    ],
)
def test_a_file_that_states_no_partner_is_refused_with_every_fault(
    run: Run, tmp_path: Path, content: object, reason: str
) -> None:
    answer = run("register", written(tmp_path / "x.json", content))
    assert answer.exit_code == 1
    assert "partner_file_unfit" in answer.output
    assert reason in answer.output


def test_the_id_of_a_new_partner_fits_into_names_of_topics(run: Run, tmp_path: Path) -> None:
    answer = run("register", written(tmp_path / "x.json", {**PARTNER, "id": "Nord/.."}))
    assert (answer.exit_code, "partner_id_unfit" in answer.output) == (1, True)


def test_a_key_may_come_with_its_kid_as_the_partner_kit_shows_it(run: Run, tmp_path: Path) -> None:
    run("register", written(tmp_path / "nord.json", PARTNER))
    public = {name: it for name, it in KEY.as_dict(private=False).items() if name != "kid"}
    shown_by_kit = {"kid": "signing-2026", "jwk": public, "algorithm": "EdDSA", "thumbprint": "x"}
    assert run("add-key", "nord", written(tmp_path / "key.json", shown_by_kit)).exit_code == 0
    assert [key["kid"] for key in shown(run)["keys"]] == ["signing-2026"]


def test_a_private_key_is_refused_and_not_repeated(run: Run, tmp_path: Path) -> None:
    run("register", written(tmp_path / "nord.json", PARTNER))
    private = KEY.as_dict(private=True)
    answer = run("add-key", "nord", written(tmp_path / "key.json", private))
    assert (answer.exit_code, "key_private" in answer.output, str(private["d"]) in answer.output) == (1, True, False)


def test_of_two_keys_for_receipts_the_second_begins_a_day_later(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    for _ in range(2):
        assert run("receipt-key", "new", folder).exit_code == 0
    first, second = read_keys(folder)
    assert 86_000 < (second.begins_at - first.begins_at).total_seconds() < 86_600
    listed = run("receipt-key", "list", folder).stdout
    assert [line.split("│")[3].strip() for line in listed.splitlines() if first.kid in line or second.kid in line] == ["yes", ""]


def test_the_broker_is_that_of_the_environment_or_of_the_run_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = ProcessSettings(var=tmp_path)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    written(tmp_path / BOOTSTRAP_FILE, "127.0.0.1:4711\n")
    with used(tmp_path):
        assert kafka_settings(process).bootstrap_servers == "127.0.0.1:4711"
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9093")
    assert kafka_settings(process).bootstrap_servers == "kafka:9093"
