"""What fields of one part mean together: which exclude each other, which need another, which must not be above another.

Each rule is about a part by the name of its schema and yields code, path below the part and what to change.
Source: k8s.io/kubernetes/pkg/apis/*/validation, version 1.34.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from functools import partial

from deploy.checks.generic.objects import Document, items, mapping, number, text, texts
from deploy.checks.generic.quantities import quantity
from deploy.checks.generic.values.addresses import network_of
from deploy.checks.generic.values.faults import Fault, Rule, needs, one_of, repeated
from deploy.checks.generic.values.pods import (
    claim,
    container,
    for_good,
    pod,
    profile,
    resources,
    rolling,
    spread,
    stateful,
    strategy,
    toleration,
    variable,
)

LARGEST_MAP, LARGEST_ANNOTATIONS = 1024**2, 256 * 1024
"""Most bytes of a ConfigMap or Secret, and of all annotations of an object."""

_COUNTED = frozenset(
    [
        "pods",
        "services",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    ]
)


def _requirement(part: Document) -> Iterator[Fault]:
    many = text(part, "operator") in ("In", "NotIn")
    if many != bool(texts(part, "values")):
        yield "value-missing", "values", "must hold a value for In and NotIn, and none for Exists and DoesNotExist"


def _quota(part: Document) -> Iterator[Fault]:
    for name, amount in mapping(part, "hard").items():
        value = quantity(amount)
        if (name in _COUNTED or name.startswith("count/")) and value is not None and value != value.to_integral_value():
            yield "value-number", f"hard.{name}", f"is {amount}, but counts whole objects"


def _bounds_of_container(part: Document) -> Iterator[Fault]:
    order = ("min", "defaultRequest", "default", "max")
    for at, lower in enumerate(order):
        for upper in order[at + 1 :]:
            for name, amount in mapping(part, lower).items():
                least, most = quantity(amount), quantity(mapping(part, upper).get(name))
                if least is not None and most is not None and least > most:
                    yield "value-order", f"{lower}.{name}", f"is {amount}, above {upper}, {mapping(part, upper)[name]}"


def _limits(part: Document) -> Iterator[Fault]:
    yield from repeated("limits", "type", [text(it, "type") for it in items(part, "limits")])


def _autoscaler(part: Document) -> Iterator[Fault]:
    least, most = number(part, "minReplicas"), number(part, "maxReplicas")
    if least is not None and most is not None and least > most:
        yield "value-order", "minReplicas", f"is {least}, above maxReplicas, {most}"


_METRICS = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_TARGETS = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}


def _by_type(part: Document, *, fields: Mapping[str, str]) -> Iterator[Fault]:
    required = fields.get(text(part, "type"))
    for field in sorted(set(fields.values())):
        if (field == required) != (part.get(field) is not None) and required is not None:
            yield "value-choice", field, f"with the type {text(part, 'type')}, {required} must be set and nothing else"


def _service(part: Document) -> Iterator[Fault]:
    ports = items(part, "ports")
    outside, headless = text(part, "type") == "ExternalName", text(part, "clusterIP") == "None"
    if not ports and not outside and not headless:
        yield "value-missing", "ports", "must name a port"
    if len(ports) > 1 and not all(text(it, "name") for it in ports):
        yield "value-missing", "ports", "must all have names where there are several"
    yield from repeated("ports", "name", [text(it, "name") for it in ports])
    if outside:
        yield from needs(part, "externalName")


def _peer(part: Document) -> Iterator[Fault]:
    block = part.get("ipBlock") is not None
    pods = part.get("podSelector") is not None or part.get("namespaceSelector") is not None
    if block == pods:
        yield "value-choice", "", "must name pods and namespaces, or a block of addresses"


def _block(part: Document) -> Iterator[Fault]:
    around = network_of(part.get("cidr"))
    for index, given in enumerate(texts(part, "except")):
        inner = network_of(given)
        if around is None or inner is None:
            continue
        if inner.version != around.version or inner == around or not inner.subnet_of(around):  # type: ignore[arg-type]
            yield "value-order", f"except.{index}", f"is {given}, which does not lie within {text(part, 'cidr')}"


def _policy_port(part: Document) -> Iterator[Fault]:
    first, last = part.get("port"), number(part, "endPort")
    if last is None:
        return
    if not isinstance(first, int):
        yield "value-missing", "port", "must be a number where endPort is set"
    elif last < first:
        yield "value-order", "endPort", f"is {last}, below port, {first}"


def _ingress(part: Document) -> Iterator[Fault]:
    if not items(part, "rules") and part.get("defaultBackend") is None:
        yield "value-missing", "rules", "must lead somewhere: set rules or defaultBackend"


def _ingress_path(part: Document) -> Iterator[Fault]:
    if text(part, "pathType") in ("Exact", "Prefix") and not text(part, "path"):
        yield "value-missing", "path", "must be set"


def _map(part: Document) -> Iterator[Fault]:
    for name in sorted(mapping(part, "data").keys() & mapping(part, "binaryData").keys()):
        yield "value-twice", f"data.{name}", "is also in binaryData"
    values = [*mapping(part, "data").values(), *mapping(part, "binaryData").values(), *mapping(part, "stringData").values()]
    if (size := sum(len(str(value).encode()) for value in values)) > LARGEST_MAP:
        yield "value-number", "data", f"has {size} bytes, more than {LARGEST_MAP}"
    coded = "binaryData" if text(part, "kind") == "ConfigMap" else "data"
    for name, value in mapping(part, coded).items():
        if not _is_base64(str(value)):
            yield "value-text", f"{coded}.{name}", "must be base64"


def _is_base64(given: str) -> bool:
    try:
        return bool(base64.b64decode(given, validate=True)) or not given
    except (binascii.Error, ValueError):
        return False


def _metadata(part: Document) -> Iterator[Fault]:
    size = sum(len(str(text_).encode()) for entry in mapping(part, "annotations").items() for text_ in entry)
    if size > LARGEST_ANNOTATIONS:
        yield "value-number", "annotations", f"have {size} bytes, more than {LARGEST_ANNOTATIONS}"


def _subject(part: Document) -> Iterator[Fault]:
    if text(part, "kind") == "ServiceAccount":
        yield from needs(part, "namespace")


NEEDED: Mapping[str, tuple[str, ...]] = {
    "apps.v1.DaemonSet": ("spec",),
    "apps.v1.Deployment": ("spec",),
    "apps.v1.StatefulSet": ("spec",),
    "autoscaling.v2.CrossVersionObjectReference": ("apiVersion",),
    "autoscaling.v2.HorizontalPodAutoscaler": ("spec",),
    "batch.v1.CronJob": ("spec",),
    "batch.v1.Job": ("spec",),
    "batch.v1.JobTemplateSpec": ("spec",),
    "core.v1.ConfigMapEnvSource": ("name",),
    "core.v1.ConfigMapKeySelector": ("name",),
    "core.v1.ConfigMapProjection": ("name",),
    "core.v1.ConfigMapVolumeSource": ("name",),
    "core.v1.Container": ("image",),
    "core.v1.ExecAction": ("command",),
    "core.v1.KeyToPath": ("path",),
    "core.v1.LocalObjectReference": ("name",),
    "core.v1.PersistentVolumeClaim": ("spec",),
    "core.v1.PersistentVolumeClaimSpec": ("accessModes",),
    "core.v1.PodSpec": ("containers",),
    "core.v1.PodTemplateSpec": ("spec",),
    "core.v1.SecretEnvSource": ("name",),
    "core.v1.SecretKeySelector": ("name",),
    "core.v1.SecretProjection": ("name",),
    "core.v1.SecretVolumeSource": ("secretName",),
    "core.v1.Service": ("spec",),
    "networking.v1.HTTPIngressRuleValue": ("paths",),
    "networking.v1.Ingress": ("spec",),
    "networking.v1.IPBlock": ("cidr",),
    "policy.v1.PodDisruptionBudget": ("spec",),
}
"""Fields that must not be empty though the schema allows it."""

RULES: dict[str, Rule] = {
    "apps.v1.DaemonSetSpec": for_good,
    "apps.v1.DaemonSetUpdateStrategy": strategy,
    "apps.v1.DeploymentSpec": for_good,
    "apps.v1.DeploymentStrategy": strategy,
    "apps.v1.RollingUpdateDaemonSet": rolling,
    "apps.v1.RollingUpdateDeployment": rolling,
    "apps.v1.RollingUpdateStatefulSetStrategy": rolling,
    "apps.v1.StatefulSetSpec": stateful,
    "apps.v1.StatefulSetUpdateStrategy": strategy,
    "autoscaling.v2.HorizontalPodAutoscalerSpec": _autoscaler,
    "autoscaling.v2.MetricSpec": partial(_by_type, fields=_METRICS),
    "autoscaling.v2.MetricTarget": partial(_by_type, fields=_TARGETS),
    "core.v1.AppArmorProfile": profile,
    "core.v1.ConfigMap": _map,
    "core.v1.Container": container,
    "core.v1.EnvFromSource": partial(one_of, of=("configMapRef", "secretRef")),
    "core.v1.EnvVar": variable,
    "core.v1.EnvVarSource": one_of,
    "core.v1.LifecycleHandler": partial(one_of, of=("exec", "httpGet", "sleep", "tcpSocket")),
    "core.v1.LimitRangeItem": _bounds_of_container,
    "core.v1.LimitRangeSpec": _limits,
    "core.v1.PersistentVolumeClaimSpec": claim,
    "core.v1.PodSpec": pod,
    "core.v1.Probe": partial(one_of, of=("exec", "grpc", "httpGet", "tcpSocket")),
    "core.v1.ResourceQuotaSpec": _quota,
    "core.v1.ResourceRequirements": resources,
    "core.v1.SeccompProfile": profile,
    "core.v1.Secret": _map,
    "core.v1.ServiceSpec": _service,
    "core.v1.Toleration": toleration,
    "core.v1.TopologySpreadConstraint": spread,
    "core.v1.Volume": partial(one_of, besides=("name",)),
    "core.v1.VolumeMount": partial(one_of, of=("subPath", "subPathExpr"), least=0),
    "core.v1.VolumeProjection": one_of,
    "meta.v1.LabelSelectorRequirement": _requirement,
    "meta.v1.ObjectMeta": _metadata,
    "networking.v1.HTTPIngressPath": _ingress_path,
    "networking.v1.IPBlock": _block,
    "networking.v1.IngressBackend": partial(one_of, of=("resource", "service")),
    "networking.v1.IngressSpec": _ingress,
    "networking.v1.NetworkPolicyPeer": _peer,
    "networking.v1.NetworkPolicyPort": _policy_port,
    "networking.v1.ServiceBackendPort": partial(one_of, of=("name", "number")),
    "policy.v1.PodDisruptionBudgetSpec": partial(one_of, of=("maxUnavailable", "minAvailable"), least=0),
    "rbac.v1.Subject": _subject,
}
