"""Faults of NetworkPolicies: too open, or too closed."""

from __future__ import annotations

from deploy.checks.generic.objects import Document
from tests.deploy.manifests.faults import Change, drop, in_, put, with_, without
from tests.deploy.manifests.planting import Documents, Mutation

_ANYWHERE = {"ipBlock": {"cidr": "0.0.0.0/0"}}

_BROKERS = {
    "to": [{"podSelector": {"matchLabels": {"strimzi.io/cluster": "marktplatz", "strimzi.io/name": "marktplatz-kafka"}}}],
    "ports": [{"protocol": "TCP", "port": 9093}],
}

_OUTSIDE = "tests/outside"
_OTHER_BROKERS = {"matchLabels": {"strimzi.io/cluster": "elsewhere", "strimzi.io/name": "elsewhere-kafka"}}


def _also_for_workers(policy: Document) -> None:
    policy["spec"]["podSelector"] = {"matchLabels": {"app.kubernetes.io/part-of": "efa-marktplatz"}}


def _closed_to(component: str) -> Change:
    return lambda policy: policy["spec"]["podSelector"]["matchExpressions"][0]["values"].remove(component)


def _backup_as_recovery(documents: Documents) -> None:
    """The brokers' side knows the pods of ``recovery`` by their label: both sides must open."""
    in_("NetworkPolicy", "recovery-backup", lambda it: it["spec"]["egress"].append(_BROKERS))(documents)
    labels = ("spec", "jobTemplate", "spec", "template", "metadata", "labels", "app.kubernetes.io/component")
    in_("CronJob", "recovery-backup", put(*labels, value="recovery"))(documents)


def _also(port: int, cidr: str = "10.66.0.7/32") -> Change:
    """A second rule to an address that nobody else knows."""
    rule = {"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"protocol": "TCP", "port": port}]}
    return lambda policy: policy["spec"]["egress"].append(rule)


def _policy(name: str, **spec: object) -> dict[str, object]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "marktplatz"},
        "spec": spec,
    }


def _keda_locked_out(documents: Documents) -> None:
    """Policies add up: both must go."""
    without("NetworkPolicy", "kafka-from-keda")(documents)
    in_("Kafka", "marktplatz", drop("spec", "kafka", "listeners", 0, "networkPolicyPeers", 1))(documents)


FAULTS = (
    Mutation("default deny forgotten", without("NetworkPolicy", "default-deny"), "network-extra"),
    Mutation(
        "default deny of one direction",
        in_("NetworkPolicy", "default-deny", put("spec", "policyTypes", value=["Egress"])),
        "network-extra",
    ),
    Mutation("all egress again", with_(_policy("open", podSelector={}, policyTypes=["Egress"], egress=[{}])), "network-extra"),
    Mutation(
        "all ingress of the APIs",
        with_(
            _policy(
                "open", podSelector={"matchLabels": {"app.kubernetes.io/component": "api"}}, policyTypes=["Ingress"], ingress=[{}]
            )
        ),
        "network-extra",
    ),
    Mutation("egress without ports", in_("NetworkPolicy", "catalog-worker", drop("spec", "egress", 1, "ports")), "network-extra"),
    Mutation(
        "egress to the whole internet",
        in_("NetworkPolicy", "identity-provider", put("spec", "egress", 0, "to", value=[_ANYWHERE])),
        "network-extra",
    ),
    Mutation(
        "egress to the internet in two halves",
        in_(
            "NetworkPolicy",
            "identity-provider",
            put("spec", "egress", 0, "to", value=[{"ipBlock": {"cidr": cidr}} for cidr in ("0.0.0.0/1", "128.0.0.0/1")]),
        ),
        "network-extra",
    ),
    Mutation("another address than the store's", in_("NetworkPolicy", "contracts-fitko", _also(27017)), "network-extra"),
    Mutation("another address beside the Kubernetes API", in_("NetworkPolicy", "kafka-zone", _also(443)), "network-extra"),
    Mutation(
        "another network that holds the store's",
        in_("NetworkPolicy", "contracts-fitko", _also(27017, "192.0.0.0/16")),
        "network-extra",
    ),
    *(
        Mutation(f"the way to the store closed for {name}", in_("NetworkPolicy", "database", _closed_to(name)), "network-missing")
        for name in ("processor", "migration", "recovery", "operations", "backup")
    ),
    Mutation(
        "ports behind that of the store",
        in_("NetworkPolicy", "database", put("spec", "egress", 0, "ports", 0, "endPort", value=27020)),
        "network-extra",
    ),
    Mutation(
        "every port of the store's network", in_("NetworkPolicy", "database", drop("spec", "egress", 0, "ports")), "network-extra"
    ),
    Mutation(
        "the store elsewhere for the migration of the catalogue",
        in_("NetworkPolicy", "catalog-migrate", _also(27017)),
        "network-extra",
    ),
    Mutation(
        "KEDA's namespace of yesterday in the listener",
        in_(
            "NetworkPolicy",
            "kafka-from-keda",
            put(
                "spec",
                "ingress",
                0,
                "from",
                0,
                "namespaceSelector",
                "matchLabels",
                value={"kubernetes.io/metadata.name": "keda2"},
            ),
        ),
        "network-extra",
    ),
    Mutation(
        "egress for a processor to the internet",
        in_("NetworkPolicy", "contracts-fitko", lambda it: it["spec"]["egress"].append({"to": [_ANYWHERE]})),
        "network-extra",
    ),
    Mutation(
        "any pod of the gateway's cluster",
        in_("NetworkPolicy", "http-from-gateway", put("spec", "ingress", 0, "from", value=[{"namespaceSelector": {}}])),
        "network-extra",
    ),
    Mutation(
        "any pod of KEDA's namespace",
        in_(
            "Kafka",
            "marktplatz",
            put(
                "spec",
                "kafka",
                "listeners",
                0,
                "networkPolicyPeers",
                1,
                value={"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "keda"}}},
            ),
        ),
        "network-extra",
    ),
    Mutation("no names", without("NetworkPolicy", "dns"), "network-missing"),
    Mutation("names by TCP only", in_("NetworkPolicy", "dns", drop("spec", "egress", 0, "ports", 0)), "network-missing"),
    Mutation("no policy of a process", without("NetworkPolicy", "contracts-fitko"), "network-missing"),
    Mutation("way to the brokers closed", in_("NetworkPolicy", "ordering-worker", drop("spec", "egress", 1)), "network-missing"),
    Mutation("way to the keys closed", without("NetworkPolicy", "identity-provider"), "network-server"),
    Mutation("way to the mail server closed", without("NetworkPolicy", "mail-server"), "network-server"),
    Mutation(
        "identity provider on another port than the way to it",
        in_("ConfigMap", "platform", put("data", "AUTH_ISSUER", value="https://idp.example:8443/realms/marktplatz")),
        "network-server",
    ),
    Mutation(
        "way to another port of the mail server",
        in_("NetworkPolicy", "mail-server", put("spec", "egress", 0, "ports", 0, "port", value=465)),
        "network-server",
    ),
    Mutation(
        "way to every port of the identity provider",
        in_("NetworkPolicy", "identity-provider", drop("spec", "egress", 0, "ports")),
        "network-extra",
    ),
    Mutation("way to the keys for workers", in_("NetworkPolicy", "identity-provider", _also_for_workers), "network-extra"),
    Mutation(
        "way to the brokers for the nightly backup",
        _backup_as_recovery,
        "network-extra",
    ),
    Mutation("recovery cannot reach the brokers", in_("NetworkPolicy", "recovery", drop("spec", "egress", 1)), "network-missing"),
    Mutation(
        "policy of other pods",
        in_(
            "NetworkPolicy",
            "ordering-worker",
            put("spec", "podSelector", "matchLabels", "app.kubernetes.io/name", value="ordering"),
        ),
        "network-missing",
    ),
    Mutation(
        "wrong port of the store",
        in_("NetworkPolicy", "ordering-worker", put("spec", "egress", 0, "ports", 0, "port", value=27018)),
        "network-missing",
        "tests/everything",
    ),
    Mutation(
        "another port of the brokers than they are addressed by",
        in_("NetworkPolicy", "brokers", put("spec", "egress", 0, "ports", 0, "port", value=9093)),
        "network-brokers",
        _OUTSIDE,
    ),
    Mutation(
        "brokers of the cluster addressed, a way out of it opened",
        in_(
            "ConfigMap",
            "platform",
            put("data", "KAFKA_BOOTSTRAP_SERVERS", value="marktplatz-kafka-bootstrap.marktplatz.svc:19093"),
        ),
        "network-brokers",
        _OUTSIDE,
    ),
    Mutation("no way to brokers in another namespace", without("NetworkPolicy", "brokers"), "network-brokers", "tests/elsewhere"),
    Mutation("no way to brokers out of the cluster", without("NetworkPolicy", "brokers"), "network-brokers", _OUTSIDE),
    Mutation(
        "brokers of another namespace than the way to them",
        in_("ConfigMap", "platform", put("data", "KAFKA_BOOTSTRAP_SERVERS", value="marktplatz-kafka-bootstrap.brokers.svc:9093")),
        "network-brokers",
        "tests/elsewhere",
    ),
    Mutation(
        "brokers of another namespace, and no way to them at all",
        in_("ConfigMap", "platform", put("data", "KAFKA_BOOTSTRAP_SERVERS", value="marktplatz-kafka-bootstrap.brokers.svc:9093")),
        "network-brokers",
    ),
    Mutation(
        "a way to brokers outside beside those of the overlay",
        in_("NetworkPolicy", "ordering-worker", _also(9093)),
        "network-extra",
    ),
    Mutation(
        "ingress on a port that nobody serves",
        in_("NetworkPolicy", "http-from-gateway", put("spec", "ingress", 0, "ports", 0, "port", value=8000)),
        "network-missing",
    ),
    Mutation(
        "ingress on a name that nobody has",
        in_("NetworkPolicy", "http-from-gateway", put("spec", "ingress", 0, "ports", 0, "port", value="web")),
        "network-port",
    ),
    Mutation("metrics closed", without("NetworkPolicy", "metrics"), "network-missing"),
    Mutation("brokers do not see each other", without("NetworkPolicy", "kafka-cluster"), "network-missing"),
    Mutation("KEDA locked out", _keda_locked_out, "network-missing"),
    Mutation("KEDA comes in by Strimzi's policy alone", without("NetworkPolicy", "kafka-from-keda"), "network-listener"),
    Mutation(
        "a client comes in by Strimzi's policy alone",
        in_(
            "NetworkPolicy",
            "kafka-clients",
            drop("spec", "ingress", 0, "from", 0, "podSelector", "matchExpressions", 0, "values", 4),
        ),
        "network-listener",
    ),
    Mutation("policy of brokers that are elsewhere", with_(_policy("kafka-extra", podSelector=_OTHER_BROKERS)), "network-idle"),
    Mutation(
        "policy in another namespace than its pods",
        in_("NetworkPolicy", "kafka-zone", put("metadata", "namespace", value="kafka")),
        "network-idle",
    ),
    Mutation(
        "policy of a process that is gone",
        in_(
            "NetworkPolicy", "mail-server", put("spec", "podSelector", "matchLabels", value={"app.kubernetes.io/name": "notify"})
        ),
        "network-idle",
    ),
)
