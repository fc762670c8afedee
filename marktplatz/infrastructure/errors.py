"""What can be wrong with the infrastructure of a run on one machine, and the commands that mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.errors import MarktplatzError


@dataclass(frozen=True, slots=True)
class Fault:
    """A fact that stands in the way, and the command (or the one step) that mends it."""

    fact: str
    remedy: str


class InfrastructureError(MarktplatzError):
    """The infrastructure cannot be had; ``detail`` names what is missing and, on lines of their own, what mends it."""

    code = "infrastructure"

    def __init__(self, fact: str, *, remedy: str | None = None, ways: Iterable[Fault] = (), **context: object) -> None:
        """State a fact with its one remedy, or with several ``ways`` of which one is enough."""
        lines = [fact]
        if remedy is not None:
            lines.append(f"To mend it: {remedy}")
        listed = list(ways)
        if listed:
            lines.append("One of these is enough:")
            lines += [f"- {way.fact}: {way.remedy}" for way in listed]
        super().__init__("\n".join(lines))
        self.context = context


class BrokerStartError(InfrastructureError):
    """The broker's process ended, or did not answer, during its start; ``detail`` names its log file."""

    code = "broker_start"


class EmbeddedError(InfrastructureError):
    """The marketplace on one machine cannot start, or has failed."""
