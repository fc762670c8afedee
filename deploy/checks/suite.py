"""All checks of one overlay, in one order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deploy.checks.generic.alerts import check_alert_rules
from deploy.checks.generic.certificates import check_certificates
from deploy.checks.generic.exposure import check_exposure
from deploy.checks.generic.keda_triggers import check_triggers
from deploy.checks.generic.namespaces import check_namespaces
from deploy.checks.generic.objects import Finding, Objects
from deploy.checks.generic.pod_security.check import check_pod_security
from deploy.checks.generic.quota import check_quota
from deploy.checks.generic.spread import check_spread
from deploy.checks.generic.verdicts import guarded, verdict_of
from deploy.checks.generic.workloads import check_workloads
from deploy.checks.product.backups import check_backups
from deploy.checks.product.configuration import check_configuration
from deploy.checks.product.gateways import check_gateways
from deploy.checks.product.kafka.balance import check_balance
from deploy.checks.product.kafka.cluster import check_cluster
from deploy.checks.product.kafka.metrics import check_kafka_metrics
from deploy.checks.product.kafka.topics import check_topics
from deploy.checks.product.kafka.users import check_users
from deploy.checks.product.kafka.windows import check_windows
from deploy.checks.product.lifecycle import check_lifecycle
from deploy.checks.product.network import check_network
from deploy.checks.product.priorities import check_priorities
from deploy.checks.product.release import check_images, check_versions
from deploy.checks.product.reloads import check_reloads
from deploy.checks.product.rights import check_rights
from deploy.checks.product.routes import check_routes
from deploy.checks.product.scalers import check_scalers
from deploy.checks.product.secrets import check_secrets
from deploy.checks.product.staff import check_staff
from deploy.checks.product.waves import check_waves

Check = Callable[[Objects], Iterator[Finding]]

GENERIC: tuple[Check, ...] = (
    check_namespaces,
    check_triggers,
    check_pod_security,
    check_certificates,
    check_workloads,
    check_spread,
    check_quota,
    check_exposure,
    check_alert_rules,
)
PRODUCT: tuple[Check, ...] = (
    check_configuration,
    check_secrets,
    check_reloads,
    check_staff,
    check_backups,
    check_cluster,
    check_topics,
    check_users,
    check_windows,
    check_balance,
    check_kafka_metrics,
    check_lifecycle,
    check_priorities,
    check_scalers,
    check_routes,
    check_gateways,
    check_images,
    check_versions,
    check_network,
    check_rights,
    check_waves,
)
CHECKS = (*GENERIC, *PRODUCT)


def check(objects: Objects) -> list[Finding]:
    """Return what is wrong with an overlay, sorted, each fault once. Raises DefinitionsMissingError.

    As in the API server, the shape of the objects comes first: rules about how they fit together run once no object is
    misshapen, and so need not doubt the type of anything.
    """
    verdicts = [verdict_of(document) for document in objects]
    if misshapen := {finding for verdict in verdicts for finding in verdict.shape}:
        return sorted(misshapen | {finding for verdict in verdicts for finding in verdict.values})
    found = {finding for verdict in verdicts for finding in verdict.values}
    for run in CHECKS:
        found |= set(guarded(run.__name__, objects.overlay, run(objects)))
    return sorted(found)
