"""The declared flows (``flows.yaml``) and their comparison with what the policies of an overlay allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from deploy.checks.network.policies import UNNAMED, Endpoint, Network, Port, Protocol
from deploy.checks.network.strimzi import made_policies
from deploy.checks.objects import Document, Finding, Objects, items, mapping, name_of, namespace_of, number, text, where
from deploy.checks.pods import Workload, workloads

DECLARED = Path(__file__).parents[1] / "flows.yaml"
OWN = "own"
EVERY_POD, EVERY_PEER = "every-pod", "every-peer"

PortText = Annotated[str, Field(pattern=r"^\d+(/UDP)?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class OperatorPod(_Strict):
    """A pod that an operator makes from a custom resource ``of`` some kind; ``{name}`` is the resource's name."""

    name: str
    of: str
    labels: dict[str, str]
    ports: dict[str, PortText]


class Peer(_Strict):
    """Somebody outside of the overlay: a pod of another namespace (``own``: a stray pod in ours), or an address."""

    name: str
    namespace: str = ""
    labels: dict[str, str] = {}
    ip: str = ""
    ports: dict[str, PortText] = {}


class Flow(_Strict):
    """A flow that must be open where both ends exist, with one of the objects ``with`` (kind, or kind/name).

    ``only`` and ``unless`` name overlays.
    """

    from_: Annotated[tuple[str, ...], Field(alias="from")]
    to: tuple[str, ...]
    ports: tuple[PortText, ...]
    with_: Annotated[tuple[str, ...], Field(alias="with")] = ()
    only: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    why: str


class Declared(_Strict):
    """The whole file. All that is not declared must be closed."""

    groups: dict[str, tuple[str, ...]]
    pods: tuple[OperatorPod, ...]
    peers: tuple[Peer, ...]
    flows: tuple[Flow, ...]

    def names(self, given: Iterable[str]) -> set[str]:
        """Return endpoint names with groups resolved, groups of groups too."""
        found: set[str] = set()
        for name in given:
            found |= self.names(self.groups[name]) if name in self.groups else {name}
        return found


@dataclass(frozen=True, slots=True)
class Model:
    """An overlay as a network."""

    network: Network
    own: frozenset[str]
    """Endpoints that the overlay's policies are about: its pods and those that operators make in its namespaces."""


@lru_cache(maxsize=1)
def declared(path: Path = DECLARED) -> Declared:
    """Return the declared flows. Raises pydantic's ValidationError for a malformed file."""
    return Declared.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def check_network(objects: Objects) -> Iterator[Finding]:
    """Compare: ``network-extra``, ``network-missing``, and ``network-port`` for named ports that nothing has."""
    if not objects.of("NetworkPolicy"):
        yield Finding("network-extra", objects.overlay, "there is no NetworkPolicy at all: everything reaches everything")
        return
    file = declared()
    model = model_of(objects, file)
    expected = expected_flows(objects, file, model)
    for policy, port in model.network.unresolved():
        yield Finding("network-port", where(policy), f"no pod that the policy selects has a port named '{port}'")
    for (sender, receiver), found in reachable(model).items():
        wanted = expected.pop((sender, receiver), set())
        if extra := found - wanted:
            yield Finding(
                "network-extra", f"{sender} -> {receiver}", f"{_named(extra)} is open, but declared in no flow of flows.yaml"
            )
        if missing := wanted - found:
            yield Finding("network-missing", f"{sender} -> {receiver}", f"{_named(missing)} is declared, but closed")


def check_declared_names(overlays: Iterable[Objects]) -> Iterator[Finding]:
    """Report names in the file that stand for nothing in any overlay, and flows that count nowhere: ``network-unknown``."""
    file = declared()
    everywhere = list(overlays)
    known = {EVERY_POD, EVERY_PEER, *(it.name for it in file.peers), *(it.name for it in file.pods)}
    known |= {pod.name for objects in everywhere for pod in workloads(objects)}
    for flow in file.flows:
        for name in sorted(file.names((*flow.from_, *flow.to)) - known):
            yield Finding("network-unknown", "flows.yaml", f"nothing is called '{name}'")
        if not any(_counts(objects, flow) for objects in everywhere):
            yield Finding(
                "network-unknown",
                "flows.yaml",
                f"the flow from {', '.join(flow.from_)} to {', '.join(flow.to)} counts in no overlay",
            )


def model_of(objects: Objects, file: Declared) -> Model:
    """Return the endpoints and policies of an overlay, with what operators add."""
    pods = list(workloads(objects))
    namespaces = {namespace: _namespace_labels(objects, namespace) for namespace in {pod.namespace for pod in pods}}
    homes = Counter(namespace_of(policy) for policy in objects.of("NetworkPolicy"))
    home = homes.most_common(1)[0][0]
    own = [_endpoint(pod, namespaces[pod.namespace]) for pod in pods]
    for made in file.pods:
        for resource in objects.of(made.of):
            labels = {key: value.replace("{name}", name_of(resource)) for key, value in made.labels.items()}
            ports = {name: _port(port) for name, port in made.ports.items()}
            own.append(
                Endpoint(made.name, namespace_of(resource), labels, _namespace_labels(objects, namespace_of(resource)), "", ports)
            )
    peers = []
    for peer in file.peers:
        if peer.namespace == home:  # what stands for another namespace does not stand for ours
            continue
        namespace = home if peer.namespace == OWN else peer.namespace
        labels = _namespace_labels(objects, namespace)
        peers.append(
            Endpoint(peer.name, namespace, peer.labels, labels, peer.ip, {name: _port(it) for name, it in peer.ports.items()})
        )
    policies = [*objects.of("NetworkPolicy"), *made_policies(objects)]
    return Model(
        Network([*own, *peers], policies),
        frozenset(it.name for it in own) | {it.name for it in file.peers if it.namespace == OWN},
    )


def reachable(model: Model) -> dict[tuple[str, str], set[Port]]:
    """Return the open ports of every pair that has a side of ours (also the closed pairs, with no ports)."""
    return {
        (sender.name, receiver.name): model.network.flows(sender, receiver)
        for sender in model.network.endpoints
        for receiver in model.network.endpoints
        if sender.name in model.own or receiver.name in model.own
    }


def expected_flows(objects: Objects, file: Declared, model: Model) -> dict[tuple[str, str], set[Port]]:
    """Return the declared ports of every pair in this overlay."""
    present = {it.name for it in model.network.endpoints}
    expected: dict[tuple[str, str], set[Port]] = {}
    for flow in file.flows:
        if not _counts(objects, flow):
            continue
        for sender in _resolved(file, flow.from_, model) & present:
            for receiver in _resolved(file, flow.to, model) & present:
                expected.setdefault((sender, receiver), set()).update(_port(port) for port in flow.ports)
    return expected


def _counts(objects: Objects, flow: Flow) -> bool:
    if objects.overlay in flow.unless or (flow.only and objects.overlay not in flow.only):
        return False
    return not flow.with_ or any(_has(objects, it) for it in flow.with_)


def _has(objects: Objects, wanted: str) -> bool:
    kind, _, name = wanted.partition("/")
    return any(not name or name_of(document) == name for document in objects.of(kind))


def _resolved(file: Declared, given: Iterable[str], model: Model) -> set[str]:
    names = file.names(given)
    if EVERY_POD in names:
        names |= model.own
    if EVERY_PEER in names:
        names |= {it.name for it in model.network.endpoints} - model.own
    return names


def _endpoint(pod: Workload, namespace_labels: dict[str, str]) -> Endpoint:
    ports: dict[str, Port] = {}
    for port in (port for container in pod.all_containers for port in items(container, "ports")):
        protocol: Protocol = "UDP" if text(port, "protocol") == "UDP" else "TCP"
        value = number(port, "containerPort") or 0
        ports[text(port, "name") or f"port-{value}"] = (value, protocol)
    return Endpoint(pod.name, pod.namespace, pod.labels, namespace_labels, "", ports)


def _namespace_labels(objects: Objects, namespace: str) -> dict[str, str]:
    document: Document = objects.find("Namespace", "", namespace) or {}
    return {key: str(value) for key, value in mapping(document, "metadata", "labels").items()} | {
        "kubernetes.io/metadata.name": namespace
    }


def _port(given: str) -> Port:
    value, _, protocol = given.partition("/")
    return int(value), "UDP" if protocol == "UDP" else "TCP"


def _named(ports: set[Port]) -> str:
    if ports & set(UNNAMED):
        return "every port"
    return ", ".join(f"{number}/{protocol}" for number, protocol in sorted(ports))
