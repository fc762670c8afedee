"""Rights that an overlay gives to staff: in its namespace, by name, and never what leads to secrets or to further rights."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import Document, Finding, Objects, items, kind_of, name_of, namespace_of, text, texts, where
from deploy.checks.generic.render import read_yaml
from deploy.checks.product.rights import ROLE

INTO_PODS = frozenset(
    {
        "pods/exec",
        "pods/attach",
        "pods/portforward",
        "pods/ephemeralcontainers",
        "pods/proxy",
        "services/proxy",
        "serviceaccounts/token",
    }
)
"""Ways into a running process, past its own checks, or to an account's token."""

TO_RIGHTS = frozenset({"bind", "escalate", "impersonate"})
OF_RIGHTS = frozenset({"roles", "rolebindings", "clusterroles", "clusterrolebindings"})
LOOKING = frozenset({"get", "list", "watch"})


def check_staff(objects: Objects) -> Iterator[Finding]:
    """Check Roles and bindings, but that of those who install: codes begin with ``staff-``."""
    [installer] = read_yaml(ROLE.read_text(encoding="utf-8"))
    for document in objects.of("ClusterRole", "ClusterRoleBinding"):
        yield Finding("staff-cluster", where(document), "reaches beyond the namespace; a Role and a RoleBinding do here")
    for role in (it for it in objects.of("Role", "ClusterRole") if name_of(it) != name_of(installer)):
        for rule in items(role, "rules"):
            yield from _rule(role, rule)
    for binding in objects.of("RoleBinding", "ClusterRoleBinding"):
        yield from _binding(objects, binding)


def _rule(role: Document, rule: Document) -> Iterator[Finding]:
    resources, verbs = set(texts(rule, "resources")), set(texts(rule, "verbs"))
    if any("*" in text_ for text_ in (*texts(rule, "apiGroups"), *resources, *verbs)):
        yield Finding("staff-wide", where(role), "must name groups, resources and verbs: '*' also means what comes later")
    if "secrets" in resources:
        yield Finding("staff-secret", where(role), "gives secrets; nobody needs to see them to operate")
    if found := sorted(resources & INTO_PODS):
        yield Finding("staff-pods", where(role), f"gives {', '.join(found)}: a way into processes, past their own checks")
    if verbs & TO_RIGHTS or (resources & OF_RIGHTS and verbs - LOOKING):
        yield Finding("staff-more", where(role), "lets its holder give itself further rights")


def _binding(objects: Objects, binding: Document) -> Iterator[Finding]:
    kind, name = text(binding, "roleRef", "kind"), text(binding, "roleRef", "name")
    if kind != "Role" or objects.find("Role", namespace_of(binding), name) is None:
        yield Finding("staff-binding", where(binding), f"gives the {kind} '{name}', which the overlay does not have")
    for subject in items(binding, "subjects"):
        who = text(subject, "name")
        if kind_of(subject) != "Group" or who.startswith("system:"):
            message = f"is for {kind_of(subject)} '{who}': name a group of people, whom the log-in can take out again"
            yield Finding("staff-binding", where(binding), message)
