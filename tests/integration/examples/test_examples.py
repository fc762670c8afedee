"""What stands in examples/ does what it says, on the marketplace that ``marktplatz up`` keeps running."""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CONSUMER = ROOT / "examples/catalog_consumer.py"

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True, slots=True)
class Up:
    """A running marketplace: the address of its broker, and the environment in which ``marktplatz`` finds it."""

    kafka: str
    environment: dict[str, str]

    def order(self) -> subprocess.CompletedProcess[str]:
        """Run the example of the order to its end."""
        command = [str(ROOT / "examples/order.sh")]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=180, check=False)


def wait_for(condition: Callable[[], object], what: str, seconds: float = 150) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(what)
        time.sleep(0.2)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    var = tmp_path_factory.mktemp("up")
    environment = {**os.environ, "MARKTPLATZ_VAR": str(var), "COLUMNS": "200"}
    output = var / "output.txt"
    with output.open("w") as sink:
        run = subprocess.Popen([sys.executable, "-m", "marktplatz", "up"], cwd=ROOT, env=environment, stdout=sink, stderr=sink)
    try:
        wait_for(lambda: "Ctrl-C ends everything" in output.read_text() or run.poll() is not None, "up did not come up")
        address = re.search(r"Kafka \(.*?\)\W+([\w.:\[\]]+:\d+)", output.read_text())
        assert address is not None, output.read_text()
        yield Up(address[1], environment)
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(timeout=90)


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
        wait_for(lambda: len(set(re.findall(r"Anwohnerparkausweis (\d+)", seen.read_text()))) == 2, seen.read_text(), 60)
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


def test_the_consumer_needs_a_dozen_lines_and_no_library_but_aiokafka() -> None:
    tree = ast.parse(CONSUMER.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported - set(sys.stdlib_module_names) == {"aiokafka"}
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    assert len(statements) <= 15
