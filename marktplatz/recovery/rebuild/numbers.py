"""Reserves the numbers of lost contracts, as far as orders or the old topics still hold them."""

from __future__ import annotations

from collections import defaultdict

import structlog

from marktplatz.assembly import ServiceName
from marktplatz.recovery.reconcile.facts import StoreFacts
from marktplatz.recovery.reconcile.topic_facts import TopicFacts
from marktplatz.recovery.stores import Stores
from services.contracts import channels
from services.contracts.handlers import reserve_numbers
from services.contracts.numbering import Number
from services.contracts.repository import Contracts, Registers
from services.contracts.settings import Settings
from shared.messages.values import Channel

log = structlog.get_logger()


async def reserve_lost_numbers(stores: Stores, facts: StoreFacts, topics: TopicFacts) -> dict[str, Number]:
    """Promise contracts that are gone the numbers that people know them by; return all such promises by contract id.

    The same contract gets the same number again, another one never gets it. Raises StoreUnavailableError, WriteConflictError.
    """
    settings = Settings()
    terms = channels.load_terms(settings.agb_folder, settings.number_formats)
    lost: dict[Channel, dict[str, Number]] = defaultdict(dict)
    for contract, (channel, text) in _written_numbers(facts, topics).items():
        if contract in facts.contracts:
            continue
        number = terms[channel].rules.number_format.read(text) if channel in terms else None
        if number is None:
            log.warning("contract_number_unreadable", contract_id=contract, number=text)
        else:
            lost[channel][contract] = number
    resources = stores[ServiceName.CONTRACTS].resources
    contracts, registers = Contracts(resources), Registers(resources)
    promised: dict[str, Number] = {}
    for channel, numbers in lost.items():
        promised |= await reserve_numbers(channel, numbers, contracts, registers)
    return promised


def _written_numbers(facts: StoreFacts, topics: TopicFacts) -> dict[str, tuple[Channel, str]]:
    written = dict(topics.numbers)
    for order in facts.orders.values():
        if order.contract_id is not None and order.contract_number is not None:
            written[order.contract_id] = (order.channel, order.contract_number)
    return written
