"""The store of a case: contracts with their parents, successors and cover, and what their rules are measured by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from services.contracts.chain.channel import Channel
from services.contracts.chain.contract import Accession, Contract
from services.contracts.chain.days import OPEN, Interval, uncovered
from services.contracts.chain.given import Inhouse, Input, Offering, Organisation


def inside(ars: str | None, territory: Iterable[str]) -> bool:
    """Return whether an ARS is inside a territory of prefixes; that of the Bund, DE, is only under DE."""
    return ars is not None and any(prefix == "DE" or ars.startswith(prefix) for prefix in territory)


@dataclass(frozen=True)
class Chain:
    """All contracts by id, in the order of the ids. ``successors``: the id of what follows a contract in time, by its id."""

    contracts: Mapping[str, Contract]
    successors: Mapping[str, str]

    @classmethod
    def of(cls, contracts: Iterable[Contract]) -> Self:
        """Return the chain of contracts with ids of their own."""
        by_id = {contract.id: contract for contract in sorted(contracts, key=lambda item: item.id)}
        return cls(by_id, _successors(by_id))

    def with_changed(self, *changed: Contract) -> Self:
        """Return the chain with changed contracts; the successors stay what they are."""
        return replace(self, contracts={**self.contracts, **{contract.id: contract for contract in changed}})

    def parent_of(self, resting: Contract | Accession) -> Contract | None:
        """Return the contract that one names as its parent, None if it names none or that is not there."""
        named = resting.contract if isinstance(resting, Accession) else resting.parent
        return None if named is None else self.contracts.get(named)

    def named_parents(self, contract: Contract) -> Iterator[Contract]:
        """Yield the parent that is named, its parent and so on, whatever their states, each once."""
        seen = set()
        parent = self.parent_of(contract)
        while parent is not None and parent.id not in seen:
            yield parent
            seen.add(parent.id)
            parent = self.parent_of(parent)

    def cover(self, parent: str | None, *, binding: bool) -> list[Contract]:
        """Return what a contract with that parent rests on: parent and successors, up to the first that does not count.

        ``binding``: for a binding contract the binding ones count, for others all live ones.
        """
        found = []
        while parent is not None and parent in self.contracts:
            contract = self.contracts[parent]
            if not (contract.binding if binding else contract.live):
                break
            found.append(contract)
            parent = self.successors.get(parent)
        return found

    def cover_of(self, resting: Contract | Accession) -> list[Contract]:
        """Return the cover of a contract or an accession."""
        if isinstance(resting, Accession):
            return self.cover(resting.contract, binding=True)
        return self.cover(resting.parent, binding=resting.binding)

    @cached_property
    def cycles(self) -> frozenset[str]:
        """Ids of the contracts from which the parents lead back to them, whatever the states."""
        found: set[str] = set()
        done: set[str] = set()
        for start in self.contracts:
            path: dict[str, None] = {}
            at: str | None = start
            while at is not None and at in self.contracts and at not in path and at not in done:
                path[at] = None
                at = self.contracts[at].parent
            if at in path:
                ids = list(path)
                found.update(ids[ids.index(at) :])
            done.update(path)
        return frozenset(found)


def _successors(contracts: Mapping[str, Contract]) -> dict[str, str]:
    following = defaultdict(list)
    for contract in contracts.values():
        if contract.live and contract.continues is not None and contract.continues in contracts:
            following[contract.continues].append(contract)
    return {
        before: after.id for before, (after, *others) in following.items() if not others and _follows(after, contracts[before])
    }


def _follows(after: Contract, before: Contract) -> bool:
    same = ("leg", "channel", "grantor", "grantee")
    return (
        before.live
        and all(getattr(after, field) == getattr(before, field) for field in same)
        and after.valid_from > max(before.valid_from, before.end)
    )


@dataclass(frozen=True)
class World:
    """All that is known. ``accessions`` are in the order of their ids."""

    offering: Offering
    channels: Mapping[str, Channel]
    organisations: Mapping[str, Organisation]
    inhouse: Mapping[tuple[str, str], tuple[Interval, ...]]
    chain: Chain
    accessions: tuple[Accession, ...]

    @classmethod
    def of(cls, given: Input) -> Self:
        """Return the world of an input."""
        return cls(
            given.offering,
            {channel.id: channel for channel in given.channels},
            {organisation.id: organisation for organisation in given.organisations},
            _inhouse(given.inhouse),
            Chain.of(given.contracts),
            tuple(sorted(given.accessions, key=lambda accession: accession.id)),
        )

    def is_inhouse(self, body: str, authority: str, term: Interval) -> bool:
        """Return whether a body is in-house to an authority on every day of a term."""
        return not uncovered(term, self.inhouse.get((body, authority), ()))


def _inhouse(given: Iterable[Inhouse]) -> dict[tuple[str, str], tuple[Interval, ...]]:
    found: dict[tuple[str, str], tuple[Interval, ...]] = {}
    for item in given:
        key = (item.body, item.authority)
        found[key] = (*found.get(key, ()), Interval(item.from_, item.to or OPEN))
    return found
