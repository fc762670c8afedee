"""Faults of priorities, planted where the component is."""

from __future__ import annotations

from tests.deploy.manifests.faults import drop, in_, pod, put
from tests.deploy.manifests.planting import Mutation

OVERLAY = "tests/everything"
_POOL = ("spec", "template", "pod", "priorityClassName")

FAULTS = (
    Mutation("class that nobody made", pod("contracts-api", put("priorityClassName", value="high")), "priority-class", OVERLAY),
    Mutation("class of brokers misspelt", in_("KafkaNodePool", "broker", put(*_POOL, value="data")), "priority-class", OVERLAY),
    Mutation("brokers as unimportant as portals", in_("KafkaNodePool", "broker", drop(*_POOL)), "priority-order", OVERLAY),
    Mutation(
        "a portal as important as the store",
        pod("catalog-api", put("priorityClassName", value="marktplatz-data")),
        "priority-order",
        OVERLAY,
    ),
    Mutation(
        "store as unimportant as portals", pod("mongodb", drop("priorityClassName"), "StatefulSet"), "priority-order", OVERLAY
    ),
    Mutation("contracts as unimportant as portals", pod("contracts-fitko", drop("priorityClassName")), "priority-order", OVERLAY),
    Mutation(
        "contracts more important than brokers",
        in_("PriorityClass", "marktplatz-contracts", put("value", value=9000)),
        "priority-order",
        OVERLAY,
    ),
    Mutation(
        "a class for everybody in the cluster",
        in_("PriorityClass", "marktplatz-data", put("globalDefault", value=True)),
        "priority-default",
        OVERLAY,
    ),
)
