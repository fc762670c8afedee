"""Rights: who installs needs those of the Role in ``given-namespace/rights``, and in a given namespace none beyond."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from deploy.checks.generic.objects import CLUSTER_SCOPED, Document, Finding, Objects, items, kind_of, text, texts, where
from deploy.checks.generic.render import DEPLOY, read_yaml

ROLE = DEPLOY / "components" / "given-namespace" / "rights" / "role.yaml"
OWNERS = CLUSTER_SCOPED | {"ResourceQuota", "LimitRange", "Role", "RoleBinding"}
"""Kinds that the owner of a namespace makes: they bound or grant what everybody else may do in it."""

VERBS = frozenset({"get", "list", "watch", "create", "update", "patch", "delete"})
"""What applying, comparing, waiting and removing take."""

Resource = tuple[str, str]
"""API group and resource, as a Role names them."""


def check_rights(objects: Objects) -> Iterator[Finding]:
    """Check what applying an overlay takes: ``rights-missing`` in the Role, ``rights-owner`` where the namespace is given."""
    granted, given = granting(), not objects.of("Namespace")
    for document in objects:
        if kind_of(document) in OWNERS:
            if given:
                message = "is for the owner of the namespace, which this overlay does not bring: take it out, or bring all"
                yield Finding("rights-owner", where(document), message)
        elif resource_of(document) not in granted:
            group, resource = resource_of(document)
            message = f"nobody with rights in one namespace may apply it: {ROLE.name} grants no {resource} of '{group}'"
            yield Finding("rights-missing", where(document), message)


def check_needless_rights(overlays: Iterable[Objects]) -> Iterator[Finding]:
    """Report full rights in the Role to what no overlay brings: ``rights-needless``."""
    brought = {resource_of(document) for objects in overlays for document in objects}
    for group, resource in sorted(granting() - brought - BY_HAND):
        yield Finding("rights-needless", ROLE.name, f"grants all on {resource} of '{group}', which no overlay brings")


BY_HAND: frozenset[Resource] = frozenset({("", "secrets"), ("external-secrets.io", "secretstores")})
"""What the handbook has its reader make beside the overlay."""


@lru_cache(maxsize=1)
def granting(path: Path = ROLE) -> frozenset[Resource]:
    """Return what the Role allows to apply."""
    [role] = read_yaml(path.read_text(encoding="utf-8"))
    return frozenset(
        (group, resource)
        for rule in items(role, "rules")
        if set(texts(rule, "verbs")) >= VERBS
        for group in texts(rule, "apiGroups")
        for resource in texts(rule, "resources")
    )


def resource_of(document: Document) -> Resource:
    """Return the API group and the plural of an object's kind, by the rule that all kinds in use follow."""
    kind = kind_of(document).lower()
    plural = f"{kind[:-1]}ies" if kind.endswith("cy") else f"{kind}es" if kind.endswith("s") else f"{kind}s"
    group, slash, _ = text(document, "apiVersion").rpartition("/")
    return (group if slash else ""), plural
