"""Waves of Argo CD: one starts when the one before is healthy; nothing may wait for what comes later or may never be healthy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploy.checks.generic.objects import Document, Finding, Objects, items, kind_of, name_of, namespace_of, text, where
from deploy.checks.generic.pods import Workload, workloads
from deploy.checks.product.secrets import readings

WAVE = "argocd.argoproj.io/sync-wave"
UNHEALTHY_FOR_LONG = {
    "PersistentVolumeClaim": "stays Pending until a pod uses it, where its class waits for the first consumer",
    "CronJob": "counts as Suspended while it is suspended, and as Degraded after a failure",
    "Ingress": "is not healthy where its controller publishes no address",
    "HTTPRoute": "is not healthy until a Gateway accepts it",
    "Certificate": "is not healthy until its authority has answered",
    "KafkaRebalance": "never gets a status as a pattern",
}
"""Kinds that no wave may wait for, and why (resource health of Argo CD 3.5)."""

Key = tuple[str, str, str]
"""Kind, namespace and name."""


def wave_of(document: Document) -> int:
    """Return the wave of an object, 0 where none is given or what is given is no number (reported as such)."""
    given = text(document, "metadata", "annotations", WAVE)
    return int(given) if is_wave(given) else 0


def is_wave(given: str) -> bool:
    """Return whether a text is the number of a wave."""
    return re.fullmatch(r"-?[0-9]{1,6}", given) is not None


def check_waves(objects: Objects) -> Iterator[Finding]:
    """Check that waves are numbers, and their order.

    ``wave-number``; ``wave-reader`` (earlier than what it reads); ``wave-blocked`` (others wait for it in vain).
    """
    for document in objects:
        given = text(document, "metadata", "annotations", WAVE)
        if given and not is_wave(given):
            yield Finding("wave-number", where(document), f"the annotation {WAVE} is {given!r}, which is no whole number")
    by_where = {where(document): document for document in objects}
    makers = dict(_makers(objects))
    read = [(it.by, ("Secret", it.namespace, it.secret)) for it in readings(objects)]
    for workload in workloads(objects):
        read += [(workload.where, key) for key in _of_pod(workload)]
    for by, key in read:
        maker = makers.get(key)
        if maker is not None and wave_of(by_where[by]) < wave_of(maker):
            message = f"reads {key[0]} '{key[2]}', which {where(maker)} makes in a later wave: it would wait for ever"
            yield Finding("wave-reader", by, message)
    last = max(map(wave_of, objects), default=0)
    for document in objects.of(*UNHEALTHY_FOR_LONG):
        if wave_of(document) < last:
            message = f"must be in the last wave, {last}: it {UNHEALTHY_FOR_LONG[kind_of(document)]}"
            yield Finding("wave-blocked", where(document), message)


def _makers(objects: Objects) -> Iterator[tuple[Key, Document]]:
    """Yield what the objects make or are, with the object."""
    for kind, path in (
        ("ExternalSecret", ("spec", "target", "name")),
        ("KafkaUser", ()),
        ("Certificate", ("spec", "secretName")),
    ):
        for document in objects.of(kind):
            yield ("Secret", namespace_of(document), text(document, *path) or name_of(document)), document
    for document in objects.of("ConfigMap", "PersistentVolumeClaim"):
        yield (kind_of(document), namespace_of(document), name_of(document)), document


def _of_pod(workload: Workload) -> Iterator[Key]:
    """Yield the ConfigMaps and claims that pods of a workload read."""
    for volume in items(workload.spec, "volumes"):
        yield "PersistentVolumeClaim", workload.namespace, text(volume, "persistentVolumeClaim", "claimName")
    for name in workload.config_maps:
        yield "ConfigMap", workload.namespace, name
