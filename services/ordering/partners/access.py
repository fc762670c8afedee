"""What a caller may know of a partner: the operator all of it, who runs it all of it, whom it acts for that it does."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from fastapi import Depends

from services.ordering.domain.partner.partner import By, Partner
from services.ordering.domain.partner.transitions import PartnerActor
from shared.http.auth import Caller, needs
from shared.messages.values import Role
from shared.store.port import Document

Operator = Annotated[Caller, Depends(needs(Role.BETREIBER))]
"""The operator of the marketplace; 403 for everybody else."""


class Capacity(Enum):
    """In which capacity a caller sees a partner."""

    OPERATOR = "operator"
    RUNS_IT = "runs_it"
    IS_REPRESENTED = "is_represented"


def is_operator(caller: Caller) -> bool:
    """Return whether the caller is the operator of the marketplace."""
    return Role.BETREIBER in caller.roles


def may_see(document: Document, caller: Caller) -> bool:
    """Return whether a stored partner is for the caller."""
    if is_operator(caller) or caller.organisation == document["run_by"]["id"]:
        return True
    return any(caller.organisation == organisation["id"] for organisation in document["organisations"])


def runs(document: Document, caller: Caller) -> bool:
    """Return whether the caller's organisation runs a stored partner."""
    return bool(caller.organisation == document["run_by"]["id"])


def capacity_of(partner: Partner, caller: Caller) -> Capacity:
    """Return in which capacity a caller sees a partner that they may see."""
    if is_operator(caller):
        return Capacity.OPERATOR
    return Capacity.RUNS_IT if caller.organisation == partner.run_by.id else Capacity.IS_REPRESENTED


def acting(caller: Caller, actor: PartnerActor) -> By:
    """Return the caller as one who acts on a partner."""
    return By(actor, caller.subject, caller.organisation)
