"""What stands in examples/ does what it says, on the marketplace that ``marktplatz up`` keeps running."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.integration.examples.up import Up, wait_for
from tests.support.steps import steps_of

ROOT = Path(__file__).resolve().parents[3]
CONSUMER = ROOT / "examples/catalog_consumer.py"

pytestmark = pytest.mark.timeout(400)


def test_an_order_by_curl_ends_in_a_contract_each_time_and_a_consumer_without_our_library_sees_the_offers(
    up: Up, tmp_path: Path
) -> None:
    assert shutil.which("curl"), "the example needs curl"
    seen = tmp_path / "seen.txt"
    with seen.open("w") as sink:
        consumer = subprocess.Popen([sys.executable, "-I", str(CONSUMER), up.kafka], cwd=tmp_path, stdout=sink, stderr=sink)
    try:
        for _ in range(2):
            done = up.order()
            assert done.returncode == 0, done.stdout + done.stderr
            assert re.search(r"^Contract \S+, \w+, on Vorgang \S+$", done.stdout, re.MULTILINE), done.stdout
        offers = re.compile(r"Z catalog\.offering\.published\.v1 \S+ \{.*Anwohnerparkausweis \d+")
        listed = httpx.get(f"{up.url('catalog')}/v1/offerings", params={"q": "Anwohnerparkausweis", "limit": "100"}).text
        # Others order on this marketplace too: each run offers a service of its own.
        published = set(re.findall(r"Anwohnerparkausweis (\d+)", listed))
        assert len(published) >= 2
        wait_for(lambda: set(re.findall(r"Anwohnerparkausweis (\d+)", seen.read_text())) == published, seen.read_text(), 60)
        assert consumer.poll() is None
        assert offers.search(seen.read_text()), seen.read_text()
    finally:
        consumer.terminate()
        consumer.wait(timeout=30)


def test_a_refused_step_ends_the_example_with_the_problem(up: Up) -> None:
    done = subprocess.run(
        ["bash", "-c", "sed 's/\"accepts_agb\": true/\"accepts_agb\": false/; s|^cd .*|cd .|' examples/order.sh | bash -s"],
        cwd=ROOT, env=up.environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert '"code":' in done.stderr, done.stdout + done.stderr
    assert "Contract" not in done.stdout


def test_the_tour_that_up_prints_and_the_guide_shows_runs_as_it_is_copied_again_and_again(up: Up) -> None:
    tour = (ROOT / "marktplatz/tour.sh").read_text(encoding="utf-8")
    assert tour in up.printed(), "marktplatz up prints it"
    assert any(step.text == tour for step in steps_of(ROOT / "docs/apis.md")), "docs/apis.md shows it"
    for _ in range(2):
        command = ["bash", "-euo", "pipefail", "-c", tour]
        done = subprocess.run(command, cwd=ROOT, env=up.environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Beispiel: Anwohnerparkausweis" in done.stdout
        assert "Contract " in done.stdout


def test_the_life_of_a_contract_in_the_guide_runs_as_it_is_copied(up: Up) -> None:
    (life,) = (step.text for step in steps_of(ROOT / "docs/apis.md") if "/amendments" in step.text)
    ordered = up.order()
    assert ordered.returncode == 0, ordered.stdout + ordered.stderr
    command = ["bash", "-euo", "pipefail", "-c", life]
    done = subprocess.run(command, cwd=ROOT, env=up.environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert {it["code"] for it in answers if it.get("code")} == {"agb_up_to_date"}
    assert 2 in {it.get("version") for it in answers}
    assert any(it["price_items"] for one in answers for it in one.get("price_changes", ()))
    (followed,) = (it for it in answers if it.get("awards") and it.get("number"))
    assert {it["verdict"] for it in followed["awards"]} <= {"EXEMPT", "RISK"}
    assert followed["state"] == "GESCHLOSSEN"


def test_the_consumer_needs_a_dozen_lines_and_no_library_but_aiokafka() -> None:
    tree = ast.parse(CONSUMER.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported - set(sys.stdlib_module_names) == {"aiokafka"}
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    assert len(statements) <= 15
