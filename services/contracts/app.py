"""Assembles the contracts service: the API, or the processor of one channel."""

from __future__ import annotations

from services.contracts import channels
from services.contracts.api import routes
from services.contracts.census import Census
from services.contracts.consumers import processor
from services.contracts.domain.contract import Contract
from services.contracts.facts import FACTS
from services.contracts.repository import CONTRACTS, REGISTERS, Contracts, Registers
from services.contracts.settings import ContractsSettings
from shared.aggregate.republisher import Republisher
from shared.messages.values import Channel
from shared.process.service import Periodic, Resources, Service


def build(resources: Resources, channel: Channel | None = None, settings: ContractsSettings | None = None) -> Service:
    """Return the service; with a channel it holds that channel's processor, without one it reads only.

    Raises ValueError or OSError if the settings or the AGB data are unfit, before anything is consumed.
    """
    settings = settings or ContractsSettings()
    terms = channels.load_terms(settings.agb_folder, settings.number_formats)
    contracts = Contracts(resources.store, resources.publisher, resources.clock)
    registers = Registers(resources.store)
    return Service(
        name="contracts",
        title="Contracts of the EfA marketplace",
        collections=(CONTRACTS, REGISTERS),
        router=routes(contracts, registers),
        ledgers=(contracts.ledger,),
        publishes=channel is not None,
        consumers=() if channel is None else (processor(terms[channel], contracts, registers, resources.clock),),
        periodic=()
        if channel is None
        else (Periodic(f"contracts.{channel.value}.census", settings.census_every, Census(contracts, channel).run),),
        facts=FACTS,
        republishers=(Republisher("contract", contracts.ledger, Contract.restate),),
    )
