"""What the archive says of a statement: its number, and the hashes of the statement and of what it was made of."""

from __future__ import annotations

from typing import Final

from services.contracts.archive.entry import Effect, Subject
from services.contracts.statements.statement import StoredStatement
from shared.ids import derived_id

KIND: Final = "statement"
ISSUED: Final = "contracts.statement.issued.v1"
STATEMENT: Final = "statement.json"
INPUT: Final = "input.json"


def key_of(statement: StoredStatement) -> str:
    """Return the key of the entry about a statement."""
    return f"{KIND}:{statement.id}:{statement.number}"


def effect_of(statement: StoredStatement) -> Effect:
    """Return the effect of issuing a statement. The documents are withheld: they name what others pay."""
    return Effect(
        effect=ISSUED,
        effect_id=derived_id("event", "contracts", KIND, statement.id),
        subject=Subject(id=statement.id, kind=KIND, version=statement.number),
        time=statement.issued_at,
        number=f"{statement.year}/{statement.number}",
        state="ISSUED",
        documents={STATEMENT: statement.result.sha256, INPUT: statement.given.sha256},
    )
