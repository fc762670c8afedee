"""Autoscalers: each has one target, fits the partitions, looks at the right lags and sees no password."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.environment import plain_values
from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, name_of, namespace_of, number, text, where
from deploy.checks.generic.pods import workloads
from deploy.checks.product.processes import ArgumentsError, ContainerProcess, is_ours, process_of, read_topics
from shared.principals import SCALED
from shared.topics import TOPICS, read_by

SERVERS = "KAFKA_BOOTSTRAP_SERVERS"


def check_scalers(objects: Objects) -> Iterator[Finding]:
    """Check what scales, how far, by which lag, and what it reads: codes begin with ``scale-``."""
    taken: dict[tuple[str, str, str], Document] = {}
    for scaler in objects.of("ScaledObject", "HorizontalPodAutoscaler"):
        kind = text(scaler, "spec", "scaleTargetRef", "kind") or "Deployment"
        key = (kind, namespace_of(scaler), text(scaler, "spec", "scaleTargetRef", "name"))
        target = objects.find(*key)
        if target is None:
            yield Finding("scale-target", where(scaler), f"there is no {kind} '{key[2]}'")
            continue
        if key in taken:
            yield Finding("scale-twice", where(scaler), f"{where(taken[key])} scales the same {kind}")
        taken[key] = scaler
        if "replicas" in mapping(target, "spec"):
            yield Finding(
                "scale-replicas", where(target), f"has replicas although {where(scaler)} scales it: every sync would undo it"
            )
        yield from _bounds(scaler)
        if scaler["kind"] == "ScaledObject":
            yield from _lag(objects, scaler, target)
            yield from _environment(scaler, target)
            yield from _needless(scaler)
    for deployment in objects.of("Deployment"):
        if ("Deployment", namespace_of(deployment), name_of(deployment)) not in taken and "replicas" not in mapping(
            deployment, "spec"
        ):
            yield Finding("scale-replicas", where(deployment), "has neither replicas nor a scaler")


def _bounds(scaler: Document) -> Iterator[Finding]:
    least = number(scaler, "spec", "minReplicaCount" if scaler["kind"] == "ScaledObject" else "minReplicas")
    if (least or 0) < 1:
        yield Finding("scale-minimum", where(scaler), "must keep a replica: an idle order still has deadlines")


def _lag(objects: Objects, scaler: Document, target: Document) -> Iterator[Finding]:
    process = _process(objects, target)
    if process is None:
        return
    partitions = max((topic.partitions for topic in TOPICS if topic.name in read_topics(process)), default=0)
    most = number(scaler, "spec", "maxReplicaCount") or 100
    if most > partitions:
        yield Finding(
            "scale-partitions",
            where(scaler),
            f"maxReplicaCount is {most}, but there are {partitions} partitions: the rest would idle",
        )
    consumed = {(group, topic.name) for group in process.groups for topic in read_by(group)}
    given = set()
    for trigger in items(scaler, "spec", "triggers"):
        if text(trigger, "type") not in ("kafka", "apache-kafka"):
            continue
        pair = (text(trigger, "metadata", "consumerGroup"), text(trigger, "metadata", "topic"))
        given.add(pair)
        if pair not in consumed:
            yield Finding("scale-trigger", where(scaler), f"'{name_of(target)}' does not read {pair[1]} as {pair[0]}")
        if text(trigger, "metadata", "offsetResetPolicy") != "earliest":
            yield Finding("scale-trigger", where(scaler), "offsetResetPolicy must be earliest, as the consumers have it")
        yield from _address(objects, scaler, target, trigger)
    for group, topic in sorted((group, topic) for group, topic in consumed - given if group in SCALED):
        yield Finding("scale-trigger", where(scaler), f"no trigger looks at the lag of {group} on {topic}")


def _address(objects: Objects, scaler: Document, target: Document, trigger: Document) -> Iterator[Finding]:
    """KEDA looks where the processes do; it asks from its own namespace, where a bare Service name means nothing."""
    address = text(trigger, "metadata", "bootstrapServers")
    if not address:
        yield Finding("scale-address", where(scaler), "must name bootstrapServers itself, not by a variable of the container")
        return
    containers = items(target, "spec", "template", "spec", "containers")
    settings = [plain_values(objects, namespace_of(target), container) for container in containers]
    used = {given[SERVERS] for given in settings if SERVERS in given}
    if used and address not in used:
        message = f"bootstrapServers is '{address}', but '{name_of(target)}' uses {', '.join(sorted(used))}"
        yield Finding("scale-address", where(scaler), f"{message}: repeat the replacements of components/keda in the overlay")
    for server in address.split(","):
        if "." not in server.partition(":")[0]:
            message = f"'{server}' must carry its namespace: KEDA resolves it from another one"
            yield Finding("scale-address", where(scaler), message)


def _environment(scaler: Document, target: Document) -> Iterator[Finding]:
    """KEDA resolves all variables of one container, asked or not (2.20, ``ResolveContainerEnv``): no secret may be there."""
    containers = items(target, "spec", "template", "spec", "containers")
    named = text(scaler, "spec", "scaleTargetRef", "envSourceContainerName")
    for container in [it for it in containers if text(it, "name") == named] if named else containers[:1]:
        secrets = [text(it, "name") for it in items(container, "env") if mapping(it, "valueFrom", "secretKeyRef")]
        secrets += [text(it, "secretRef", "name") for it in items(container, "envFrom") if mapping(it, "secretRef")]
        if secrets:
            message = f"KEDA would read {', '.join(secrets)} of '{name_of(target)}', and not scale while the secret is missing"
            yield Finding("scale-secret", where(scaler), f"{message}: mount it as a file")


def _needless(scaler: Document) -> Iterator[Finding]:
    """KEDA's admission warns of what never counts; with warnings as errors, nothing is applied."""
    spec = mapping(scaler, "spec")
    if (number(spec, "minReplicaCount") or 0) > 0 and number(spec, "idleReplicaCount") != 0:
        cached = any(trigger.get("useCachedMetrics") for trigger in items(spec, "triggers"))
        for name in ("cooldownPeriod", *(() if cached else ("pollingInterval",))):
            if name in spec:
                message = f"{name} never counts with a minReplicaCount above 0, and KEDA's admission warns of it: remove it"
                yield Finding("scale-needless", where(scaler), message)


def _process(objects: Objects, target: Document) -> ContainerProcess | None:
    for workload in workloads(objects):
        if workload.document is target:
            for container in workload.containers:
                if is_ours(container):
                    try:
                        return process_of(container)
                    except ArgumentsError:
                        return None
    return None
