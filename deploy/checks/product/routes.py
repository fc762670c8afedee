"""Ingresses and HTTPRoutes: every path of every API goes to its Service, all others to the portal, and the inside stays there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from unittest import mock
from urllib.parse import urlsplit

from fastapi import FastAPI

from deploy.checks.generic.environment import plain_values
from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, name_of, namespace_of, text, texts, where
from deploy.checks.generic.pods import Workload, selects, workloads
from deploy.checks.product.processes import ArgumentsError, ContainerProcess, is_ours, process_of
from deploy.checks.product.settings import PROJECT
from marktplatz.assembly import BUILDERS, RoleName, ServiceName
from marktplatz.silent import Silent
from shared.process.service import Resources
from shared.store.opening import open_store

PUBLIC_URL = "PORTAL_PUBLIC_URL"
INTERNAL = ("/livez", "/readyz", "/metrics", "/docs", "/openapi.json")
"""What every process serves beside its API and nobody reaches from outside.

Probes and metrics show how the inside is built. The documentation lies at the same path in all five APIs: on one host only
one of them could be shown. Who needs it forwards a port.
"""

_PREFIXES, _EXACT = ("Prefix", "PathPrefix"), "Exact"
_HARMLESS_FILTERS = frozenset({"RequestHeaderModifier", "ResponseHeaderModifier", "CORS"})
"""Filters of an HTTPRoute that leave the path and the receiver as they are."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path on a host that leads to a Service. ``exact``: without what lies below it. ``origin`` is its object."""

    host: str
    path: str
    exact: bool
    service: str
    origin: str

    def leads(self, path: str) -> bool:
        """Return whether a path is meant, by whole elements: ``/v1/orders`` does not mean ``/v1/orders-old``."""
        own = self.path.rstrip("/")
        return path == (self.path if self.exact else own) or (not self.exact and path.startswith(f"{own}/"))


def check_routes(objects: Objects) -> Iterator[Finding]:
    """Check where Ingresses and HTTPRoutes lead."""
    routes: list[Route] = []
    for document in objects.of("Ingress", "HTTPRoute"):
        yield from _backends(objects, document)
        read = _ingress(document) if document["kind"] == "Ingress" else _http_route(document)
        for found in read:
            if isinstance(found, Finding):
                yield found
            else:
                routes.append(found)
    for ingress in objects.of("Ingress"):
        yield from _ingress_class_and_tls(ingress)
    if routes:
        apis, sites = api_services(objects), site_services(objects)
        yield from _sites(routes, sites)
        routes = [route for route in routes if route.service not in sites]
        yield from _reachable(routes, apis)
        ours = [route for route in routes if route.service in apis]
        yield from _internal(ours)
        yield from _shadows(ours)
        yield from _surplus(ours, apis)


@lru_cache(maxsize=1)
def api_paths() -> Mapping[str, frozenset[str]]:
    """Return the paths of each service's OpenAPI document, such as ``/v1/orders/{order_id}``, by the service's name."""
    found: dict[str, frozenset[str]] = {}
    # The machine's settings say nothing about an overlay; notify says so aloud if it has no mail server.
    with mock.patch.dict(os.environ, {"NOTIFY_SMTP_HOST": "localhost"}, clear=True):
        for name, build in BUILDERS.items():
            app = FastAPI()
            resources = Resources(store=open_store("sqlite:///:memory:"), publisher=Silent(), data_dir=PROJECT / "data")
            app.include_router(build(resources).router)
            found[name.value] = frozenset(app.openapi()["paths"])
    return found


def api_services(objects: Objects) -> dict[str, frozenset[str]]:
    """Return the paths of the API behind each Service of the product, by its name; none for a worker."""
    apis: dict[str, frozenset[str]] = {}
    for service, process, _ in _served(objects):
        if process is None or not process.is_site:
            apis[service] = apis.get(service, frozenset()) | _paths(process)
    return apis


def site_services(objects: Objects) -> dict[str, str]:
    """Return the host of the address that people reach each site by, by the name of its Service."""
    found: dict[str, str] = {}
    for service, process, workload in _served(objects):
        if process is not None and process.is_site:
            values = plain_values(objects, workload.namespace, next(filter(is_ours, workload.containers)))
            found[service] = urlsplit(values.get(PUBLIC_URL, "")).hostname or ""
    return found


def _served(objects: Objects) -> Iterator[tuple[str, ContainerProcess | None, Workload]]:
    """Yield the Services of the product with what runs behind them, None where its arguments are refused."""
    pods = list(workloads(objects))
    for service in objects.of("Service"):
        selector = mapping(service, "spec", "selector")
        for pod in pods:
            if selector and pod.namespace == namespace_of(service) and selects({"matchLabels": selector}, pod.labels):
                for container in filter(is_ours, pod.containers):
                    yield name_of(service), _process(container), pod


def _process(container: Document) -> ContainerProcess | None:
    try:
        return process_of(container)
    except ArgumentsError:  # reported as such
        return None


def _sites(routes: list[Route], sites: Mapping[str, str]) -> Iterator[Finding]:
    """A site has what the APIs leave of its host: it knows its pages itself, and hides its inside from that host only."""
    for service, host in sites.items():
        own = [route for route in routes if route.service == service]
        for route in own:
            if route.path != "/" or route.exact:
                yield Finding(
                    "route-surplus", route.origin, f"'{service}' has all that is left of the host: lead '/' to it, once"
                )
            if route.host != host:
                message = f"'{service}' is led to by '{route.host}', but people reach it by '{host}' ({PUBLIC_URL})"
                yield Finding("route-host", route.origin, message)
        if not own:
            yield Finding("route-path", f"Service {service}", "no Ingress or HTTPRoute leads to /")


def _paths(process: ContainerProcess | None) -> frozenset[str]:
    if process is None:
        return frozenset()
    if process.command != "run" or process.role is RoleName.WORKER:
        return frozenset()
    served = list(api_paths()) if process.service == ServiceName.ALL else [process.service]
    return frozenset(path for service in served for path in api_paths()[service])


def _ingress(document: Document) -> Iterator[Route | Finding]:
    for rule in items(document, "spec", "rules"):
        for path in items(rule, "http", "paths"):
            kind = text(path, "pathType")
            if kind not in (*_PREFIXES, _EXACT):
                yield _unclear(document, f"pathType {kind or 'missing'}")
                continue
            service = text(path, "backend", "service", "name")
            yield Route(text(rule, "host"), text(path, "path") or "/", kind == _EXACT, service, where(document))
    if service := text(document, "spec", "defaultBackend", "service", "name"):
        yield Route("", "/", False, service, where(document))


def _http_route(document: Document) -> Iterator[Route | Finding]:
    for rule in items(document, "spec", "rules"):
        services = [text(it, "name") for it in items(rule, "backendRefs")]
        if not services:
            continue  # a redirect
        if bent := sorted({text(it, "type") for it in items(rule, "filters")} - _HARMLESS_FILTERS):
            yield _unclear(document, f"a rule with the filter {', '.join(bent)}")
        for match in items(rule, "matches") or [{}]:
            kind = text(match, "path", "type") or "PathPrefix"
            if kind not in (*_PREFIXES, _EXACT) or match.keys() - {"path"}:
                yield _unclear(document, f"a match by {kind if kind not in (*_PREFIXES, _EXACT) else 'more than the path'}")
                continue
            for host in texts(document, "spec", "hostnames") or [""]:
                for service in services:
                    yield Route(host, text(match, "path", "value") or "/", kind == _EXACT, service, where(document))


def _unclear(document: Document, what: str) -> Finding:
    return Finding("route-form", where(document), f"{what} means something else to every controller: route by whole paths only")


def _reachable(routes: list[Route], apis: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    hosts = sorted({route.host for route in routes})
    for service, paths in apis.items():
        for path in sorted(paths):
            leading = [found for host in hosts if (found := _leading(routes, host, path))]
            if not leading:
                yield Finding("route-path", f"Service {service}", f"no Ingress or HTTPRoute leads to {path}")
            for route in (it for found in leading for it in found):
                if route.service != service:
                    yield Finding("route-path", route.origin, f"{path} belongs to '{service}', but goes to '{route.service}'")


def _internal(routes: list[Route]) -> Iterator[Finding]:
    for path in INTERNAL:
        for route in routes:
            if route.leads(path):
                yield Finding("route-internal", route.origin, f"'{route.path}' shows {path} of '{route.service}' to the outside")


def _leading(routes: list[Route], host: str, path: str) -> list[Route]:
    """Return the routes of a host that win for a path: the exact ones, else those with the longest prefix."""
    meant = [route for route in routes if route.host == host and route.leads(path)]
    best = max((_weight(route) for route in meant), default=None)
    return [route for route in meant if _weight(route) == best]


def _weight(route: Route) -> tuple[bool, int]:
    return route.exact, len(route.path.rstrip("/"))


def _shadows(routes: list[Route]) -> Iterator[Finding]:
    for route in routes:
        for other in routes:
            same_host = other.host == route.host
            if same_host and other.service != route.service and not route.exact and route.leads(other.path.rstrip("/")):
                text_ = f"'{route.path}' of '{route.service}' also means '{other.path}' of '{other.service}'"
                yield Finding("route-shadow", route.origin, f"{text_}: who wins must not depend on lengths")


def _surplus(routes: list[Route], apis: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    for route in routes:
        if not any(route.leads(path) for path in apis[route.service]):
            yield Finding("route-surplus", route.origin, f"'{route.service}' has no path '{route.path}'")


def _ingress_class_and_tls(ingress: Document) -> Iterator[Finding]:
    hosts = {text(rule, "host") for rule in items(ingress, "spec", "rules")}
    secured = {host for entry in items(ingress, "spec", "tls") for host in texts(entry, "hosts")}
    if missing := sorted(hosts - secured):
        yield Finding("route-tls", where(ingress), f"no TLS for {', '.join(missing) or 'any host'}")
    if not text(ingress, "spec", "ingressClassName"):
        yield Finding(
            "route-class", where(ingress), "must name the class of its controller: 'add' spec.ingressClassName in the overlay"
        )


def _backends(objects: Objects, document: Document) -> Iterator[Finding]:
    if document["kind"] == "HTTPRoute":
        for backend in (it for rule in items(document, "spec", "rules") for it in items(rule, "backendRefs")):
            yield from _backend(objects, document, text(backend, "name"), backend.get("port"))
        return
    paths = [path for rule in items(document, "spec", "rules") for path in items(rule, "http", "paths")]
    default = mapping(document, "spec", "defaultBackend", "service")
    for backend in [*(mapping(path, "backend", "service") for path in paths), *([default] if default else [])]:
        port = mapping(backend, "port")
        yield from _backend(objects, document, text(backend, "name"), port.get("name") or port.get("number"))


def _backend(objects: Objects, route: Document, name: str, port: object) -> Iterator[Finding]:
    service = objects.find("Service", namespace_of(route), name)
    if service is None:
        yield Finding("route-backend", where(route), f"there is no Service '{name}'")
    elif not any(port in (it.get("name"), it.get("port")) for it in items(service, "spec", "ports")):
        yield Finding("route-backend", where(route), f"the Service '{name}' has no port {port!r}")
