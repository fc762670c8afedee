"""A Bereitstellungsvertrag ends, by notice or as agreed: its channel is open until then, and is closed after it.

Everybody can read the day and the reason from when it is known (``channel_ends``). The last of the contracts that follow one
another counts, so a successor, or a longer agreed term, takes back what was announced. Notice itself cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from services.catalog.domain import channel_states
from services.catalog.domain.offering import Offering
from services.catalog.domain.provision import Ending, Provision
from services.catalog.domain.provisioning import known_provisions, put_provision
from services.catalog.domain.statement import Statement
from shared.messages import catalog as messages
from shared.messages.base import Message
from shared.messages.contracts_chain import (
    ChainEvent,
    ChainHead,
    ChainState,
    ContractEnded,
    ContractTerminated,
)
from shared.messages.contracts_changes import ContractAmended, ContractSucceeded
from shared.messages.ordering import OrderParty
from shared.messages.values import Channel, Party

FOLLOWED: frozenset[type[Message]] = frozenset({ContractTerminated, ContractAmended, ContractSucceeded, ContractEnded})
"""The events that tell, beside the conclusion, when a Bereitstellungsvertrag ends."""
_BINDING = frozenset({ChainState.GESCHLOSSEN, ChainState.GEKUENDIGT, ChainState.BEENDET})


def follow(offering: Offering, message: ChainEvent, at: datetime) -> Sequence[Message]:
    """Follow when the Bereitstellungsvertrag of a channel ends, and announce what of that is new.

    Of a contract with a channel that does not list the offer, or no longer, nothing follows.
    """
    head = message.contract
    known = next((it for it in known_provisions(offering) if it.channel is head.channel), None)
    if known is None or head.state not in _BINDING:
        return []
    ended = _ending(known, head, message)
    others = tuple(it for it in known.endings if it.contract_id != head.id)
    provision = known.model_copy(update={"endings": tuple(sorted((*others, ended), key=lambda it: it.contract_id))})
    if provision == known:
        return []
    put_provision(offering, provision)
    return _announce(offering, provision, head, at)


def close_channels(offering: Offering, today: date, at: datetime) -> Sequence[Message]:
    """Close the channels whose Bereitstellungsvertrag has ended; Vorgänge in which nothing is ordered yet end with them.

    With its last channel the offer ends.
    """
    events: list[Message] = []
    for due in [it for it in offering.channel_ends if it.orderable_until < today]:
        if offering.is_public and due.channel in offering.remaining_channels:
            events += channel_states.withdraw(
                offering,
                at,
                due.channel,
                due.reason,
                _who_ended(offering, due.channel),
                ends_open_orders=True,
                contract_ended_on=due.orderable_until,
            )
    return events


def _ending(known: Provision, head: ChainHead, message: ChainEvent) -> Ending:
    before = next((it for it in known.endings if it.contract_id == head.id), None)
    same = before is not None and before.last_day == head.ends_on
    notice = head.state is ChainState.GEKUENDIGT or (same and before is not None and before.notice)
    by = _party(message) or (before.by if same and before is not None else None)
    return Ending(contract_id=head.id, last_day=head.ends_on, notice=notice, by=by)


def _party(message: ChainEvent) -> Party | None:
    if not isinstance(message, ContractTerminated):
        return None
    match message.by:
        case OrderParty.BEREITSTELLER:
            return message.contract.grantor
        case OrderParty.ANBIETER:
            return message.contract.grantee
    return None


def _announce(offering: Offering, provision: Provision, head: ChainHead, at: datetime) -> Sequence[Message]:
    if not offering.is_public or provision.channel not in offering.remaining_channels:
        return []
    others = tuple(it for it in offering.channel_ends if it.channel is not provision.channel)
    ends = (*others, *_stated(provision, head.grantee))
    if ends == offering.channel_ends:
        return []
    offering.channel_ends = ends
    offering.changed_at, offering.stated = at, Statement.now(at)
    return [messages.OfferingChanged(offering=offering.public())]


def _stated(provision: Provision, anbieter: Party) -> Sequence[messages.ChannelEnd]:
    ending = provision.ending
    if ending is None or ending.last_day is None:
        return ()
    how = "durch Kündigung" if ending.notice else "mit der vereinbarten Laufzeit"
    reason = f"Der Bereitstellungsvertrag mit {anbieter.name} endet {how} am {ending.last_day:%d.%m.%Y}."
    return (messages.ChannelEnd(channel=provision.channel, orderable_until=ending.last_day, reason=reason),)


def _who_ended(offering: Offering, channel: Channel) -> Party:
    """Return the party that gave notice; where none did, the Bereitsteller, who goes on with the offer or does not."""
    found = next((it.ending for it in known_provisions(offering) if it.channel is channel), None)
    return offering.provider if found is None or found.by is None else found.by
