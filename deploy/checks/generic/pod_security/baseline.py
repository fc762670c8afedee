"""Pod Security Standard *baseline*: what every pod must not ask for.

Source: Kubernetes, Pod Security Standards, as ``k8s.io/pod-security-admission`` 0.37 enforces them; names of rules as there.
"""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import items, mapping, text, texts
from deploy.checks.generic.pod_security.pod import Pod, named

SYSCTLS = frozenset(
    {
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
    }
)
SYSCTLS_1_37 = SYSCTLS | {"net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"}
SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
PROFILES = frozenset({"RuntimeDefault", "Localhost"})
"""Kinds of profiles of seccomp and AppArmor that confine."""
APP_ARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
"""What container runtimes give by default."""

_NODE_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("preStop", "postStart")


def host_namespaces(pod: Pod) -> Iterator[str]:
    """Refuse the namespaces of the node."""
    for name in _NODE_NAMESPACES:
        if pod.spec.get(name):
            yield f"{name} must not be set"


def host_process(pod: Pod) -> Iterator[str]:
    """Refuse host processes of Windows."""
    for owner, context in pod.contexts:
        if mapping(context, "windowsOptions").get("hostProcess"):
            yield f"{owner}: windowsOptions.hostProcess must not be set"


def host_path_volumes(pod: Pod) -> Iterator[str]:
    """Refuse folders of the node."""
    for volume in items(pod.spec, "volumes"):
        if volume.get("hostPath") is not None:
            yield f"volume '{text(volume, 'name')}' is a folder of the node"


def host_ports(pod: Pod) -> Iterator[str]:
    """Refuse ports of the node."""
    for container in pod.containers:
        if any(port.get("hostPort") for port in items(container, "ports")):
            yield f"{named(container)}: hostPort must not be set"


def host_probes(pod: Pod) -> Iterator[str]:
    """Refuse probes and hooks that the node would send elsewhere."""
    for container in pod.containers:
        handlers = [mapping(container, name) for name in _PROBES]
        handlers += [mapping(container, "lifecycle", hook) for hook in _HOOKS]
        if any(text(handler, action, "host") for handler in handlers for action in ("httpGet", "tcpSocket")):
            yield f"{named(container)}: probes and hooks must name no host"


def privileged(pod: Pod) -> Iterator[str]:
    """Refuse privileged containers."""
    for container in pod.containers:
        if mapping(container, "securityContext").get("privileged"):
            yield f"{named(container)}: privileged must not be set"


def capabilities(pod: Pod) -> Iterator[str]:
    """Refuse capabilities beyond those that runtimes give by default."""
    for container in pod.containers:
        if added := sorted(set(texts(container, "securityContext", "capabilities", "add")) - CAPABILITIES):
            yield f"{named(container)}: capabilities.add must not hold {', '.join(added)}"


def proc_mount(pod: Pod) -> Iterator[str]:
    """Refuse an unmasked ``/proc``."""
    for container in pod.containers:
        if mapping(container, "securityContext").get("procMount", "Default") != "Default":
            yield f"{named(container)}: procMount must be Default"


def proc_mount_1_35(pod: Pod) -> Iterator[str]:
    """Refuse an unmasked ``/proc`` outside of a user namespace."""
    return iter(()) if pod.own_users else proc_mount(pod)


def seccomp(pod: Pod) -> Iterator[str]:
    """Refuse seccomp profiles that do not confine."""
    for owner, context in pod.contexts:
        if "seccompProfile" in context and text(context, "seccompProfile", "type") not in PROFILES:
            yield f"{owner}: seccompProfile.type must be RuntimeDefault or Localhost"


def app_armor(pod: Pod) -> Iterator[str]:
    """Refuse AppArmor profiles that do not confine, also by the annotation that came before the field."""
    for owner, context in pod.contexts:
        if "appArmorProfile" in context and text(context, "appArmorProfile", "type") not in PROFILES:
            yield f"{owner}: appArmorProfile must be RuntimeDefault or Localhost"
    for key, value in pod.annotations.items():
        confines = value in ("", "runtime/default") or str(value).startswith("localhost/")
        if key.startswith(APP_ARMOR_ANNOTATION) and not confines:
            yield f"the annotation {key} must be runtime/default or localhost/..."


def selinux(pod: Pod) -> Iterator[str]:
    """Refuse chosen SELinux users, roles and foreign types."""
    for owner, context in pod.contexts:
        options = mapping(context, "seLinuxOptions")
        if text(options, "type") not in SELINUX_TYPES or options.get("user") or options.get("role"):
            yield f"{owner}: seLinuxOptions must name no user, no role and no type but those of containers"


def sysctls(pod: Pod) -> Iterator[str]:
    """Refuse sysctls that reach beyond the pod."""
    return _sysctls(pod, SYSCTLS)


def sysctls_1_37(pod: Pod) -> Iterator[str]:
    """Refuse sysctls that reach beyond the pod; two more of TCP do not."""
    return _sysctls(pod, SYSCTLS_1_37)


def _sysctls(pod: Pod, safe: frozenset[str]) -> Iterator[str]:
    for entry in items(pod.context, "sysctls"):
        if text(entry, "name") not in safe:
            yield f"the sysctl {text(entry, 'name')} is not safe"
