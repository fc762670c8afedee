"""Faults of the order in which Argo CD applies: the overlay has one wave until a fault makes a second one."""

from __future__ import annotations

from deploy.checks.product.waves import WAVE
from tests.deploy.manifests.faults import Change, in_, put
from tests.deploy.manifests.planting import Documents, Mutation


def wave(value: str) -> Change:
    """Return a change that puts an object into a wave."""
    return put("metadata", "annotations", WAVE, value=value)


def _certificate_first(documents: Documents) -> None:
    """Everything in a later wave but the certificate."""
    for document in documents:
        wave("1" if document["kind"] != "Certificate" else "0")(document)


FAULTS = (
    Mutation("secret from the vault after who reads it", in_("ExternalSecret", "catalog-store", wave("1")), "wave-reader"),
    Mutation("certificate for Kafka after who reads it", in_("KafkaUser", "ordering-worker", wave("1")), "wave-reader"),
    Mutation("migration before its settings", in_("Job", "ordering-migrate", wave("-1")), "wave-reader"),
    Mutation("job before its claim", in_("PersistentVolumeClaim", "recovery", wave("1")), "wave-reader"),
    Mutation("processes wait for a certificate", _certificate_first, "wave-blocked", "tests/ingress-over-prod"),
    Mutation("processes wait for a claim and an HTTPRoute", in_("Deployment", "catalog-api", wave("1")), "wave-blocked"),
)
