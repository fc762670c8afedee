"""The Pod Security Standards per level and minor version of Kubernetes, as a table of controls.

Source: ``k8s.io/pod-security-admission`` 0.37, whose own fixtures are the test of this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from deploy.checks.generic.pod_security import baseline, restricted
from deploy.checks.generic.pod_security.pod import Pod

Rule = Callable[[Pod], Iterable[str]]
Version = tuple[int, int]
Fault = tuple[str, str]
"""Code and text of what is wrong."""

OLDEST: Version = (1, 34)
"""Rules of older versions are not here: no supported server enforces them."""


class Level(Enum):
    """A level of the standards; the third, *privileged*, asks for nothing."""

    BASELINE = "baseline"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True)
class Control:
    """One control: its code and, per level, its rules by the version that brought them.

    *Restricted* has all controls of *baseline*; what it says itself about one of them takes the place of that.
    """

    code: str
    baseline: Mapping[Version, Rule] = field(default_factory=dict)
    restricted: Mapping[Version, Rule] = field(default_factory=dict)

    def rule(self, level: Level, version: Version) -> Rule | None:
        """Return the rule that a level has in a version, or None."""
        own = _newest(self.restricted, version) if level is Level.RESTRICTED else None
        return own or _newest(self.baseline, version)


def _newest(rules: Mapping[Version, Rule], version: Version) -> Rule | None:
    reached = [since for since in rules if since <= version]
    return rules[max(reached)] if reached else None


def _always(rule: Rule) -> Mapping[Version, Rule]:
    return {OLDEST: rule}


CONTROLS = (
    Control("pss-host-namespaces", _always(baseline.host_namespaces)),
    Control("pss-host-process", _always(baseline.host_process)),
    Control("pss-host-path", _always(baseline.host_path_volumes)),
    Control("pss-host-ports", _always(baseline.host_ports)),
    Control("pss-host-probes", _always(baseline.host_probes)),
    Control("pss-privileged", _always(baseline.privileged)),
    Control("pss-capabilities", _always(baseline.capabilities), _always(restricted.capabilities)),
    Control(
        "pss-proc-mount",
        {OLDEST: baseline.proc_mount, (1, 35): baseline.proc_mount_1_35},
        {(1, 35): baseline.proc_mount},
    ),
    Control("pss-seccomp", _always(baseline.seccomp), _always(restricted.seccomp)),
    Control("pss-apparmor", _always(baseline.app_armor)),
    Control("pss-selinux", _always(baseline.selinux)),
    Control("pss-sysctls", {OLDEST: baseline.sysctls, (1, 37): baseline.sysctls_1_37}),
    Control("pss-volume-types", restricted=_always(restricted.restricted_volumes)),
    Control("pss-privilege-escalation", restricted=_always(restricted.privilege_escalation)),
    Control(
        "pss-run-as-non-root",
        restricted={OLDEST: restricted.run_as_non_root, (1, 35): restricted.run_as_non_root_1_35},
    ),
    Control("pss-run-as-user", restricted={OLDEST: restricted.run_as_user, (1, 35): restricted.run_as_user_1_35}),
)


def faults(pod: Pod, level: Level, minor: str) -> Iterator[Fault]:
    """Return what a server of a minor version (``1.37``) that enforces a level has against a pod."""
    version = _version(minor)
    for control in CONTROLS:
        if (rule := control.rule(level, version)) is not None:
            for message in rule(pod):
                yield control.code, message


def faults_anywhere(pod: Pod, level: Level, minors: Iterable[str]) -> Iterator[Fault]:
    """Return what servers of any of some minor versions have against a pod, each once; it names those that differ."""
    every = tuple(minors)
    found: dict[Fault, list[str]] = {}
    for minor in every:
        for fault in faults(pod, level, minor):
            found.setdefault(fault, []).append(minor)
    for (code, message), by in found.items():
        yield code, message if len(set(by)) == len(every) else f"{message} (Kubernetes {', '.join(dict.fromkeys(by))})"


def _version(minor: str) -> Version:
    """Return a minor version as numbers. Raises ValueError for one that is none, or older than the rules."""
    major, _, rest = minor.partition(".")
    version = int(major), int(rest)
    if version < OLDEST:
        raise ValueError(f"the standards of Kubernetes {minor} are not known, only those since {OLDEST[0]}.{OLDEST[1]}")
    return version
