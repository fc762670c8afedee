"""What a verification says: findings, the verdict that follows from them, and the greatest good checkpoint."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

UNPROVEN: Final = frozenset(
    {
        "NO_CHECKPOINT",
        "ENTRIES_UNSIGNED",
        "PROOF_WITHOUT_CHECKPOINT",
        "CONSISTENCY_MISSING",
        "WITNESS_MISSING",
    }
)
"""Findings by which nothing is wrong, but something is not proven."""


class Verdict(IntEnum):
    """The verdict, by the exit code of the command."""

    VALID = 0
    INVALID = 1
    UNREADABLE = 2
    INCOMPLETE = 3


class Finding(NamedTuple):
    """A stable code, and the place among the lines of its kind, None if it is about the whole."""

    code: str
    at: int | None = None


class Missing(NamedTuple):
    """A document that the file does not hold: the entry that first names it (receipt: its index), its name there, its SHA-256."""

    at: int
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Report:
    """The answer about one bundle. ``size`` and ``root`` are those of the greatest good checkpoint.

    ``documents`` are how many different ones the entries name, ``missing`` those of them that the file does not hold: that is no
    finding, since documents may be withheld.
    """

    log: str | None = None
    entries: int = 0
    size: int | None = None
    root: bytes | None = None
    findings: frozenset[Finding] = field(default_factory=frozenset)
    documents: int = 0
    missing: tuple[Missing, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """INVALID by any finding that shows something wrong, INCOMPLETE if all only miss a proof."""
        codes = {finding.code for finding in self.findings}
        if "UNREADABLE" in codes:
            return Verdict.UNREADABLE
        if codes - UNPROVEN:
            return Verdict.INVALID
        return Verdict.INCOMPLETE if codes else Verdict.VALID

    def as_json(self) -> dict[str, object]:
        """Return it as it is printed; findings by code and place, None first."""
        ordered = sorted(self.findings, key=lambda finding: (finding.code, -1 if finding.at is None else finding.at))
        return {
            "verdict": self.verdict.name,
            "log": self.log,
            "entries": self.entries,
            "size": self.size,
            "root": None if self.root is None else base64.b64encode(self.root).decode(),
            "findings": [{"code": finding.code, "at": finding.at} for finding in ordered],
        }


UNREADABLE: Final = Report(findings=frozenset({Finding("UNREADABLE")}))
