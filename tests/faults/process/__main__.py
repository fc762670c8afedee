"""``python -m tests.faults.process --seconds 600 --seed 7``: one run of that length; exit code 0 only if it is valid."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from shared.process.logs import configure_logs
from tests.faults.checker.judge import Verdict
from tests.faults.process.run import attack


def main() -> int:
    """Run and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    configure_logs(level="CRITICAL", stream=sys.stderr)
    folder = Path(tempfile.mkdtemp(prefix="marktplatz-chaos-"))
    sys.stdout.write(f"seed {options.seed}, {options.seconds:.0f} seconds of faults\n")
    sys.stdout.flush()
    report = asyncio.run(attack(folder, seed=options.seed, seconds=options.seconds))
    sys.stdout.write(f"{report.text()}\nhistory and logs: {folder}\n")
    return 0 if report.verdict is Verdict.VALID else 1


if __name__ == "__main__":
    sys.exit(main())
