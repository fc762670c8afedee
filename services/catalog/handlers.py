"""Use cases of the catalog as changes of one offer: begin it, take a step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import ParamSpec

from services.catalog.access import capacities, unknown
from services.catalog.domain import channel_states, endings, examinations, provisioning, reminders
from services.catalog.domain.completeness import Catalogue
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.known import Description, KnownService
from services.catalog.domain.offering import Offering
from services.catalog.domain.provider import ProviderStanding, StandingOf
from services.catalog.domain.steps import StepFunction, acting_in
from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from shared.aggregate.change import Cause, Change
from shared.errors import NotFoundError
from shared.http.auth import Caller
from shared.messages.base import Message
from shared.messages.contracts_chain import ChainConcluded, ChainEvent, ChainRefused
from shared.messages.values import Channel

P = ParamSpec("P")


def create_draft(form: OfferingForm, caller: Caller, offering_id: str, at: datetime) -> Change[Offering]:
    """Begin an offer of the caller's organisation."""

    def decide(offering: Offering | None) -> tuple[Offering, Sequence[Message]]:
        if offering is not None:
            return offering, []
        return Offering.draft(offering_id, caller.party, form, at)

    return Change(offering_id, decide)


def take(
    offering_id: str, caller: Caller, at: datetime, step: StepFunction[Offering, P], *args: P.args, **kwargs: P.kwargs
) -> Change[Offering]:
    """Apply a step in the capacities that the caller has in the offer. Raises NotFoundError if they have none."""

    def decide(offering: Offering | None) -> tuple[Offering, Sequence[Message]]:
        acting = [] if offering is None else capacities(offering, caller)
        if offering is None or not acting:
            raise unknown(offering_id)
        return offering, step(offering, acting, at, *args, **kwargs)

    return Change(offering_id, decide)


def suspend(offering_id: str, caller: Caller, at: datetime, reason: str) -> Change[Offering]:
    """Suspend an offer, or as Anbieter its channel."""

    def step(offering: Offering, acting: Sequence[Actor], at: datetime) -> Sequence[Message]:
        if acting[0] is Actor.ANBIETER:
            return channel_states.suspend(offering, at, caller.channel, reason, caller.party)
        return offering.suspend(acting, at, reason, caller.party)

    return take(offering_id, caller, at, step)


def resume(offering_id: str, caller: Caller, at: datetime) -> Change[Offering]:
    """Lift the suspension of an offer, or as Anbieter that of the own channel."""

    def step(offering: Offering, acting: Sequence[Actor], at: datetime) -> Sequence[Message]:
        if acting[0] is Actor.ANBIETER:
            return channel_states.resume(offering, at, caller.channel, caller.party)
        return offering.resume(acting, at, caller.party)

    return take(offering_id, caller, at, step)


def remove(offering_id: str, at: datetime) -> Change[Offering]:
    """Remove a withdrawn offer from its topic."""

    def decide(offering: Offering | None) -> tuple[Offering, Sequence[Message]]:
        if offering is None:
            raise unknown(offering_id)
        return offering, offering.remove(at)

    return Change(offering_id, decide)


def state_fully(offering_id: str, at: datetime) -> Change[Offering]:
    """Publish an offer again if its last event did not hold all that this version publishes."""

    def decide(offering: Offering | None) -> tuple[Offering, Sequence[Message]]:
        if offering is None:
            raise unknown(offering_id)
        return offering, offering.state_fully(at)

    return Change(offering_id, decide)


def remind(offering_id: str, schedule: reminders.Schedule, at: datetime) -> Change[Offering]:
    """Record the reminders that are due, unless somebody has decided or given them meanwhile."""

    def decide(offering: Offering | None) -> tuple[Offering, Sequence[Message]]:
        if offering is None:
            raise unknown(offering_id)
        return offering, reminders.remind(offering, schedule, at)

    return Change(offering_id, decide)


def follow_accreditations(offering_id: str, accredited: Collection[Channel], at: datetime) -> Change[Offering]:
    """Close and open channels of an offer by where its Bereitsteller is accredited."""

    def decide(offering: Offering | None) -> tuple[Offering, Sequence[Message]]:
        if offering is None:
            raise unknown(offering_id)
        return offering, offering.follow_accreditations(accredited, at)

    return Change(offering_id, decide)


def follow_known(service_id: str, description: Description | None, at: datetime) -> Change[KnownService]:
    """Bring a known service in line with what is to be on the list: this description, or None for nothing."""

    def decide(service: KnownService | None) -> tuple[KnownService, Sequence[Message]]:
        if service is not None:
            return service, service.follow(description, at)
        if description is None:
            raise NotFoundError(f"There is no known service {service_id}.", id=service_id)
        return KnownService.appear(service_id, description, at)

    return Change(service_id, decide)


def edit(offering_id: str, caller: Caller, at: datetime, form: OfferingForm, catalogue: Catalogue) -> Change[Offering]:
    """Replace the form of an offer; a channel that a public one wishes for in addition gets it."""

    def step(offering: Offering, acting: Sequence[Actor], at: datetime) -> Sequence[Message]:
        before = offering.form.channels
        events = offering.edit(acting, at, form, catalogue)
        return [*events, *(examinations.further(offering, before, at) if events else ())]

    return take(offering_id, caller, at, step)


def accept(offering_id: str, caller: Caller, at: datetime, standing_of: StandingOf) -> Change[Offering]:
    """Accept the form, or the new version, for the caller's channel. Raises as ``examinations.accept``."""

    def step(offering: Offering, acting: Sequence[Actor], at: datetime) -> Sequence[Message]:
        channel = _channel(Command.ACCEPT, offering, acting, caller)
        return examinations.accept(offering, acting, at, channel, caller.party, caller.subject, standing_of)

    return take(offering_id, caller, at, step)


def send_back(offering_id: str, caller: Caller, at: datetime, remarks: str) -> Change[Offering]:
    """Give the form, or the new version, back from the caller's channel. Raises as ``examinations.send_back``."""

    def step(offering: Offering, acting: Sequence[Actor], at: datetime) -> Sequence[Message]:
        channel = _channel(Command.RETURN, offering, acting, caller)
        return examinations.send_back(offering, acting, at, channel, remarks, caller.party)

    return take(offering_id, caller, at, step)


def ask_bereitstellungsvertrag(offering_id: str, caller: Caller, at: datetime, standing_of: StandingOf) -> Change[Offering]:
    """Ask for the Bereitstellungsvertrag with the caller's channel, for an offer that another Anbieter has accepted, or again.

    Raises ForbiddenError for a caller with a capacity in the offer who works for no channel.
    """

    def step(offering: Offering, acting: Sequence[Actor], at: datetime) -> Sequence[Message]:
        return provisioning.ask(offering, acting, at, caller.channel, caller.subject, standing_of)

    return take(offering_id, caller, at, step)


def withdraw(offering_id: str, caller: Caller, at: datetime, reason: str, *, ends_open_orders: bool) -> Change[Offering]:
    """End an offer, or as Anbieter its channel; a Bereitstellungsvertrag that is asked for is withdrawn with the offer."""

    def step(offering: Offering, acting: Sequence[Actor], at: datetime) -> Sequence[Message]:
        if acting[0] is Actor.ANBIETER:
            return channel_states.withdraw(offering, at, caller.channel, reason, caller.party, ends_open_orders=ends_open_orders)
        events = offering.withdraw(acting, at, reason, caller.party, ends_open_orders=ends_open_orders)
        return [*events, *(provisioning.take_back(offering, at) if events else ())]

    return take(offering_id, caller, at, step)


def _channel(command: Command, offering: Offering, acting: Sequence[Actor], caller: Caller) -> Channel:
    """Return the caller's channel. Raises ForbiddenError for a caller to whom the table does not give the command."""
    TRANSITIONS.check(command, offering.state, acting_in(command, acting))
    return caller.channel


def close_ended(offering_id: str, today: date, at: datetime) -> Change[Offering]:
    """Close the channels of an offer whose Bereitstellungsvertrag has ended."""

    def decide(offering: Offering | None) -> tuple[Offering, Sequence[Message]]:
        if offering is None:
            raise unknown(offering_id)
        return offering, endings.close_channels(offering, today, at)

    return Change(offering_id, decide)


def follow_contract(
    message: ChainEvent, cause: Cause, at: datetime, stated: Callable[[str], ProviderStanding | None]
) -> Change[Offering]:
    """Bring an offer in line with what contracts tells of its Bereitstellungsvertrag: how it came about, and when it ends."""
    offering_id = message.contract.offering_id

    def decide(offering: Offering | None) -> tuple[Offering, Sequence[Message]]:
        if offering is None:
            raise unknown(offering_id)
        events: Sequence[Message] = ()
        if isinstance(message, ChainConcluded | ChainRefused):
            events = provisioning.follow(offering, message, at, stated)
        return offering, [*events, *endings.follow(offering, message, at)]

    return Change(offering_id, decide, cause)
