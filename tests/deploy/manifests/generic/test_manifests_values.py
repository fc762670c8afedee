"""Values hold their forms wherever a part of an object stands, and what does not go together is found."""

from __future__ import annotations

import pytest

from deploy.checks.generic.core_schemas import MINORS, definitions_of
from deploy.checks.generic.objects import Document
from deploy.checks.generic.values import fields
from deploy.checks.generic.values.check import check_values
from deploy.checks.generic.values.custom import ALSO, BUILT_IN
from deploy.checks.generic.values.together import NEEDED, RULES
from deploy.checks.generic.values.variables import form_of


def short(name: str) -> str:
    for prefix in ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis."):
        name = name.removeprefix(prefix)
    return name


def test_the_tables_name_parts_and_fields_that_there_are() -> None:
    parts = {short(name): schema for name, schema in definitions_of(MINORS[-1]).items()}
    assert set(RULES) | {part for part in (*BUILT_IN.values(), *ALSO.values()) if part} <= set(parts)
    for table in (fields.FIELDS, fields.KEYS, fields.VALUES, NEEDED):
        unknown = {(part, field) for part, of in table.items() for field in of if field not in parts[part]["properties"]}
        assert unknown == set()


def test_the_variables_of_addresses_and_zones_have_forms() -> None:
    for name in ("AUTH_ISSUER", "AUTH_JWKS_URL", "NOTIFY_SMTP_HOST", "KAFKA_BOOTSTRAP_SERVERS", "MARKTPLATZ_LOG_TIME_ZONE"):
        assert form_of(name) is not None
    assert form_of("MARKTPLATZ_STORE_URL") is None
    assert form_of("NOTIFY_SENDER_NAME") is None


REQUEST: Document = {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}
APP: Document = {"name": "app", "image": "a:1"}
POD: Document = {"containers": [APP]}
PROBE: Document = {"httpGet": {"port": 80}}
CHOSEN: Document = {"matchLabels": {"a": "b"}}
TEMPLATE: Document = {"metadata": {"labels": {"a": "b"}}, "spec": POD}
SCALED: Document = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}
CLAIM: Document = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def deployment(pod: Document | None = None, **spec: object) -> Document:
    given = {"selector": CHOSEN, "template": {**TEMPLATE, "spec": POD if pod is None else pod}, **spec}
    return _object("apps/v1", "Deployment", spec=given)


def container(**given: object) -> Document:
    return deployment({"containers": [APP | given]})


def stateful(**spec: object) -> Document:
    return _object("apps/v1", "StatefulSet", spec={"serviceName": "a", "selector": CHOSEN, "template": TEMPLATE, **spec})


def daemon(**spec: object) -> Document:
    return _object("apps/v1", "DaemonSet", spec={"selector": CHOSEN, "template": TEMPLATE, **spec})


def autoscaler(*metrics: Document, **spec: object) -> Document:
    given = {"scaleTargetRef": SCALED, "maxReplicas": 3, "metrics": list(metrics), **spec}
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", spec=given)


def policy(*peers: Document, port: Document | None = None) -> Document:
    rule = {"from": list(peers), "ports": [port] if port else []}
    return _object("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "ingress": [rule]})


def ingress(**path: object) -> Document:
    given = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "a", "port": {"number": 80}}}} | path
    return _object("networking.k8s.io/v1", "Ingress", spec={"rules": [{"http": {"paths": [given]}}]})


def _object(api_version: str, kind: str, **given: object) -> Document:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "n"}, **given}


def resource(**target: object) -> Document:
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def volume(**source: object) -> Document:
    return deployment(POD | {"volumes": [{"name": "v", **source}]})


BROKEN: dict[str, tuple[Document, ...]] = {
    "apps.v1.DaemonSetSpec": (daemon(selector={}), daemon(template={**TEMPLATE, "spec": POD | {"restartPolicy": "Never"}})),
    "apps.v1.DaemonSetUpdateStrategy": (daemon(updateStrategy={"type": "OnDelete", "rollingUpdate": {}}),),
    "apps.v1.DeploymentSpec": (deployment(selector={}), deployment(minReadySeconds=9, progressDeadlineSeconds=9)),
    "apps.v1.DeploymentStrategy": (deployment(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),),
    "apps.v1.RollingUpdateDaemonSet": (daemon(updateStrategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),),
    "apps.v1.RollingUpdateDeployment": (deployment(strategy={"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": 0}}),),
    "apps.v1.RollingUpdateStatefulSetStrategy": (stateful(updateStrategy={"rollingUpdate": {"maxUnavailable": "101%"}}),),
    "apps.v1.StatefulSetSpec": (
        stateful(volumeClaimTemplates=[{"metadata": {"name": "A"}, "spec": CLAIM}]),
        stateful(selector={}),
    ),
    "apps.v1.StatefulSetUpdateStrategy": (stateful(updateStrategy={"type": "OnDelete", "rollingUpdate": {}}),),
    "autoscaling.v2.HorizontalPodAutoscalerSpec": (autoscaler(minReplicas=4),),
    "autoscaling.v2.MetricSpec": (autoscaler({"type": "Pods"}), autoscaler(resource(type="Value", value="1") | {"pods": {}})),
    "autoscaling.v2.MetricTarget": (
        autoscaler(resource(type="Utilization", averageValue="1")),
        autoscaler(resource(type="Value")),
    ),
    "core.v1.AppArmorProfile": (deployment(POD | {"securityContext": {"appArmorProfile": {"type": "Localhost"}}}),),
    "core.v1.ConfigMap": (
        _object("v1", "ConfigMap", data={"a": "b"}, binaryData={"a": "YQ=="}),
        _object("v1", "ConfigMap", binaryData={"a": "!"}),
        _object("v1", "ConfigMap", data={"a": "b" * 1024**2 + "b"}),
    ),
    "core.v1.Container": (
        container(ports=[{"name": "a", "containerPort": 1}, {"name": "a", "containerPort": 2}]),
        container(volumeMounts=[{"name": "v", "mountPath": "/a"}, {"name": "w", "mountPath": "/a"}]),
        container(livenessProbe=PROBE | {"successThreshold": 2}),
    ),
    "core.v1.EnvFromSource": (
        container(envFrom=[{}]),
        container(envFrom=[{"configMapRef": {"name": "a"}, "secretRef": {"name": "a"}}]),
    ),
    "core.v1.EnvVar": (container(env=[{"name": "A", "value": "b", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),),
    "core.v1.EnvVarSource": (container(env=[{"name": "A", "valueFrom": {}}]),),
    "core.v1.LifecycleHandler": (
        container(lifecycle={"preStop": {}}),
        container(lifecycle={"preStop": {"exec": {"command": ["a"]}, "sleep": {"seconds": 1}}}),
    ),
    "core.v1.LimitRangeItem": (
        _object("v1", "LimitRange", spec={"limits": [{"type": "Container", "min": {"cpu": "2"}, "default": {"cpu": "1"}}]}),
    ),
    "core.v1.LimitRangeSpec": (_object("v1", "LimitRange", spec={"limits": [{"type": "Container"}, {"type": "Container"}]}),),
    "core.v1.PersistentVolumeClaimSpec": (
        _object("v1", "PersistentVolumeClaim", spec=CLAIM | {"resources": {}}),
        _object("v1", "PersistentVolumeClaim", spec=CLAIM | {"accessModes": ["ReadWriteOncePod", "ReadOnlyMany"]}),
        _object(
            "v1", "PersistentVolumeClaim", spec=CLAIM | {"resources": {"requests": {"storage": "2"}, "limits": {"storage": "1"}}}
        ),
    ),
    "core.v1.PodSpec": (
        deployment({"containers": [APP], "initContainers": [APP]}),
        deployment({"containers": [APP], "initContainers": [APP | {"name": "b", "readinessProbe": PROBE}]}),
        deployment({"containers": [APP | {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}}]}),
    ),
    "core.v1.Probe": (container(livenessProbe={}), container(livenessProbe=PROBE | {"tcpSocket": {"port": 80}})),
    "core.v1.ResourceQuotaSpec": (_object("v1", "ResourceQuota", spec={"hard": {"pods": "1.5"}}),),
    "core.v1.ResourceRequirements": (
        container(resources=REQUEST),
        container(resources={"requests": {"cpus": "1"}}),
        container(resources={"requests": {"example.org/gpu": "1"}}),
    ),
    "core.v1.SeccompProfile": (
        deployment(POD | {"securityContext": {"seccompProfile": {"type": "RuntimeDefault", "localhostProfile": "a"}}}),
    ),
    "core.v1.Secret": (_object("v1", "Secret", data={"a": "not base64"}),),
    "core.v1.ServiceSpec": (
        _object("v1", "Service", spec={"selector": {"a": "b"}}),
        _object("v1", "Service", spec={"ports": [{"port": 80}, {"port": 81}]}),
        _object("v1", "Service", spec={"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]}),
        _object("v1", "Service", spec={"type": "ExternalName"}),
    ),
    "core.v1.Toleration": (
        deployment(POD | {"tolerations": [{"value": "a"}]}),
        deployment(POD | {"tolerations": [{"operator": "Exists", "key": "a", "value": "b"}]}),
    ),
    "core.v1.TopologySpreadConstraint": (
        deployment(
            POD
            | {
                "topologySpreadConstraints": [
                    {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 2}
                ]
            }
        ),
        deployment(
            POD
            | {
                "topologySpreadConstraints": [
                    {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": ["a"]}
                ]
            }
        ),
    ),
    "core.v1.Volume": (volume(), volume(emptyDir={}, configMap={"name": "a"})),
    "core.v1.VolumeMount": (container(volumeMounts=[{"name": "v", "mountPath": "/a", "subPath": "b", "subPathExpr": "c"}]),),
    "core.v1.VolumeProjection": (volume(projected={"sources": [{}]}),),
    "meta.v1.LabelSelectorRequirement": (
        deployment(selector={"matchExpressions": [{"key": "a", "operator": "In", "values": []}]}),
        deployment(selector={"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}),
    ),
    "meta.v1.ObjectMeta": (
        {**deployment(), "metadata": {"name": "a", "namespace": "n", "annotations": {"a": "b" * 256 * 1024}}},
    ),
    "networking.v1.HTTPIngressPath": (ingress(path=""),),
    "networking.v1.IPBlock": (
        policy({"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.0/24"]}}),
        policy({"ipBlock": {"cidr": "192.0.2.0/24", "except": ["::/8"]}}),
    ),
    "networking.v1.IngressBackend": (ingress(backend={}),),
    "networking.v1.IngressSpec": (_object("networking.k8s.io/v1", "Ingress", spec={"ingressClassName": "a"}),),
    "networking.v1.NetworkPolicyPeer": (policy({}), policy({"ipBlock": {"cidr": "::/0"}, "podSelector": {}})),
    "networking.v1.NetworkPolicyPort": (policy(port={"port": "http", "endPort": 90}), policy(port={"port": 91, "endPort": 90})),
    "networking.v1.ServiceBackendPort": (ingress(backend={"service": {"name": "a", "port": {}}}),),
    "policy.v1.PodDisruptionBudgetSpec": (
        _object("policy/v1", "PodDisruptionBudget", spec={"minAvailable": 1, "maxUnavailable": 1}),
    ),
    "rbac.v1.Subject": (
        _object(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"},
            subjects=[{"kind": "ServiceAccount", "name": "a"}],
        ),
    ),
}
"""Objects that break a rule about a part, at least one for each rule."""


@pytest.mark.parametrize("part", sorted(RULES))
def test_fields_of_a_part_that_do_not_go_together_are_found(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [set(check_values(document)) for document in BROKEN[part]]
    monkeypatch.delitem(RULES, part)
    assert all(set(check_values(document)) < before for document, before in zip(BROKEN[part], found, strict=True))


def test_what_goes_together_is_no_fault() -> None:
    right = (
        deployment(),
        container(livenessProbe=PROBE),
        stateful(volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": CLAIM}]),
        daemon(),
        autoscaler(resource(type="Utilization", averageUtilization=80), minReplicas=3),
        policy({"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.0/28"]}}, port={"port": 80, "endPort": 90}),
        ingress(),
        volume(emptyDir={"sizeLimit": "1Gi"}),
    )
    assert [str(finding) for document in right for finding in check_values(document)] == []
