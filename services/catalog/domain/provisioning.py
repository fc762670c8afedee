"""How an offer gets its Bereitstellungsverträge: the catalog asks, ``contracts`` concludes or refuses, the offer follows.

The first one that is concluded publishes the offer, a further one adds a channel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.catalog.domain.offering import Offering, is_public
from services.catalog.domain.provider import ProviderStanding, StandingOf, require_accredited
from services.catalog.domain.provision import Provision, ProvisionState
from services.catalog.domain.returns import give_back
from services.catalog.domain.statement import Statement
from services.catalog.domain.steps import Beside, Taken, step
from services.catalog.domain.transitions import Actor, Command
from shared.errors import InvalidError
from shared.ids import bereitstellung_id
from shared.messages import catalog as messages
from shared.messages import catalog_provisions
from shared.messages.base import Message
from shared.messages.contracts import Leg
from shared.messages.contracts_chain import ChainConcluded, ChainHead, ChainRefused
from shared.messages.values import Channel, OfferingState

_AGAIN = frozenset({ProvisionState.ABGELEHNT, ProvisionState.ZURUECKGEZOGEN})


@step(Command.BEREITSTELLUNGSVERTRAG)
def ask(
    offering: Offering, _actor: Actor, at: datetime, channel: Channel, person: str, standing_of: StandingOf
) -> Taken | Beside | None:
    """Ask for the Bereitstellungsvertrag with an Anbieter; one that is asked for or listed already is not asked for again.

    Raises InvalidError for a channel that was not wished for (``channel_not_wished``), and as ``require_accredited``.
    """
    require_wished(offering, channel)
    known = of_channel(offering, channel)
    listed = any(listing.channel is channel for listing in offering.listings)
    if listed or (known is not None and known.waits):
        return None
    require_accredited(offering.provider, (channel,), standing_of)
    offering.accreditation_seen = True
    attempt = 1 if known is None else known.attempt + (known.state in _AGAIN)
    asked = Provision(
        channel=channel,
        attempt=attempt,
        contract_id=bereitstellung_id(channel.value, offering.id, attempt),
        state=ProvisionState.ANGEFRAGT,
        asked_at=at,
        asked_by=person,
    )
    put_provision(offering, asked)
    requested = catalog_provisions.ProvisionRequested(provision=_request(offering, asked))
    return Beside(lambda: requested) if offering.is_public else lambda: requested


def require_wished(offering: Offering, channel: Channel) -> None:
    """Return if the offer is meant for a channel. Raises InvalidError (``channel_not_wished``)."""
    if channel not in offering.form.channels:
        raise InvalidError(f"The offer is not meant for {channel}.", code="channel_not_wished", channel=str(channel))


def take_back(offering: Offering, at: datetime, channels: Sequence[Channel] | None = None) -> Sequence[Message]:
    """Withdraw what contracts have not decided on yet: the offer is given up, or has gone back from these channels.

    Told is what was asked for, also by a form that counts as handed in no more.
    """
    waiting = [known for known in offering.provisions if known.waits and (channels is None or known.channel in channels)]
    for known in waiting:
        put_provision(offering, known.model_copy(update={"state": ProvisionState.ZURUECKGEZOGEN, "decided_at": at}))
    return [catalog_provisions.ProvisionWithdrawn(provision=_request(offering, known), withdrawn_at=at) for known in waiting]


def follow(
    offering: Offering,
    message: ChainConcluded | ChainRefused,
    at: datetime,
    stated: Callable[[str], ProviderStanding | None],
) -> Sequence[Message]:
    """Follow what contracts tell of a Bereitstellungsvertrag; what is known already, or of another attempt, changes nothing.

    ``stated`` gives the standing of the Bereitsteller, None if nothing is known of it: a channel is closed at once where its
    accreditation has ended meanwhile. Raises RightsUnavailableError.
    """
    if not _is_asked_for(offering, message.contract):
        return []
    if isinstance(message, ChainConcluded):
        return _conclude(offering, message, at, stated)
    return _refuse(offering, message, at)


def republish(offering: Offering) -> Sequence[Message]:
    """Return what readers of rebuilt topics must know: the public state, and again what was asked of contracts.

    A request comes after the state, which is older: contracts takes of one offer what comes later. What 0.1.0 listed was never
    asked for.
    """
    asked = (ProvisionState.ANGEFRAGT, ProvisionState.GESCHLOSSEN)
    again = [known for known in offering.provisions if known.state in asked and known.asked_by is not None]
    return [*offering.restate(), *(catalog_provisions.ProvisionRequested(provision=_request(offering, it)) for it in again)]


def of_channel(offering: Offering, channel: Channel) -> Provision | None:
    """Return what is known of the Bereitstellungsvertrag with an Anbieter."""
    return next((known for known in offering.provisions if known.channel is channel), None)


def known_provisions(offering: Offering) -> Sequence[Provision]:
    """Return the Bereitstellungsverträge of an offer, with those that version 0.1.0 listed and contracts has not told of yet."""
    asked = {known.channel for known in offering.provisions}
    typed = (listing for listing in offering.listings if listing.channel not in asked)
    return [*offering.provisions, *(_typed(offering.id, listing) for listing in typed)]


def named(offering: Offering, listing: messages.ChannelListing) -> messages.ChannelListing:
    """Return a listing as the public may see it: it names the contract by its id, whatever somebody has typed."""
    known = of_channel(offering, listing.channel)
    contract_id = known.contract_id if known is not None else bereitstellung_id(listing.channel.value, offering.id)
    return listing.model_copy(update={"bereitstellungsvertrag": contract_id})


def _is_asked_for(offering: Offering, head: ChainHead) -> bool:
    """Return whether a contract is a Bereitstellungsvertrag: also what was asked for and has a leg of a later version."""
    known = of_channel(offering, head.channel)
    return head.leg is Leg.BEREITSTELLUNG or (known is not None and known.contract_id == head.id)


def _typed(offering_id: str, listing: messages.ChannelListing) -> Provision:
    return Provision(
        channel=listing.channel,
        attempt=1,
        contract_id=bereitstellung_id(listing.channel.value, offering_id),
        state=ProvisionState.GESCHLOSSEN,
        asked_at=listing.signed_at,
        number=listing.bereitstellungsvertrag,
        decided_at=listing.signed_at,
    )


def _conclude(
    offering: Offering, message: ChainConcluded, at: datetime, stated: Callable[[str], ProviderStanding | None]
) -> Sequence[Message]:
    head = message.contract
    known = of_channel(offering, head.channel)
    listed = next((listing for listing in offering.listings if listing.channel is head.channel), None)
    put_provision(offering, _concluded(known, head, message.at))
    if listed is not None:
        return _name(offering, listed, head)
    waits = known is not None and known.waits and head.channel in offering.form.channels
    if not waits or not (is_public(offering.state) or offering.state is OfferingState.BEREITSTELLUNGSVERTRAG_OFFEN):
        return []
    listing = messages.ChannelListing(channel=head.channel, bereitstellungsvertrag=head.id, signed_at=message.at)
    offering.listings = (*offering.listings, listing)
    standing = stated(offering.provider.id)
    if standing is not None and head.channel not in standing.channels:
        offering.closed_channels = (*offering.closed_channels, head.channel)
    offering.changed_at, offering.stated = at, Statement.now(at)
    if offering.published_at is not None:
        return [messages.OfferingChanged(offering=offering.public())]
    offering.state, offering.published_at = OfferingState.VEROEFFENTLICHT, at
    offering.history = (messages.VersionEntry(version=offering.version, at=at),)
    return [messages.OfferingPublished(offering=offering.public())]


def _concluded(known: Provision | None, head: ChainHead, concluded_at: datetime) -> Provision:
    concluded = {
        "contract_id": head.id,
        "state": ProvisionState.GESCHLOSSEN,
        "number": head.number,
        "decided_at": concluded_at,
        "reason": None,
        "code": None,
        "facts": None,
    }
    if known is not None:
        return known.model_copy(update=concluded)
    return Provision.model_validate({"channel": head.channel, "attempt": 1, "asked_at": concluded_at, **concluded})


def _name(offering: Offering, listed: messages.ChannelListing, head: ChainHead) -> Sequence[Message]:
    """Name the contract in a listing of before, which held a number that somebody had typed: that is its parties' own."""
    if listed.bereitstellungsvertrag == head.id:
        return []
    named = listed.model_copy(update={"bereitstellungsvertrag": head.id})
    offering.listings = tuple(named if it is listed else it for it in offering.listings)
    return offering.restate()


def _refuse(offering: Offering, message: ChainRefused, at: datetime) -> Sequence[Message]:
    head = message.contract
    known = of_channel(offering, head.channel)
    if known is None or known.contract_id != head.id or not known.waits:
        return []
    why = {"reason": message.reason, "code": message.code, "facts": message.facts}
    refused = {"state": ProvisionState.ABGELEHNT, "decided_at": message.at, **why}
    put_provision(offering, known.model_copy(update=refused))
    return give_back(offering, at, head.channel, message.reason, code=message.code, facts=message.facts)


def put_provision(offering: Offering, provision: Provision) -> None:
    """Store what is known of a Bereitstellungsvertrag in the place of what was known of it."""
    others = (known for known in offering.provisions if known.channel is not provision.channel)
    offering.provisions = tuple(sorted((*others, provision), key=lambda it: it.channel.value))


def _request(offering: Offering, known: Provision) -> catalog_provisions.Provision:
    return catalog_provisions.Provision(
        offering_id=offering.id,
        offering_title=offering.form.title,
        offering_version=offering.version,
        provider=offering.provider,
        channel=known.channel,
        attempt=known.attempt,
        submitted_at=offering.submitted_at or known.asked_at,
        submitted_by=offering.submitted_by,
        accepted_at=known.asked_at,
        accepted_by=known.asked_by,
    )
