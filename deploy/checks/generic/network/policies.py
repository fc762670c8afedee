"""Evaluates NetworkPolicies (networking.k8s.io/v1): a flow needs the sender's egress and the receiver's ingress."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from deploy.checks.generic.objects import Document, items, mapping, namespace_of, number, text, texts
from deploy.checks.generic.pods import selects
from deploy.checks.generic.values.addresses import network_of

Protocol = Literal["TCP", "UDP"]
Port = tuple[int, Protocol]

UNNAMED: tuple[Port, ...] = ((61999, "TCP"), (61999, "UDP"))
"""Ports that no policy names: whoever reaches them reaches every port."""

_DIRECTIONS = (("ingress", "from"), ("egress", "to"))
"""The rules of a policy, and where they name their peers."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What sends or receives: a pod of a namespace, or an address outside of the cluster (``namespace`` is empty, ``ip`` set)."""

    name: str
    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    namespace_labels: dict[str, str] = field(default_factory=dict, hash=False)
    ip: str = ""
    ports: dict[str, Port] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule of a policy, and what has been found of it: each pair of endpoints asks it, hundreds of times the same."""

    namespace: str
    peers: Sequence[Document]
    ports: Sequence[Document]
    named: dict[Endpoint, bool] = field(default_factory=dict)
    """Whether an endpoint is among the peers."""
    opened: dict[Endpoint, frozenset[Port]] = field(default_factory=dict)
    """The ports of a receiver."""

    def names(self, peer: Endpoint) -> bool:
        """Return whether an endpoint is among the peers: everybody is if there are none."""
        if peer not in self.named:
            self.named[peer] = not self.peers or any(matches(entry, self.namespace, peer) for entry in self.peers)
        return self.named[peer]


@dataclass(frozen=True, slots=True)
class _Side:
    """The policies of one direction that select an endpoint: their rules, and whether there is any policy at all."""

    isolated: bool
    rules: tuple[_Rule, ...]


class Network:
    """Endpoints under policies."""

    def __init__(self, endpoints: Iterable[Endpoint], policies: Iterable[Document]) -> None:
        self.endpoints = tuple(endpoints)
        self.policies = tuple(policies)
        self._by_namespace: dict[str, list[Document]] = {}
        self._rules: dict[tuple[int, str], tuple[_Rule, ...]] = {}
        for policy in self.policies:
            self._by_namespace.setdefault(namespace_of(policy), []).append(policy)
            for part, direction in _DIRECTIONS:
                self._rules[id(policy), part] = tuple(
                    _Rule(namespace_of(policy), items(rule, direction), items(rule, "ports"))
                    for rule in items(policy, "spec", part)
                )
        self._universe = sorted({*UNNAMED, *self._policy_ports(), *(port for it in self.endpoints for port in it.ports.values())})
        self._egress = {it.name: self._side(it, "Egress", "egress") for it in self.endpoints}
        self._ingress = {it.name: self._side(it, "Ingress", "ingress") for it in self.endpoints}

    def flows(self, sender: Endpoint, receiver: Endpoint) -> set[Port]:
        """Return the ports on which the sender reaches the receiver, out of those that anybody names and ``UNNAMED``."""
        leaving = self._allowed(self._egress[sender.name], peer=receiver, receiver=receiver)
        return leaving & self._allowed(self._ingress[receiver.name], peer=sender, receiver=receiver) if leaving else leaving

    def unresolved(self) -> Iterator[tuple[Document, str]]:
        """Return policies with a named port that no selected receiver has (such a rule allows nothing)."""
        for policy in self.policies:
            chosen = [it for it in self.endpoints if selects_pod(policy, it)]
            for port in (port for rule in items(policy, "spec", "ingress") for port in items(rule, "ports")):
                name = port.get("port")
                if isinstance(name, str) and not any(name in it.ports for it in chosen):
                    yield policy, name

    def _side(self, endpoint: Endpoint, kind: str, part: str) -> _Side:
        mine = [
            policy
            for policy in self._by_namespace.get(endpoint.namespace, ())
            if selects_pod(policy, endpoint) and kind in _types(policy)
        ]
        return _Side(bool(mine), tuple(rule for policy in mine for rule in self._rules[id(policy), part]))

    def _allowed(self, side: _Side, *, peer: Endpoint, receiver: Endpoint) -> set[Port]:
        if not side.isolated:
            return set(self._universe)
        allowed: set[Port] = set()
        for rule in side.rules:
            if rule.names(peer):
                if receiver not in rule.opened:
                    rule.opened[receiver] = frozenset(self._ports(rule, receiver))
                allowed |= rule.opened[receiver]
        return allowed

    def _ports(self, rule: _Rule, receiver: Endpoint) -> set[Port]:
        if not rule.ports:
            return set(self._universe)
        found: set[Port] = set()
        for entry in rule.ports:
            protocol, value = text(entry, "protocol") or "TCP", entry.get("port")
            if value is None:
                found |= {port for port in self._universe if port[1] == protocol}
            elif isinstance(value, str):
                found |= {port for name, port in receiver.ports.items() if name == value and port[1] == protocol}
            else:
                last = number(entry, "endPort") or value
                found |= {port for port in self._universe if port[1] == protocol and value <= port[0] <= last}
        return found

    def _policy_ports(self) -> Iterator[Port]:
        for policy in self.policies:
            for part, _ in _DIRECTIONS:
                for entry in (port for rule in items(policy, "spec", part) for port in items(rule, "ports")):
                    protocol: Protocol = "UDP" if text(entry, "protocol") == "UDP" else "TCP"
                    for name in ("port", "endPort"):
                        if (value := number(entry, name)) is not None:
                            yield value, protocol


def _types(policy: Document) -> list[str]:
    given = texts(policy, "spec", "policyTypes")
    return given or ["Ingress", *(["Egress"] if mapping(policy, "spec").get("egress") else [])]


def selects_pod(policy: Document, endpoint: Endpoint) -> bool:
    """Return whether a policy is about an endpoint."""
    if not endpoint.namespace or endpoint.namespace != namespace_of(policy):
        return False
    return selects(mapping(policy, "spec", "podSelector"), endpoint.labels)


def matches(entry: Document, namespace: str, peer: Endpoint) -> bool:
    """Return whether a peer entry of a policy names an endpoint. Blocks of addresses name what lies outside of the cluster."""
    block = mapping(entry, "ipBlock")
    if block:
        return bool(peer.ip) and in_block(peer.ip, block)
    if not peer.namespace:
        return False
    if "namespaceSelector" in entry:
        if not selects(mapping(entry, "namespaceSelector"), peer.namespace_labels):
            return False
    elif peer.namespace != namespace:
        return False
    return selects(mapping(entry, "podSelector"), peer.labels)


def in_block(address: str, block: Document) -> bool:
    """Return whether an address lies in a policy's ``ipBlock``, outside of its exceptions."""
    return _within(address, text(block, "cidr")) and not any(_within(address, it) for it in texts(block, "except"))


def _within(address: str, block: str) -> bool:
    network = network_of(block)
    found = _address(address)
    return network is not None and found.version == network.version and found in network


@cache
def _address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(address)
