"""All checks of one overlay, in one order."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from deploy.checks.generic.alerts import check_alert_rules
from deploy.checks.generic.certificates import check_certificates
from deploy.checks.generic.core_schemas import check_core, check_metadata, is_core
from deploy.checks.generic.crds import DefinitionsMissingError, definitions
from deploy.checks.generic.exposure import check_exposure
from deploy.checks.generic.images import check_images
from deploy.checks.generic.keda_triggers import check_triggers
from deploy.checks.generic.namespaces import check_namespaces
from deploy.checks.generic.network.flows import check_network
from deploy.checks.generic.objects import Document, Finding, Objects, where
from deploy.checks.generic.pod_security.check import check_pod_security
from deploy.checks.generic.quota import check_quota
from deploy.checks.generic.spread import check_spread
from deploy.checks.generic.values.check import check_values
from deploy.checks.product.backups import check_backups
from deploy.checks.product.configuration import check_configuration
from deploy.checks.product.gateways import check_gateways
from deploy.checks.product.kafka.balance import check_balance
from deploy.checks.product.kafka.cluster import check_cluster
from deploy.checks.product.kafka.metrics import check_kafka_metrics
from deploy.checks.product.kafka.topics import check_topics
from deploy.checks.product.kafka.users import check_users
from deploy.checks.product.kafka.windows import check_windows
from deploy.checks.product.priorities import check_priorities
from deploy.checks.product.reloads import check_reloads
from deploy.checks.product.rights import check_rights
from deploy.checks.product.routes import check_routes
from deploy.checks.product.scalers import check_scalers
from deploy.checks.product.secrets import check_secrets
from deploy.checks.product.sides import check_sides
from deploy.checks.product.staff import check_staff
from deploy.checks.product.versions import check_versions
from deploy.checks.product.waves import check_waves
from deploy.checks.product.workload_rules import check_workloads

Check = Callable[[Objects], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with one object by itself: with its shape and, if the shape is right, with its values."""

    shape: tuple[Finding, ...]
    values: tuple[Finding, ...]


MISSHAPEN = frozenset({"core-schema", "crd-schema", "unknown-kind", "unjudged"})
"""Codes of objects of which nothing else can be said; rules of a definition (``crd-rule``) speak of what is well-shaped."""

_verdicts: dict[str, Verdict] = {}
"""Verdicts by the object's JSON: most objects are the same in many overlays."""


def verdict_of(document: Document) -> Verdict:
    """Judge one object by the schema of its kind (a kind without one is an error) and by the forms of its fields."""
    key = json.dumps(document, default=str)
    if key not in _verdicts:
        found = tuple(guarded("check_schemas", where(document), _schema(document)))
        shape = tuple(finding for finding in found if finding.code in MISSHAPEN)
        values = () if shape else tuple(guarded("check_values", where(document), check_values(document)))
        _verdicts[key] = Verdict(shape, (*(finding for finding in found if finding.code not in MISSHAPEN), *values))
    return _verdicts[key]


def _schema(document: Document) -> Iterator[Finding]:
    if is_core(document):
        yield from check_core(document)
    elif definitions().know(document):
        yield from check_metadata(document)
        yield from definitions().check(document)
    else:
        yield Finding(
            "unknown-kind",
            where(document),
            f"no schema of Kubernetes and no definition knows {document.get('kind')} in {document.get('apiVersion')}",
        )


CHECKS: tuple[Check, ...] = (
    check_namespaces,
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


def guarded(rule: str, where_: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Pass findings on; whatever else ends a rule becomes one, so that the others still speak: ``unjudged``."""
    try:
        yield from findings
    except DefinitionsMissingError:
        raise
    except Exception as error:  # noqa: BLE001 - the last line: an operator gets a finding, never a traceback
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{PurePath(last.filename).name}, line {last.lineno}"
        message = f"{rule} cannot judge this ({type(error).__name__}: {error}; {place}): repair what else is found, or report it"
        yield Finding("unjudged", where_, message)
