"""Services, monitors and budgets: everything that points at something points at what is there."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import Finding, Objects, items, mapping, name_of, namespace_of, text, where
from deploy.checks.generic.pods import Workload, selects, workloads


def check_exposure(objects: Objects) -> Iterator[Finding]:
    """Check Services, monitors and disruption budgets."""
    pods = list(workloads(objects))
    yield from _services(objects, pods)
    yield from _monitors(objects, pods)
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


def _disruption_targets(objects: Objects, pods: list[Workload]) -> Iterator[Finding]:
    for budget in objects.of("PodDisruptionBudget"):
        if not any(
            pod.namespace == namespace_of(budget) and selects(mapping(budget, "spec", "selector"), pod.labels) for pod in pods
        ):
            yield Finding("budget", where(budget), "selects no pod")
