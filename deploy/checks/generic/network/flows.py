"""Declared flows and their comparison with what the policies of an overlay allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deploy.checks.generic.network.declared import EVERY_PEER, EVERY_POD, OWN, Declared, Flow, port_of
from deploy.checks.generic.network.places import is_open, outside
from deploy.checks.generic.network.policies import UNNAMED, Endpoint, Network, Port, Protocol, selects_pod
from deploy.checks.generic.network.strimzi import made_policies
from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, name_of, namespace_of, number, text, where
from deploy.checks.generic.pods import Workload, workloads


@dataclass(frozen=True, slots=True)
class Model:
    """An overlay as a network."""

    network: Network
    own: frozenset[str]
    """Endpoints that the overlay's policies are about: its pods and those that operators make in its namespaces."""
    outside: dict[str, frozenset[str]]
    """Endpoints that the file's names of others stand for."""


def compare(model: Model, expected: dict[tuple[str, str], set[Port]]) -> Iterator[Finding]:
    """Compare what is open with what is declared: ``network-extra``, ``network-missing``."""
    for (sender, receiver), found in reachable(model).items():
        due = expected.get((sender, receiver), set())
        if extra := found - due:
            yield Finding(
                "network-extra", f"{sender} -> {receiver}", f"{_named(extra)} is open, but declared in no flow of flows.yaml"
            )
        if missing := due - found:
            yield Finding("network-missing", f"{sender} -> {receiver}", f"{_named(missing)} is declared, but closed")


def without_effect(objects: Objects, model: Model) -> Iterator[Finding]:
    """Report policies that select no pod of their namespace, ``network-idle``, and ports that nothing has, ``network-port``.

    Nobody else complains: such a policy lies in another namespace than what it is about, or is misspelt.
    """
    pods = [it for it in model.network.endpoints if it.name in model.own]
    for policy in objects.of("NetworkPolicy"):
        if not any(selects_pod(policy, it) for it in pods):
            message = "selects no pod of its namespace: bring it on the side of the pods that it is about"
            yield Finding("network-idle", where(policy), message)
    for policy, port in model.network.unresolved():
        yield Finding("network-port", where(policy), f"no pod that the policy selects has a port named '{port}'")


def unknown_names(overlays: Iterable[Objects], file: Declared) -> Iterator[Finding]:
    """Report names in the file that stand for nothing in any overlay, and flows that count nowhere: ``network-unknown``."""
    everywhere = list(overlays)
    known = {EVERY_POD, EVERY_PEER, *(it.name for it in file.peers), *(it.name for it in file.pods)}
    known |= {pod.name for objects in everywhere for pod in workloads(objects)}
    for flow in file.flows:
        for name in sorted(file.names((*flow.from_, *flow.to)) - known):
            yield Finding("network-unknown", "flows.yaml", f"nothing is called '{name}'")
        if not any(_counts(objects, file, flow) for objects in everywhere):
            ends = f"from {', '.join(flow.from_)} to {', '.join(flow.to)}"
            yield Finding("network-unknown", "flows.yaml", f"the flow {ends} counts in no overlay")


def model_of(objects: Objects, file: Declared) -> Model:
    """Return the endpoints and policies of an overlay, with what operators add."""
    pods = list(workloads(objects))
    namespaces = {namespace: _namespace_labels(objects, namespace) for namespace in {pod.namespace for pod in pods}}
    homes = Counter(namespace_of(policy) for policy in objects.of("NetworkPolicy"))
    home = homes.most_common(1)[0][0]
    own = [_endpoint(pod, namespaces[pod.namespace]) for pod in pods]
    for made in file.pods:
        for resource in (it for it in objects.of(made.of) if not made.part or made.part in mapping(it, "spec")):
            labels = {key: value.replace("{name}", name_of(resource)) for key, value in made.labels.items()}
            ports = {name: port_of(port) for name, port in made.ports.items()}
            own.append(
                Endpoint(made.name, namespace_of(resource), labels, _namespace_labels(objects, namespace_of(resource)), "", ports)
            )
    policies = [*objects.of("NetworkPolicy"), *made_policies(objects)]
    others = outside(objects, file.peers, policies, home)
    return Model(
        Network([*own, *others.endpoints], policies),
        frozenset(it.name for it in own) | {it.name for it in file.peers if it.namespace == OWN},
        others.names,
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
        if not _counts(objects, file, flow):
            continue
        ports = named_ports(objects, flow.ports_at) if flow.ports_at else {port_of(port) for port in flow.ports}
        for sender in _resolved(file, flow.from_, model) & present:
            for receiver in _resolved(file, flow.to, model) & present:
                expected.setdefault((sender, receiver), set()).update(ports)
    return expected


def named_ports(objects: Objects, policy: str) -> set[Port]:
    """Return the single ports that the first rule out of a policy names; a range is nobody's port."""
    return {
        (value, "UDP" if text(port, "protocol") == "UDP" else "TCP")
        for document in objects.of("NetworkPolicy")
        if name_of(document) == policy
        for rule in items(document, "spec", "egress")[:1]
        for port in items(rule, "ports")
        if (value := number(port, "port")) is not None and "endPort" not in port
    }


def _counts(objects: Objects, file: Declared, flow: Flow) -> bool:
    if any(_has(objects, it) for it in flow.without) or (flow.open and not is_open(objects, flow.open, file.everywhere)):
        return False
    return not flow.with_ or any(_has(objects, it) for it in flow.with_)


def _has(objects: Objects, named: str) -> bool:
    kind, _, name = named.partition("/")
    return any(not name or name_of(document) == name for document in objects.of(kind))


def _resolved(file: Declared, given: Iterable[str], model: Model) -> set[str]:
    named = file.names(given)
    names = named.union(*(model.outside.get(name, ()) for name in named))
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


def _named(ports: set[Port]) -> str:
    if ports & set(UNNAMED):
        return "every port"
    return ", ".join(f"{number}/{protocol}" for number, protocol in sorted(ports))
