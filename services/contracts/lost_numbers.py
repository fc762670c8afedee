"""Reserves the numbers of contracts that a restored store has lost: people know them, and no other contract may get them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import structlog

from services.contracts import channels
from services.contracts.handlers import reserve_numbers
from services.contracts.numbering import Number
from services.contracts.repository import Contracts, Registers
from services.contracts.settings import Settings
from shared.messages.values import Channel
from shared.process.service import Resources

log = structlog.get_logger()


async def reserve_written_numbers(resources: Resources, written: Mapping[str, tuple[Channel, str]]) -> dict[str, Number]:
    """Promise contracts that are gone the numbers that are ``written`` somewhere; return all such promises by contract id.

    ``written`` maps contract ids to channel and number as text. A text that the channel's format writes no number as is logged
    and left out. The same contract gets its number again, another one never gets it.
    Raises StoreUnavailableError, WriteConflictError if processors are at work.
    """
    settings = Settings()
    terms = channels.load_terms(settings.agb_folder, settings.number_formats)
    lost: dict[Channel, dict[str, Number]] = defaultdict(dict)
    for contract_id, (channel, text) in written.items():
        number = terms[channel].rules.number_format.read(text) if channel in terms else None
        if number is None:
            log.warning("contract_number_unreadable", contract_id=contract_id, number=text)
        else:
            lost[channel][contract_id] = number
    contracts, registers = Contracts(resources), Registers(resources)
    promised: dict[str, Number] = {}
    for channel, numbers in lost.items():
        promised |= await reserve_numbers(channel, numbers, contracts, registers)
    return promised
