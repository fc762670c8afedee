"""Evaluates NetworkPolicies (networking.k8s.io/v1): a flow needs the sender's egress and the receiver's ingress."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from deploy.checks.generic.objects import Document, items, mapping, namespace_of, number, text, texts
from deploy.checks.generic.pods import selects
from deploy.checks.generic.values.addresses import network_of

Protocol = Literal["TCP", "UDP"]
Port = tuple[int, Protocol]

UNNAMED: tuple[Port, ...] = ((61999, "TCP"), (61999, "UDP"))
"""Ports that no policy names: whoever reaches them reaches every port."""


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
class _Side:
    """The policies of one direction that select an endpoint: their rules, and whether there is any policy at all."""

    isolated: bool
    rules: tuple[tuple[str, Document], ...]
    """Namespace of the policy, rule."""


class Network:
    """Endpoints under policies."""

    def __init__(self, endpoints: Iterable[Endpoint], policies: Iterable[Document]) -> None:
        self.endpoints = tuple(endpoints)
        self.policies = tuple(policies)
        self._by_namespace: dict[str, list[Document]] = {}
        for policy in self.policies:
            self._by_namespace.setdefault(namespace_of(policy), []).append(policy)
        self._universe = sorted({*UNNAMED, *self._policy_ports(), *(port for it in self.endpoints for port in it.ports.values())})
        self._egress = {it.name: self._side(it, "Egress", "egress") for it in self.endpoints}
        self._ingress = {it.name: self._side(it, "Ingress", "ingress") for it in self.endpoints}

    def flows(self, sender: Endpoint, receiver: Endpoint) -> set[Port]:
        """Return the ports on which the sender reaches the receiver, out of those that anybody names and ``UNNAMED``."""
        leaving = self._allowed(self._egress[sender.name], "to", peer=receiver, receiver=receiver)
        return (
            leaving & self._allowed(self._ingress[receiver.name], "from", peer=sender, receiver=receiver) if leaving else leaving
        )

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
        return _Side(bool(mine), tuple((namespace_of(policy), rule) for policy in mine for rule in items(policy, "spec", part)))

    def _allowed(self, side: _Side, direction: str, *, peer: Endpoint, receiver: Endpoint) -> set[Port]:
        if not side.isolated:
            return set(self._universe)
        allowed: set[Port] = set()
        for namespace, rule in side.rules:
            peers = items(rule, direction)
            if not peers or any(matches(entry, namespace, peer) for entry in peers):
                allowed |= self._ports(items(rule, "ports"), receiver)
        return allowed

    def _ports(self, entries: Sequence[Document], receiver: Endpoint) -> set[Port]:
        if not entries:
            return set(self._universe)
        found: set[Port] = set()
        for entry in entries:
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
            for part in ("ingress", "egress"):
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
    found = ipaddress.ip_address(address)
    return network is not None and found.version == network.version and found in network
