"""Cruise Control: what moves partitions when brokers come or go, and the pattern that it does so by."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import (
    Document,
    Finding,
    Objects,
    items,
    mapping,
    name_of,
    namespace_of,
    number,
    text,
    texts,
    where,
)

TEMPLATE = "strimzi.io/rebalance-template"
MODES = ("add-brokers", "remove-brokers")
LEAST_BROKERS = 2


def check_balance(objects: Objects) -> Iterator[Finding]:
    """Check clusters with Cruise Control, and rebalances: ``kafka-balance``. Source: Strimzi 1.2, auto-rebalancing on scaling."""
    served = {(namespace_of(it), name_of(it)) for it in objects.of("Kafka") if "cruiseControl" in mapping(it, "spec")}
    for rebalance in objects.of("KafkaRebalance"):
        cluster = text(rebalance, "metadata", "labels", "strimzi.io/cluster")
        if objects.of("Kafka") and (namespace_of(rebalance), cluster) not in served:
            yield Finding("kafka-balance", where(rebalance), f"the cluster '{cluster}' has no Cruise Control to serve it")
    for kafka in objects.of("Kafka"):
        if "cruiseControl" in mapping(kafka, "spec"):
            yield from _cluster(objects, kafka)


def _cluster(objects: Objects, kafka: Document) -> Iterator[Finding]:
    control = mapping(kafka, "spec", "cruiseControl")
    pools = [it for it in objects.of("KafkaNodePool") if "broker" in texts(it, "spec", "roles")]
    if sum(number(it, "spec", "replicas") or 0 for it in pools if namespace_of(it) == namespace_of(kafka)) < LEAST_BROKERS:
        yield Finding("kafka-balance", where(kafka), f"Strimzi refuses Cruise Control below {LEAST_BROKERS} brokers")
    if not text(control, "resources", "requests", "memory") or not text(control, "resources", "limits", "memory"):
        yield Finding(
            "kafka-balance", where(kafka), "cruiseControl needs requests and limits of memory, which the quota asks for"
        )
    named = {text(it, "mode"): text(it, "template", "name") for it in items(control, "autoRebalance")}
    for mode in MODES:
        if mode not in named:
            yield Finding("kafka-balance", where(kafka), f"autoRebalance lacks {mode}: partitions would have to be moved by hand")
        elif named[mode]:
            yield from _pattern(objects, kafka, named[mode])


def _pattern(objects: Objects, kafka: Document, name: str) -> Iterator[Finding]:
    pattern = objects.find("KafkaRebalance", namespace_of(kafka), name)
    if pattern is None:
        yield Finding("kafka-balance", where(kafka), f"there is no KafkaRebalance '{name}' to go by")
    elif text(pattern, "metadata", "annotations", TEMPLATE) != "true":
        yield Finding("kafka-balance", where(pattern), f'needs the annotation {TEMPLATE}: "true"; without, it moves at once')
    elif said := sorted(mapping(pattern, "spec").keys() & {"mode", "brokers"}):
        yield Finding("kafka-balance", where(pattern), f"is a pattern: {', '.join(said)} is said by what happens")
