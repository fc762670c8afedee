"""Faults of the version's label."""

from __future__ import annotations

from tests.deploy.manifests.faults import drop, in_, put
from tests.deploy.manifests.planting import Mutation

_LABEL = ("metadata", "labels", "app.kubernetes.io/version")

FAULTS = (
    Mutation(
        "a Service changes with every release", in_("Service", "catalog-api", put(*_LABEL, value="0.1.0")), "version-elsewhere"
    ),
    Mutation(
        "the namespace changes with every release",
        in_("Namespace", "marktplatz", put(*_LABEL, value="0.1.0")),
        "version-elsewhere",
    ),
    Mutation(
        "pods that do not say which version they are",
        in_("Deployment", "catalog-api", drop("spec", "template", *_LABEL)),
        "version-missing",
    ),
    Mutation(
        "a template of jobs of yesterday's version",
        in_("CronJob", "recovery", put("spec", "jobTemplate", "spec", "template", *_LABEL, value="0.0.9")),
        "version-missing",
    ),
    Mutation("a migration without its version", in_("Job", "catalog-migrate", drop(*_LABEL)), "version-missing"),
)
