"""Pod Security Standard *restricted*: what every pod must ask for, and what it must not beyond *baseline*.

Source: Kubernetes, Pod Security Standards, as ``k8s.io/pod-security-admission`` 0.37 enforces them; names of rules as there.
"""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import items, mapping, text, texts
from deploy.checks.generic.pod_security.baseline import PROFILES
from deploy.checks.generic.pod_security.pod import Pod, named

VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)


def restricted_volumes(pod: Pod) -> Iterator[str]:
    """Allow volumes that live in the cluster only; folders of the node have a rule of their own.

    A volume without a kind becomes an ``emptyDir`` in the API server.
    """
    for volume in items(pod.spec, "volumes"):
        given = set(volume) - {"name"}
        if given and not given & (VOLUMES | {"hostPath"}):
            yield f"volume '{text(volume, 'name')}' is of the type {', '.join(sorted(given))}"


def privilege_escalation(pod: Pod) -> Iterator[str]:
    """Ask to gain no privileges by set-uid files; Windows has none."""
    for container in () if pod.on_windows else pod.containers:
        if mapping(container, "securityContext").get("allowPrivilegeEscalation") is not False:
            yield f"{named(container)}: allowPrivilegeEscalation must be false"


def capabilities(pod: Pod) -> Iterator[str]:
    """Ask to drop all capabilities, of which only NET_BIND_SERVICE may come back; Windows has none."""
    for container in () if pod.on_windows else pod.containers:
        given = mapping(container, "securityContext", "capabilities")
        if "ALL" not in texts(given, "drop"):
            yield f"{named(container)}: capabilities.drop must hold ALL"
        if added := sorted(set(texts(given, "add")) - {"NET_BIND_SERVICE"}):
            yield f"{named(container)}: capabilities.add must not hold {', '.join(added)}"


def run_as_non_root(pod: Pod) -> Iterator[str]:
    """Ask for ``runAsNonRoot`` in each container or in the pod, and false in neither."""
    whole = pod.context.get("runAsNonRoot")
    if whole is False:
        yield "the pod: runAsNonRoot must be true"
    for container in pod.containers:
        if mapping(container, "securityContext").get("runAsNonRoot", whole) is not True:
            yield f"{named(container)}: runAsNonRoot must be true"


def run_as_non_root_1_35(pod: Pod) -> Iterator[str]:
    """Ask for the same outside of a user namespace."""
    return iter(()) if pod.own_users else run_as_non_root(pod)


def run_as_user(pod: Pod) -> Iterator[str]:
    """Refuse root by number."""
    for owner, context in pod.contexts:
        if context.get("runAsUser") == 0:
            yield f"{owner}: runAsUser must not be 0"


def run_as_user_1_35(pod: Pod) -> Iterator[str]:
    """Refuse the same outside of a user namespace."""
    return iter(()) if pod.own_users else run_as_user(pod)


def seccomp(pod: Pod) -> Iterator[str]:
    """Ask for a seccomp profile in each container or in the pod, and another one in neither; Windows has none."""
    if pod.on_windows:
        return
    whole = pod.context.get("seccompProfile")
    given = [] if whole is None else [("the pod", whole)]
    given += [(named(it), mapping(it, "securityContext").get("seccompProfile", whole)) for it in pod.containers]
    for owner, profile in given:
        if text(profile, "type") not in PROFILES:
            yield f"{owner}: seccompProfile.type must be RuntimeDefault or Localhost"
