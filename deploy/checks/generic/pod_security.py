"""Pod Security Standard *restricted*, rule by rule, and what the marketplace asks of its pods beyond it.

Source of the ``pss-`` rules: Kubernetes, Pod Security Standards, as enforced at v1.34 to v1.36; v1.37 also lets two sysctls of
TCP pass (slow start after idle, lowest amount unsent), which a server of v1.34 refuses. Pods are those of Linux: what the
standard spares Windows is asked of every pod. The others: BSI APP.4.4 and the
security table of openDesk (read-only root file system, high user ids, no token of the API server).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from deploy.checks.generic.core_schemas import MINORS
from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, text, texts, where
from deploy.checks.generic.pods import Workload, workloads

LOWEST_USER_ID = 10000
"""User ids below may belong to somebody on the node."""

VOLUMES = frozenset({"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"})
SYSCTLS = frozenset(
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    ]
)
SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
SECCOMP = frozenset({"RuntimeDefault", "Localhost"})
APP_ARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe")

Fault = tuple[str, str]
"""Code and text of what is wrong."""


def check_pod_security(objects: Objects) -> Iterator[Finding]:
    """Check every workload and the labels of the namespaces."""
    for workload in workloads(objects):
        for rule in POD_RULES:
            for code, message in rule(workload.spec):
                yield Finding(code, workload.where, message)
        for container in workload.all_containers:
            for container_rule in CONTAINER_RULES:
                for code, message in container_rule(workload.spec, container):
                    yield Finding(code, workload.where, f"container '{text(container, 'name')}': {message}")
        yield from _annotations(workload)
        yield from _no_token(objects, workload)
    for namespace in objects.of("Namespace"):
        yield from _enforcement(namespace)


def _enforcement(namespace: Document) -> Iterator[Finding]:
    """Ask for the standard on the namespace, in a pinned version."""
    labels = mapping(namespace, "metadata", "labels")
    for mode in ("enforce", "audit", "warn"):
        label = f"pod-security.kubernetes.io/{mode}"
        if labels.get(label) != "restricted":
            yield Finding("pss-namespace", where(namespace), f"{label} must be 'restricted'")
        if str(labels.get(f"{label}-version", "")).removeprefix("v") not in MINORS:
            message = f"{label}-version must be pinned to one of v{', v'.join(MINORS)}: an upgrade must not change rules"
            yield Finding("pss-namespace", where(namespace), message)


def host_namespaces(spec: Document) -> Iterator[Fault]:
    """Refuse the namespaces of the node."""
    for name in NAMESPACES:
        if spec.get(name):
            yield "pss-host-namespaces", f"{name} must not be set"


def host_processes(spec: Document) -> Iterator[Fault]:
    """Refuse host processes of Windows."""
    for context in _contexts(spec):
        if mapping(context, "windowsOptions").get("hostProcess"):
            yield "pss-host-process", "windowsOptions.hostProcess must not be set"


def volume_types(spec: Document) -> Iterator[Fault]:
    """Allow volumes that live in the cluster only."""
    for volume in items(spec, "volumes"):
        for kind in sorted(set(volume) - VOLUMES - {"name", "hostPath"}):
            yield "pss-volume-types", f"volume '{text(volume, 'name')}' is of the type {kind}"


def host_paths(spec: Document) -> Iterator[Fault]:
    """Refuse folders of the node."""
    for volume in items(spec, "volumes"):
        if "hostPath" in volume:
            yield "pss-host-path", f"volume '{text(volume, 'name')}' is a folder of the node"


def sysctls(spec: Document) -> Iterator[Fault]:
    """Allow safe sysctls only."""
    for entry in items(spec, "securityContext", "sysctls"):
        if text(entry, "name") not in SYSCTLS:
            yield "pss-sysctls", f"the sysctl {text(entry, 'name')} is not safe"


def selinux(spec: Document) -> Iterator[Fault]:
    """Refuse chosen SELinux users, roles and foreign types."""
    for context in _contexts(spec):
        options = mapping(context, "seLinuxOptions")
        if text(options, "type") not in SELINUX_TYPES or options.get("user") or options.get("role"):
            yield "pss-selinux", "seLinuxOptions must name no user, no role and no type but those of containers"


def app_armor(spec: Document) -> Iterator[Fault]:
    """Refuse a pod without its AppArmor profile."""
    for context in _contexts(spec):
        if text(context, "appArmorProfile", "type") not in ("", "RuntimeDefault", "Localhost"):
            yield "pss-apparmor", "appArmorProfile must be RuntimeDefault or Localhost"


def run_as_user(spec: Document) -> Iterator[Fault]:
    """Refuse root and, stricter than the standard, low user and group ids or none at all."""
    for context in _contexts(spec):
        if context.get("runAsUser") == 0:
            yield "pss-run-as-user", "runAsUser must not be 0"
    for container in _containers(spec):
        for field in ("runAsUser", "runAsGroup"):
            found = mapping(container, "securityContext").get(field, mapping(spec, "securityContext").get(field))
            if not isinstance(found, int) or 0 < found < LOWEST_USER_ID or (found == 0 and field == "runAsGroup"):
                yield "low-user-id", f"{field} must be set to {LOWEST_USER_ID} or above"


def service_links(spec: Document) -> Iterator[Fault]:
    """Keep variables that Kubernetes makes from Services out of the settings (NOTIFY_API_PORT looks like one)."""
    if spec.get("enableServiceLinks") is not False:
        yield "service-links", "enableServiceLinks must be false"


def _annotations(workload: Workload) -> Iterator[Finding]:
    """The older way to switch AppArmor off."""
    for key, value in mapping(workload.template, "metadata", "annotations").items():
        if key.startswith(APP_ARMOR_ANNOTATION) and value != "runtime/default" and not str(value).startswith("localhost/"):
            yield Finding("pss-apparmor", workload.where, f"the annotation {key} must be runtime/default or localhost/...")


def _no_token(objects: Objects, workload: Workload) -> Iterator[Finding]:
    account = objects.find("ServiceAccount", workload.namespace, text(workload.spec, "serviceAccountName"))
    if workload.spec.get("automountServiceAccountToken") is not False:
        yield Finding("token-mount", workload.where, "automountServiceAccountToken must be false in the pod")
    if account is not None and account.get("automountServiceAccountToken") is not False:
        yield Finding(
            "token-mount",
            workload.where,
            f"automountServiceAccountToken must be false in ServiceAccount {text(account, 'metadata', 'name')}",
        )


def privileged(_spec: Document, container: Document) -> Iterator[Fault]:
    """Refuse privileged containers."""
    if mapping(container, "securityContext").get("privileged"):
        yield "pss-privileged", "privileged must not be set"


def escalation(_spec: Document, container: Document) -> Iterator[Fault]:
    """Refuse set-uid gains."""
    if mapping(container, "securityContext").get("allowPrivilegeEscalation") is not False:
        yield "pss-privilege-escalation", "allowPrivilegeEscalation must be false"


def capabilities(_spec: Document, container: Document) -> Iterator[Fault]:
    """Ask to drop all capabilities; only NET_BIND_SERVICE may come back."""
    given = mapping(container, "securityContext", "capabilities")
    if "ALL" not in texts(given, "drop"):
        yield "pss-capabilities", "capabilities.drop must hold ALL"
    if added := sorted(set(texts(given, "add")) - {"NET_BIND_SERVICE"}):
        yield "pss-capabilities", f"capabilities.add must not hold {', '.join(added)}"


def non_root(spec: Document, container: Document) -> Iterator[Fault]:
    """Ask for runAsNonRoot in the container or in the pod, and false in neither."""
    given = [mapping(it, "securityContext").get("runAsNonRoot") for it in (spec, container)]
    if False in given or True not in given:
        yield "pss-run-as-non-root", "runAsNonRoot must be true"


def seccomp(spec: Document, container: Document) -> Iterator[Fault]:
    """Ask for a seccomp profile in the container or in the pod, and another one in neither."""
    given = {text(it, "securityContext", "seccompProfile", "type") for it in (spec, container)} - {""}
    if not given or given - SECCOMP:
        yield "pss-seccomp", "seccompProfile.type must be RuntimeDefault or Localhost"


def proc_mount(_spec: Document, container: Document) -> Iterator[Fault]:
    """Refuse an unmasked /proc."""
    if text(container, "securityContext", "procMount") not in ("", "Default"):
        yield "pss-proc-mount", "procMount must be Default"


def host_ports(_spec: Document, container: Document) -> Iterator[Fault]:
    """Refuse ports of the node."""
    for port in items(container, "ports"):
        if port.get("hostPort") or port.get("hostIP"):
            yield "pss-host-ports", "hostPort and hostIP must not be set"


def host_probes(_spec: Document, container: Document) -> Iterator[Fault]:
    """Refuse probes and hooks that the node would send elsewhere (in the standard since 1.34)."""
    handlers = [mapping(container, name) for name in HANDLERS]
    handlers += [mapping(container, "lifecycle", hook) for hook in ("preStop", "postStart")]
    for handler in handlers:
        if any(mapping(handler, action).get("host") for action in ("httpGet", "tcpSocket")):
            yield "pss-host-probes", "probes and hooks must name no host"


def read_only_root(_spec: Document, container: Document) -> Iterator[Fault]:
    """Ask for a read-only root file system."""
    if mapping(container, "securityContext").get("readOnlyRootFilesystem") is not True:
        yield "read-only-root", "readOnlyRootFilesystem must be true"


POD_RULES: tuple[Callable[[Document], Iterable[Fault]], ...] = (
    host_namespaces,
    host_processes,
    volume_types,
    host_paths,
    sysctls,
    selinux,
    app_armor,
    run_as_user,
    service_links,
)
CONTAINER_RULES: tuple[Callable[[Document, Document], Iterable[Fault]], ...] = (
    privileged,
    escalation,
    capabilities,
    non_root,
    seccomp,
    proc_mount,
    host_ports,
    host_probes,
    read_only_root,
)


def _containers(spec: Document) -> list[Document]:
    return [*items(spec, "initContainers"), *items(spec, "containers"), *items(spec, "ephemeralContainers")]


def _contexts(spec: Document) -> list[Document]:
    return [mapping(spec, "securityContext"), *(mapping(container, "securityContext") for container in _containers(spec))]
