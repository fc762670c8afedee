"""Which form each field of the built-in kinds has, by the schema's own names of their parts.

``FIELDS`` is about a value, or each value of a list; ``KEYS`` and ``VALUES`` about the entries of a map. A field that is not set
has no form. Source: k8s.io/kubernetes/pkg/apis/*/validation, version 1.34.
"""

from __future__ import annotations

from collections.abc import Mapping

from deploy.checks.generic.values.addresses import BLOCK, CLUSTER_IP, HOST, HOST_OR_WILDCARD, IMAGE, IP
from deploy.checks.generic.values.formats import (
    AMOUNT,
    ANNOTATION_KEY,
    COUNT,
    ENV_NAME,
    FIELD_PATH,
    GROUP_VERSION,
    ID,
    INNER_PATH,
    KIND,
    LABEL,
    LABEL_KEY,
    LABEL_VALUE,
    MAP_KEY,
    MOUNT_PATH,
    NAME,
    PORT,
    PORT_NAME,
    PORT_OR_NAME,
    ROUTE_PATH,
    SERVICE_NAME,
    SHARE,
    SIZE,
    SOME,
    TEXT,
    Format,
    number,
    word,
)
from deploy.checks.generic.values.times import SCHEDULE, ZONE

Table = dict[str, dict[str, Format]]

_PROTOCOL = word("TCP", "UDP", "SCTP")
_ACCESS = word("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_PROFILE = word("RuntimeDefault", "Localhost", "Unconfined")
_SELECTOR_OPERATOR = word("In", "NotIn", "Exists", "DoesNotExist")
_RBAC = "rbac.authorization.k8s.io"
_YEAR = 366 * 24 * 3600

_POD: Table = {
    "core.v1.PodSpec": {
        "activeDeadlineSeconds": SOME,
        "dnsPolicy": word("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "hostname": LABEL.or_empty(),
        "nodeName": NAME.or_empty(),
        "preemptionPolicy": word("PreemptLowerPriority", "Never"),
        "priorityClassName": NAME.or_empty(),
        "restartPolicy": word("Always", "OnFailure", "Never"),
        "runtimeClassName": NAME,
        "serviceAccountName": NAME.or_empty(),
        "subdomain": LABEL.or_empty(),
        "terminationGracePeriodSeconds": number(0, _YEAR),
    },
    "core.v1.Container": {
        "image": IMAGE,
        "imagePullPolicy": word("Always", "IfNotPresent", "Never"),
        "name": LABEL,
        "restartPolicy": word("Always", "OnFailure", "Never"),
        "terminationMessagePolicy": word("File", "FallbackToLogsOnError"),
    },
    "core.v1.ContainerPort": {
        "containerPort": PORT,
        "hostIP": IP.or_empty(),
        "hostPort": number(0, 65535),
        "name": PORT_NAME.or_empty(),
        "protocol": _PROTOCOL,
    },
    "core.v1.EnvVar": {"name": ENV_NAME},
    "core.v1.EnvFromSource": {"prefix": ENV_NAME.or_empty()},
    "core.v1.ConfigMapEnvSource": {"name": NAME},
    "core.v1.SecretEnvSource": {"name": NAME},
    "core.v1.ConfigMapKeySelector": {"key": MAP_KEY, "name": NAME},
    "core.v1.SecretKeySelector": {"key": MAP_KEY, "name": NAME},
    "core.v1.ObjectFieldSelector": {"fieldPath": FIELD_PATH},
    "core.v1.VolumeMount": {
        "mountPath": MOUNT_PATH,
        "mountPropagation": word("None", "HostToContainer", "Bidirectional"),
        "name": LABEL,
        "recursiveReadOnly": word("Disabled", "IfPossible", "Enabled"),
        "subPath": INNER_PATH,
        "subPathExpr": INNER_PATH,
    },
    "core.v1.VolumeDevice": {"devicePath": MOUNT_PATH, "name": LABEL},
    "core.v1.Probe": {
        "failureThreshold": COUNT,
        "initialDelaySeconds": COUNT,
        "periodSeconds": COUNT,
        "successThreshold": COUNT,
        "terminationGracePeriodSeconds": SOME,
        "timeoutSeconds": COUNT,
    },
    "core.v1.HTTPGetAction": {"path": TEXT.or_empty(), "port": PORT_OR_NAME, "scheme": word("HTTP", "HTTPS")},
    "core.v1.TCPSocketAction": {"port": PORT_OR_NAME},
    "core.v1.GRPCAction": {"port": PORT},
    "core.v1.SleepAction": {"seconds": COUNT},
    "core.v1.SecurityContext": {
        "procMount": word("Default", "Unmasked"),
        "runAsGroup": ID,
        "runAsUser": ID,
    },
    "core.v1.PodSecurityContext": {
        "fsGroup": ID,
        "fsGroupChangePolicy": word("OnRootMismatch", "Always"),
        "runAsGroup": ID,
        "runAsUser": ID,
        "supplementalGroups": ID,
        "supplementalGroupsPolicy": word("Merge", "Strict"),
    },
    "core.v1.SeccompProfile": {"type": _PROFILE},
    "core.v1.AppArmorProfile": {"type": _PROFILE},
    "core.v1.Toleration": {
        "effect": word("", "NoSchedule", "PreferNoSchedule", "NoExecute"),
        "key": LABEL_KEY.or_empty(),
        "operator": word("", "Exists", "Equal", "Lt", "Gt"),
        "value": LABEL_VALUE,
    },
    "core.v1.TopologySpreadConstraint": {
        "matchLabelKeys": LABEL_KEY,
        "maxSkew": SOME,
        "minDomains": SOME,
        "nodeAffinityPolicy": word("Honor", "Ignore"),
        "nodeTaintsPolicy": word("Honor", "Ignore"),
        "topologyKey": LABEL_KEY,
        "whenUnsatisfiable": word("DoNotSchedule", "ScheduleAnyway"),
    },
    "core.v1.PodAffinityTerm": {
        "matchLabelKeys": LABEL_KEY,
        "mismatchLabelKeys": LABEL_KEY,
        "namespaces": LABEL,
        "topologyKey": LABEL_KEY,
    },
    "core.v1.WeightedPodAffinityTerm": {"weight": number(1, 100)},
    "core.v1.PreferredSchedulingTerm": {"weight": number(1, 100)},
    "core.v1.NodeSelectorRequirement": {
        "key": LABEL_KEY,
        "operator": word("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
    },
    "core.v1.HostAlias": {"hostnames": HOST, "ip": IP},
    "core.v1.PodDNSConfig": {"nameservers": IP},
    "core.v1.Volume": {"name": LABEL},
    "core.v1.ConfigMapVolumeSource": {"defaultMode": number(0, 0o777), "name": NAME},
    "core.v1.SecretVolumeSource": {"defaultMode": number(0, 0o777), "secretName": NAME},
    "core.v1.ConfigMapProjection": {"name": NAME},
    "core.v1.SecretProjection": {"name": NAME},
    "core.v1.ProjectedVolumeSource": {"defaultMode": number(0, 0o777)},
    "core.v1.DownwardAPIVolumeSource": {"defaultMode": number(0, 0o777)},
    "core.v1.KeyToPath": {"key": MAP_KEY, "mode": number(0, 0o777), "path": INNER_PATH},
    "core.v1.EmptyDirVolumeSource": {"medium": word("", "Memory", "HugePages"), "sizeLimit": AMOUNT},
    "core.v1.PersistentVolumeClaimVolumeSource": {"claimName": NAME},
}
_WORKLOADS: Table = {
    "apps.v1.DeploymentSpec": {
        "minReadySeconds": COUNT,
        "progressDeadlineSeconds": COUNT,
        "replicas": COUNT,
        "revisionHistoryLimit": COUNT,
    },
    "apps.v1.DeploymentStrategy": {"type": word("RollingUpdate", "Recreate")},
    "apps.v1.RollingUpdateDeployment": {"maxSurge": SHARE, "maxUnavailable": SHARE},
    "apps.v1.StatefulSetSpec": {
        "minReadySeconds": COUNT,
        "podManagementPolicy": word("OrderedReady", "Parallel"),
        "replicas": COUNT,
        "revisionHistoryLimit": COUNT,
        "serviceName": LABEL.or_empty(),
    },
    "apps.v1.StatefulSetUpdateStrategy": {"type": word("RollingUpdate", "OnDelete")},
    "apps.v1.RollingUpdateStatefulSetStrategy": {"maxUnavailable": SHARE, "partition": COUNT},
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": {
        "whenDeleted": word("Retain", "Delete"),
        "whenScaled": word("Retain", "Delete"),
    },
    "apps.v1.DaemonSetSpec": {"minReadySeconds": COUNT, "revisionHistoryLimit": COUNT},
    "apps.v1.DaemonSetUpdateStrategy": {"type": word("RollingUpdate", "OnDelete")},
    "apps.v1.RollingUpdateDaemonSet": {"maxSurge": SHARE, "maxUnavailable": SHARE},
    "batch.v1.JobSpec": {
        "activeDeadlineSeconds": COUNT,
        "backoffLimit": COUNT,
        "completionMode": word("NonIndexed", "Indexed"),
        "completions": COUNT,
        "parallelism": COUNT,
        "podReplacementPolicy": word("TerminatingOrFailed", "Failed"),
        "ttlSecondsAfterFinished": COUNT,
    },
    "batch.v1.CronJobSpec": {
        "concurrencyPolicy": word("Allow", "Forbid", "Replace"),
        "failedJobsHistoryLimit": COUNT,
        "schedule": SCHEDULE,
        "startingDeadlineSeconds": COUNT,
        "successfulJobsHistoryLimit": COUNT,
        "timeZone": ZONE,
    },
    "core.v1.PersistentVolumeClaimSpec": {
        "accessModes": _ACCESS,
        "storageClassName": NAME.or_empty(),
        "volumeAttributesClassName": NAME.or_empty(),
        "volumeMode": word("Filesystem", "Block"),
    },
}
_NETWORK: Table = {
    "core.v1.ServiceSpec": {
        "clusterIP": CLUSTER_IP,
        "externalIPs": IP,
        "externalTrafficPolicy": word("", "Cluster", "Local"),
        "healthCheckNodePort": number(0, 65535),
        "internalTrafficPolicy": word("Cluster", "Local"),
        "ipFamilies": word("IPv4", "IPv6"),
        "ipFamilyPolicy": word("SingleStack", "PreferDualStack", "RequireDualStack"),
        "loadBalancerSourceRanges": BLOCK,
        "sessionAffinity": word("", "ClientIP", "None"),
        "type": word("", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    },
    "core.v1.ServicePort": {
        "name": LABEL.or_empty(),
        "nodePort": number(0, 65535),
        "port": PORT,
        "protocol": _PROTOCOL,
        "targetPort": PORT_OR_NAME,
    },
    "networking.v1.NetworkPolicySpec": {"policyTypes": word("Ingress", "Egress")},
    "networking.v1.NetworkPolicyPort": {"endPort": PORT, "port": PORT_OR_NAME, "protocol": _PROTOCOL},
    "networking.v1.IPBlock": {"cidr": BLOCK, "except": BLOCK},
    "networking.v1.IngressSpec": {"ingressClassName": NAME},
    "networking.v1.IngressRule": {"host": HOST_OR_WILDCARD.or_empty()},
    "networking.v1.IngressTLS": {"hosts": HOST_OR_WILDCARD, "secretName": NAME.or_empty()},
    "networking.v1.HTTPIngressPath": {"path": ROUTE_PATH, "pathType": word("Exact", "Prefix", "ImplementationSpecific")},
    "networking.v1.IngressServiceBackend": {"name": SERVICE_NAME},
    "networking.v1.ServiceBackendPort": {"name": PORT_NAME.or_empty(), "number": PORT},
}
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
FIELDS: Table = _POD | _WORKLOADS | _NETWORK | _OTHERS

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
