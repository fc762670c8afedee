"""What is known at an instant, with the what-if operations applied: section 5.1, first paragraph."""

from collections.abc import Iterable

from tests.support.eligibility_oracle.shapes import Fact, Request


def visible(entries: Iterable[Fact], known_at: str | None) -> list[Fact]:
    """Return of each id the highest revision recorded by `known_at`, unless it is withdrawn."""
    chosen: dict[str, Fact] = {}
    for entry in entries:
        recorded = entry.get("recorded_at")
        if known_at is not None and recorded is not None and recorded > known_at:
            continue
        rival = chosen.get(entry["id"])
        if rival is None or rival.get("rev", 1) < entry.get("rev", 1):
            chosen[entry["id"]] = entry
    return [entry for entry in chosen.values() if not entry.get("withdrawn", False)]


def added(request: Request) -> list[Fact]:
    """Return the facts the overlay adds."""
    return [operation["fact"] for operation in request.get("overlay", ()) if operation["op"] == "ADD"]


def ends(request: Request) -> list[tuple[str, str]]:
    """Return the facts the overlay ends, each with the day."""
    return [(operation["fact"], operation["on"]) for operation in request.get("overlay", ()) if operation["op"] == "END"]


def with_overlay(facts: Iterable[Fact], request: Request) -> list[Fact]:
    """Return the visible facts after all ADDs and then all ENDs; a fact left without a day is dropped."""
    shown = {fact["id"]: fact for fact in [*facts, *added(request)]}
    for identifier, day in ends(request):
        fact = shown[identifier]
        if fact["valid_to"] is None or day < fact["valid_to"]:
            shown[identifier] = {**fact, "valid_to": day}
    return [
        fact
        for fact in shown.values()
        if fact["valid_from"] is None or fact["valid_to"] is None or fact["valid_from"] < fact["valid_to"]
    ]
