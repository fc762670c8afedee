"""The form of what Argo CD and Flux read: the fields that the examples use, by kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
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
    """How an Application is synchronised."""

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


class Patch(Part):
    """A change of what is applied, as in a kustomization: values of an operator who takes a release as it is."""

    target: dict[str, str]
    patch: str


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
    patches: list[Patch] = []
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


class Release(Part):
    """A version by its tag, its digest, or both; no range, so that a new version comes when somebody names it."""

    tag: str | None = None
    digest: Annotated[str | None, Field(pattern=r"^sha256:[0-9a-f]{64}$")] = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.tag is None and self.digest is None:
            raise ValueError("must name a tag or a digest")
        return self


class LayerSelector(Part):
    """The layer that holds the manifests, in the form in which ``deploy/release/publish`` pushes it."""

    media_type: Literal["application/vnd.oci.image.layer.v1.tar+gzip"]
    operation: Literal["extract"]


class Verification(Part):
    """The signature without which nothing is taken: by the key in a secret, not by what a public service vouches for."""

    provider: Literal["cosign"]
    secret_ref: Reference


class OCIRepository(Part):
    """Spec of an OCIRepository."""

    url: Annotated[str, Field(pattern=r"^oci://[^\s:@]+(:\d+)?/[^\s:@]+$")]
    ref: Release
    layer_selector: LayerSelector
    verify: Verification
    secret_ref: Reference | None = None
    cert_secret_ref: Reference | None = None
    interval: Duration
    timeout: Duration


FORMS: Mapping[tuple[str, str], type[Part]] = {
    ("argoproj.io/v1alpha1", "AppProject"): AppProject,
    ("argoproj.io/v1alpha1", "Application"): Application,
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"): FluxKustomization,
    ("source.toolkit.fluxcd.io/v1", "GitRepository"): GitRepository,
    ("source.toolkit.fluxcd.io/v1", "OCIRepository"): OCIRepository,
}
