"""Fields of what makes pods, and of their claims."""

from __future__ import annotations

from deploy.checks.generic.values.formats import COUNT, LABEL, NAME, SHARE, Table, word
from deploy.checks.generic.values.times import SCHEDULE, ZONE

_ACCESS = word("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")

WORKLOADS: Table = {
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
