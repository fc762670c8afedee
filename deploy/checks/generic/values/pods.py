"""What fields of a pod, its containers and who makes it mean together. See ``together.py``."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import Document, items, mapping, number, text, texts
from deploy.checks.generic.quantities import quantity
from deploy.checks.generic.values.faults import Fault, needs, repeated
from deploy.checks.generic.values.formats import LABEL, is_label

STANDARD_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
_ALL = 100
GRACE = 30
"""Seconds that a pod has to end unless it names another time."""


def toleration(part: Document) -> Iterator[Fault]:
    """A toleration has a key, or tolerates everything."""
    if not text(part, "key") and text(part, "operator") != "Exists":
        yield "value-missing", "key", "must be set unless the operator is Exists"
    if text(part, "operator") == "Exists" and text(part, "value"):
        yield "value-choice", "value", "has no meaning with the operator Exists"


def profile(part: Document) -> Iterator[Fault]:
    """A profile of the node has a name, and only that."""
    if (text(part, "type") == "Localhost") != bool(text(part, "localhostProfile")):
        yield "value-missing", "localhostProfile", "must be set for the type Localhost and for no other"


def resources(part: Document) -> Iterator[Fault]:
    """Requests are of resources that there are, and not above limits."""
    requests, limits = mapping(part, "requests"), mapping(part, "limits")
    for field in ("requests", "limits"):
        for name in mapping(part, field):
            if "/" not in name and name not in STANDARD_RESOURCES and not name.startswith("hugepages-"):
                yield "word", f"{field}.{name}", f"must be one of {', '.join(sorted(STANDARD_RESOURCES))}, or name a domain"
    for name, amount in [*requests.items(), *limits.items()]:
        if ("/" in name or name.startswith("hugepages-")) and quantity(limits.get(name)) != quantity(requests.get(name, amount)):
            yield "value-order", f"limits.{name}", "must be there and equal the request: the node cannot promise it twice"
    for name, amount in requests.items():
        asked, bound = quantity(amount), quantity(limits.get(name))
        if asked is not None and bound is not None and asked > bound:
            yield "value-order", f"requests.{name}", f"is {amount}, above the limit {limits[name]}"


def rolling(part: Document) -> Iterator[Fault]:
    """A roll-out must have a pod to begin with."""
    if part.get("maxSurge") in (0, "0%") and part.get("maxUnavailable") in (0, "0%"):
        yield "value-choice", "maxSurge", "and maxUnavailable must not both be 0: nothing could ever change"
    share = text(part, "maxUnavailable")
    if share.endswith("%") and share[:-1].isdigit() and int(share[:-1]) > _ALL:
        yield "value-number", "maxUnavailable", f"is {share}, above 100%"


def strategy(part: Document) -> Iterator[Fault]:
    """Only a roll-out has a pace."""
    if text(part, "type") in ("Recreate", "OnDelete") and part.get("rollingUpdate") is not None:
        yield "value-choice", "rollingUpdate", f"has no meaning with the type {text(part, 'type')}"


def for_good(part: Document) -> Iterator[Fault]:
    """Pods that run for good: how they are found, and that they are started again."""
    selector = mapping(part, "selector")
    if not mapping(selector, "matchLabels") and not items(selector, "matchExpressions"):
        yield "value-missing", "selector", "must choose pods by labels"
    if text(part, "template", "spec", "restartPolicy") not in ("", "Always"):
        yield "word", "template.spec.restartPolicy", "must be Always, or not set"
    least, most = number(part, "minReadySeconds"), number(part, "progressDeadlineSeconds")
    if most is not None and most <= (least or 0):
        yield "value-order", "progressDeadlineSeconds", f"is {most}, not above minReadySeconds, {least or 0}"


def pod(part: Document) -> Iterator[Fault]:
    """Containers of a pod have different names, end in time, and those before the others take no probes."""
    every = [*items(part, "initContainers"), *items(part, "containers"), *items(part, "ephemeralContainers")]
    yield from repeated("containers", "name", [text(it, "name") for it in every])
    grace = number(part, "terminationGracePeriodSeconds")
    for index, container in enumerate(items(part, "containers")):
        pause = number(container, "lifecycle", "preStop", "sleep", "seconds")
        if pause is not None and pause > (GRACE if grace is None else grace):
            yield "value-order", f"containers.{index}.lifecycle.preStop.sleep.seconds", f"is {pause}, above the pod's time to end"
    for index, container in enumerate(items(part, "initContainers")):
        for field in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
            if container.get(field) is not None and text(container, "restartPolicy") != "Always":
                yield (
                    "value-choice",
                    f"initContainers.{index}.{field}",
                    "has no meaning in a container that ends before the others",
                )


def container(part: Document) -> Iterator[Fault]:
    """Ports and mounts of a container differ; probes that end it succeed at once."""
    yield from repeated("ports", "name", [text(it, "name") for it in items(part, "ports")])
    yield from repeated("volumeMounts", "mountPath", [text(it, "mountPath") for it in items(part, "volumeMounts")])
    for field in ("livenessProbe", "startupProbe"):
        if number(part, field, "successThreshold") not in (None, 0, 1):
            yield "value-number", f"{field}.successThreshold", "must be 1"


def variable(part: Document) -> Iterator[Fault]:
    """A variable has one source."""
    if text(part, "value") and part.get("valueFrom") is not None:
        yield "value-choice", "", "value and valueFrom exclude each other"


def spread(part: Document) -> Iterator[Fault]:
    """A spread that counts domains must be strict."""
    if part.get("minDomains") is not None and text(part, "whenUnsatisfiable") != "DoNotSchedule":
        yield "value-choice", "minDomains", "has no meaning unless whenUnsatisfiable is DoNotSchedule"
    if texts(part, "matchLabelKeys") and part.get("labelSelector") is None:
        yield "value-missing", "labelSelector", "must be set with matchLabelKeys"


def claim(part: Document) -> Iterator[Fault]:
    """A claim names how it is mounted and how large it is."""
    if "ReadWriteOncePod" in texts(part, "accessModes") and len(texts(part, "accessModes")) > 1:
        yield "value-choice", "accessModes", "ReadWriteOncePod excludes every other"
    yield from (
        (code, f"resources.requests.{path}", message)
        for code, path, message in needs(mapping(part, "resources", "requests"), "storage")
    )
    asked, bound = (quantity(mapping(part, "resources", kind).get("storage")) for kind in ("requests", "limits"))
    if asked is not None and bound is not None and asked > bound:
        yield "value-order", "resources.requests.storage", "is above its limit"


def stateful(part: Document) -> Iterator[Fault]:
    """As for_good; its claims have the names of volumes."""
    yield from for_good(part)
    for index, claim in enumerate(items(part, "volumeClaimTemplates")):
        if not is_label(mapping(claim, "metadata").get("name")):
            yield "value-name", f"volumeClaimTemplates.{index}.metadata.name", f"must be {LABEL.expected}"
