"""Faults of an Ingress, planted into a combination that has one: production is reached by HTTPRoutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deploy.checks.generic.objects import Document
from tests.deploy.manifests.faults import Change, drop, in_, put
from tests.deploy.manifests.planting import Documents, Mutation

OVERLAY = "tests/keda-only"
_CATALOG = ("spec", "rules", 0, "http", "paths", 0, "backend", "service")


def _fault(name: str, change: Change, code: str) -> Mutation:
    """Return a fault of the Ingress."""
    return Mutation(name, in_("Ingress", "marktplatz", change), code, OVERLAY)


def _from(name: str, change: Change, code: str) -> Mutation:
    """Return a fault of the policy that lets the controller in."""
    return Mutation(name, in_("NetworkPolicy", "http-from-ingress", change), code, OVERLAY)


def _certificate(field: str, value: Any) -> Callable[[Documents], None]:
    return in_("Certificate", "marktplatz-tls", put("spec", field, value=value))


def _also(path: str, service: str, kind: str = "Prefix") -> Change:
    """Return a change that adds a path."""

    def change(ingress: Document) -> None:
        backend = {"service": {"name": service, "port": {"name": "http"}}}
        ingress["spec"]["rules"][0]["http"]["paths"].append({"path": path, "pathType": kind, "backend": backend})

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


FAULTS = (
    _fault("Ingress to nobody", put(*_CATALOG, "name", value="catalog"), "route-backend"),
    _fault("Ingress to a port that is none", put(*_CATALOG, "port", "name", value="web"), "route-backend"),
    _fault("host without TLS", put("spec", "tls", 0, "hosts", value=["other.example"]), "route-tls"),
    _fault("certificate of another Ingress", put("spec", "tls", 0, "secretName", value="tls"), "secret-undeclared"),
    _fault("any ingress class", drop("spec", "ingressClassName"), "route-class"),
    _fault("path of an API forgotten in the Ingress", _forgotten, "route-path"),
    _fault("path of another API in the Ingress", _set("/v1/inbox", "catalog-api", "backend", "service", "name"), "route-path"),
    _fault("path without what lies below it in the Ingress", _set("/v1/orders", "Exact", "pathType"), "route-path"),
    _fault("path of no API in the Ingress", _also("/v1/basket", "ordering-api"), "route-surplus"),
    _fault("path to a worker in the Ingress", _also("/v1/work", "ordering-worker"), "route-surplus"),
    _fault("one API below another in the Ingress", _also("/v1/my", "ordering-api"), "route-shadow"),
    _fault("metrics shown to the world by the Ingress", _also("/metrics", "catalog-api", "Exact"), "route-internal"),
    _fault("everything else to one API by the Ingress", _also("/", "catalog-api"), "route-internal"),
    _fault(
        "API by default",
        put("spec", "defaultBackend", value={"service": {"name": "catalog-api", "port": {"name": "http"}}}),
        "route-internal",
    ),
    _fault("path by pattern", _set("/v1/orders", "ImplementationSpecific", "pathType"), "route-form"),
    Mutation("certificate of another host", _certificate("dnsNames", ["other.example"]), "certificate-host", OVERLAY),
    Mutation("certificate of hosts below", _certificate("dnsNames", ["*.marktplatz.example"]), "certificate-host", OVERLAY),
    Mutation("certificate renewed on its last day", _certificate("renewBefore", "24h"), "certificate-renewal", OVERLAY),
    Mutation("certificate renewed before it begins", _certificate("duration", "720h"), "certificate-renewal", OVERLAY),
    Mutation(
        "certificate with the key of old", _certificate("privateKey", {"rotationPolicy": "Never"}), "certificate-key", OVERLAY
    ),
    _from(
        "any pod of the ingress controller's cluster",
        put("spec", "ingress", 0, "from", value=[{"namespaceSelector": {}}]),
        "network-extra",
    ),
    _from("Ingress to a port that nobody serves", put("spec", "ingress", 0, "ports", 0, "port", value=8000), "network-missing"),
)
