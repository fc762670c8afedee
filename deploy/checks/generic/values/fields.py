"""Which form each field of the built-in kinds has, by the schema's own names of their parts.

``FIELDS`` is about a value, or each value of a list; ``KEYS`` and ``VALUES`` about the entries of a map. A field that is not set
has no form. Source: k8s.io/kubernetes/pkg/apis/*/validation, version 1.34.
"""

from __future__ import annotations

from collections.abc import Mapping

from deploy.checks.generic.values.formats import (
    AMOUNT,
    ANNOTATION_KEY,
    GROUP_VERSION,
    KIND,
    LABEL,
    LABEL_KEY,
    LABEL_VALUE,
    MAP_KEY,
    NAME,
    SERVICE_NAME,
    SHARE,
    SIZE,
    SOME,
    TEXT,
    Format,
    Table,
    number,
    word,
)
from deploy.checks.generic.values.network_fields import NETWORK
from deploy.checks.generic.values.pod_fields import POD
from deploy.checks.generic.values.workload_fields import WORKLOADS

_SELECTOR_OPERATOR = word("In", "NotIn", "Exists", "DoesNotExist")
_RBAC = "rbac.authorization.k8s.io"

_OTHERS: Table = {
    "meta.v1.ObjectMeta": {"finalizers": LABEL_KEY, "namespace": LABEL.or_empty()},
    "meta.v1.LabelSelectorRequirement": {"key": LABEL_KEY, "operator": _SELECTOR_OPERATOR, "values": LABEL_VALUE},
    "core.v1.LocalObjectReference": {"name": NAME},
    "autoscaling.v2.HorizontalPodAutoscalerSpec": {"maxReplicas": SOME, "minReplicas": SOME},
    "autoscaling.v2.CrossVersionObjectReference": {"apiVersion": GROUP_VERSION, "kind": KIND, "name": NAME},
    "autoscaling.v2.MetricSpec": {"type": word("ContainerResource", "External", "Object", "Pods", "Resource")},
    "autoscaling.v2.MetricTarget": {
        "averageUtilization": SOME,
        "averageValue": SIZE,
        "type": word("Utilization", "Value", "AverageValue"),
        "value": SIZE,
    },
    "autoscaling.v2.ResourceMetricSource": {"name": TEXT},
    "autoscaling.v2.HPAScalingRules": {
        "selectPolicy": word("Max", "Min", "Disabled"),
        "stabilizationWindowSeconds": number(0, 3600),
    },
    "autoscaling.v2.HPAScalingPolicy": {"periodSeconds": number(1, 1800), "type": word("Pods", "Percent"), "value": SOME},
    "policy.v1.PodDisruptionBudgetSpec": {
        "maxUnavailable": SHARE,
        "minAvailable": SHARE,
        "unhealthyPodEvictionPolicy": word("IfHealthyBudget", "AlwaysAllow"),
    },
    "core.v1.ResourceQuotaSpec": {
        "scopes": word(
            "Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"
        )
    },
    "core.v1.LimitRangeItem": {"type": word("Container", "Pod", "PersistentVolumeClaim")},
    "rbac.v1.RoleRef": {"apiGroup": word(_RBAC), "kind": word("Role", "ClusterRole"), "name": TEXT},
    "rbac.v1.Subject": {
        "apiGroup": word("", _RBAC),
        "kind": word("ServiceAccount", "User", "Group"),
        "name": TEXT,
        "namespace": LABEL.or_empty(),
    },
    "rbac.v1.PolicyRule": {"verbs": TEXT},
    "scheduling.v1.PriorityClass": {
        "preemptionPolicy": word("PreemptLowerPriority", "Never"),
        "value": number(-(2**31), 10**9),
    },
}
FIELDS: Table = POD | WORKLOADS | NETWORK | _OTHERS

KEYS: Table = {
    "meta.v1.ObjectMeta": {"annotations": ANNOTATION_KEY, "labels": LABEL_KEY},
    "meta.v1.LabelSelector": {"matchLabels": LABEL_KEY},
    "core.v1.PodSpec": {"nodeSelector": LABEL_KEY, "overhead": LABEL_KEY},
    "core.v1.ServiceSpec": {"selector": LABEL_KEY},
    "core.v1.ConfigMap": {"binaryData": MAP_KEY, "data": MAP_KEY},
    "core.v1.Secret": {"data": MAP_KEY, "stringData": MAP_KEY},
    "core.v1.ResourceRequirements": {"limits": LABEL_KEY, "requests": LABEL_KEY},
    "core.v1.VolumeResourceRequirements": {"limits": LABEL_KEY, "requests": LABEL_KEY},
    "core.v1.ResourceQuotaSpec": {"hard": LABEL_KEY},
    "core.v1.LimitRangeItem": dict.fromkeys(("default", "defaultRequest", "max", "maxLimitRequestRatio", "min"), LABEL_KEY),
}
VALUES: Table = {
    "meta.v1.ObjectMeta": {"labels": LABEL_VALUE},
    "meta.v1.LabelSelector": {"matchLabels": LABEL_VALUE},
    "core.v1.PodSpec": {"nodeSelector": LABEL_VALUE, "overhead": AMOUNT},
    "core.v1.ServiceSpec": {"selector": LABEL_VALUE},
    "core.v1.ResourceRequirements": {"limits": AMOUNT, "requests": AMOUNT},
    "core.v1.VolumeResourceRequirements": {"limits": SIZE, "requests": SIZE},
    "core.v1.ResourceQuotaSpec": {"hard": AMOUNT},
    "core.v1.LimitRangeItem": dict.fromkeys(("default", "defaultRequest", "max", "maxLimitRequestRatio", "min"), AMOUNT),
}

NAMES: Mapping[str, Format] = {"Namespace": LABEL, "Service": SERVICE_NAME}
"""Kinds whose names are narrower than others'."""
LONGEST_NAMES: Mapping[str, int] = {"CronJob": 52, "Job": 63, "StatefulSet": 52}
"""Most letters of a name that becomes part of others: of jobs, of the labels of pods."""
ROLE_KINDS = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
"""Kinds whose names may be anything that fits into a path."""
