"""All checks of one overlay, in one order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from deploy.checks.alerts import check_alert_rules
from deploy.checks.backups import check_backups
from deploy.checks.certificates import check_certificates
from deploy.checks.configuration import check_configuration
from deploy.checks.core_schemas import check_core, is_core
from deploy.checks.crds import definitions
from deploy.checks.enumerations import check_words
from deploy.checks.exposure import check_exposure
from deploy.checks.gateways import check_gateways
from deploy.checks.images import check_images
from deploy.checks.kafka.balance import check_balance
from deploy.checks.kafka.cluster import check_cluster
from deploy.checks.kafka.metrics import check_kafka_metrics
from deploy.checks.kafka.topics import check_topics
from deploy.checks.kafka.users import check_users
from deploy.checks.kafka.windows import check_windows
from deploy.checks.keda_triggers import check_triggers
from deploy.checks.network.flows import check_network
from deploy.checks.network.sides import check_sides
from deploy.checks.objects import Document, Finding, Objects, where
from deploy.checks.pod_security import check_pod_security
from deploy.checks.priorities import check_priorities
from deploy.checks.quota import check_quota
from deploy.checks.reloads import check_reloads
from deploy.checks.rights import check_rights
from deploy.checks.routes import check_routes
from deploy.checks.scalers import check_scalers
from deploy.checks.secrets import check_secrets
from deploy.checks.spread import check_spread
from deploy.checks.staff import check_staff
from deploy.checks.versions import check_versions
from deploy.checks.waves import check_waves
from deploy.checks.workload_rules import check_workloads

Check = Callable[[Objects], Iterator[Finding]]

_verdicts: dict[str, tuple[Finding, ...]] = {}
"""What schemas say of an object, by its JSON: most objects are the same in many overlays."""


def check_schemas(objects: Objects) -> Iterator[Finding]:
    """Check every object against the schema of its kind; a kind without one is an error."""
    for document in objects:
        key = json.dumps(document, sort_keys=True)
        if key not in _verdicts:
            _verdicts[key] = tuple(_schema(document))
        yield from _verdicts[key]


def _schema(document: Document) -> Iterator[Finding]:
    if is_core(document):
        yield from check_core(document)
    elif definitions().know(document):
        yield from definitions().check(document)
    else:
        yield Finding(
            "unknown-kind",
            where(document),
            f"no schema of Kubernetes and no definition knows {document.get('kind')} in {document.get('apiVersion')}",
        )


CHECKS: tuple[Check, ...] = (
    check_schemas,
    check_words,
    check_triggers,
    check_pod_security,
    check_configuration,
    check_secrets,
    check_certificates,
    check_reloads,
    check_staff,
    check_backups,
    check_cluster,
    check_topics,
    check_users,
    check_windows,
    check_balance,
    check_kafka_metrics,
    check_workloads,
    check_spread,
    check_priorities,
    check_quota,
    check_exposure,
    check_scalers,
    check_routes,
    check_gateways,
    check_images,
    check_versions,
    check_alert_rules,
    check_network,
    check_sides,
    check_rights,
    check_waves,
)


def check(objects: Objects) -> list[Finding]:
    """Return what is wrong with an overlay, sorted, each fault once. Raises DefinitionsMissingError."""
    return sorted({finding for run in CHECKS for finding in run(objects)})
