"""The table of limits for the handbook: every bound of a request, a connection and what is stored, with its meaning in German."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import ModuleType

from deploy.generate.handbook_settings import duration, table, texts
from services.contracts.succession import following
from services.ordering import repository as orders
from shared.aggregate import decisions, journal, outbox
from shared.http import idempotency, limits
from shared.store import port

HELD = (
    (limits, "", None),
    (idempotency, "Idempotency-Key: ", ("RETENTION", "SILENCE", "ANSWER_LIMIT")),
    (
        decisions,
        "Aggregat: ",
        ("STATE_BYTES", "STATE_BYTES_FOR_SMALL_STEPS", "STATE_BYTES_FOR_EVENTS", "REQUESTS_STORED", "REFUSALS_STORED"),
    ),
    (outbox, "Ausgang: ", ("OUTBOX_LIMIT", "OUTBOX_BYTES")),
    (journal, "Archiv: ", ("JOURNAL_LIMIT",)),
    (port, "Speicher: ", ("PORTION_BYTES",)),
    (orders, "Vorgang: ", ("MOST_GENERATIONS",)),
    (following, "Vertrag: ", ("MOST_SUCCESSORS",)),
)
"""Where limits are declared, and under which heading they are shown; None stands for all constants of the module."""


def limits_table() -> str:
    """Return the table. Raises KeyError for a limit without a German text."""
    meaning = texts()["grenzen"]
    rows = [
        (f"`{module.__name__}.{name}`", heading + meaning[name], _shown(value))
        for module, heading, names in HELD
        for name, value in _limits(module, names).items()
    ]
    return table(("Grenze", "Bedeutung", "Wert"), rows)


def _limits(module: ModuleType, names: tuple[str, ...] | None) -> Mapping[str, int | timedelta]:
    found = {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, (int, timedelta))}
    return found if names is None else {name: found[name] for name in names}


def _shown(value: int | timedelta) -> str:
    return duration(value) if isinstance(value, timedelta) else f"{value:,}".replace(",", ".")
