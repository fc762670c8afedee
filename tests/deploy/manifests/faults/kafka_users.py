"""Faults of users on Kafka and of their rights."""

from __future__ import annotations

from deploy.checks.generic.objects import Document
from tests.deploy.manifests.faults import Change, drop, in_, pod, put, with_, without
from tests.deploy.manifests.planting import Mutation

_ACLS = ("spec", "authorization", "acls")


def granting(kind: str, name: str, *operations: str) -> Change:
    """Return a change that gives a right."""
    return lambda user: user["spec"]["authorization"]["acls"].append(
        {"resource": {"type": kind, "name": name, "patternType": "literal"}, "operations": list(operations)}
    )


def without_right(kind: str, name: str) -> Change:
    """Return a change that takes all rights on a resource."""

    def change(user: Document) -> None:
        acls = user["spec"]["authorization"]["acls"]
        user["spec"]["authorization"]["acls"] = [
            it for it in acls if (it["resource"]["type"], it["resource"].get("name")) != (kind, name)
        ]

    return change


def _no_operation(kind: str, name: str, operation: str) -> Change:
    """Return a change that takes one right on a resource."""

    def change(user: Document) -> None:
        for acl in user["spec"]["authorization"]["acls"]:
            if (acl["resource"]["type"], acl["resource"].get("name")) == (kind, name):
                acl["operations"].remove(operation)

    return change


def _user(name: str, operation: str = "", kind: str = "topic") -> Document:
    """Return a user as Strimzi knows it, with one right at most."""
    acls = [{"resource": {"type": kind}, "operations": [operation]}] if operation else []
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "metadata": {"name": name, "namespace": "marktplatz", "labels": {"strimzi.io/cluster": "marktplatz"}},
        "spec": {
            "authentication": {"type": "tls"},
            "authorization": {"type": "simple", "acls": acls},
            "quotas": {"requestPercentage": 5},
        },
    }


def _with_secret(name: str, key: str) -> Change:
    """Return a change that mounts one file of a secret."""

    def change(spec: Document) -> None:
        spec["volumes"].append({"name": "kafka", "secret": {"secretName": name, "items": [{"key": key, "path": key}]}})
        spec["containers"][0]["volumeMounts"].append({"name": "kafka", "mountPath": "/etc/marktplatz/kafka", "readOnly": True})

    return change


def _as(name: str) -> Change:
    """Return a change that mounts the certificate of another user."""

    def change(spec: Document) -> None:
        next(it for it in spec["volumes"] if it["name"] == "kafka-user")["secret"]["secretName"] = name

    return change


FAULTS = (
    Mutation(
        "right to read missing",
        in_("KafkaUser", "ordering-worker", without_right("topic", "eligibility.verdict.v1")),
        "acl-missing",
    ),
    Mutation(
        "right to a group missing",
        in_("KafkaUser", "ordering-worker", without_right("group", "ordering.verdicts")),
        "acl-missing",
    ),
    Mutation(
        "right to bury missing",
        in_("KafkaUser", "ordering-worker", without_right("topic", "ordering.verdicts.dlq")),
        "acl-missing",
    ),
    Mutation(
        "right to what is sent back missing",
        in_("KafkaUser", "ordering-worker", without_right("topic", "ordering.verdicts.replay")),
        "acl-missing",
    ),
    Mutation(
        "operators may write a public topic",
        in_("KafkaUser", "operations", granting("topic", "ordering.order.v1", "Write")),
        "acl-unused",
    ),
    Mutation("user of a migration", with_(_user("contracts-migrate", "IdempotentWrite", "cluster")), "user-unused"),
    Mutation("user without rights for nobody", with_(_user("contracts-migrate")), "user-unused"),
    Mutation(
        "certificate for a migration",
        pod("contracts-migrate", _with_secret("contracts-api", "user.crt"), "Job"),
        "user-needless",
    ),
    Mutation(
        "authority of the brokers for a migration",
        pod("contracts-migrate", _with_secret("marktplatz-cluster-ca-cert", "ca.crt"), "Job"),
        "user-needless",
    ),
    Mutation(
        "an API cannot read who acts for whom",
        in_("KafkaUser", "contracts-api", without_right("topic", "eligibility.rights.v1")),
        "acl-missing",
    ),
    Mutation(
        "certificate for the nightly backup",
        pod("recovery-backup", _with_secret("recovery", "user.crt"), "CronJob"),
        "user-needless",
    ),
    Mutation(
        "recovery cannot read a topic", in_("KafkaUser", "recovery", without_right("topic", "ordering.order.v1")), "acl-missing"
    ),
    Mutation(
        "recovery cannot republish",
        in_("KafkaUser", "recovery", _no_operation("topic", "catalog.offering.v1", "Write")),
        "acl-missing",
    ),
    Mutation(
        "recovery cannot take a group back",
        in_("KafkaUser", "recovery", without_right("group", "notify.dispatch")),
        "acl-missing",
    ),
    Mutation(
        "recovery does not count dead letters",
        in_("KafkaUser", "recovery", without_right("topic", "ordering.verdicts.dlq")),
        "acl-missing",
    ),
    Mutation(
        "a drill cannot bury",
        in_("KafkaUser", "recovery", _no_operation("topic", "ordering.verdicts.dlq", "Write")),
        "acl-missing",
    ),
    Mutation("recovery may delete", in_("KafkaUser", "recovery", granting("topic", "ordering.order.v1", "Delete")), "acl-unused"),
    Mutation(
        "recovery may alter", in_("KafkaUser", "recovery", granting("topic", "ordering.order.v1", "AlterConfigs")), "acl-unused"
    ),
    Mutation(
        "recovery may read dead letters",
        in_("KafkaUser", "recovery", granting("topic", "ordering.verdicts.dlq", "Read")),
        "acl-unused",
    ),
    Mutation("recovery without an identity", without("KafkaUser", "recovery"), "user-missing"),
    Mutation("recovery as the operators' tool", pod("recovery", _as("operations"), "CronJob"), "user-shared"),
    Mutation(
        "right to the other channel",
        in_("KafkaUser", "contracts-fitko", granting("topic", "contracts.govdigital.request.v1", "Read")),
        "acl-unused",
    ),
    Mutation(
        "right to create", in_("KafkaUser", "ordering-worker", granting("topic", "ordering.order.v1", "Create")), "acl-unused"
    ),
    Mutation("KEDA may read", in_("KafkaUser", "keda", granting("topic", "ordering.order.v1", "Read")), "acl-unused"),
    Mutation("KEDA does not see a group", in_("KafkaUser", "keda", without_right("group", "notify.dispatch")), "acl-missing"),
    Mutation(
        "right given twice", in_("KafkaUser", "ordering-worker", granting("group", "ordering.verdicts", "Read")), "acl-twice"
    ),
    Mutation("right denied", in_("KafkaUser", "ordering-worker", put(*_ACLS, 0, "type", value="deny")), "acl-deny"),
    Mutation(
        "rights by prefix",
        in_("KafkaUser", "ordering-worker", put(*_ACLS, 0, "resource", "patternType", value="prefix")),
        "acl-pattern",
    ),
    Mutation("all operations", in_("KafkaUser", "ordering-worker", put(*_ACLS, 0, "operations", value=["All"])), "acl-pattern"),
    Mutation("identity of another process", pod("contracts-fitko", _as("contracts-govdigital")), "user-shared"),
    Mutation("user forgotten", without("KafkaUser", "notify-worker"), "user-missing"),
    Mutation(
        "process without an identity",
        pod("notify-worker", lambda it: it["volumes"].remove(next(v for v in it["volumes"] if v["name"] == "kafka-user"))),
        "user-missing",
    ),
    Mutation(
        "user that nobody is",
        with_(
            {
                "apiVersion": "kafka.strimzi.io/v1",
                "kind": "KafkaUser",
                "metadata": {"name": "old", "namespace": "marktplatz", "labels": {"strimzi.io/cluster": "marktplatz"}},
                "spec": {
                    "authentication": {"type": "tls"},
                    "authorization": {
                        "type": "simple",
                        "acls": [{"resource": {"type": "topic", "name": "ordering.order.v1"}, "operations": ["Read"]}],
                    },
                    "quotas": {"requestPercentage": 5},
                },
            }
        ),
        "user-unused",
    ),
    Mutation(
        "password instead of certificate",
        in_("KafkaUser", "notify-worker", put("spec", "authentication", "type", value="scram-sha-512")),
        "user-authentication",
    ),
    Mutation("no quotas", in_("KafkaUser", "notify-worker", drop("spec", "quotas")), "user-quota"),
)
