"""Whether a body may use an offer on a day, which link of the chain is missing, and who has to act (COMPLETE)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.contracts.accessions.repository import Accessions
from services.contracts.chain.channel import Channel as ChainChannel
from services.contracts.chain.completeness import complete
from services.contracts.chain.given import AskComplete, Offering, Organisation
from services.contracts.chain.world import Chain, World, inside
from services.contracts.channels import chain_channel
from services.contracts.domain.bodies import body_of, laender
from services.contracts.domain.chained import chained
from services.contracts.domain.contract import Contract
from services.contracts.domain.offer import ChannelOffer
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import BINDING
from services.contracts.neighbourhood import above, known_inhouse
from services.contracts.repository import CONTRACTS, SCAN, Contracts
from shared.errors import InvalidError
from shared.messages.contracts import Leg
from shared.messages.values import Channel, Party
from shared.store.paging import documents_of
from shared.store.port import Document, Query

_PLACE: Final = ("offering_id", "channel", "leg", "state", "customer_id", "territory")
_INDEPENDENT: Final = "0000000"
"""How the ARS of a Kommune ends that belongs to no Kreis."""


@dataclass(frozen=True, slots=True)
class Licence:
    """The answer of the rule COMPLETE, with the parties that it names."""

    answer: Mapping[str, Any]
    parties: Mapping[str, Party]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants to use which offer on which day, through which channels."""

    body: Party
    offers: Sequence[ChannelOffer]
    on: date


async def licence(asked: Asked, terms: Mapping[Channel, Terms], contracts: Contracts, accessions: Accessions) -> Licence:
    """Return by which chain of contracts a body may use an offer on a day, or what is missing for it.

    Of contracts of others it rests on those that bind, and on no offer or refusal among them: those are known to their parties.
    Raises InvalidError (``ars_unknown``) for a body that lies nowhere.
    """
    body = body_of(asked.body.id)
    if body.ars is None:
        raise InvalidError("Where the body lies is not known, so no contract can pass a use on to it.", code="ars_unknown")
    offering_id = asked.offers[0].offering_id
    own = [accession for accession in await accessions.by(body.id) if accession.offering_id == offering_id]
    found: list[Contract] = []
    for offer in asked.offers:
        ids = {it.contract_id for it in own if it.channel is offer.channel}
        found += await _fitting(offer, body, ids, contracts)
    served = {offer.channel: terms[offer.channel] for offer in asked.offers}
    channels = {it.id: it for it in map(chain_channel, served.values())}
    world = World(
        offering=Offering(bereitsteller=asked.offers[0].provider.id, channels=tuple(channels)),
        channels=channels,
        organisations=_organisations(found, body, channels, asked.offers[0].provider.id),
        inhouse=known_inhouse(found),
        chain=Chain.of(chained(contract, served[contract.channel]) for contract in found),
        accessions=tuple(sorted((it.linked() for it in own if it.channel in served), key=lambda it: it.id)),
    )
    question = AskComplete(
        type="COMPLETE", org=body.id, service=offering_id, parametrisation=(), channel=None, on=asked.on.isoformat()
    )
    named = [asked.body, asked.offers[0].provider, *(of.rules.anbieter for of in served.values())]
    named += [party for contract in found for party in (contract.grantor, contract.customer)]
    return Licence(complete(world, question), {party.id: party for party in named})


async def _fitting(offer: ChannelOffer, body: Organisation, acceded: Iterable[str], contracts: Contracts) -> list[Contract]:
    """Return the contracts by which a body may use an offer of a channel, with all that they rest on."""
    where = {"offering_id": offer.offering_id, "channel": offer.channel.value}
    ids = set(acceded)
    async for document in documents_of(contracts.store, CONTRACTS, Query("offering", where, limit=SCAN, only=_PLACE)):
        if _may_serve(document, body):
            ids.add(document["_id"])
    found = await contracts.of_ids(ids)
    found |= await contracts.continuing(found)
    found |= await above(contracts, {it.parent for it in found.values() if it.parent is not None})
    # What nobody has signed is a draft of the Anbieter that a second person has not released.
    return [it for it in found.values() if it.state in BINDING or (it.signatures and body.id in {it.customer.id, it.grantor.id})]


def _may_serve(document: Document, body: Organisation) -> bool:
    if document["customer_id"] == body.id:
        return True
    if document["state"] not in BINDING or document["leg"] == Leg.SUB_SUB_NACHNUTZUNG:
        return False
    territory = document.get("territory")
    return not territory or inside(body.ars, territory)


def _organisations(
    contracts: Iterable[Contract], body: Organisation, channels: Mapping[str, ChainChannel], bereitsteller: str
) -> dict[str, Organisation]:
    """Return the organisations of contracts, and those that may order for the body."""
    keys = {body.id, bereitsteller, *channels, *laender()}
    keys |= {party.id for contract in contracts for party in (contract.grantor, contract.customer)}
    if body.type == "KOMMUNE" and body.ars is not None and not body.ars.endswith(_INDEPENDENT):
        keys.add(body.ars[:5])
    return {key: body_of(key) for key in sorted(keys)}
