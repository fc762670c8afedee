"""Where those outside of an overlay are: pods of other namespaces and addresses, as the overlay's own policies name them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deploy.checks.generic.network.declared import OWN, Peer, Place, port_of
from deploy.checks.generic.network.policies import Endpoint, in_block, matches
from deploy.checks.generic.objects import Document, Objects, items, mapping, name_of, text, texts
from deploy.checks.generic.values.addresses import network_of

NAMESPACE = "kubernetes.io/metadata.name"
_WIDEST = 8
"""Fewer fixed bits than these are no address of anybody, but half of the internet."""

Blocks = list[Document]


@dataclass(frozen=True, slots=True)
class Outside:
    """Endpoints outside of an overlay, and which of them a name of the file stands for."""

    endpoints: tuple[Endpoint, ...]
    names: dict[str, frozenset[str]]


def outside(objects: Objects, peers: Sequence[Peer], policies: Sequence[Document], home: str) -> Outside:
    """Return who is outside: the declared peers, and one of everybody else whom any policy names.

    Addresses stand for all addresses that no policy tells apart, so that none is overlooked.
    """
    pods: dict[str, Endpoint] = {}
    names: dict[str, set[str]] = {}
    blocks: dict[str, Blocks] = {}
    for peer in peers:
        entries = next(filter(None, (_entries(objects, place) for place in peer.at)), [])
        said = entries or [{"ipBlock": block} for block in peer.otherwise]
        blocks[peer.name] = [*peer.blocks, *(it for entry in said if (it := mapping(entry, "ipBlock")) and not is_wide(it))]
        for number, pod in enumerate(_pods(peer, entries, pods, home), start=1):
            if pod.namespace != home or peer.namespace == OWN:  # what stands for another namespace does not stand for ours
                name = peer.name if number == 1 else f"{peer.name} {number}"
                pods[name] = replace(pod, name=name)
                names.setdefault(peer.name, set()).add(name)
    for entry in _all_entries(policies):
        if _labels(mapping(entry, "namespaceSelector")) and not any(matches(entry, home, it) for it in pods.values()):
            stray = _pod(Peer(name=""), entry, home)
            name = f"pods of {stray.namespace} {stray.labels or ''}".strip()
            pods[name] = replace(stray, name=name)
    addresses: list[Endpoint] = []
    known = [*(mapping(entry, "ipBlock") for entry in _all_entries(policies)), *(it for own in blocks.values() for it in own)]
    for ip in _samples([it for it in known if it]):
        roles = [peer for peer in peers if any(in_block(ip, it) for it in blocks[peer.name])]
        narrow = [peer.name for peer in roles if not any(is_wide(it) for it in peer.blocks)]
        address = Endpoint(
            " ".join([*narrow, ip]), ip=ip, ports={key: port_of(it) for peer in roles for key, it in peer.ports.items()}
        )
        addresses.append(address)
        for peer in roles:
            names.setdefault(peer.name, set()).add(address.name)
    return Outside((*pods.values(), *addresses), {name: frozenset(found) for name, found in names.items()})


def is_open(objects: Objects, name: str, annotations: Mapping[str, str]) -> bool:
    """Return whether a policy is left as delivered: open to every address, and annotated so."""
    return any(
        name_of(policy) == name
        and annotations.items() <= mapping(policy, "metadata", "annotations").items()
        and any(is_wide(mapping(entry, "ipBlock")) for entry in _all_entries([policy]))
        for policy in objects.of("NetworkPolicy")
    )


def is_wide(block: Document) -> bool:
    """Return whether a block of addresses is too large to be somebody's."""
    network = network_of(text(block, "cidr"))
    return network is not None and network.prefixlen < _WIDEST


def _entries(objects: Objects, place: Place) -> list[Document]:
    """Return the peers that a rule of the policy names."""
    part, _, index = place.rule.partition("/")
    return [
        entry
        for policy in objects.of("NetworkPolicy")
        if name_of(policy) == place.policy
        for rule in items(policy, "spec", part)[int(index) : int(index) + 1]
        for entry in items(rule, "from" if part == "ingress" else "to")
    ]


def _all_entries(policies: Iterable[Document]) -> Iterator[Document]:
    for policy in policies:
        for part, direction in (("ingress", "from"), ("egress", "to")):
            for rule in items(policy, "spec", part):
                yield from items(rule, direction)


def _pods(peer: Peer, entries: Sequence[Document], others: dict[str, Endpoint], home: str) -> list[Endpoint]:
    if peer.beside:
        return [replace(others[peer.beside], labels=peer.labels, ports={})] if peer.beside in others else []
    found = [_pod(peer, entry, home) for entry in entries if _labels(mapping(entry, "namespaceSelector"))]
    return found or ([_pod(peer, {}, home)] if peer.namespace else [])


def _pod(peer: Peer, entry: Document, home: str) -> Endpoint:
    """Return a pod of another namespace that a policy's entry selects, as far as it selects anything."""
    namespace_labels = _labels(mapping(entry, "namespaceSelector"))
    namespace = namespace_labels.get(NAMESPACE) or (home if peer.namespace == OWN else peer.namespace) or "elsewhere"
    return Endpoint(
        peer.name,
        namespace,
        peer.labels | _labels(mapping(entry, "podSelector")),
        {NAMESPACE: namespace} | namespace_labels,
        ports={name: port_of(it) for name, it in peer.ports.items()},
    )


def _labels(selector: Document) -> dict[str, str]:
    """Return labels that satisfy a selector; none for one that selects everything."""
    chosen = {text(it, "key"): texts(it, "values")[0] for it in items(selector, "matchExpressions") if texts(it, "values")}
    return chosen | {key: str(value) for key, value in mapping(selector, "matchLabels").items()}


def _samples(blocks: Blocks) -> Iterator[str]:
    """Return one address of each set that the blocks distinguish: the sets begin where a block begins, or behind its end."""
    given = [network_of(it) for block in blocks for it in (text(block, "cidr"), *texts(block, "except"))]
    networks = {it for it in given if it is not None}
    seen: set[frozenset[ipaddress.IPv4Network | ipaddress.IPv6Network]] = set()
    starts = {it.network_address for it in networks}
    for it in networks:
        if int(it.broadcast_address) + 1 < 2**it.max_prefixlen:
            starts.add(it.broadcast_address + 1)
    for address in sorted(starts, key=lambda it: (it.version, int(it))):
        around = frozenset(it for it in networks if it.version == address.version and address in it)
        if around not in seen:
            seen.add(around)
            yield str(address)
