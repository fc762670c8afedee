"""The chain of a contract as a tree: from the Bereitstellungsvertrag down to it, and all that rests on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from services.contracts.accessions.repository import Accessions
from services.contracts.accessions.repository import sees as sees_accession
from services.contracts.domain.accession import Accession
from services.contracts.domain.contract import Contract
from services.contracts.domain.transitions import BINDING
from services.contracts.narrowing import Viewer
from services.contracts.neighbourhood import above
from services.contracts.repository import Contracts

MOST: Final = 500
"""Contracts and accessions of one answer, at most."""
_SIDES: Final = {"customer_id", "grantor_id", "provider_id", "channel", "continues", "signatures"}
_ACCEDED: Final = {"organisation_id", "licensee_id", "provider_id", "channel"}


@dataclass
class Node:
    """A contract in its place. ``seen``: the viewer may know its parties. ``accessions``: those that the viewer may see."""

    contract: Contract
    seen: bool
    accessions: list[Accession] = field(default_factory=list)
    below: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tree:
    """The root of a chain, and whether there is more below than is shown."""

    root: Node
    cut: bool


async def tree_of(contract: Contract, viewer: Viewer, contracts: Contracts, accessions: Accessions) -> Tree:
    """Return the chain of a contract that the viewer sees: the line above it, and all that rests on it.

    Of contracts that are not the viewer's only those that bind are in it, without their parties.
    """
    start = Node(contract, seen=True)
    size, level = 1, [start]
    while level and size < MOST:
        found = await _below(level, viewer, contracts)
        places = {node.contract.id: node for node in level}
        grown = defaultdict(list)
        for node in found[: MOST - size]:
            grown[node.contract.parent or ""].append(node)
        for parent_id, nodes in grown.items():
            places[parent_id].below = nodes
        async for accession in accessions.to_contracts(places.keys()):
            if size < MOST and sees_accession(viewer, accession.model_dump(include=_ACCEDED)):
                places[accession.contract_id].accessions.append(accession)
                size += 1
        size += len(found)
        level = [node for nodes in grown.values() for node in nodes]
    around = {} if contract.parent is None else await above(contracts, [contract.parent])
    root = start
    passed = {contract.id}
    while root.contract.parent in around and root.contract.parent not in passed:
        parent = around[root.contract.parent]
        passed.add(parent.id)
        root = Node(parent, seen=sees(viewer, parent), below=[root])
    return Tree(root, cut=size >= MOST)


def sees(viewer: Viewer, contract: Contract) -> bool:
    """Return whether a contract is one of the viewer's."""
    return viewer.sees(contract.model_dump(include=_SIDES))


async def _below(level: Sequence[Node], viewer: Viewer, contracts: Contracts) -> list[Node]:
    found = await contracts.resting_on_all([node.contract for node in level])
    places = {node.contract.id: place for place, node in enumerate(level)}
    in_order = sorted(found, key=lambda it: (places.get(it.parent or "", 0), it.id))
    nodes = [Node(resting, seen=sees(viewer, resting)) for resting in in_order]
    return [node for node in nodes if node.seen or node.contract.state in BINDING]
