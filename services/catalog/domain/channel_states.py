"""What the Anbieter of a channel decides about that channel alone: no new interest there, for the time being or for good.

The offer's own state follows: it is AUSGESETZT if its Bereitsteller or the operator has suspended it, or each Anbieter their
channel, and ZURUECKGEZOGEN once the Anbieter of the last of its channels has withdrawn that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from services.catalog.domain import provisioning
from services.catalog.domain.examinations import settle
from services.catalog.domain.offering import Offering, suspended_by_other
from services.catalog.domain.statement import Statement
from services.catalog.domain.transitions import TRANSITIONS, Actor, Command
from shared.errors import InvalidError
from shared.messages import catalog as messages
from shared.messages.base import Message
from shared.messages.values import Channel, Party


def suspend(offering: Offering, at: datetime, channel: Channel, reason: str, by: Party) -> Sequence[Message]:
    """Suspend a channel; one that is suspended already stays as it is.

    Raises IllegalMoveError, and InvalidError (``channel_not_listed``) for a channel without a Bereitstellungsvertrag.
    """
    TRANSITIONS.check(Command.SUSPEND, offering.state, Actor.ANBIETER)
    _require_listed(offering, channel)
    if any(it.channel is channel for it in offering.channel_suspensions):
        return []
    suspension = messages.ChannelSuspension(channel=channel, by=by.id, reason=reason, at=at)
    offering.channel_suspensions = (*offering.channel_suspensions, suspension)
    _changed(offering, at)
    return [messages.OfferingSuspended(offering=offering.public(), reason=reason, by=by, channel=channel)]


def resume(offering: Offering, at: datetime, channel: Channel, by: Party) -> Sequence[Message]:
    """Lift the suspension of a channel; of one that is not suspended, do nothing.

    An Anbieter who has suspended the whole offer, as version 0.1.0 let them, lifts that. Raises IllegalMoveError, and
    ForbiddenError (``suspended_by_other``) if only somebody else has suspended the offer.
    """
    TRANSITIONS.check(Command.RESUME, offering.state, Actor.ANBIETER)
    others = tuple(it for it in offering.channel_suspensions if it.channel is not channel)
    whole = offering.suspension
    if len(others) == len(offering.channel_suspensions):
        if whole is None:
            return []
        if whole.by != by.id:
            raise suspended_by_other(whole.by)
        offering.suspension = None
    offering.channel_suspensions = others
    _changed(offering, at)
    return [messages.OfferingResumed(offering=offering.public(), by=by, channel=channel)]


def withdraw(
    offering: Offering,
    at: datetime,
    channel: Channel,
    reason: str,
    by: Party,
    *,
    ends_open_orders: bool = False,
    contract_ended_on: date | None = None,
) -> Sequence[Message]:
    """End a channel for good, once; contracts that exist go on. With its last channel the offer ends.

    ``contract_ended_on``: last day of its Bereitstellungsvertrag, with which the contracts have ended that rest on it.

    ``ends_open_orders``: Vorgänge of the channel in which nothing is ordered yet end with it. A version that waited for this
    channel alone is in force with that. Raises IllegalMoveError, and InvalidError (``channel_not_listed``) for a channel without
    a Bereitstellungsvertrag.
    """
    if any(it.channel is channel for it in offering.channel_withdrawals):
        return []
    TRANSITIONS.check(Command.WITHDRAW, offering.state, Actor.ANBIETER)
    _require_listed(offering, channel)
    withdrawal = messages.ChannelWithdrawal(channel=channel, by=by.id, reason=reason, at=at, contract_ended_on=contract_ended_on)
    offering.channel_withdrawals = (*offering.channel_withdrawals, withdrawal)
    offering.channel_suspensions = tuple(it for it in offering.channel_suspensions if it.channel is not channel)
    offering.channel_ends = tuple(it for it in offering.channel_ends if it.channel is not channel)
    if not offering.remaining_channels:
        ended = offering.withdraw(
            (Actor.SYSTEM,),
            at,
            reason,
            by,
            ends_open_orders=ends_open_orders,
            channel=channel,
            contract_ended_on=contract_ended_on,
        )
        return [*ended, *provisioning.take_back(offering, at)]
    _changed(offering, at)
    withdrawn = messages.OfferingWithdrawn(
        offering=offering.public(),
        reason=reason,
        by=by,
        channel=channel,
        ends_open_orders=ends_open_orders,
        contract_ended_on=contract_ended_on,
    )
    return [withdrawn, *settle(offering, at)]


def _require_listed(offering: Offering, channel: Channel) -> None:
    if channel not in offering.remaining_channels:
        raise InvalidError(f"The offer is not listed through {channel}.", code="channel_not_listed", channel=str(channel))


def _changed(offering: Offering, at: datetime) -> None:
    offering.derive()
    offering.changed_at, offering.stated = at, Statement.now(at)
