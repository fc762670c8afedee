"""Faults of single values that schemas let pass: what somebody mistypes who installs the marketplace, and what else there is."""

from __future__ import annotations

from deploy.checks.generic.objects import Document
from tests.deploy.manifests.faults import container, drop, in_, pod, put, with_
from tests.deploy.manifests.faults.waves import wave
from tests.deploy.manifests.planting import Mutation

_LABELS = ("metadata", "labels")
_HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "catalog-worker", "namespace": "marktplatz"},
}


NAMES = (
    Mutation("capital in a name", in_("Service", "catalog-api", put("metadata", "name", value="Catalog-api")), "value-name"),
    Mutation("Service named by a number", in_("Service", "catalog-api", put("metadata", "name", value="1catalog")), "value-name"),
    Mutation(
        "underscore in a name", in_("Deployment", "catalog-api", put("metadata", "name", value="catalog_api")), "value-name"
    ),
    Mutation(
        "name of a jobs' maker too long", in_("CronJob", "operations", put("metadata", "name", value="o" * 53)), "value-name"
    ),
    Mutation("dot in a container's name", container("catalog-api", put("name", value="my.app")), "value-name"),
    Mutation(
        "namespace with an underscore",
        in_("Service", "catalog-api", put("metadata", "namespace", value="markt_platz")),
        "value-name",
    ),
    Mutation(
        "secret that cannot be called so",
        pod("catalog-api", put("volumes", 0, value={"name": "a", "secret": {"secretName": "A B"}})),
        "value-name",
    ),
    Mutation(
        "storage class with a blank",
        in_("PersistentVolumeClaim", "recovery", put("spec", "storageClassName", value="fast ssd")),
        "value-name",
    ),
    Mutation(
        "storage class of brokers",
        in_("KafkaNodePool", "broker", put("spec", "storage", "volumes", 0, "class", value="Fast_SSD")),
        "value-name",
    ),
    Mutation("no name at all", in_("ConfigMap", "platform", drop("metadata", "name")), "value-missing"),
    Mutation("no namespace", in_("ConfigMap", "platform", drop("metadata", "namespace")), "value-missing"),
    Mutation(
        "another namespace",
        in_("ServiceAccount", "operations", put("metadata", "namespace", value="marktplatz-2")),
        "namespace-missing",
    ),
    Mutation("key of a ConfigMap with a slash", in_("ConfigMap", "platform", put("data", "A/B", value="c")), "value-key"),
    Mutation(
        "variable with an equals sign", container("catalog-api", put("env", value=[{"name": "A=B", "value": "c"}])), "value-key"
    ),
)
LABELS = (
    Mutation("blank in a label", in_("Deployment", "catalog-api", put(*_LABELS, "team", value="Team A")), "value-label"),
    Mutation("label too long", in_("KafkaTopic", "ordering.order.v1", put(*_LABELS, "team", value="t" * 64)), "value-label"),
    Mutation(
        "key of a label with two slashes", in_("Deployment", "catalog-api", put(*_LABELS, "a/b/c", value="d")), "value-label"
    ),
    Mutation(
        "key of an annotation with a blank",
        in_("Job", "catalog-migrate", put("metadata", "annotations", value={"a b": "c"})),
        "value-label",
    ),
    Mutation(
        "namespace of a peer that cannot be",
        in_(
            "NetworkPolicy",
            "dns",
            put(
                "spec",
                "egress",
                0,
                "to",
                0,
                "namespaceSelector",
                "matchLabels",
                "kubernetes.io/metadata.name",
                value="kube system",
            ),
        ),
        "value-label",
    ),
    Mutation(
        "zone that is no key",
        in_("Kafka", "marktplatz", put("spec", "kafka", "rack", value={"topologyKey": "top ology"})),
        "value-label",
    ),
    Mutation(
        "expression without values",
        pod(
            "catalog-api",
            put("topologySpreadConstraints", 0, "labelSelector", "matchExpressions", value=[{"key": "a", "operator": "In"}]),
        ),
        "value-missing",
    ),
)
TIMES = (
    Mutation("hour that there is not", in_("CronJob", "operations", put("spec", "schedule", value="0 25 * * *")), "value-time"),
    Mutation("schedule of four fields", in_("CronJob", "operations", put("spec", "schedule", value="30 2 * *")), "value-time"),
    Mutation(
        "zone within the schedule", in_("CronJob", "operations", put("spec", "schedule", value="TZ=UTC 30 2 * * *")), "value-time"
    ),
    Mutation(
        "zone that there is not", in_("CronJob", "operations", put("spec", "timeZone", value="Europe/Berlim")), "value-time"
    ),
    Mutation("zone of the machine", in_("CronJob", "operations", put("spec", "timeZone", value="Local")), "value-time"),
    Mutation(
        "duration in words", in_("ExternalSecret", "catalog-store", put("spec", "refreshInterval", value="1 hour")), "value-time"
    ),
    Mutation("wave that is no number", in_("Deployment", "catalog-api", wave("first")), "wave-number"),
)
NUMBERS = (
    Mutation(
        "least above most", in_("HorizontalPodAutoscaler", "catalog-api", put("spec", "minReplicas", value=99)), "value-order"
    ),
    Mutation("fewer than no replicas", in_("KafkaTopic", "ordering.order.v1", put("spec", "partitions", value=-1)), "crd-schema"),
    Mutation("fewer than no seconds", in_("Deployment", "catalog-api", put("spec", "minReadySeconds", value=-1)), "value-number"),
    Mutation(
        "more than a number holds",
        in_("Deployment", "catalog-api", put("spec", "revisionHistoryLimit", value=2**31)),
        "value-number",
    ),
    Mutation(
        "share above all",
        in_("Deployment", "catalog-api", put("spec", "strategy", "rollingUpdate", "maxUnavailable", value="101%")),
        "value-number",
    ),
    Mutation(
        "share without its sign",
        in_("PodDisruptionBudget", "catalog-api", put("spec", "maxUnavailable", value="25")),
        "value-number",
    ),
    Mutation(
        "probe that may fail less than never",
        container("catalog-api", put("livenessProbe", "failureThreshold", value=-1)),
        "value-number",
    ),
    Mutation(
        "probe of two kinds", container("catalog-api", put("livenessProbe", "tcpSocket", value={"port": "http"})), "value-choice"
    ),
    Mutation("port zero", container("catalog-api", put("ports", 0, "containerPort", value=0)), "value-port"),
    Mutation(
        "name of a port too long",
        in_("Service", "catalog-api", put("spec", "ports", 0, "targetPort", value="the-port-of-the-api")),
        "value-port",
    ),
    Mutation(
        "two ports of one name",
        container(
            "catalog-api", put("ports", value=[{"name": "http", "containerPort": 8080}, {"name": "http", "containerPort": 8081}])
        ),
        "value-twice",
    ),
    Mutation(
        "variable given twice",
        container("catalog-api", put("env", value=[{"name": "TZ", "value": "UTC"}, {"name": "TZ", "value": "CET"}])),
        "value-twice",
    ),
    Mutation(
        "claim that nobody can mount",
        in_("PersistentVolumeClaim", "recovery", put("spec", "accessModes", value=[])),
        "value-missing",
    ),
    Mutation(
        "way to mount that there is not",
        in_("PersistentVolumeClaim", "recovery", put("spec", "accessModes", value=["ReadWriteAll"])),
        "word",
    ),
    Mutation(
        "claim of nothing",
        in_("PersistentVolumeClaim", "recovery", put("spec", "resources", "requests", "storage", value="0")),
        "quantity",
    ),
    Mutation(
        "size with a blank",
        in_("KafkaNodePool", "broker", put("spec", "storage", "volumes", 0, "size", value="100 Gi")),
        "quantity",
    ),
    Mutation(
        "request above its limit in Kafka",
        in_("KafkaNodePool", "broker", put("spec", "resources", "requests", "memory", value="900Gi")),
        "value-order",
    ),
    Mutation("half a pod", in_("ResourceQuota", "marktplatz", put("spec", "hard", "pods", value="120500m")), "value-number"),
    Mutation(
        "default above what there may be",
        in_("LimitRange", "marktplatz", put("spec", "limits", 0, "max", value={"memory": "1Mi"})),
        "value-order",
    ),
    Mutation("folder without its root", container("catalog-api", put("volumeMounts", 0, "mountPath", value="tmp")), "value-path"),
    Mutation("volume of two kinds", pod("catalog-api", put("volumes", 0, "configMap", value={"name": "a"})), "value-choice"),
    Mutation(
        "kind with a blank",
        with_(
            _HPA | {"spec": {"maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "De ployment", "name": "a"}}}
        ),
        "value-text",
    ),
)


def _header_twice(route: Document) -> None:
    headers = route["spec"]["rules"][0]["filters"][0]["responseHeaderModifier"]["set"]
    headers.append(headers[0])


CUSTOM = (Mutation("header of a route set twice", in_("HTTPRoute", "catalog-api", _header_twice), "value-twice"),)
FAULTS = (*NAMES, *LABELS, *TIMES, *NUMBERS, *CUSTOM)
