"""Values of custom resources that their definitions leave open, and the parts of built-in kinds that they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.checks.generic.crds import definitions
from deploy.checks.generic.objects import Document, kind_of
from deploy.checks.generic.values.addresses import HOST_OR_WILDCARD, WEB_ADDRESS
from deploy.checks.generic.values.formats import LABEL_KEY, MAP_KEY, NAME, SIZE, Format
from deploy.checks.generic.values.times import DURATION
from deploy.checks.generic.values.walk import Node, parts_by, parts_of

TOPIC = Format(
    "value-name",
    "the name of a topic: letters, digits, - _ and . , at most 249",
    lambda value: (
        isinstance(value, str) and re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", value) is not None and value not in (".", "..")
    ),
)

BUILT_IN: Mapping[str, str] = {
    "affinity": "core.v1.Affinity",
    "imagePullSecrets": "core.v1.LocalObjectReference",
    "labelSelector": "meta.v1.LabelSelector",
    "metadata": "meta.v1.ObjectMeta",
    "namespaceSelector": "meta.v1.LabelSelector",
    "networkPolicyPeers": "networking.v1.NetworkPolicyPeer",
    "podSelector": "meta.v1.LabelSelector",
    "resources": "core.v1.ResourceRequirements",
    "tolerations": "core.v1.Toleration",
    "topologySpreadConstraints": "core.v1.TopologySpreadConstraint",
}
"""Fields that hold a part of a built-in kind, or a list of them, wherever they stand in a custom resource."""

ALSO: Mapping[tuple[str, str], str] = {
    ("PodMonitor", "spec.selector"): "meta.v1.LabelSelector",
    ("ServiceMonitor", "spec.selector"): "meta.v1.LabelSelector",
    ("KafkaNodePool", "spec.storage.volumes.*.selector"): "",
}
"""The same for fields whose name means other things elsewhere; without a part where it does."""

FIELDS: Mapping[tuple[str, str], Format] = {
    ("Certificate", "spec.dnsNames.*"): HOST_OR_WILDCARD,
    ("Certificate", "spec.duration"): DURATION,
    ("Certificate", "spec.renewBefore"): DURATION,
    ("Certificate", "spec.secretName"): NAME,
    ("ExternalSecret", "spec.data.*.secretKey"): MAP_KEY,
    ("ExternalSecret", "spec.refreshInterval"): DURATION,
    ("ExternalSecret", "spec.secretStoreRef.name"): NAME,
    ("ExternalSecret", "spec.target.name"): NAME,
    ("HTTPRoute", "spec.hostnames.*"): HOST_OR_WILDCARD,
    ("Kafka", "spec.kafka.rack.topologyKey"): LABEL_KEY,
    ("KafkaNodePool", "spec.storage.class"): NAME,
    ("KafkaNodePool", "spec.storage.size"): SIZE,
    ("KafkaNodePool", "spec.storage.volumes.*.class"): NAME,
    ("KafkaNodePool", "spec.storage.volumes.*.size"): SIZE,
    ("KafkaTopic", "spec.topicName"): TOPIC,
    ("PrometheusRule", "spec.groups.*.rules.*.annotations.runbook_url"): WEB_ADDRESS,
    ("ScaledObject", "spec.scaleTargetRef.name"): NAME,
    ("ScaledObject", "spec.triggers.*.authenticationRef.name"): NAME,
    ("TriggerAuthentication", "spec.secretTargetRef.*.key"): MAP_KEY,
    ("TriggerAuthentication", "spec.secretTargetRef.*.name"): NAME,
}


def built_in(document: Document) -> Iterator[Node]:
    """Return the parts of a custom resource, and those of built-in kinds that it holds."""
    kind = kind_of(document)
    if definitions().know(document):
        yield from parts_by(document, definitions().schema_of(document))
    for path, plain, value in _values(document, "", ""):
        part = ALSO.get((kind, plain), BUILT_IN.get(path.rpartition(".")[2], ""))
        if part:
            for index, item in enumerate(value if isinstance(value, list) else [value]):
                yield from parts_of(item, part, f"{path}.{index}" if isinstance(value, list) else path)


def wrong(document: Document) -> Iterator[tuple[str, object, Format]]:
    """Return the values that have not the form of their field, with their paths."""
    kind = kind_of(document)
    for path, plain, value in _values(document, "", ""):
        form = FIELDS.get((kind, plain))
        if form is not None and value is not None and not form.holds(value):
            yield path, value, form


def _values(value: Any, path: str, plain: str) -> Iterator[tuple[str, str, Any]]:  # noqa: ANN401 - any JSON value
    """Yield every value with its path, and with its path without the places in lists."""
    if path:
        yield path, plain, value
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _values(item, f"{path}.{name}".lstrip("."), f"{plain}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _values(item, f"{path}.{index}", f"{plain}.*")
