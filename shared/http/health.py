"""What the probes ask: does the process live, and can it do its work."""

from __future__ import annotations

from typing import Protocol


class Health(Protocol):
    """State of a process. Probes ask often: an answer comes from memory, waits for nothing and never raises."""

    def live(self) -> bool:
        """Return whether the process works at all; False asks for a restart. Never goes by what lies outside the process."""

    def ready(self) -> dict[str, bool]:
        """Return for each thing needed (store, broker) whether it answers. All true: traffic is welcome."""
