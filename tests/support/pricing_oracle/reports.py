"""Which reports of uses count as known at an instant."""

from typing import Any


def counting(body: dict[str, Any], at: str | None) -> list[dict[str, Any]]:
    """Return the reports that count, by first day."""
    known = [entry for entry in body["uses"] if at is None or entry.get("recorded_at") is None or entry["recorded_at"] <= at]
    best = [
        entry
        for entry in known
        if not any(
            (other["from"], other["to"]) == (entry["from"], entry["to"]) and other.get("rev", 1) > entry.get("rev", 1)
            for other in known
        )
    ]
    return sorted((entry for entry in best if not entry.get("withdrawn", False)), key=lambda entry: str(entry["from"]))
