"""Faults of where pods go: nodes, zones, and what a roll-out counts."""

from __future__ import annotations

from deploy.checks.generic.objects import Document
from deploy.checks.generic.spread import REVISION, ZONE
from tests.deploy.manifests.faults import Change, drop, get, in_, pod, put
from tests.deploy.manifests.planting import Documents, Mutation

_POOL = ("spec", "template", "pod", "topologySpreadConstraints")
_POD = ("topologySpreadConstraints",)


def _without(path: tuple[str, ...], key: str) -> Change:
    """Return a change that forgets the spread over something."""

    def change(document: Document) -> None:
        found = document
        for step in path[:-1]:
            found = found[step]
        found[path[-1]] = [it for it in found[path[-1]] if it["topologyKey"] != key]

    return change


def _no_zones_in_pools(documents: Documents) -> None:
    for name in ("broker", "controller"):
        _without(_POOL, ZONE)(get(documents, "KafkaNodePool", name))


def _old_pods_count(index: int) -> Change:
    return lambda spec: spec["topologySpreadConstraints"][index]["matchLabelKeys"].remove(REVISION)


def _database(documents: Documents) -> None:
    labels = {"app.kubernetes.io/name": "mongodb"}
    spread = [
        {"topologyKey": key, "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": labels}}
        for key in ("kubernetes.io/hostname", ZONE)
    ]
    pod = {"containers": [{"name": "mongod", "image": "mongo:8"}], "topologySpreadConstraints": spread}
    documents.append(
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "mongodb", "namespace": "marktplatz"},
            "spec": {
                "replicas": 3,
                "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
                "serviceName": "mongodb",
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }
    )


FAULTS = (
    Mutation("all on one node", pod("catalog-api", drop("topologySpreadConstraints")), "spread"),
    Mutation(
        "spread counts others",
        pod("catalog-api", put("topologySpreadConstraints", 0, "labelSelector", "matchLabels", value={"app": "x"})),
        "spread",
    ),
    Mutation(
        "spread counts all processes together",
        pod("catalog-api", put("topologySpreadConstraints", 0, "matchLabelKeys", value=[REVISION])),
        "spread",
    ),
    Mutation("all brokers on one node", in_("KafkaNodePool", "broker", put(*_POOL, 1, "maxSkew", value=3)), "spread"),
    Mutation(
        "one spread for both pools",
        in_("KafkaNodePool", "broker", drop(*_POOL, 1, "labelSelector", "matchLabels", "strimzi.io/pool-name")),
        "spread",
    ),
    Mutation("roll-out counts old pods per zone", pod("ordering-api", _old_pods_count(0)), "spread-revision"),
    Mutation("roll-out counts old pods per node", pod("notify-worker", _old_pods_count(1)), "spread-revision"),
    Mutation("brokers in two zones", in_("KafkaNodePool", "broker", _without(_POOL, ZONE)), "spread-zones"),
    Mutation("controllers in two zones", in_("KafkaNodePool", "controller", _without(_POOL, ZONE)), "spread-zones"),
    Mutation("rack without a spread", _no_zones_in_pools, "spread-zones"),
    Mutation(
        "zones of the controllers are a wish",
        in_("KafkaNodePool", "controller", put(*_POOL, 0, "whenUnsatisfiable", value="ScheduleAnyway")),
        "spread-zones",
    ),
    Mutation("two brokers more in a zone", in_("KafkaNodePool", "broker", put(*_POOL, 0, "maxSkew", value=2)), "spread-zones"),
    Mutation("copies of a partition in one zone", in_("Kafka", "marktplatz", drop("spec", "kafka", "rack")), "spread-zones"),
    Mutation(
        "rack of another label",
        in_("Kafka", "marktplatz", put("spec", "kafka", "rack", "topologyKey", value="kubernetes.io/hostname")),
        "spread-zones",
    ),
    Mutation("a process in one zone", pod("contracts-fitko", _without(_POD, ZONE)), "spread-zones"),
    Mutation("members of the database in two zones", _database, "spread-zones"),
)
