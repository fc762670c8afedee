"""The processors, one per channel: contract requests become contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.contracts import followed_organisations, handlers
from services.contracts.cascade import hold_to_parents
from services.contracts.costs import follow as costs
from services.contracts.costs.follow import Usages
from services.contracts.domain.provision import Provision
from services.contracts.domain.request import Request
from services.contracts.domain.rules import Terms
from services.contracts.inhouse.judged import take_in
from services.contracts.invoice_address.follow import InvoiceAddresses
from services.contracts.leitweg.follow import LeitwegIds
from services.contracts.noticing import requested_notice
from services.contracts.offers.follow import FOLLOWED, ChannelOffers
from services.contracts.provisions.forming import ASKED, Provisions
from services.contracts.repository import Contracts, Registers
from shared.bus.handling import Consumer, Received, Rejection, rejections
from shared.followed_offers import WITH_STATE
from shared.messages.base import Message
from shared.messages.eligibility_awards import AwardsJudged
from shared.messages.ordering import ContractRequested
from shared.messages.ordering_notices import NoticeRequested
from shared.messages.values import Channel
from shared.topics import CONTRACTS_OFFERINGS, CONTRACTS_USES, contract_group


@dataclass(frozen=True, slots=True)
class Followed:
    """Projections of what other services tell."""

    offers: ChannelOffers
    usages: Usages
    leitweg_ids: LeitwegIds
    invoice_addresses: InvoiceAddresses


def consumers(
    served: Iterable[Terms], contracts: Contracts, registers: Registers, followed: Followed, clock: Callable[[], datetime]
) -> tuple[Consumer, ...]:
    """Return the consumers of each channel served: its requests, the offers that it lists, what its Kunden use and register."""
    channels = tuple(served)
    return (
        *(_processor(terms, contracts, registers, clock) for terms in channels),
        *(_offerings(Provisions(terms, contracts, registers), followed.offers, clock) for terms in channels),
        *(_customers(terms.channel, followed, clock) for terms in channels),
    )


def _processor(terms: Terms, contracts: Contracts, registers: Registers, clock: Callable[[], datetime]) -> Consumer:
    """Return the consumer of a channel: its own group, its own request topic, its own registers; and the verdicts on awards."""

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        orders = [event for event in batch if isinstance(event.message, ContractRequested)]
        notices = [(event, event.message) for event in batch if isinstance(event.message, NoticeRequested)]
        cases = [handlers.examine(_request(event, terms), event.cause, terms, at) for event in orders]
        results = await handlers.form_contracts(cases, terms, contracts, registers) if cases else []
        await hold_to_parents([result.state for result in results if result.state is not None], terms, contracts, at)
        decided = await contracts.ledger.apply([requested_notice(asked, terms, at, event.cause) for event, asked in notices])
        judged = await take_in(batch, terms, contracts, at)
        return [*rejections(orders, results), *rejections([event for event, _ in notices], decided), *judged]

    handled: frozenset[type[Message]] = frozenset({ContractRequested, NoticeRequested, AwardsJudged})
    return Consumer(group=contract_group(terms.channel), handles=handled, handle=handle)


def _offerings(provisions: Provisions, offers: ChannelOffers, clock: Callable[[], datetime]) -> Consumer:
    """Return the consumer of what the catalogue asks of a channel and lists with it: Bereitstellungsverträge and prices."""
    terms = provisions.terms

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        at = clock()
        refused = await provisions.handle([event for event in batch if type(event.message) in ASKED], at)
        stated = [event for event in batch if type(event.message) in FOLLOWED]
        refused = [*refused, *await _provided(stated, terms, provisions.contracts, at)]
        known = {id(it.event) for it in refused}
        return [*refused, *(it for it in await offers.follow(terms.channel, stated) if id(it.event) not in known)]

    return Consumer(CONTRACTS_OFFERINGS[terms.channel], FOLLOWED | ASKED, handle)


def _customers(channel: Channel, followed: Followed, clock: Callable[[], datetime]) -> Consumer:
    """Return the consumer of what invoices to a channel's Kunden go by: their uses and notices, Leitweg-IDs and addresses."""

    async def handle(batch: Sequence[Received]) -> Sequence[Rejection]:
        used = [event for event in batch if type(event.message) in costs.FOLLOWED]
        registered = [event for event in batch if type(event.message) in followed_organisations.FOLLOWED]
        return [
            *await followed.usages.follow(channel, used, clock()),
            *await followed.leitweg_ids.follow(channel, registered),
            *await followed.invoice_addresses.follow(channel, registered),
        ]

    return Consumer(CONTRACTS_USES[channel], costs.FOLLOWED | followed_organisations.FOLLOWED, handle)


async def _provided(batch: Sequence[Received], terms: Terms, contracts: Contracts, at: datetime) -> Sequence[Rejection]:
    listed = [(event, provision) for event in batch for provision in _provisions(event, terms.channel)]
    changes = [handlers.provide(provision, terms, at, event.cause) for event, provision in listed]
    return rejections([event for event, _ in listed], await contracts.ledger.apply(changes))


def _provisions(event: Received, channel: Channel) -> Sequence[Provision]:
    return tuple(Provision.listed(event.message.offering, channel)) if isinstance(event.message, WITH_STATE) else ()


def _request(event: Received, terms: Terms) -> Request:
    if not isinstance(event.message, ContractRequested):
        raise TypeError(f"the processor of {terms.channel.value} does not handle {event.message.TYPE}")
    return Request(terms.channel, event.message, event.message.requested_at or event.time)
