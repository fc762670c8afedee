"""Faults against the Pod Security Standard and what is asked beyond it."""

from __future__ import annotations

from deploy.checks.generic.pod_security.baseline import APP_ARMOR_ANNOTATION
from tests.deploy.manifests.faults import container, drop, in_, pod, put
from tests.deploy.manifests.planting import Mutation

FAULTS = (
    Mutation("namespace of the node", pod("ordering-api", put("hostPID", value=True)), "pss-host-namespaces"),
    Mutation(
        "folder of the node",
        pod("ordering-api", put("volumes", 0, value={"name": "tmp", "hostPath": {"path": "/var/data"}})),
        "pss-host-path",
    ),
    Mutation(
        "volume of a foreign type",
        pod("ordering-api", put("volumes", 0, value={"name": "tmp", "nfs": {"server": "a", "path": "/"}})),
        "pss-volume-types",
    ),
    Mutation(
        "unsafe sysctl",
        pod("ordering-api", put("securityContext", "sysctls", value=[{"name": "kernel.msgmax", "value": "1"}])),
        "pss-sysctls",
    ),
    Mutation(
        "chosen SELinux user",
        pod("ordering-api", put("securityContext", "seLinuxOptions", value={"user": "system_u"})),
        "pss-selinux",
    ),
    Mutation(
        "no AppArmor",
        pod("ordering-api", put("securityContext", "appArmorProfile", value={"type": "Unconfined"})),
        "pss-apparmor",
    ),
    Mutation(
        "no AppArmor by annotation",
        in_(
            "Deployment",
            "ordering-api",
            put("spec", "template", "metadata", "annotations", value={f"{APP_ARMOR_ANNOTATION}app": "unconfined"}),
        ),
        "pss-apparmor",
    ),
    Mutation("pod may be root", pod("ordering-api", put("securityContext", "runAsNonRoot", value=False)), "pss-run-as-non-root"),
    Mutation(
        "host process",
        pod("ordering-api", put("securityContext", "windowsOptions", value={"hostProcess": True})),
        "pss-host-process",
    ),
    Mutation("root", pod("ordering-api", put("securityContext", "runAsUser", value=0)), "pss-run-as-user"),
    Mutation("low user id", pod("ordering-api", put("securityContext", "runAsUser", value=1000)), "low-user-id"),
    Mutation("may be root", pod("ordering-api", drop("securityContext", "runAsNonRoot")), "pss-run-as-non-root"),
    Mutation(
        "container may be root again",
        container("ordering-api", put("securityContext", "runAsNonRoot", value=False)),
        "pss-run-as-non-root",
    ),
    Mutation("no seccomp", pod("ordering-api", drop("securityContext", "seccompProfile")), "pss-seccomp"),
    Mutation(
        "seccomp undone in the container",
        container("ordering-api", put("securityContext", "seccompProfile", value={"type": "Unconfined"})),
        "pss-seccomp",
    ),
    Mutation("privileged", container("ordering-api", put("securityContext", "privileged", value=True)), "pss-privileged"),
    Mutation(
        "may escalate", container("ordering-api", drop("securityContext", "allowPrivilegeEscalation")), "pss-privilege-escalation"
    ),
    Mutation(
        "keeps capabilities",
        container("ordering-api", put("securityContext", "capabilities", "drop", value=["NET_RAW"])),
        "pss-capabilities",
    ),
    Mutation(
        "takes a capability",
        container("ordering-api", put("securityContext", "capabilities", "add", value=["SYS_TIME"])),
        "pss-capabilities",
    ),
    Mutation(
        "unmasked /proc", container("ordering-api", put("securityContext", "procMount", value="Unmasked")), "pss-proc-mount"
    ),
    Mutation("port of the node", container("ordering-api", put("ports", 0, "hostPort", value=8080)), "pss-host-ports"),
    Mutation(
        "probe elsewhere",
        container("ordering-api", put("livenessProbe", "httpGet", "host", value="192.0.2.1")),
        "pss-host-probes",
    ),
    Mutation(
        "writable root",
        container("ordering-api", put("securityContext", "readOnlyRootFilesystem", value=False)),
        "read-only-root",
    ),
    Mutation(
        "writable root of a job",
        container("ordering-migrate", put("securityContext", "readOnlyRootFilesystem", value=False), "Job"),
        "read-only-root",
    ),
    Mutation("token in the pod", pod("ordering-api", drop("automountServiceAccountToken")), "token-mount"),
    Mutation("token by the account", in_("ServiceAccount", "ordering-api", drop("automountServiceAccountToken")), "token-mount"),
    Mutation("variables from Services", pod("ordering-api", drop("enableServiceLinks")), "service-links"),
    Mutation(
        "weak namespace",
        in_("Namespace", "marktplatz", put("metadata", "labels", "pod-security.kubernetes.io/enforce", value="baseline")),
        "pss-namespace",
    ),
    Mutation(
        "unpinned standard",
        in_("Namespace", "marktplatz", drop("metadata", "labels", "pod-security.kubernetes.io/enforce-version")),
        "pss-namespace",
    ),
)
