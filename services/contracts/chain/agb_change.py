"""Which contracts have outdated general terms on a day (AGB_CHANGE): each change needs consent, from top to bottom."""

from __future__ import annotations

from typing import Any

from services.contracts.chain.contract import Contract
from services.contracts.chain.days import OPEN, shown
from services.contracts.chain.given import AskAgbChange
from services.contracts.chain.notice import last_day_of
from services.contracts.chain.world import World


def agb_change(world: World, asked: AskAgbChange) -> dict[str, Any]:
    """Return a row for each contract whose version stands before the one in force, down the chain."""
    in_force = {
        contract.id: version
        for contract in sorted(world.chain.contracts.values(), key=lambda item: item.place)
        for version in [_newer_version(world, contract, asked.on)]
        if version is not None
    }
    return {"agb_change": [_row(world.chain.contracts[id_], in_force, asked.on) for id_ in in_force]}


def _newer_version(world: World, contract: Contract, day: str) -> str | None:
    """Return the version in force on a day if the contract has an older one or none, and runs on."""
    if not contract.binding or not contract.begins or contract.end < day:
        return None
    channel = world.channels[contract.channel]
    version = channel.agb_on(contract.leg, day)
    older = channel.agb_place(contract.leg, contract.agb_version) < channel.agb_place(contract.leg, version)
    return version if older else None


def _row(contract: Contract, in_force: dict[str, str], day: str) -> dict[str, str | None]:
    earliest_end = min(contract.end, last_day_of(contract, day) or OPEN)
    return {
        "contract": contract.id,
        "from_version": contract.agb_version,
        "to_version": in_force[contract.id],
        "offer_by": contract.grantor,
        "consent_by": contract.grantee,
        "waits_for": contract.parent if contract.parent in in_force else None,
        "earliest_end": shown(earliest_end),
    }
