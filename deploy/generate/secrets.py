"""ExternalSecrets (external-secrets.io/v1) for the Kafka users, for a Kafka cluster in a namespace of its own."""

from __future__ import annotations

from typing import Any

from deploy.generate.deployments import DEPLOYMENTS
from deploy.generate.kafka import CLUSTER
from shared.principals import keda, operations, recovery

Manifest = dict[str, Any]

STORE = "kafka"
"""The SecretStore that reads the namespace of the Kafka cluster."""
CLUSTER_CA = f"{CLUSTER}-cluster-ca-cert"


def kafka_secrets() -> list[Manifest]:
    """Return an ExternalSecret per Kafka user of ``topics-users``, and one for the certificate authority of the brokers."""
    names = [*(deployment.name for deployment in DEPLOYMENTS if deployment.uses_kafka), keda().name]
    return [_secret(CLUSTER_CA, "ca.crt"), *map(_certificate, names)]


def operations_secrets() -> list[Manifest]:
    """Return the ExternalSecret of the Kafka user of the component ``operations``."""
    return [_certificate(operations().name)]


def recovery_secrets() -> list[Manifest]:
    """Return the ExternalSecret of the Kafka user of the component ``recovery``."""
    return [_certificate(recovery().name)]


def _certificate(user: str) -> Manifest:
    return _secret(user, "user.crt", "user.key")


def _secret(name: str, *keys: str) -> Manifest:
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/part-of": "efa-marktplatz"}},
        "spec": {
            "refreshInterval": "5m",
            "secretStoreRef": {"kind": "SecretStore", "name": STORE},
            "target": {"name": name, "creationPolicy": "Owner"},
            "data": [{"secretKey": key, "remoteRef": {"key": name, "property": key}} for key in keys],
        },
    }
