"""The verifier of archives by its command: each published vector has the exit code and the answer that it says."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.packaging.lock import ROOT
from tests.conformance.checks import Checks
from tests.support.kit_wheel import InstalledKit

VECTORS = ROOT / "docs/anbinden/vectors/archive.json"


def try_verifier(checks: Checks, kit: InstalledKit, folder: Path) -> None:
    """Verify the published bundles with the installed command."""
    for case in json.loads(VECTORS.read_text(encoding="utf-8"))["bundles"]:
        given = case["options"]
        command = ["marktplatz-verify", _file(folder / case["id"], case["bundle"]), "--quorum", str(given["quorum"])]
        notes = [_file(folder / f"{case['id']}-{place}", note) for place, note in enumerate(given["against"])]
        for option, values in (("--key", given["keys"]), ("--against", notes), ("--witness", given["witnesses"])):
            command += [option, *values] if values else []
        done = kit.run(*command)
        name = f"archive {case['id']}: {case['title']}"
        checks.record(name, done.returncode == case["exit"] and json.loads(done.stdout) == case["answer"], done)


def _file(path: Path, content: str) -> str:
    path.write_bytes(content.encode())
    return str(path)
