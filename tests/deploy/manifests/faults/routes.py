"""Faults of Ingresses and HTTPRoutes."""

from __future__ import annotations

from typing import Any

from deploy.checks.objects import Document
from tests.deploy.manifests.faults import Change, drop, get, in_, put, with_
from tests.deploy.manifests.planting import Documents, Mutation

_RULE = ("spec", "rules", 0, "http", "paths")


def _path(path: str, service: str, kind: str = "Prefix") -> Document:
    return {"path": path, "pathType": kind, "backend": {"service": {"name": service, "port": {"name": "http"}}}}


def _also(path: str, service: str, kind: str = "Prefix") -> Change:
    """Return a change that adds a path to the Ingress."""

    def change(ingress: Document) -> None:
        ingress["spec"]["rules"][0]["http"]["paths"].append(_path(path, service, kind))

    return change


def _set(path: str, value: Any, *below: str) -> Change:
    """Return a change of the entry with that path."""

    def change(ingress: Document) -> None:
        (found,) = [it for it in ingress["spec"]["rules"][0]["http"]["paths"] if it["path"] == path]
        put(*below, value=value)(found)

    return change


def _forgotten(ingress: Document) -> None:
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    paths.remove(next(it for it in paths if it["path"] == "/v1/registers"))


def _other_kind(documents: Documents) -> None:
    """Lead one prefix by an HTTPRoute, to the wrong Service."""
    ingress = get(documents, "Ingress", "marktplatz")
    _forgotten(ingress)
    documents.append(_http_route({"path": {"type": "PathPrefix", "value": "/v1/registers"}}, "ordering-api"))


def _http_route(match: Document, service: str) -> Document:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "another", "namespace": "marktplatz"},
        "spec": {
            "parentRefs": [{"name": "public", "namespace": "gateway-system"}],
            "hostnames": ["marktplatz.example"],
            "rules": [{"matches": [match], "backendRefs": [{"name": service, "port": 8080}]}],
        },
    }


def _ingress(change: Change) -> Any:
    return in_("Ingress", "marktplatz", change)


FAULTS = (
    Mutation(
        "Ingress to nobody",
        in_("Ingress", "marktplatz", put("spec", "rules", 0, "http", "paths", 0, "backend", "service", "name", value="catalog")),
        "route-backend",
    ),
    Mutation(
        "Ingress to a port that is none",
        in_(
            "Ingress",
            "marktplatz",
            put("spec", "rules", 0, "http", "paths", 0, "backend", "service", "port", "name", value="web"),
        ),
        "route-backend",
    ),
    Mutation(
        "host without TLS", in_("Ingress", "marktplatz", put("spec", "tls", 0, "hosts", value=["other.example"])), "route-tls"
    ),
    Mutation("any ingress class", in_("Ingress", "marktplatz", drop("spec", "ingressClassName")), "route-class"),
    Mutation("path of an API forgotten", _ingress(_forgotten), "route-path"),
    Mutation("path of another API", _ingress(_set("/v1/inbox", "catalog-api", "backend", "service", "name")), "route-path"),
    Mutation("path without what lies below it", _ingress(_set("/v1/orders", "Exact", "pathType")), "route-path"),
    Mutation("singular instead of plural", _ingress(_set("/v1/contracts", "/v1/contract", "path")), "route-path"),
    Mutation("HTTPRoute to another API", _other_kind, "route-path"),
    Mutation("path of no API", _ingress(_also("/v1/basket", "ordering-api")), "route-surplus"),
    Mutation("path to a worker", _ingress(_also("/v1/work", "ordering-worker")), "route-surplus"),
    Mutation("one API below another", _ingress(_also("/v1/my", "ordering-api")), "route-shadow"),
    Mutation("metrics shown to the world", _ingress(_also("/metrics", "catalog-api", "Exact")), "route-internal"),
    Mutation("everything else to one API", _ingress(_also("/", "catalog-api")), "route-internal"),
    Mutation(
        "API by default",
        _ingress(put("spec", "defaultBackend", value={"service": {"name": "catalog-api", "port": {"name": "http"}}})),
        "route-internal",
    ),
    Mutation("path by pattern", _ingress(_set("/v1/orders", "ImplementationSpecific", "pathType")), "route-form"),
    Mutation(
        "HTTPRoute by pattern",
        with_(_http_route({"path": {"type": "RegularExpression", "value": "/v1/ord.*"}}, "ordering-api")),
        "route-form",
    ),
    Mutation(
        "HTTPRoute by method",
        with_(_http_route({"method": "GET", "path": {"type": "PathPrefix", "value": "/v1/orders"}}, "ordering-api")),
        "route-form",
    ),
)
