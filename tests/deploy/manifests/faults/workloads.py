"""Faults of accounts, selectors, ports, probes, disruption, drain, sizes, Services and scaling."""

from __future__ import annotations

from tests.deploy.manifests.faults import container, drop, get, in_, pod, put, without
from tests.deploy.manifests.planting import Documents, Mutation


def _twice(documents: Documents) -> None:
    documents.append(get(documents, "Service", "catalog-api"))


def _settings_of_the_processes(documents: Documents) -> None:
    name = get(documents, "ConfigMap", "platform")["metadata"]["name"]
    container("catalog-migrate", lambda it: it["envFrom"].append({"configMapRef": {"name": name}}), "Job")(documents)


def _mounted_settings(documents: Documents) -> None:
    name = get(documents, "ConfigMap", "catalog")["metadata"]["name"]
    pod(
        "catalog-migrate", lambda it: it["volumes"][0].update({"projected": {"sources": [{"configMap": {"name": name}}]}}), "Job"
    )(documents)


FAULTS = (
    Mutation("default account", pod("catalog-api", drop("serviceAccountName")), "account-missing"),
    Mutation("account forgotten", without("ServiceAccount", "catalog-api"), "account-missing"),
    Mutation(
        "account of another process", pod("catalog-api", put("serviceAccountName", value="catalog-worker")), "account-shared"
    ),
    Mutation(
        "selector beside its pods",
        in_("Deployment", "catalog-api", put("spec", "selector", "matchLabels", "app.kubernetes.io/name", value="catalog")),
        "selector",
    ),
    Mutation("no memory limit", container("catalog-api", drop("resources", "limits", "memory")), "size-limit"),
    Mutation("no cpu request", container("catalog-api", drop("resources", "requests", "cpu")), "size-request"),
    Mutation(
        "asks for more than its limit",
        container("catalog-api", put("resources", "requests", "memory", value="4Gi")),
        "size-limit",
    ),
    Mutation("quantity that is none", container("catalog-api", put("resources", "limits", "memory", value="512MiB")), "quantity"),
    Mutation(
        "quota that is none", in_("ResourceQuota", "marktplatz", put("spec", "hard", "limits.memory", value="96 Gi")), "quantity"
    ),
    Mutation(
        "quota below a roll-out at full scale",
        in_("ResourceQuota", "marktplatz", put("spec", "hard", "pods", value="90")),
        "size-quota",
    ),
    Mutation(
        "quota without the brokers' memory",
        in_("ResourceQuota", "marktplatz", put("spec", "hard", "requests.memory", value="24Gi")),
        "size-quota",
    ),
    Mutation(
        "quota without the brokers' volumes",
        in_("ResourceQuota", "marktplatz", put("spec", "hard", "requests.storage", value="300Gi")),
        "size-quota",
    ),
    Mutation(
        "more replicas than the quota",
        in_("HorizontalPodAutoscaler", "catalog-api", put("spec", "maxReplicas", value=60)),
        "size-quota",
    ),
    Mutation(
        "quota far above what runs",
        in_("ResourceQuota", "marktplatz", put("spec", "hard", "requests.storage", value="2Ti")),
        "size-slack",
    ),
    Mutation("no disruption budget", without("PodDisruptionBudget", "catalog-api"), "budget"),
    Mutation(
        "ready for a moment is ready", in_("Deployment", "ordering-worker", put("spec", "minReadySeconds", value=0)), "rollout"
    ),
    Mutation("budget blocks drains", in_("PodDisruptionBudget", "catalog-api", put("spec", "maxUnavailable", value=0)), "budget"),
    Mutation(
        "budget of other pods",
        in_(
            "PodDisruptionBudget",
            "catalog-api",
            put("spec", "selector", "matchLabels", "app.kubernetes.io/name", value="catalog"),
        ),
        "budget",
    ),
    Mutation("no readiness", container("catalog-api", drop("readinessProbe")), "probe-missing"),
    Mutation(
        "probe on a port that nobody has",
        container("catalog-api", put("livenessProbe", "httpGet", "port", value="metrics")),
        "probe-port",
    ),
    Mutation(
        "liveness asks the broker",
        container("catalog-api", put("livenessProbe", "httpGet", "path", value="/readyz")),
        "probe-path",
    ),
    Mutation(
        "roll-out takes capacity",
        in_("Deployment", "catalog-api", put("spec", "strategy", "rollingUpdate", "maxUnavailable", value=1)),
        "rollout",
    ),
    Mutation("grace below the drain", pod("catalog-api", put("terminationGracePeriodSeconds", value=30)), "drain"),
    Mutation("longer drain, same grace", in_("ConfigMap", "platform", put("data", "MARKTPLATZ_DRAIN", value="PT60S")), "drain"),
    Mutation("no pause before the drain", container("catalog-api", drop("lifecycle")), "drain"),
    Mutation("migration without an end", in_("Job", "catalog-migrate", drop("spec", "activeDeadlineSeconds")), "job"),
    Mutation(
        "log of a migration lost at once", in_("Job", "catalog-migrate", put("spec", "ttlSecondsAfterFinished", value=60)), "job"
    ),
    Mutation("migration that every setting changes", _settings_of_the_processes, "job-settings"),
    Mutation("migration with a file of changing name", _mounted_settings, "job-settings"),
    Mutation("rendered twice", _twice, "name-twice"),
    Mutation(
        "Service port without a target",
        in_("Service", "catalog-api", put("spec", "ports", 0, "targetPort", value="web")),
        "service-port",
    ),
    Mutation(
        "Service selects nobody",
        in_("Service", "catalog-api", put("spec", "selector", "app.kubernetes.io/name", value="catalog")),
        "service-selector",
    ),
    Mutation(
        "Service of two workloads",
        in_("Service", "catalog-api", put("spec", "selector", value={"app.kubernetes.io/component": "api"})),
        "service-selector",
    ),
    Mutation(
        "port of the node for a Service", in_("Service", "catalog-api", put("spec", "type", value="NodePort")), "service-type"
    ),
    Mutation(
        "monitor of a port that is none",
        in_("ServiceMonitor", "marktplatz", put("spec", "endpoints", 0, "port", value="metrics")),
        "monitor",
    ),
    Mutation("monitor misses a process", in_("Service", "notify-worker", drop("metadata", "labels")), "monitor"),
)
