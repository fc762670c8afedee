"""HTTPRoutes and their Gateway: TLS only, whoever comes without it is sent on, and no request lasts for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from deploy.checks.generic.objects import Document, Finding, Objects, items, mapping, namespace_of, number, text, texts, where
from deploy.checks.product.routes import api_services
from shared.http.limits import BODY_TIME

HSTS, HSTS_SECONDS = "strict-transport-security", 31_536_000
"""Header and least age (a year) of HTTP Strict Transport Security (RFC 6797)."""

LONGEST = timedelta(minutes=5)
"""The most that a gateway may wait for an answer: what waits longer holds connections of a process that has given up."""

PLAIN_PORT = 80
_UNITS = {"h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of a Gateway, as a route names it; ``section`` and ``port`` are empty where the route names none."""

    namespace: str
    gateway: str
    section: str
    port: int

    @property
    def is_named(self) -> bool:
        """Return whether the route names which of the Gateway's listeners is meant."""
        return bool(self.section or self.port)

    def __str__(self) -> str:
        return f"'{self.section or self.port}' of Gateway {self.namespace}/{self.gateway}"


def check_gateways(objects: Objects) -> Iterator[Finding]:
    """Check every HTTPRoute that leads to an API of the product: ``route-listener``, ``-redirect``, ``-hsts``, ``-timeout``."""
    ours = api_services(objects).keys()
    routes = objects.of("HTTPRoute")
    redirects = [route for route in routes if any(map(_sends_on, items(route, "spec", "rules")))]
    for route in routes:
        rules = [it for it in items(route, "spec", "rules") if ours & {text(back, "name") for back in items(it, "backendRefs")}]
        if rules:
            yield from _listeners(objects, route)
            yield from _redirect(route, redirects)
        for rule in rules:
            yield from _hsts(route, rule)
            yield from _timeout(route, rule)


def listeners(route: Document) -> list[Listener]:
    """Return the listeners that a route names."""
    return [
        Listener(
            text(reference, "namespace") or namespace_of(route),
            text(reference, "name"),
            text(reference, "sectionName"),
            number(reference, "port") or 0,
        )
        for reference in items(route, "spec", "parentRefs")
        if (text(reference, "kind") or "Gateway") == "Gateway"
    ]


def _listeners(objects: Objects, route: Document) -> Iterator[Finding]:
    found = listeners(route)
    if not found:
        yield Finding("route-listener", where(route), "names no Gateway in parentRefs: nobody reaches it")
    for listener in found:
        if not listener.is_named:
            message = f"must name the listener of '{listener.gateway}' (sectionName): without, it is served in plain text too"
            yield Finding("route-listener", where(route), message)
            continue
        gateway = objects.find("Gateway", listener.namespace, listener.gateway)
        meant = [it for it in items(gateway, "spec", "listeners") if _is(it, listener)]
        if gateway is not None and not meant:
            yield Finding("route-listener", where(route), f"there is no listener {listener}")
        if listener.port == PLAIN_PORT or any(text(it, "protocol") != "HTTPS" for it in meant):
            yield Finding("route-listener", where(route), f"the listener {listener} speaks no TLS")
        for host in texts(route, "spec", "hostnames"):
            if meant and not any(_covers(text(it, "hostname"), host) for it in meant):
                yield Finding("route-listener", where(route), f"the listener {listener} does not serve {host}")


def _is(entry: Document, listener: Listener) -> bool:
    return listener.section in ("", text(entry, "name")) and listener.port in (0, number(entry, "port"))


def _redirect(route: Document, redirects: list[Document]) -> Iterator[Finding]:
    """Whoever comes to the host without TLS must be sent on, and whoever comes with it must not."""
    for listener in filter(lambda it: it.is_named, listeners(route)):
        for host in texts(route, "spec", "hostnames") or [""]:
            sending = [it for it in redirects if any(_covers(name, host) for name in texts(it, "spec", "hostnames") or [""])]
            places = {
                place
                for it in sending
                for place in listeners(it)
                if (place.namespace, place.gateway) == (listener.namespace, listener.gateway)
            }
            shown = host or "any host"
            if listener in places:
                message = f"{shown} is sent on to https at the listener {listener} itself: it would never arrive"
                yield Finding("route-redirect", where(route), message)
            elif not places:
                message = (
                    f"nothing sends {shown} on to https at another listener of Gateway {listener.namespace}/{listener.gateway}"
                )
                yield Finding("route-redirect", where(route), message)


def _sends_on(rule: Document) -> bool:
    """Return whether a rule sends everything on to the same place by https."""
    redirects = [mapping(it, "requestRedirect") for it in items(rule, "filters") if text(it, "type") == "RequestRedirect"]
    everything = [{"path": {"type": "PathPrefix", "value": "/"}}]
    return (
        not items(rule, "backendRefs")
        and any(text(it, "scheme") == "https" and not it.keys() & {"hostname", "path"} for it in redirects)
        and items(rule, "matches") in ([], everything)
    )


def _covers(pattern: str, host: str) -> bool:
    """Return whether a host name of a listener or a route, such as ``*.example``, means a host; an empty one means all."""
    return pattern in ("", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _hsts(route: Document, rule: Document) -> Iterator[Finding]:
    given = [
        header
        for entry in items(rule, "filters")
        for part in ("set", "add")
        for header in items(entry, "responseHeaderModifier", part)
        if text(header, "name").lower() == HSTS
    ]
    ages = [int(age) for header in given for age in re.findall(r"(?i)\bmax-age=\"?(\d+)", text(header, "value"))]
    if not ages or min(ages) < HSTS_SECONDS:
        message = f"must set Strict-Transport-Security with a max-age of at least {HSTS_SECONDS} (ResponseHeaderModifier)"
        yield Finding("route-hsts", where(route), message)


def _timeout(route: Document, rule: Document) -> Iterator[Finding]:
    given = text(rule, "timeouts", "request")
    time = sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in re.findall(r"(\d+)(ms|h|m|s)", given)), timedelta())
    if not BODY_TIME < time <= LONGEST:
        bounds = (
            f"above {BODY_TIME.total_seconds():.0f}s, which a process gives a body, and at most {LONGEST.total_seconds():.0f}s"
        )
        yield Finding("route-timeout", where(route), f"timeouts.request is {given or 'not set'}: it must be {bounds}")
