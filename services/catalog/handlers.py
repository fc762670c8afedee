"""Use cases of the catalog as changes of one offer: begin it, take a step."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ParamSpec

from services.catalog.access import capacities, unknown
from services.catalog.domain import channel_states
from services.catalog.domain.form import OfferingForm
from services.catalog.domain.known import Description, KnownService
from services.catalog.domain.offering import Offering
from services.catalog.domain.provider import StandingOf
from services.catalog.domain.steps import StepFunction
from services.catalog.domain.transitions import Actor
from shared.aggregate.change import Change
from shared.errors import NotFoundError
from shared.http.auth import Caller
from shared.messages.base import Message
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


def record_bereitstellungsvertrag(
    offering_id: str, caller: Caller, at: datetime, number: str, signed_at: datetime | None, standing_of: StandingOf
) -> Change[Offering]:
    """Record the Bereitstellungsvertrag of the caller's channel; without a date it is signed now.

    Raises ForbiddenError for a caller with a capacity in the offer who works for no channel.
    """

    def step(offering: Offering, acting: Sequence[Actor], at: datetime) -> Sequence[Message]:
        return offering.record_bereitstellungsvertrag(acting, at, caller.channel, number, signed_at or at, standing_of)

    return take(offering_id, caller, at, step)
