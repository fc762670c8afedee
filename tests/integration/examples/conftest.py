"""One running marketplace for all examples and guides."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.examples.up import ROOT, Up, wait_for


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    var = tmp_path_factory.mktemp("up")
    environment = {**os.environ, "MARKTPLATZ_VAR": str(var), "COLUMNS": "200", "ORDERING_RECEIPT_KEYS": str(var / "receipt-keys")}
    output = var / "output.txt"
    with output.open("w") as sink:
        run = subprocess.Popen([sys.executable, "-m", "marktplatz", "up"], cwd=ROOT, env=environment, stdout=sink, stderr=sink)
    try:
        wait_for(lambda: "Ctrl-C ends everything" in output.read_text() or run.poll() is not None, "up did not come up")
        address = re.search(r"Kafka \(.*?\)\W+([\w.:\[\]]+:\d+)", output.read_text())
        assert address is not None, output.read_text()
        yield Up(address[1], environment, output)
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(timeout=90)


@pytest.fixture(scope="package")
def offline(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What lets pip build and install the kit without a network: the locked packages, and nothing of this tree."""
    folder = tmp_path_factory.mktemp("packages")
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if path.suffix != ".pth" and not path.name.startswith(("efa", "__editable__")):
            (folder / path.name).symlink_to(path)
    return {"PYTHONPATH": str(folder), "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}
