"""Audits the number registers: each number up to the last is one contract's, promised or free, and nobody has one beyond."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from services.contracts.audit.findings import Examined, Fault, Finding
from services.contracts.numbering import Register
from services.contracts.repository import CONTRACTS, SCAN, Registers
from shared.messages.values import Channel
from shared.store.paging import documents_of
from shared.store.port import Query


async def audited_registers(
    registers: Registers, places: Iterable[tuple[str, int]], examined: Examined
) -> AsyncIterator[Finding]:
    """Yield what is wrong with the numbers of channels and years (``places``). Raises StoreUnavailableError."""
    for name, year in sorted(places):
        channel = Channel.read(name)
        # Before the contracts: what is formed meanwhile lies behind what the register knows now.
        register = (await registers.read(channel, [year]))[year]
        examined.registers += 1
        query = Query("register", {"channel": name, "year": year}, limit=SCAN, only=("sequence",))
        reached = 0
        async for document in documents_of(registers.store, CONTRACTS, query):
            sequence: int = document["sequence"]
            if sequence == reached:
                yield _finding(Fault.NUMBER_TWICE, name, year, sequence, "two contracts have it")
            elif sequence > register.last and sequence > (await registers.read(channel, [year]))[year].last:
                yield _finding(Fault.NUMBER_BEYOND_REGISTER, name, year, sequence, "the register does not reach so far")
            for finding in _gaps(register, reached + 1, min(sequence, register.last + 1)):
                yield finding
            reached = sequence
        for finding in _gaps(register, reached + 1, register.last + 1):
            yield finding


def _gaps(register: Register, first: int, end: int) -> Iterable[Finding]:
    known = {*register.allotted.values(), *register.free}
    for sequence in range(first, end):
        if sequence not in known:
            text = "no contract has it and none is promised it"
            yield _finding(Fault.NUMBER_MISSING, register.channel.value, register.year, sequence, text)


def _finding(fault: Fault, channel: str, year: int, sequence: int, text: str) -> Finding:
    return Finding(fault, f"number {sequence} of {channel} in {year}: {text}")
