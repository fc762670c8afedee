"""One function per use case of the catalog: who acts, on what, and the change that follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.catalog.access import capacities, unknown
from services.catalog.domain.completeness import Catalogue
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.offering import Offering
from services.catalog.domain.transitions import MACHINE, Actor, Command
from shared.aggregate.change import Change
from shared.http.auth import Caller
from shared.messages.base import Message

Act = Callable[[Offering, Actor], Sequence[Message]]


def acting_on(offering: Offering | None, offering_id: str, caller: Caller, command: Command) -> tuple[Offering, Actor]:
    """Return the offer and the capacity in which the caller gives the command.

    Raises NotFoundError if they have none, ForbiddenError if the table gives the command to none of theirs.
    """
    found = [] if offering is None else capacities(offering, caller)
    if offering is None or not found:
        raise unknown(offering_id)
    actors = {actor for row in MACHINE.rows if row.command is command for actor in row.actors}
    for actor in found:
        if actor in actors:
            return offering, actor
    return offering, found[0]


def create_draft(form: OfferingForm, caller: Caller, offering_id: str, at: datetime) -> Change[Offering]:
    """Begin an offer of the caller's organisation."""

    def decide(offering: Offering | None) -> tuple[Offering, Sequence[Message]]:
        if offering is not None:
            return offering, []
        return Offering.draft(offering_id, caller.party, form, at)

    return Change(offering_id, decide)


def edit(offering_id: str, form: OfferingForm, catalogue: Catalogue, caller: Caller, at: datetime) -> Change[Offering]:
    """Replace the form of a draft, or publish a new version of a public offer."""
    return _change(offering_id, caller, Command.EDIT, lambda offering, actor: offering.edit(form, catalogue, actor, at))


def submit(offering_id: str, catalogue: Catalogue, caller: Caller, at: datetime) -> Change[Offering]:
    """Hand the form in."""
    return _change(offering_id, caller, Command.SUBMIT, lambda offering, actor: offering.submit(catalogue, actor, at))


def send_back(offering_id: str, remarks: str, caller: Caller, at: datetime) -> Change[Offering]:
    """Return the form with remarks."""
    return _change(offering_id, caller, Command.RETURN, lambda offering, actor: offering.send_back(remarks, actor, at))


def accept(offering_id: str, caller: Caller, at: datetime) -> Change[Offering]:
    """Find the form in order."""
    return _change(offering_id, caller, Command.ACCEPT, lambda offering, actor: offering.accept(actor, at))


def record_bereitstellungsvertrag(
    offering_id: str, number: str, signed_at: datetime | None, caller: Caller, at: datetime
) -> Change[Offering]:
    """Note the Bereitstellungsvertrag of the caller's channel; without a date it is signed now."""

    def act(offering: Offering, actor: Actor) -> Sequence[Message]:
        return offering.record_bereitstellungsvertrag(caller.channel, number, signed_at or at, actor, at)

    return _change(offering_id, caller, Command.BEREITSTELLUNGSVERTRAG, act)


def suspend(offering_id: str, reason: str, caller: Caller, at: datetime) -> Change[Offering]:
    """Take no new interest for the time being."""
    return _change(
        offering_id, caller, Command.SUSPEND, lambda offering, actor: offering.suspend(reason, caller.party, actor, at)
    )


def resume(offering_id: str, caller: Caller, at: datetime) -> Change[Offering]:
    """Take interest again."""
    return _change(offering_id, caller, Command.RESUME, lambda offering, actor: offering.resume(caller.party, actor, at))


def withdraw(offering_id: str, reason: str, caller: Caller, at: datetime) -> Change[Offering]:
    """End the offer for good."""
    return _change(offering_id, caller, Command.WITHDRAW, lambda offering, actor: offering.withdraw(reason, actor, at))


def _change(offering_id: str, caller: Caller, command: Command, act: Act) -> Change[Offering]:
    def decide(state: Offering | None) -> tuple[Offering, Sequence[Message]]:
        offering, actor = acting_on(state, offering_id, caller, command)
        return offering, act(offering, actor)

    return Change(offering_id, decide)
