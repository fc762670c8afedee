"""What was tried, and whether it held: printed as it comes, counted at the end."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field


@dataclass(slots=True)
class Checks:
    """The results so far."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)

    def record(self, name: str, holds: object, found: object = "") -> None:
        """Record a check and print its line; of one that does not hold also what was found."""
        _print(f"{'ok  ' if holds else 'FAIL'} {name}")
        if holds:
            self.passed += 1
        else:
            self.failed.append(name)
            _print(f"     found: {str(found)[:2000]}")

    def end(self) -> int:
        """Print the count and return the exit code: 0 only if something was tried and all of it held."""
        total = self.passed + len(self.failed)
        _print(f"{self.passed} of {total} checks passed")
        return 0 if self.passed and not self.failed else 1


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
