"""What the Anbieter of a channel decides for that channel alone: on the form when it comes first, later on each new version.

A version is in force once the Anbieter of every channel has accepted it: an offer has one public state, one price sheet above
all. Until then, and after a return, the published one stays in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.catalog.domain import provisioning
from services.catalog.domain.offering import Offering
from services.catalog.domain.pending import Acceptance, PendingVersion, VersionReturn
from services.catalog.domain.provider import StandingOf, require_accredited
from services.catalog.domain.returns import give_back
from services.catalog.domain.statement import Statement
from services.catalog.domain.steps import acting_in
from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from shared.errors import IllegalMoveError
from shared.messages import catalog as messages
from shared.messages import catalog_versions
from shared.messages.base import Message
from shared.messages.values import Channel, OfferingState, Party


def accept(
    offering: Offering,
    capacities: Sequence[Actor],
    at: datetime,
    channel: Channel,
    by: Party,
    person: str,
    standing_of: StandingOf,
) -> Sequence[Message]:
    """Accept what lies before the Anbieter of a channel: the new version, or the form, and ask for its Bereitstellungsvertrag.

    With nothing before them it is a repeat and changes nothing. Raises ForbiddenError, IllegalMoveError, and for the form as
    ``provisioning.ask``, before it is accepted.
    """
    if TRANSITIONS.check(Command.ACCEPT, offering.state, acting_in(Command.ACCEPT, capacities)) is None:
        return []
    pending = offering.pending
    if pending is not None and channel in offering.examining:
        return _accept_version(offering, pending, at, channel, by)
    provisioning.require_wished(offering, channel)
    if channel in offering.bound_channels:
        return []
    require_accredited(offering.provider, (channel,), standing_of)
    accepted = messages.OfferingAccepted(submission=offering.submission((channel,)), accepted_at=at, by=by)
    if offering.state is OfferingState.EINGEREICHT:
        offering.state = OfferingState.BEREITSTELLUNGSVERTRAG_OFFEN
        offering.changed_at, offering.stated = at, Statement.now(at)
    return [accepted, *provisioning.ask(offering, capacities, at, channel, person, standing_of)]


def send_back(
    offering: Offering, capacities: Sequence[Actor], at: datetime, channel: Channel, remarks: str, by: Party
) -> Sequence[Message]:
    """Give back with remarks what lies before the Anbieter of a channel: the version, or the form and its contract.

    That is possible until it is decided, also after the own acceptance. Raises ForbiddenError, InvalidError
    (``channel_not_wished``), and IllegalMoveError, also if nothing lies before them.
    """
    if TRANSITIONS.check(Command.RETURN, offering.state, acting_in(Command.RETURN, capacities)) is None:
        return []
    pending = offering.pending
    provisioning.require_wished(offering, channel)
    if channel not in (listing.channel for listing in offering.listings):
        withdrawn = provisioning.take_back(offering, at, (channel,))
        return [*give_back(offering, at, channel, remarks, by), *withdrawn]
    if pending is None or pending.returned is None:
        if pending is None or channel not in offering.remaining_channels:
            raise IllegalMoveError(Command.RETURN, offering.state, moves_of(offering, channel))
        returned = VersionReturn(channel=channel, remarks=remarks, at=at)
        offering.pending = pending.model_copy(update={"returned": returned})
        submission = offering.examined()
        return [catalog_versions.VersionReturned(submission=submission, channel=channel, remarks=remarks, returned_at=at, by=by)]
    if pending.returned.channel is not channel:
        raise IllegalMoveError(Command.RETURN, offering.state, moves_of(offering, channel))
    return []


def moves_of(offering: Offering, channel: Channel) -> list[Command]:
    """Return what the Anbieter of a channel can do with an offer now, in the table's order."""
    idle: set[Command] = {Command.BEREITSTELLUNGSVERTRAG}
    listed = channel in (listing.channel for listing in offering.listings)
    if not (channel in offering.examining or channel not in offering.bound_channels):
        idle.add(Command.ACCEPT)
    undecided = offering.pending is not None and offering.pending.returned is None
    if listed and not (undecided and channel in offering.remaining_channels):
        idle.add(Command.RETURN)
    if channel not in offering.remaining_channels:
        idle |= {Command.SUSPEND, Command.RESUME, Command.WITHDRAW}
    suspended = any(it.channel is channel for it in offering.channel_suspensions)
    idle.add(Command.SUSPEND if suspended else Command.RESUME)
    if offering.suspension is not None and offering.suspension.by == channel.value:
        # As version 0.1.0 let them: an Anbieter has suspended the whole offer.
        idle.discard(Command.RESUME)
    return [it for it in TRANSITIONS.allowed(offering.state, Actor.ANBIETER) if it not in idle]


def settle(offering: Offering, at: datetime) -> Sequence[Message]:
    """Put the version that waits in force if nobody is left who has to accept it.

    Channels that have come meanwhile stay, and those that the version adds get the form.
    """
    pending = offering.pending
    if pending is None or pending.returned is not None or offering.examining or not offering.remaining_channels:
        return []
    before = offering.form.channels
    channels = tuple(dict.fromkeys((*pending.form.channels, *offering.bound_channels)))
    offering.pending = None
    offering.publish(pending.form.model_copy(update={"channels": channels}), at, offering.remaining_channels)
    offering.changed_at, offering.stated = at, Statement.now(at)
    changed = messages.OfferingChanged(offering=offering.public())
    return [changed, *further(offering, before, at)]


def further(offering: Offering, before: Sequence[Channel], at: datetime) -> Sequence[Message]:
    """Hand the form of a public offer in to the Anbieter of channels that it wishes for beside those of before."""
    added = [channel for channel in offering.form.channels if channel not in before]
    if not added or not offering.is_public:
        return []
    offering.hand_in(added, at)
    return [messages.OfferingSubmitted(submission=offering.submission(added), submitted_at=at)]


def _accept_version(offering: Offering, pending: PendingVersion, at: datetime, channel: Channel, by: Party) -> Sequence[Message]:
    acceptances = (*pending.acceptances, Acceptance(channel=channel, at=at))
    offering.pending = pending.model_copy(update={"acceptances": acceptances})
    accepted = catalog_versions.VersionAccepted(
        submission=offering.examined(), channel=channel, accepted_at=at, by=by, waiting_for=offering.examining
    )
    return [accepted, *settle(offering, at)]
