"""Forms of single values: what the API server takes and refuses, wherever a part of an object stands."""

from __future__ import annotations

import pytest

from deploy.checks.generic.core_schemas import MINORS, definitions_of
from deploy.checks.generic.objects import Document
from deploy.checks.generic.values import addresses, fields, formats, times
from deploy.checks.generic.values.check import check_values
from deploy.checks.generic.values.custom import ALSO, BUILT_IN
from deploy.checks.generic.values.formats import Format
from deploy.checks.generic.values.together import NEEDED, RULES
from deploy.checks.generic.values.variables import form_of

LONG = "a" * 64
FORMS: tuple[tuple[Format, tuple[object, ...], tuple[object, ...]], ...] = (
    (formats.LABEL, ("a", "a-b", "0", "a" * 63), ("", "A", "-a", "a-", "a.b", "a_b", LONG, 1, None, [], "ä", "a\n")),
    (formats.NAME, ("a", "a.b-c", "1.2.3.4", "a" * 253), ("", "a..b", ".a", "a.", "A.b", "a b", "a" * 254, 0)),
    (formats.SERVICE_NAME, ("a", "a1-b"), ("1a", "a.b", "", LONG)),
    (
        formats.LABEL_KEY,
        ("a", "A_b.c", "app.kubernetes.io/name"),
        ("", "/a", "a/", "a/b/c", "-a", "A_b/c", LONG, "a b", f"a/{LONG}"),
    ),
    (formats.ANNOTATION_KEY, ("a", "Example.org/Name"), ("", "a b", "a/b/c", LONG)),
    (formats.LABEL_VALUE, ("", "a", "A_b.c-d", "0"), ("a b", "-a", "a.", LONG, "a/b", True, 1, "ü", "a\n")),
    (formats.PORT, (1, 65535), (0, -1, 65536, True, "80", 1.5)),
    (formats.PROTOCOL, ("TCP", "UDP", "SCTP"), ("", "tcp", "ICMP", 6)),
    (formats.PORT_NAME, ("http", "a-1", "a" * 15), ("", "http--x", "80", "Http", "-a", "a" * 16, "a_b")),
    (formats.PORT_OR_NAME, (80, "http"), (0, "80", "99999")),
    (formats.ENV_NAME, ("A", "a.b-c", "1 x"), ("", "A=B", "ä", "a\nb")),
    (formats.MAP_KEY, ("a", "..a"[1:], "A_b.c"), ("", ".", "..", "..a", "a/b", "a b", "a" * 254)),
    (formats.AMOUNT, ("0", "500m", "1.5Gi", "+1", 2, 0.5, "1e3"), ("", "1 Gi", "-1", "1KB", "1GB", True, None, "0x1", "9" * 99)),
    (formats.SIZE, ("1", "20Gi"), ("0", "0Gi", "-1", "x")),
    (formats.SHARE, (0, 3, "25%", "100%"), (-1, "25", "x%", "%", True, "-1%")),
    (formats.TEXT, ("a", "a b"), ("", " a", "a ", 1)),
    (formats.INNER_PATH, ("", "a/b"), ("/a", "../a", "a/../b")),
    (formats.MOUNT_PATH, ("/", "/a", "/a/b"), ("", "a", "/a/../b", "..", "/..", "/a:b")),
    (formats.ROUTE_PATH, ("/", "/a/b"), ("", "a", "/a//b", "/a/./b", "/a/..", "/a%2Fb")),
    (formats.FIELD_PATH, ("metadata.name", "metadata.labels['a']", "status.podIP"), ("metadata", "spec.x", "status.podIPx")),
    (formats.GROUP_VERSION, ("apps/v1", "a.b/v1beta1"), ("v1", "apps/", "/v1", "a/b/c", "")),
    (formats.KIND, ("Deployment",), ("", "De ployment", "a/b", 1)),
    (formats.COUNT, (0, 1), (-1, 1.5, True, "1")),
    (formats.SOME, (1,), (0, -1)),
    (formats.ID, (0, 10001), (-1, 2**31)),
    (
        times.SCHEDULE,
        ("* * * * *", "*/5 1-3,4 1 jan MON-fri", "0 2 ? * 0", "@daily", "@every 1h"),
        ("", "* * * *", "* * * * * *"),
    ),
    (
        times.SCHEDULE,
        (),
        ("60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7", "*/0 * * * *", "5-1 * * * *", ", * * * *"),
    ),
    (times.SCHEDULE, (), ("@dayly", "@every", "TZ=UTC * * * * *", "1-2-3 * * * *", "a * * * *", "*/x * * * *", "-1 * * * *", 5)),
    (
        times.ZONE,
        ("UTC", "Europe/Berlin", "Etc/GMT-1"),
        ("", "Local", "Europe", "Europe/Berlim", "/etc/passwd", "../UTC", "a\0", 1),
    ),
    (times.DURATION, ("0", "1h", "1h30m", "1.5s", "250ms"), ("", "1", "1 h", "h", "1d", "PT1H", "-1h", 60)),
    (addresses.BLOCK, ("192.0.2.0/24", "0.0.0.0/0", "192.0.2.7/32", "2001:db8::/32", "::/0"), ("192.0.2.7", "192.0.2.7/24", "")),
    (
        addresses.BLOCK,
        (),
        ("192.0.2.0/33", "192.0.2.300/32", "192.0.2.0/", "192.0.2.0/255.255.255.0", "2001:db8::1/32", "x/8", 1, None),
    ),
    (addresses.IP, ("192.0.2.7", "2001:db8::1"), ("", "192.0.2", "192.0.2.256", "a", 1)),
    (addresses.CLUSTER_IP, ("", "None", "10.96.0.1"), ("none", "x")),
    (addresses.HOST, ("a", "marktplatz.example"), ("", "A.example", "192.0.2.1", "a_b", "*.example", "a:80", "https://a", "a.")),
    (addresses.HOST_OR_WILDCARD, ("*.example", "a.example"), ("*", "a.*.example", "*a.example", "*.*.a", "*.192.0.2.1")),
    (
        addresses.SERVER,
        ("smtp.example", "192.0.2.7", "2001:db8::1", "Smtp.Example"),
        ("", "smtp example", "smtp.example:25", "a_b", "192.0.2.300"),
    ),
    (
        addresses.SERVERS,
        ("a:9093", "a.b:1,192.0.2.7:2", "[2001:db8::1]:3"),
        ("", "a", "a:", "a:0", "a:70000", "a:1,", "a b:1", "2001:db8::1:3", ":1"),
    ),
    (
        addresses.WEB_ADDRESS,
        ("https://a.example", "http://192.0.2.7:8080/x?y", "https://[2001:db8::1]/"),
        ("", "a.example", "htps://a", "https:/a"),
    ),
    (
        addresses.WEB_ADDRESS,
        (),
        ("https://", "https://a b", "https://a_b", "https://a:x", "https://a:", "https://u:p@a", "https://a:70000", 1),
    ),
    (
        addresses.IMAGE,
        ("a", "a/b:1", "r.example:5000/a/b:1.0@sha256:" + "0" * 64, "a@sha256:" + "0" * 64),
        ("", "A/B", "https://r/a", "a:b:c"),
    ),
    (addresses.IMAGE, (), ("a:", "a b", "a@sha256:0", "r.example//a", "a/", "/a", "-a", "a..b", "a:-b", "a:" + "b" * 129, 1)),
)


@pytest.mark.parametrize(("form", "right", "wrong"), FORMS, ids=[f"{number}-{row[0].code}" for number, row in enumerate(FORMS)])
def test_a_form_takes_what_the_server_takes_and_refuses_what_it_refuses(
    form: Format, right: tuple[object, ...], wrong: tuple[object, ...]
) -> None:
    assert [value for value in right if not form.holds(value)] == []
    assert [value for value in wrong if form.holds(value)] == []


def test_every_form_has_values_that_it_takes_and_refuses() -> None:
    known = [found for module in (formats, times, addresses) for found in vars(module).values() if isinstance(found, Format)]
    tried = [row[0] for row in FORMS]
    assert [form for form in known if form not in tried] == []
    assert all(any(row[part] for row in FORMS if row[0] is form) for form in tried for part in (1, 2))


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
