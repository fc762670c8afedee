"""Faults of what is there for portals and partners outside."""

from __future__ import annotations

from collections.abc import Callable

from deploy.checks.generic.objects import Document
from tests.deploy.manifests.faults import in_, put, without
from tests.deploy.manifests.faults.kafka_users import granting, without_right
from tests.deploy.manifests.planting import Documents, Mutation

_EXAMPLE = "overlays/example-outside"
_PORTAL, _PARTNER = "portal-sachsen", "fachverfahren-nord"
_ORDERS, _RECEIPTS = f"partner.{_PARTNER}.orders.v1", f"partner.{_PARTNER}.receipts.v1"


def _outside(name: str, plant: Callable[[Documents], None], code: str) -> Mutation:
    return Mutation(name, plant, code, _EXAMPLE)


def _of_prefix(user: Document) -> None:
    for acl in user["spec"]["authorization"]["acls"]:
        if acl["resource"]["name"] == _ORDERS:
            acl["resource"] |= {"name": f"partner.{_PARTNER}", "patternType": "prefix"}


FAULTS: tuple[Mutation, ...] = (
    _outside(
        "a portal may write an offer", in_("KafkaUser", _PORTAL, granting("topic", "catalog.offering.v1", "Write")), "acl-unused"
    ),
    _outside("a portal may read orders", in_("KafkaUser", _PORTAL, granting("topic", "ordering.order.v1", "Read")), "acl-unused"),
    _outside(
        "a portal cannot follow checkpoints",
        in_("KafkaUser", _PORTAL, without_right("topic", "catalog.checkpoint.v1")),
        "acl-missing",
    ),
    _outside("a partner may read its orders topic", in_("KafkaUser", _PARTNER, granting("topic", _ORDERS, "Read")), "acl-unused"),
    _outside("a partner may create topics", in_("KafkaUser", _PARTNER, granting("topic", _ORDERS, "Create")), "acl-unused"),
    _outside("a partner writes by prefix", in_("KafkaUser", _PARTNER, _of_prefix), "acl-pattern"),
    _outside("a partner without receipts", in_("KafkaUser", _PARTNER, without_right("topic", _RECEIPTS)), "acl-missing"),
    _outside(
        "ordering does not read a partner", in_("KafkaUser", "ordering-worker", without_right("topic", _ORDERS)), "acl-missing"
    ),
    _outside(
        "ordering's API cannot answer a partner",
        in_("KafkaUser", "ordering-api", without_right("topic", _RECEIPTS)),
        "acl-missing",
    ),
    _outside(
        "another service reads a partner", in_("KafkaUser", "notify-worker", granting("topic", _ORDERS, "Read")), "acl-unused"
    ),
    _outside("a partner's topic is missing", without("KafkaTopic", _RECEIPTS), "topic-missing"),
    _outside("a partner's topic without the partner", without("KafkaUser", _PARTNER), "topic-unknown"),
    _outside(
        "a partner's own clock counts",
        in_("KafkaTopic", _ORDERS, put("spec", "config", "message.timestamp.type", value="CreateTime")),
        "topic-config",
    ),
    _outside(
        "a partner may send large records",
        in_("KafkaTopic", _ORDERS, put("spec", "config", "max.message.bytes", value=1048576)),
        "topic-config",
    ),
    _outside(
        "a partner without an account",
        in_("KafkaUser", _PARTNER, put("spec", "authentication", "type", value="tls-external")),
        "user-authentication",
    ),
    _outside("no quotas for a portal", in_("KafkaUser", _PORTAL, lambda user: user["spec"].pop("quotas")), "user-quota"),
    _outside(
        "plain text for portals",
        in_("Kafka", "marktplatz", put("spec", "kafka", "listeners", 1, "tls", value=False)),
        "kafka-listener",
    ),
    _outside(
        "anybody reaches the brokers",
        in_("Kafka", "marktplatz", put("spec", "kafka", "listeners", 2, "networkPolicyPeers", value=[])),
        "kafka-listener",
    ),
    _outside("only Strimzi's policy lets portals in", without("NetworkPolicy", "kafka-from-outside"), "network-listener"),
    _outside(
        "too few load balancers",
        in_("ResourceQuota", "marktplatz", put("spec", "hard", "services.loadbalancers", value="4")),
        "size-quota",
    ),
)
