"""Faults of HTTPRoutes: where they lead, and what reaches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deploy.checks.generic.objects import Document
from tests.deploy.manifests.faults import Change, drop, get, in_, put, with_, without
from tests.deploy.manifests.planting import Documents, Mutation

_HSTS = ("spec", "rules", 0, "filters")
_TIME = ("spec", "rules", 0, "timeouts")
_FIRST = ("spec", "rules", 0, "matches", 0)
_PARENT = ("spec", "parentRefs", 0)


def _match(path: str, kind: str = "PathPrefix") -> Document:
    return {"path": {"type": kind, "value": path}}


def _also(service: str, match: Document) -> Callable[[Documents], None]:
    """Return a fault that leads one more match to an API."""
    return in_("HTTPRoute", service, lambda route: route["spec"]["rules"][0]["matches"].append(match))


def _set(service: str, path: str, part: str, value: str) -> Callable[[Documents], None]:
    """Return a fault in the match with that path."""

    def change(route: Document) -> None:
        (found,) = [it for it in route["spec"]["rules"][0]["matches"] if it["path"]["value"] == path]
        found["path"][part] = value

    return in_("HTTPRoute", service, change)


def _forgotten(route: Document) -> None:
    matches = route["spec"]["rules"][0]["matches"]
    matches.remove(next(it for it in matches if it["path"]["value"] == "/v1/registers"))


def _moved(documents: Documents) -> None:
    """Lead one prefix by a second HTTPRoute, to the wrong Service."""
    _forgotten(get(documents, "HTTPRoute", "contracts-api"))
    documents.append(_another(_match("/v1/registers"), "ordering-api"))


def _another(match: Document, service: str) -> Document:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "another", "namespace": "marktplatz"},
        "spec": {
            "parentRefs": [{"name": "public", "namespace": "gateway-system", "sectionName": "https"}],
            "hostnames": ["marktplatz.example"],
            "rules": [{"matches": [match], "backendRefs": [{"name": service, "port": 8080}]}],
        },
    }


def _gateway(section: str, protocol: str, **more: Any) -> Document:
    """Return the Gateway with one listener; a fault where the routes do not fit it."""
    listener: Document = {"name": section, "port": 443, "protocol": protocol, **more}
    if protocol == "HTTPS":
        listener["tls"] = {"certificateRefs": [{"name": "marktplatz-tls"}]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "public", "namespace": "gateway-system"},
        "spec": {"gatewayClassName": "any", "listeners": [listener]},
    }


def _on(change: Change, route: str = "catalog-api") -> Callable[[Documents], None]:
    return in_("HTTPRoute", route, change)


_LEADING = (
    Mutation("HTTPRoute to nobody", _on(put("spec", "rules", 0, "backendRefs", 0, "name", value="catalog")), "route-backend"),
    Mutation(
        "HTTPRoute to a port that is none", _on(put("spec", "rules", 0, "backendRefs", 0, "port", value=80)), "route-backend"
    ),
    Mutation("path of an API forgotten", in_("HTTPRoute", "contracts-api", _forgotten), "route-path"),
    Mutation("API without a route", without("HTTPRoute", "notify-api"), "route-path"),
    Mutation(
        "path of another API",
        in_("HTTPRoute", "notify-api", put("spec", "rules", 0, "backendRefs", 0, "name", value="catalog-api")),
        "route-path",
    ),
    Mutation("path without what lies below it", _set("ordering-api", "/v1/orders", "type", "Exact"), "route-path"),
    Mutation("singular instead of plural", _set("contracts-api", "/v1/contracts", "value", "/v1/contract"), "route-path"),
    Mutation("a second HTTPRoute to another API", _moved, "route-path"),
    Mutation("path of no API", _also("ordering-api", _match("/v1/basket")), "route-surplus"),
    Mutation("path to a worker", with_(_another(_match("/v1/work"), "ordering-worker")), "route-surplus"),
    Mutation("one API below another", _also("ordering-api", _match("/v1/my")), "route-shadow"),
    Mutation("pages without a route", without("HTTPRoute", "portal"), "route-path"),
    Mutation("only some pages", _on(put(*_FIRST, "path", "value", value="/offerings"), "portal"), "route-surplus"),
    Mutation("only the first page", _on(put(*_FIRST, "path", "type", value="Exact"), "portal"), "route-surplus"),
    Mutation("pages at another address", _on(put("spec", "hostnames", value=["portal.example"]), "portal"), "route-host"),
    Mutation("metrics shown to the world", _also("catalog-api", _match("/metrics", "Exact")), "route-internal"),
    Mutation("everything else to one API", _also("catalog-api", _match("/")), "route-internal"),
    Mutation("API without a match", _on(drop("spec", "rules", 0, "matches")), "route-internal"),
    Mutation(
        "HTTPRoute by pattern",
        with_(_another(_match("/v1/ord.*", "RegularExpression"), "ordering-api")),
        "route-form",
    ),
    Mutation("HTTPRoute by method", with_(_another({"method": "GET", **_match("/v1/orders")}, "ordering-api")), "route-form"),
    Mutation(
        "path rewritten",
        _on(
            lambda route: route["spec"]["rules"][0]["filters"].append(
                {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}
            )
        ),
        "route-form",
    ),
)

_REACHING = (
    Mutation("API at every listener", _on(drop(*_PARENT, "sectionName")), "route-listener"),
    Mutation("API at no Gateway", _on(drop("spec", "parentRefs")), "route-listener"),
    Mutation(
        "API at the port without TLS",
        _on(lambda route: route["spec"]["parentRefs"][0].update(port=80)),
        "route-listener",
    ),
    Mutation("API at a listener without TLS", with_(_gateway("https", "HTTP")), "route-listener"),
    Mutation("API at a listener that is none", with_(_gateway("tls", "HTTPS")), "route-listener"),
    Mutation(
        "API at a listener of another host", with_(_gateway("https", "HTTPS", hostname="*.other.example")), "route-listener"
    ),
    Mutation("nobody is sent on to https", without("HTTPRoute", "to-https"), "route-redirect"),
    Mutation(
        "another host is sent on to https", _on(put("spec", "hostnames", value=["other.example"]), "to-https"), "route-redirect"
    ),
    Mutation("sent on from https to https", _on(put(*_PARENT, "sectionName", value="https"), "to-https"), "route-redirect"),
    Mutation(
        "sent on by the scheme one came with",
        _on(drop("spec", "rules", 0, "filters", 0, "requestRedirect", "scheme"), "to-https"),
        "route-redirect",
    ),
    Mutation(
        "only a part is sent on", _on(put("spec", "rules", 0, "matches", value=[_match("/v1")]), "to-https"), "route-redirect"
    ),
    Mutation("sent on at another Gateway", _on(put(*_PARENT, "name", value="internal"), "to-https"), "route-redirect"),
    Mutation("browsers may come back without TLS", _on(drop(*_HSTS), "notify-api"), "route-hsts"),
    Mutation(
        "browsers remember TLS for a minute",
        _on(put(*_HSTS, 0, "responseHeaderModifier", "set", 0, "value", value="max-age=60"), "notify-api"),
        "route-hsts",
    ),
    Mutation("requests without an end", _on(drop(*_TIME), "ordering-api"), "route-timeout"),
    Mutation("requests without an end, said so", _on(put(*_TIME, "request", value="0s"), "ordering-api"), "route-timeout"),
    Mutation("gateway gives up before the process", _on(put(*_TIME, "request", value="15s"), "ordering-api"), "route-timeout"),
    Mutation("gateway waits for an hour", _on(put(*_TIME, "request", value="1h"), "ordering-api"), "route-timeout"),
)

FAULTS = (*_LEADING, *_REACHING)
