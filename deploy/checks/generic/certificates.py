"""Certificates that cert-manager makes: for the hosts that are served with them, and renewed while somebody can still react."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from deploy.checks.generic.objects import Document, Finding, Objects, items, namespace_of, text, texts, where

TO_REACT = timedelta(days=7)
"""The least time between a renewal that fails and the end of the certificate."""

LIFETIME, BEFORE_PART = timedelta(days=90), 3
"""What cert-manager takes by default: 90 days, renewed when a third of them is left."""

_UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}


def check_certificates(objects: Objects) -> Iterator[Finding]:
    """Check every Certificate: ``certificate-host``, ``certificate-renewal``, ``certificate-key``."""
    for certificate in objects.of("Certificate"):
        names = texts(certificate, "spec", "dnsNames")
        for by, host in _served(objects, certificate):
            if not any(name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:]) for name in names):
                yield Finding("certificate-host", where(certificate), f"dnsNames lacks '{host}', which {by} serves with it")
        lifetime = _time(text(certificate, "spec", "duration")) or LIFETIME
        before = _time(text(certificate, "spec", "renewBefore")) or lifetime / BEFORE_PART
        if not TO_REACT <= before < lifetime:
            message = f"is renewed {before.days} days before its end of {lifetime.days}: leave at least {TO_REACT.days} to react"
            yield Finding("certificate-renewal", where(certificate), message)
        if text(certificate, "spec", "privateKey", "rotationPolicy") == "Never":
            yield Finding("certificate-key", where(certificate), "must get a new key at each renewal (rotationPolicy Always)")


def _served(objects: Objects, certificate: Document) -> Iterator[tuple[str, str]]:
    """Yield who serves which host with the certificate's secret."""
    secret = text(certificate, "spec", "secretName")
    here = namespace_of(certificate)
    for ingress in objects.of("Ingress"):
        for entry in items(ingress, "spec", "tls"):
            if namespace_of(ingress) == here and text(entry, "secretName") == secret:
                yield from ((where(ingress), host) for host in texts(entry, "hosts"))
    for gateway in objects.of("Gateway"):
        for listener in items(gateway, "spec", "listeners"):
            for reference in items(listener, "tls", "certificateRefs"):
                if (text(reference, "namespace") or namespace_of(gateway), text(reference, "name")) == (here, secret):
                    yield where(gateway), text(listener, "hostname")


def _time(given: str) -> timedelta:
    return sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in re.findall(r"(\d+)([hms])", given)), timedelta())
