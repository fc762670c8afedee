"""Policies stand on the side of the pods that they are about, and lean on none that an operator makes."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.network.declared import declared
from deploy.checks.network.flows import Model, model_of
from deploy.checks.network.policies import Network, selects_pod
from deploy.checks.objects import Finding, Objects, items, namespace_of, number, where


def check_sides(objects: Objects) -> Iterator[Finding]:
    """Check every policy of an overlay: ``network-idle`` where it selects no pod, ``network-listener`` for brokers' clients."""
    if objects.of("NetworkPolicy"):
        model = model_of(objects, declared())
        yield from _idle(objects, model)
        yield from _listeners(objects, model)


def _idle(objects: Objects, model: Model) -> Iterator[Finding]:
    """Nobody else complains: the policy lies in another namespace than what it is about."""
    pods = [it for it in model.network.endpoints if it.name in model.own]
    for policy in objects.of("NetworkPolicy"):
        if not any(selects_pod(policy, it) for it in pods):
            message = "selects no pod of its namespace: bring it on the side of the pods that it is about"
            yield Finding("network-idle", where(policy), message)


def _listeners(objects: Objects, model: Model) -> Iterator[Finding]:
    """Strimzi makes a policy from a listener's peers, unless it is told to make none: ours must let the same in."""
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
