"""The rules of the Pod Security Standards give the verdicts of Kubernetes' own admission on its own fixtures."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import pytest

from deploy.checks.generic.core_schemas import MINORS
from deploy.checks.generic.objects import Document, Objects
from deploy.checks.generic.pod_security.check import check_pod_security
from deploy.checks.generic.pod_security.pod import Pod
from deploy.checks.generic.pod_security.standard import CONTROLS, Level, faults
from tests.deploy.manifests.generic.pod_security_fixtures import MODULE, Fixture, fixtures, licence, source

CODES: Mapping[str, str] = {
    "allowprivilegeescalation": "pss-privilege-escalation",
    "apparmorprofile": "pss-apparmor",
    "capabilities_baseline": "pss-capabilities",
    "capabilities_restricted": "pss-capabilities",
    "hostnamespaces": "pss-host-namespaces",
    "hostpathvolumes": "pss-host-path",
    "hostports": "pss-host-ports",
    "hostprobesandhostlifecycle": "pss-host-probes",
    "privileged": "pss-privileged",
    "procmount": "pss-proc-mount",
    "procmount_restricted": "pss-proc-mount",
    "restrictedvolumes": "pss-volume-types",
    "runasnonroot": "pss-run-as-non-root",
    "runasuser": "pss-run-as-user",
    "seccompprofile_baseline": "pss-seccomp",
    "seccompprofile_restricted": "pss-seccomp",
    "selinuxoptions": "pss-selinux",
    "sysctls": "pss-sysctls",
    "windowshostprocess": "pss-host-process",
}
"""Our code for what upstream calls a check."""

BESIDE: Mapping[str, str] = {
    "allowprivilegeescalation": "pss-capabilities",
    "privileged": "pss-privilege-escalation",
    "restrictedvolumes": "pss-host-path",
    "windowshostprocess": "pss-host-namespaces",
}
"""What else some fixtures of a check break: the API server takes no pod that is privileged and does not escalate, and so on.

A folder of the node is one of the restricted volumes upstream; here it has a code of its own.
"""

LINUX: Document = {
    "containers": [{"name": "a", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}],
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
}


def codes_of(pod: Document, level: Level, minor: str) -> set[str]:
    return {code for code, _ in faults(Pod.of(pod), level, minor)}


def linux(**changes: object) -> Document:
    return {"kind": "Pod", "metadata": {"name": "a"}, "spec": {**copy.deepcopy(LINUX), **changes}}


@pytest.mark.parametrize("fixture", [it for it in fixtures() if it.passes], ids=str)
def test_what_the_admission_lets_pass_has_no_fault(fixture: Fixture) -> None:
    assert codes_of(fixture.pod, fixture.level, fixture.minor) == set()


@pytest.mark.parametrize("fixture", [it for it in fixtures() if not it.passes], ids=str)
def test_what_the_admission_refuses_is_refused_by_the_same_check(fixture: Fixture) -> None:
    found = codes_of(fixture.pod, fixture.level, fixture.minor)
    assert found <= {CODES[fixture.check], BESIDE.get(fixture.check)}
    assert CODES[fixture.check] in found or (fixture.check, found) == ("restrictedvolumes", {"pss-host-path"})


def test_the_fixtures_are_those_of_every_supported_version_and_try_every_control() -> None:
    assert source().startswith(f"{MODULE}@v0.")
    assert "Apache License" in licence()
    for level in Level:
        for minor in MINORS:
            found = [it for it in fixtures() if it.level is level and it.minor == minor]
            assert sum(it.passes for it in found) >= 14
            refused = {CODES[it.check] for it in found if not it.passes}
            assert refused == {it.code for it in CONTROLS if it.rule(level, (1, int(minor.partition(".")[2]))) is not None}


def test_a_version_before_the_rules_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.33"):
        codes_of(linux(), Level.RESTRICTED, "1.33")


@pytest.mark.parametrize("fixture", [it for it in fixtures() if it.level is Level.RESTRICTED and not it.passes], ids=str)
def test_what_one_supported_version_refuses_is_a_finding(fixture: Fixture) -> None:
    found = {finding.code for finding in check_pod_security(Objects("a", [fixture.pod])) if finding.code.startswith("pss-")}
    assert found & {CODES[fixture.check], "pss-host-path"}


def test_a_finding_names_the_versions_where_not_all_of_them_refuse() -> None:
    pod = linux(securityContext={**LINUX["securityContext"], "sysctls": [{"name": "net.ipv4.tcp_notsent_lowat", "value": "1"}]})
    [finding] = [it for it in check_pod_security(Objects("a", [pod])) if it.code.startswith("pss-")]
    assert finding.text == "the sysctl net.ipv4.tcp_notsent_lowat is not safe (Kubernetes 1.34, 1.35, 1.36)"


def test_a_field_that_is_null_is_not_there() -> None:
    container = {**LINUX["containers"][0], "ports": None, "lifecycle": None}
    container["securityContext"] = {**container["securityContext"], "runAsNonRoot": None, "seccompProfile": None}
    pod = linux(containers=[container], volumes=[{"name": "v", "hostPath": None, "emptyDir": {}}])
    assert codes_of(pod, Level.RESTRICTED, MINORS[0]) == set()


def test_a_pod_without_a_security_context_passes_if_its_containers_ask_for_everything() -> None:
    own = {**LINUX["containers"][0]["securityContext"], **LINUX["securityContext"]}
    pod = linux(containers=[{"name": "a", "securityContext": own}])
    del pod["spec"]["securityContext"]
    assert codes_of(pod, Level.RESTRICTED, MINORS[0]) == set()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [("procMount", "", "pss-proc-mount"), ("seccompProfile", {}, "pss-seccomp"), ("appArmorProfile", {}, "pss-apparmor")],
)
def test_a_field_that_is_set_to_nothing_is_refused(field: str, value: object, code: str) -> None:
    own = {**LINUX["containers"][0]["securityContext"], field: value}
    assert codes_of(linux(containers=[{"name": "a", "securityContext": own}]), Level.BASELINE, MINORS[0]) == {code}


def test_volumes_of_images_are_of_the_cluster() -> None:
    volume = {"name": "v", "image": {"reference": "registry.example/a@sha256:0"}}
    assert codes_of(linux(volumes=[volume]), Level.RESTRICTED, MINORS[0]) == set()
    assert codes_of(linux(volumes=[{"name": "v"}]), Level.RESTRICTED, MINORS[0]) == set()
