"""The form of what Argo CD and Flux are told: the fields that the examples use, by kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

_PARTS = {"h": "hours", "m": "minutes", "s": "seconds"}


def duration(given: object) -> timedelta:
    """Return a Go duration such as ``1h30m``. Raises ValueError for anything else."""
    if isinstance(given, str) and re.fullmatch(r"(\d+[hms])+", given):
        return timedelta(**{_PARTS[unit]: int(count) for count, unit in re.findall(r"(\d+)([hms])", given)})
    raise ValueError("must be a duration such as 10m or 1h30m")


Duration = Annotated[timedelta, BeforeValidator(duration)]


class Part(BaseModel):
    """Base: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class Source(Part):
    """Where an Application comes from."""

    repo_url: str = Field(alias="repoURL")
    target_revision: str
    path: str


class Destination(Part):
    """Where it goes to."""

    server: str
    namespace: str


class Automated(Part):
    """What is done without asking."""

    prune: Literal[True]
    self_heal: Literal[True]


class Backoff(Part):
    """Pauses between tries."""

    duration: Duration
    factor: int
    max_duration: Duration


class Retry(Part):
    """Tries after a failure."""

    limit: int = Field(ge=1)
    backoff: Backoff


class SyncPolicy(Part):
    """How an Application is kept in line."""

    automated: Automated
    retry: Retry
    sync_options: list[str] = []


class Application(Part):
    """Spec of an Application."""

    project: str
    source: Source
    destination: Destination
    sync_policy: SyncPolicy


class GroupKind(Part):
    """A kind."""

    group: str
    kind: str


class AppProject(Part):
    """Spec of an AppProject."""

    description: str
    source_repos: list[str]
    destinations: list[Destination]
    cluster_resource_whitelist: list[GroupKind]
    namespace_resource_whitelist: list[GroupKind]


class Reference(Part):
    """Another Kustomization."""

    name: str


class SourceReference(Part):
    """A source."""

    kind: Literal["GitRepository", "OCIRepository"]
    name: str


class HealthCheck(Part):
    """An object that must be ready."""

    api_version: str
    kind: str
    name: str
    namespace: str


class FluxKustomization(Part):
    """Spec of a Kustomization of Flux."""

    depends_on: list[Reference] = []
    source_ref: SourceReference
    path: str
    interval: Duration
    retry_interval: Duration
    timeout: Duration
    prune: Literal[True]
    wait: bool = False
    health_checks: list[HealthCheck] = []
    service_account_name: str | None = None


class Ref(Part):
    """A version: a tag, which names a release."""

    tag: str


class GitRepository(Part):
    """Spec of a GitRepository."""

    url: str
    ref: Ref
    interval: Duration
    timeout: Duration


FORMS: Mapping[tuple[str, str], type[Part]] = {
    ("argoproj.io/v1alpha1", "AppProject"): AppProject,
    ("argoproj.io/v1alpha1", "Application"): Application,
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"): FluxKustomization,
    ("source.toolkit.fluxcd.io/v1", "GitRepository"): GitRepository,
}
