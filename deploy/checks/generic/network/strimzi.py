"""The NetworkPolicy that Strimzi's cluster operator makes for a Kafka cluster; policies add up, so it widens ours."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import Document, Objects, items, name_of, namespace_of, number

_CLUSTER_OPERATOR = {"podSelector": {"matchLabels": {"strimzi.io/kind": "cluster-operator"}}, "namespaceSelector": {}}


def made_policies(objects: Objects) -> Iterator[Document]:
    """Return the policies of Strimzi 1.2: listeners for their peers or all, metrics for all, inner ports for its own."""
    for kafka in objects.of("Kafka"):
        cluster = name_of(kafka)
        inner = [_named(cluster, part) for part in ("kafka", "entity-operator", "kafka-exporter", "cruise-control")]
        ingress = [
            _rule(9090, [_CLUSTER_OPERATOR, _named(cluster, "kafka")]),
            _rule(9091, [_CLUSTER_OPERATOR, *inner]),
            _rule(8443, [_CLUSTER_OPERATOR]),
            *(
                _rule(number(listener, "port") or 0, items(listener, "networkPolicyPeers"))
                for listener in items(kafka, "spec", "kafka", "listeners")
            ),
        ]
        if kafka["spec"]["kafka"].get("metricsConfig"):
            ingress.append(_rule(9404, []))
        yield _policy(kafka, f"{cluster}-network-policy-kafka", f"{cluster}-kafka", ingress)
        if kafka["spec"].get("entityOperator"):
            yield _policy(
                kafka,
                f"{cluster}-network-policy-entity-operator",
                f"{cluster}-entity-operator",
                [_rule(8080, []), _rule(8081, [])],
            )
        if kafka["spec"].get("kafkaExporter"):
            yield _policy(kafka, f"{cluster}-network-policy-kafka-exporter", f"{cluster}-kafka-exporter", [_rule(9404, [])])
        if "cruiseControl" in kafka["spec"]:
            peers = [_CLUSTER_OPERATOR, _named(cluster, "entity-operator")]
            yield _policy(kafka, f"{cluster}-network-policy-cruise-control", f"{cluster}-cruise-control", [_rule(9090, peers)])


def _policy(kafka: Document, name: str, pods: str, ingress: list[Document]) -> Document:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace_of(kafka)},
        "spec": {
            "podSelector": {"matchLabels": {"strimzi.io/cluster": name_of(kafka), "strimzi.io/name": pods}},
            "policyTypes": ["Ingress"],
            "ingress": ingress,
        },
    }


def _rule(port: int, peers: list[Document]) -> Document:
    return {"from": peers, "ports": [{"protocol": "TCP", "port": port}]}


def _named(cluster: str, part: str) -> Document:
    return {"podSelector": {"matchLabels": {"strimzi.io/cluster": cluster, "strimzi.io/name": f"{cluster}-{part}"}}}
