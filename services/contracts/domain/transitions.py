"""The states of a contract and who may lead it from one to the next, as a table."""

from __future__ import annotations

from enum import StrEnum

from shared.aggregate.base import StateMachine, Transition


class ContractState(StrEnum):
    """States of a contract. ANGEFORDERT is the draft in a processor's hands and is never stored.

    ENTWURF, ANGEBOTEN: nobody, or one side, has signed. GESCHLOSSEN, GEKUENDIGT, BEENDET: binding. The others: dead.
    """

    ANGEFORDERT = "ANGEFORDERT"
    ENTWURF = "ENTWURF"
    ANGEBOTEN = "ANGEBOTEN"
    GESCHLOSSEN = "GESCHLOSSEN"
    GEKUENDIGT = "GEKUENDIGT"
    BEENDET = "BEENDET"
    ABGELEHNT = "ABGELEHNT"
    ZURUECKGEZOGEN = "ZURUECKGEZOGEN"
    VERFALLEN = "VERFALLEN"
    NICHTIG = "NICHTIG"


BINDING = frozenset({ContractState.GESCHLOSSEN, ContractState.GEKUENDIGT, ContractState.BEENDET})


class Command(StrEnum):
    """What can be done with a contract."""

    CONCLUDE = "conclude"
    REFUSE = "refuse"


class Actor(StrEnum):
    """Who acts on a contract. Its processor alone forms it: the parties have agreed before, in ordering."""

    PROZESSOR = "PROZESSOR"
    ANBIETER = "ANBIETER"
    KUNDE = "KUNDE"
    BEREITSTELLER = "BEREITSTELLER"


_DRAFT = frozenset({ContractState.ANGEFORDERT})
_PROCESSOR = frozenset({Actor.PROZESSOR})
TRANSITIONS = StateMachine(
    (
        Transition(Command.CONCLUDE, _DRAFT, ContractState.GESCHLOSSEN, _PROCESSOR),
        Transition(Command.REFUSE, _DRAFT, ContractState.ABGELEHNT, _PROCESSOR),
    )
)
