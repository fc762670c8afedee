"""The form goes back from one Anbieter: the others go on, and its Bereitsteller has it again once all have given it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.catalog.domain.offering import Offering
from services.catalog.domain.pending import ChannelReturn
from services.catalog.domain.statement import Statement
from shared.messages import catalog as messages
from shared.messages.base import Message
from shared.messages.reasons import Fact
from shared.messages.values import Channel, OfferingState, Party


def give_back(
    offering: Offering,
    at: datetime,
    channel: Channel,
    remarks: str,
    by: Party | None = None,
    *,
    code: str | None = None,
    facts: tuple[Fact, ...] | None = None,
) -> Sequence[Message]:
    """Give the form of an offer back that a channel has not listed, whose contract is not asked for any more.

    Of an offer that is not public yet the state follows: a draft once each Anbieter has given it back, else as far as the
    others are. Its remarks are those of the last one; ``code`` and ``facts`` say the same where a rule has made them.
    """
    submission = offering.submission((channel,))
    returned = ChannelReturn(
        channel=channel, remarks=remarks, at=at, submitted_at=offering.submitted_at or at, code=code, facts=facts
    )
    offering.returns = (*(it for it in offering.returns if it.channel is not channel), returned)
    if not offering.is_public:
        offering.remarks = remarks
        _settle(offering)
        offering.changed_at, offering.stated = at, Statement.now(at)
    return [messages.OfferingReturned(submission=submission, remarks=remarks, returned_at=at, by=by, code=code, facts=facts)]


def _settle(offering: Offering) -> None:
    if not offering.visible_to:
        # Not submitted any more: what the Bereitsteller writes from here on is theirs alone again.
        offering.state, offering.submitted_at, offering.submitted_by = OfferingState.ENTWURF, None, None
    elif offering.provisions and not any(it.waits for it in offering.provisions):
        offering.state = OfferingState.EINGEREICHT
