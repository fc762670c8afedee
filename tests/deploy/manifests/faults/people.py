"""Faults of what people may do, and of restarts that happen without them; planted where the components are."""

from __future__ import annotations

from deploy.checks.generic.objects import Document
from deploy.checks.product.reloads import RELOAD
from tests.deploy.manifests.faults import Change, in_, put, with_, without
from tests.deploy.manifests.planting import Mutation

OVERLAY = "tests/everything"


def _also(resource: str, verb: str, group: str = "") -> Change:
    """Return a change that adds a rule."""
    return lambda role: role["rules"].append({"apiGroups": [group], "resources": [resource], "verbs": [verb]})


def _view(name: str, change: Change, code: str) -> Mutation:
    return Mutation(name, in_("Role", "marktplatz-view", change), code, OVERLAY)


def _bound(name: str, change: Change) -> Mutation:
    return Mutation(name, in_("RoleBinding", "marktplatz-view", change), "staff-binding", OVERLAY)


def _cluster_role() -> Document:
    rules = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "nodes"}, "rules": rules}


def _reloads(deployment: str, secrets: str, name: str, code: str) -> Mutation:
    return Mutation(name, in_("Deployment", deployment, put("metadata", "annotations", RELOAD, value=secrets)), code, OVERLAY)


FAULTS = (
    _view("staff may see secrets", _also("secrets", "list"), "staff-secret"),
    _view("staff may see everything there will ever be", _also("*", "get"), "staff-wide"),
    _view("staff may do everything with pods", _also("pods", "*"), "staff-wide"),
    _view("staff may open a shell", _also("pods/exec", "create"), "staff-pods"),
    _view("staff may take the token of an account", _also("serviceaccounts/token", "create"), "staff-pods"),
    _view("staff may give themselves rights", _also("rolebindings", "create", "rbac.authorization.k8s.io"), "staff-more"),
    _view("staff may act as others", _also("users", "impersonate"), "staff-more"),
    Mutation("staff of the whole cluster", with_(_cluster_role()), "staff-cluster", OVERLAY),
    _bound("rights for everybody", put("subjects", 0, "name", value="system:authenticated")),
    _bound("rights for a process", put("subjects", 0, value={"kind": "ServiceAccount", "name": "catalog-api"})),
    _bound("rights that a role of the cluster gives", put("roleRef", "kind", value="ClusterRole")),
    Mutation("rights that no role gives", without("Role", "marktplatz-operate"), "staff-binding", OVERLAY),
    _reloads("notify-worker", "notify-store", "new password of the mail server goes unnoticed", "reload-missing"),
    _reloads("catalog-api", "", "new password of a store goes unnoticed", "reload-missing"),
    _reloads("catalog-api", "catalog-store,catalog-api", "restart at each certificate for Kafka", "reload-needless"),
    _reloads("catalog-api", "catalog-store,catalog-db", "restart for a secret that nobody makes", "reload-needless"),
)
