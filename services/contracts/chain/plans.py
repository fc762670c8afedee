"""The ways in which a body may come to use a service through a channel on a day, as plans of links from the top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.contracts.chain.channel import Channel
from services.contracts.chain.contract import Accession, Contract
from services.contracts.chain.given import AboutUse, Organisation
from services.contracts.chain.links import Plan, link_of, link_of_accession, missing_act, order, provide
from services.contracts.chain.world import World, inside


@dataclass(frozen=True)
class Use:
    """What is asked, with the body that asks. ``violated``: codes without days of the contracts and accessions that have any."""

    world: World
    asked: AboutUse
    org: Organisation
    violated: Mapping[str, Sequence[str]]

    def plans(self, channel: Channel, day: str) -> Iterator[Plan]:
        """Yield all plans; there is always one."""
        ordered = self._ordered(channel)
        for contract in self.world.chain.contracts.values():
            if self._fits(contract, channel):
                if contract.leg == "BEREITSTELLUNG":
                    yield (*self._links([contract], day), *ordered)
                else:
                    yield from self._through(contract, day)
        for accession in self.world.accessions:
            if accession.org == self.org.id and accession.id not in self.violated:
                yield from self._acceded(accession, channel, day)
        yield (provide(self.world.offering.bereitsteller), *ordered)

    def _fits(self, contract: Contract, channel: Channel) -> bool:
        return (
            contract.live
            and contract.channel == channel.id
            and self.asked.service in contract.services
            and set(self.asked.parametrisation) <= set(contract.parametrisation)
            and inside(self.org.ars, contract.territory)
        )

    def _through(self, contract: Contract, day: str) -> Iterator[Plan]:
        path = self._path(contract, day)
        if not path:
            return
        if contract.grantee == self.org.id:
            yield self._links(path, day)
        elif (
            contract.leg in {"NACHNUTZUNG", "SUB_NACHNUTZUNG"}
            and contract.passing_on.allowed
            and all(above.live for above in path)
        ):
            yield (*self._links(path, day), missing_act(contract.passing_on.act, contract.leg, self.org.id))

    def _acceded(self, accession: Accession, channel: Channel, day: str) -> Iterator[Plan]:
        contract = self._parent(accession, day)
        if contract is None or not self._fits(contract, channel):
            return
        path = self._path(contract, day)
        if path and contract.passing_on.allowed and contract.passing_on.act == "BEITRITT":
            yield (*self._links(path, day), link_of_accession(accession, day))

    def _path(self, contract: Contract, day: str) -> list[Contract]:
        """Return the contracts from the Bereitstellungsvertrag down to one, none if one is missing or repeats."""
        path = [contract]
        while path[-1].leg != "BEREITSTELLUNG":
            parent = self._parent(path[-1], day)
            if parent is None or parent in path:
                return []
            path.append(parent)
        return path[::-1]

    def _parent(self, resting: Contract | Accession, day: str) -> Contract | None:
        named = self.world.chain.parent_of(resting)
        if named is None:
            return None
        cover = self.world.chain.cover_of(resting) or [named]
        begun = [contract for contract in cover if contract.valid_from <= day]
        return next((contract for contract in begun if day <= contract.end), begun[-1] if begun else cover[0])

    def _links(self, path: Sequence[Contract], day: str) -> Plan:
        channels = self.world.channels
        return tuple(link_of(contract, channels[contract.channel], self.violated.get(contract.id, ()), day) for contract in path)

    def _ordered(self, channel: Channel) -> Plan:
        if self.org.type in channel.direct_types:
            return (order(self.org.id),)
        return order(self._orders_for(channel)), missing_act(channel.default_act, "NACHNUTZUNG", self.org.id)

    def _orders_for(self, channel: Channel) -> str | None:
        others = [
            (-len(other.ars), other.id)
            for other in self.world.organisations.values()
            if other.type in channel.order_for_others and other.ars is not None and inside(self.org.ars, [other.ars])
        ]
        return min(others)[1] if others else None
