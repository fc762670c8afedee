"""Services, monitors and scalers: everything that points at something points at what is there."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.environment import plain_values
from deploy.checks.objects import Document, Finding, Objects, items, mapping, name_of, namespace_of, number, text, where
from deploy.checks.pods import Workload, selects, workloads
from deploy.checks.processes import ArgumentsError, Process, is_ours, process_of, read_topics
from shared.topics import TOPICS


def check_exposure(objects: Objects) -> Iterator[Finding]:
    """Check Services, monitors and autoscalers."""
    pods = list(workloads(objects))
    yield from _services(objects, pods)
    yield from _monitors(objects, pods)
    yield from _scalers(objects)
    yield from _disruption_targets(objects, pods)


def _services(objects: Objects, pods: list[Workload]) -> Iterator[Finding]:
    for service in objects.of("Service"):
        selector = mapping(service, "spec", "selector")
        if text(service, "spec", "type") in ("NodePort", "LoadBalancer") or mapping(service, "spec").get("externalIPs"):
            yield Finding(
                "service-type", where(service), "must be reachable within the cluster only; an Ingress or HTTPRoute exposes it"
            )
        chosen = [
            pod
            for pod in pods
            if pod.namespace == namespace_of(service) and selector and selects({"matchLabels": selector}, pod.labels)
        ]
        if selector and not chosen:
            yield Finding("service-selector", where(service), "selects no pod")
        serving = [pod for pod in chosen if pod.serves]
        if len(serving) > 1:
            yield Finding(
                "service-selector", where(service), f"selects pods of several workloads: {', '.join(pod.name for pod in serving)}"
            )
        for port in items(service, "spec", "ports"):
            target = port.get("targetPort", port.get("port"))
            if any(isinstance(target, str | int) and pod.port(target) is None for pod in chosen):
                yield Finding("service-port", where(service), f"targetPort {target!r} is no port of its pods")


def _monitors(objects: Objects, pods: list[Workload]) -> Iterator[Finding]:
    for monitor in objects.of("ServiceMonitor"):
        chosen = [
            service
            for service in objects.of("Service")
            if namespace_of(service) == namespace_of(monitor)
            and selects(
                mapping(monitor, "spec", "selector"), {k: str(v) for k, v in mapping(service, "metadata", "labels").items()}
            )
        ]
        if not chosen:
            yield Finding("monitor", where(monitor), "selects no Service")
        for endpoint in items(monitor, "spec", "endpoints"):
            for service in chosen:
                if text(endpoint, "port") not in {text(port, "name") for port in items(service, "spec", "ports")}:
                    yield Finding(
                        "monitor", where(monitor), f"the Service '{name_of(service)}' has no port '{text(endpoint, 'port')}'"
                    )
        ours = {pod.name for pod in pods if pod.kind == "Deployment"}
        for name in sorted(ours - {name_of(service) for service in chosen}):
            yield Finding("monitor", where(monitor), f"misses the metrics of '{name}'")


def _scalers(objects: Objects) -> Iterator[Finding]:
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
    wanted = {(group, topic.name) for topic in TOPICS for group in process.groups & set(topic.consumers)}
    given = set()
    for trigger in items(scaler, "spec", "triggers"):
        if text(trigger, "type") not in ("kafka", "apache-kafka"):
            continue
        pair = (text(trigger, "metadata", "consumerGroup"), text(trigger, "metadata", "topic"))
        given.add(pair)
        if pair not in wanted:
            yield Finding("scale-trigger", where(scaler), f"'{name_of(target)}' does not read {pair[1]} as {pair[0]}")
        if text(trigger, "metadata", "offsetResetPolicy") != "earliest":
            yield Finding("scale-trigger", where(scaler), "offsetResetPolicy must be earliest, as the consumers have it")
        yield from _address(objects, scaler, target, trigger)
    for group, topic in sorted(wanted - given):
        yield Finding("scale-trigger", where(scaler), f"no trigger looks at the lag of {group} on {topic}")


def _address(objects: Objects, scaler: Document, target: Document, trigger: Document) -> Iterator[Finding]:
    """KEDA asks from its own namespace, where a bare Service name means nothing."""
    variable = text(trigger, "metadata", "bootstrapServersFromEnv")
    address = text(trigger, "metadata", "bootstrapServers")
    if variable:
        containers = items(target, "spec", "template", "spec", "containers")
        address = next(
            (it[variable] for it in (plain_values(objects, namespace_of(target), each) for each in containers) if variable in it),
            "",
        )
        if not address:
            yield Finding("scale-address", where(scaler), f"the container has no variable {variable}")
            return
    for server in address.split(","):
        if "." not in server.partition(":")[0]:
            yield Finding(
                "scale-address", where(scaler), f"'{server}' must carry its namespace: KEDA resolves it from another one"
            )


def _process(objects: Objects, target: Document) -> Process | None:
    for workload in workloads(objects):
        if workload.document is target:
            for container in workload.containers:
                if is_ours(container):
                    try:
                        return process_of(container)
                    except ArgumentsError:
                        return None
    return None


def _disruption_targets(objects: Objects, pods: list[Workload]) -> Iterator[Finding]:
    for budget in objects.of("PodDisruptionBudget"):
        if not any(
            pod.namespace == namespace_of(budget) and selects(mapping(budget, "spec", "selector"), pod.labels) for pod in pods
        ):
            yield Finding("budget", where(budget), "selects no pod")
