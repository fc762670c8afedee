"""Who reaches whom: policies open what ``flows.yaml`` declares, and lean on none that an operator makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from deploy.checks.generic.network.declared import declared
from deploy.checks.generic.network.flows import (
    Model,
    compare,
    expected_flows,
    model_of,
    named_ports,
    unknown_names,
    without_effect,
)
from deploy.checks.generic.network.places import NAMESPACE
from deploy.checks.generic.network.policies import Network
from deploy.checks.generic.objects import Finding, Objects, items, mapping, name_of, namespace_of, number, text, where
from deploy.checks.product.scalers import SERVERS

FLOWS = Path(__file__).parent / "flows.yaml"
BROKERS = "brokers"
"""The policy of those who talk to brokers that the overlay does not bring."""
SERVED: Mapping[str, str] = {
    "AUTH_ISSUER": "identity-provider",
    "AUTH_JWKS_URL": "identity-provider",
    "NOTIFY_SMTP_PORT": "mail-server",
}
"""Settings that name the port of a server outside, by itself or in an address, and the policy that leads there."""
_SCHEMES = {"https": 443}


def check_network(objects: Objects) -> Iterator[Finding]:
    """Check all policies of an overlay together; codes begin with ``network-``."""
    if not objects.of("NetworkPolicy"):
        yield Finding("network-extra", objects.overlay, "there is no NetworkPolicy at all: everything reaches everything")
        return
    file = declared(FLOWS)
    model = model_of(objects, file)
    yield from compare(model, expected_flows(objects, file, model))
    yield from without_effect(objects, model)
    yield from _listeners(objects, model)
    yield from _brokers(objects)
    yield from _servers(objects)


def check_declared_names(overlays: Iterable[Objects]) -> Iterator[Finding]:
    """Check ``flows.yaml`` itself against all overlays: ``network-unknown``."""
    yield from unknown_names(overlays, declared(FLOWS))


def _listeners(objects: Objects, model: Model) -> Iterator[Finding]:
    """Strimzi makes a policy from a listener's peers, unless it is configured to make none: ours must let the same in."""
    ours = Network(model.network.endpoints, objects.of("NetworkPolicy"))
    for kafka in objects.of("Kafka"):
        listeners = items(kafka, "spec", "kafka", "listeners")
        ports = {(number(it, "port") or 0, "TCP") for it in listeners if items(it, "networkPolicyPeers")}
        brokers = [it for it in ours.endpoints if it.namespace == namespace_of(kafka) and it.name.startswith("kafka-broker")]
        for broker in brokers:
            for sender in ours.endpoints:
                if missing := (model.network.flows(sender, broker) - ours.flows(sender, broker)) & ports:
                    named = ", ".join(str(it[0]) for it in sorted(missing))
                    message = (
                        f"{sender.name} comes in on {named} only by the policy that Strimzi makes: add one of ours beside it"
                    )
                    yield Finding("network-listener", where(kafka), message)


def _brokers(objects: Objects) -> Iterator[Finding]:
    """The address of brokers elsewhere and the way there stand in two places: ``network-brokers`` where they differ."""
    policies = [it for it in objects.of("NetworkPolicy") if name_of(it) == BROKERS]
    peers = [peer for it in policies for rule in items(it, "spec", "egress")[:1] for peer in items(rule, "to")]
    selected = [mapping(it, "namespaceSelector", "matchLabels") for it in peers if "namespaceSelector" in it]
    ports = {str(port) for port, _ in named_ports(objects, BROKERS)}
    for settings in objects.of("ConfigMap"):
        for server in filter(None, text(settings, "data", SERVERS).split(",")):
            host, _, port = server.rpartition(":")
            namespace = _namespace(host, namespace_of(settings))
            if not policies and namespace == namespace_of(settings):
                continue  # those of the processes lead there
            if namespace:
                led = any(it.get(NAMESPACE, namespace) == namespace for it in selected)
            else:
                led = any("ipBlock" in it for it in peers)
            if not led or port not in ports:
                message = (
                    f"{SERVERS} names {server}, but no policy '{BROKERS}' leads there on that port: kafka-external, kafka-outside"
                )
                yield Finding("network-brokers", where(settings), message)


def _servers(objects: Objects) -> Iterator[Finding]:
    """The port of a server and the way to it stand in two places: ``network-server`` where they differ."""
    for settings in objects.of("ConfigMap"):
        for variable, policy in SERVED.items():
            value = text(settings, "data", variable)
            port, ways = _port(value), {number for number, _ in named_ports(objects, policy)}
            if port is not None and port not in ways:
                message = f"{variable} is {value!r}, but no policy '{policy}' leads to port {port}"
                yield Finding("network-server", where(settings), message)


def _port(value: str) -> int | None:
    """Return the port of an https address or a number, None for what is neither: other checks report that."""
    try:
        return int(value) if value.isdecimal() else urlsplit(value).port or _SCHEMES.get(urlsplit(value).scheme)
    except ValueError:
        return None


def _namespace(host: str, own: str) -> str:
    """Return the namespace of a Service's name, empty for a host outside of the cluster."""
    rest = host.split(".")[1:]
    if not rest:
        return own
    return rest[0] if rest[1:] in (["svc"], ["svc", "cluster", "local"]) else ""
